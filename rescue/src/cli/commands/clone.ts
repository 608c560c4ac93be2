/** `permafrost clone`: copies a disk to others, after the person at the console has named each. */
import { planClone, runClone, type CloneJob } from '../../engine/index.ts';
import {
  flag,
  GROW_HELP,
  growOption,
  integers,
  layoutOption,
  optional,
  SCRATCH_HELP,
  SIZE_HELP,
  START_HELP,
  SECTOR_SIZE_HELP,
  sectorSizeOption,
  text,
  usageError,
  type Command,
  type Invocation,
  workersOption,
} from '../command.ts';
import { confirm } from '../confirm.ts';
import { planLines } from '../plan-lines.ts';
import { finishReport, refuse } from '../report-lines.ts';

export const cloneCommand: Command = {
  name: 'clone',
  usage: 'SOURCE TARGET... [OPTIONS]',
  summary: 'copy a disk to one or several others at once',
  options: {
    raw: { type: 'boolean' },
    'trust-bitmap': { type: 'string', multiple: true },
    grow: { type: 'string' },
    size: { type: 'string', multiple: true },
    start: { type: 'string', multiple: true },
    scratch: { type: 'string' },
    delta: { type: 'boolean' },
    'no-verify': { type: 'boolean' },
    'no-boot-entry': { type: 'boolean' },
    'new-ids': { type: 'boolean' },
    'sector-size': { type: 'string' },
    yes: { type: 'boolean' },
    workers: { type: 'string' },
    'dry-run': { type: 'boolean' },
  },
  help: {
    raw: 'copy everything, also what file systems do not use',
    'trust-bitmap':
      'N: believe the allocation bitmap of partition N although it was not cleanly unmounted (0: a disk without partitions)',
    grow: GROW_HELP,
    size: SIZE_HELP,
    start: START_HELP,
    scratch: SCRATCH_HELP,
    delta: 'read the targets too and write only what differs; continues a clone that was interrupted',
    'no-verify': 'do not read the targets back after writing',
    'no-boot-entry': 'on a UEFI machine: make no boot entry for a single target and write no fallback loader',
    'new-ids': 'give the disk, its partitions and file systems new identifiers, and mend what names them',
    'sector-size': SECTOR_SIZE_HELP,
    yes: 'do not ask for confirmation',
    workers: 'N: threads, 1 to 64; default: 1 more than there are processors and targets, at most 16',
    'dry-run': 'show what would be written and destroyed, and do nothing',
  },
  async run(invocation) {
    const { values, output, signal } = invocation;
    const job = cloneJob(invocation);
    const plan = await planClone(job, { signal });
    output.emit('plan', plan);
    output.print(...planLines(plan, output.width));
    if (plan.refusals.length > 0 || flag(values, 'dry-run')) return refuse(plan.refusals, output);
    if (!flag(values, 'yes')) await confirm(plan, output, signal);
    const report = await runClone(job, {
      signal,
      confirmed: plan.digest,
      ...workersOption(values),
      onProgress: (progress) => output.progress(progress),
    });
    output.print('');
    return finishReport(report, output);
  },
};

function cloneJob({ values, positionals }: Invocation): CloneJob {
  const [source, ...targets] = positionals;
  if (source === undefined) throw usageError('SOURCE is missing');
  if (targets.length === 0) throw usageError('TARGET is missing');
  return {
    kind: 'clone',
    source,
    targets,
    ...(flag(values, 'raw') ? { raw: true } : {}),
    ...optional('trustBitmap', integers(values, 'trust-bitmap')),
    ...optional('grow', growOption(values)),
    ...layoutOption(values),
    ...optional('scratch', text(values, 'scratch')),
    ...(flag(values, 'delta') ? { delta: true } : {}),
    ...(flag(values, 'no-verify') ? { noVerify: true } : {}),
    ...(flag(values, 'no-boot-entry') ? { noBootEntry: true } : {}),
    ...(flag(values, 'new-ids') ? { newIds: true } : {}),
    ...sectorSizeOption(values),
  };
}
