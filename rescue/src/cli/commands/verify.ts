/** `permafrost verify`: proves that images can be restored. */
import { runVerify } from '../../engine/index.ts';
import {
  flag,
  optional,
  required,
  text,
  usageError,
  type Command,
  WORKERS_HELP,
  workersOption,
} from '../command.ts';
import { finishReport } from '../report-lines.ts';

export const verifyCommand: Command = {
  name: 'verify',
  usage: '[IMAGE] --repo DIR [--independent]',
  summary: 'check that an image, or everything in a repository, can be restored',
  options: {
    repo: { type: 'string' },
    machine: { type: 'string' },
    disk: { type: 'string' },
    independent: { type: 'boolean' },
    workers: { type: 'string' },
  },
  help: {
    repo: 'DIR: the repository',
    machine: 'NAME: only images of this machine (host name, id or model)',
    disk: 'NAME: only images with this disk (serial, WWN, model or path)',
    workers: WORKERS_HELP,
    independent: 'decode and hash with a second, separate implementation; slower',
  },
  async run({ values, positionals, output, signal }) {
    if (positionals.length > 1) throw usageError(`unexpected argument "${positionals[1]!}"`);
    const report = await runVerify(
      {
        kind: 'verify',
        repository: required(values, 'repo'),
        ...optional('image', positionals[0]),
        ...optional('machine', text(values, 'machine')),
        ...optional('ofDisk', text(values, 'disk')),
        ...(flag(values, 'independent') ? { independent: true } : {}),
      },
      { signal, ...workersOption(values), onProgress: (progress) => output.progress(progress) },
    );
    return finishReport(report, output);
  },
};
