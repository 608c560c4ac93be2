/** `permafrost runner`: the process of the rescue environment in which jobs run. */
import { usageError, type Command } from '../command.ts';

export const runnerCommand: Command = {
  name: 'runner',
  usage: '',
  summary: 'run jobs for the screens of the rescue environment, which starts this by itself',
  options: {},
  help: {},
  async run({ positionals, signal }) {
    if (positionals.length > 0) throw usageError(`unexpected argument "${positionals[0]!}"`);
    const { runRunner } = await import('../../runner/runner.ts');
    return runRunner(signal);
  },
};
