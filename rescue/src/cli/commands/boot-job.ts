/** `permafrost boot-job`: the job that a start of this machine finds, as the rescue environment does by itself. */
import { exitCodes } from '../../engine/index.ts';
import { flag, usageError, type Command } from '../command.ts';

export const bootJobCommand: Command = {
  name: 'boot-job',
  usage: '[--dry-run] [--allow-end]',
  summary: 'carry out the job that the kernel command line or a stick labelled PERMAFROST holds',
  options: { 'dry-run': { type: 'boolean' }, 'allow-end': { type: 'boolean' } },
  help: {
    'dry-run': 'show what would be found and done, and do nothing',
    'allow-end':
      'switch this machine off, or start it again, if the job ends so; the rescue environment always does',
  },
  async run({ values, positionals, output, signal }) {
    if (positionals.length > 0) throw usageError(`unexpected argument "${positionals[0]!}"`);
    const { findBootJob } = await import('../../unattended/boot-job.ts');
    const { runFile } = await import('../run-file.ts');
    const dryRun = flag(values, 'dry-run');
    const found = await findBootJob({
      signal,
      once: dryRun,
      onWaiting: (what) => {
        output.emit('waiting', what === undefined ? {} : { what });
        if (what !== undefined) output.say(`Waiting: ${what}.`);
      },
      onNote: (note) => {
        output.emit('note', { note });
        output.say(`Note: ${note}`);
      },
    });
    output.emit('boot-job', found === undefined ? {} : { source: found.source, id: found.file.id });
    if (found === undefined) {
      output.say('There is no job for this start: none on the kernel command line, and none on a stick.');
      return exitCodes.done;
    }
    output.say(`Found the job "${found.file.id}": ${found.source}.`);
    return runFile(found.file, { output, signal, dryRun, allowEnd: flag(values, 'allow-end') });
  },
};
