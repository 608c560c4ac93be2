/** `permafrost image`: saves an image of one or several disks. */
import { planImage, runImage, type ImageJob } from '../../engine/index.ts';
import {
  flag,
  integer,
  integers,
  optional,
  required,
  SECTOR_SIZE_HELP,
  sectorSizeOption,
  text,
  type Command,
  type Invocation,
  WORKERS_HELP,
  workersOption,
} from '../command.ts';
import { planLines } from '../plan-lines.ts';
import { finishReport, refuse } from '../report-lines.ts';

export const imageCommand: Command = {
  name: 'image',
  usage: 'SOURCE... --repo DIR [OPTIONS]',
  summary: 'save an image of one or several disks in a repository',
  options: {
    repo: { type: 'string' },
    name: { type: 'string' },
    partition: { type: 'string', multiple: true },
    level: { type: 'string' },
    raw: { type: 'boolean' },
    'skip-gaps': { type: 'boolean' },
    'trust-bitmap': { type: 'string', multiple: true },
    'force-same-disk': { type: 'boolean' },
    'allow-unresolved': { type: 'boolean' },
    'sector-size': { type: 'string' },
    'chunk-size': { type: 'string' },
    workers: { type: 'string' },
    'dry-run': { type: 'boolean' },
  },
  help: {
    repo: 'DIR: the repository; created if there is none',
    name: 'N: what to call the image; default: model and serial of the disk',
    partition: 'N: only this partition, besides the tables; may be repeated',
    level: '1-19: how hard to compress; default 3',
    raw: 'save everything, also what file systems do not use',
    'skip-gaps': 'leave out unpartitioned space, but for its first and last MiB',
    'trust-bitmap':
      'N: believe the allocation bitmap of partition N although it was not cleanly unmounted (0: a disk without partitions)',
    'force-same-disk': 'allow a repository on the disk that is imaged',
    'sector-size': SECTOR_SIZE_HELP,
    'chunk-size':
      'N: bytes of a chunk, in a repository that is created now; a power of two from 65536 to 4194304',
    'allow-unresolved': 'go on although it cannot be found out which disk holds the repository',
    workers: WORKERS_HELP,
    'dry-run': 'show what would be done, and do nothing',
  },
  async run(invocation) {
    const { values, output, signal } = invocation;
    const job = imageJob(invocation);
    if (flag(values, 'dry-run')) {
      const plan = await planImage(job, { signal });
      output.emit('plan', plan);
      output.print(...planLines(plan, output.width));
      return refuse(plan.refusals, output);
    }
    const report = await runImage(job, {
      signal,
      ...workersOption(values),
      onProgress: (progress) => output.progress(progress),
      onPlan: (plan) => {
        output.emit('plan', plan);
        output.print(...planLines(plan, output.width));
      },
    });
    output.print('');
    return finishReport(report, output);
  },
};

function imageJob({ values, positionals }: Invocation): ImageJob {
  return {
    kind: 'image',
    sources: positionals,
    repository: required(values, 'repo'),
    ...optional('name', text(values, 'name')),
    ...optional('partitions', integers(values, 'partition')),
    ...optional('level', integer(values, 'level')),
    ...(flag(values, 'raw') ? { raw: true } : {}),
    ...(flag(values, 'skip-gaps') ? { skipGaps: true } : {}),
    ...optional('trustBitmap', integers(values, 'trust-bitmap')),
    ...(flag(values, 'force-same-disk') ? { forceSameDisk: true } : {}),
    ...(flag(values, 'allow-unresolved') ? { allowUnresolved: true } : {}),
    ...sectorSizeOption(values),
    ...optional('chunkBytes', integer(values, 'chunk-size')),
  };
}
