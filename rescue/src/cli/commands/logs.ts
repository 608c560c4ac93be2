/** `permafrost logs`: saves what somebody needs who shall find out what went wrong. */
import { exitCodes } from '../../engine/index.ts';
import { required, usageError, type Command } from '../command.ts';

export const logsCommand: Command = {
  name: 'logs',
  usage: '--to DIR',
  summary: 'save logs, reports, and what is known of the disks, in a new folder',
  options: { to: { type: 'string' } },
  help: { to: 'DIR: for example a mounted stick' },
  async run({ values, positionals, output }) {
    if (positionals.length > 0) throw usageError(`unexpected argument "${positionals[0]!}"`);
    const folder = required(values, 'to');
    const { saveLogs } = await import('../../runner/save-logs.ts');
    const path = await saveLogs(folder);
    output.say(`Saved in ${path}.`);
    output.emit('logs', { path });
    return exitCodes.done;
  },
};
