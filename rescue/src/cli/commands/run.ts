/** `permafrost run`: carries out a job file with nobody there, after a countdown in which it can be stopped. */
import { readFile } from 'node:fs/promises';
import { flag, onlyArgument, usageError, type Command } from '../command.ts';

export const runCommand: Command = {
  name: 'run',
  usage: 'JOBFILE [--dry-run] [--allow-end]',
  summary: 'carry out a job file (YAML) with nobody there',
  options: { 'dry-run': { type: 'boolean' }, 'allow-end': { type: 'boolean' } },
  help: {
    'dry-run': 'check the file and find its disks, and do nothing',
    'allow-end':
      'switch this machine off, or start it again, if the job ends so; the rescue environment always does',
  },
  async run({ values, positionals, output, signal }) {
    // Loaded here: no other command needs the parser of YAML.
    const { parseJobFile } = await import('../../unattended/job-file.ts');
    const { runFile } = await import('../run-file.ts');
    const path = onlyArgument(positionals, 'JOBFILE');
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw usageError(`${path} cannot be read: ${(error as Error).message}`);
    });
    const file = parseJobFile(text, path);
    return runFile(file, {
      output,
      signal,
      dryRun: flag(values, 'dry-run'),
      allowEnd: flag(values, 'allow-end'),
    });
  },
};
