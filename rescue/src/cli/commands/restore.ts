/** `permafrost restore`: puts an image back, after the person at the console has named the disk. */
import { planRestore, runRestore, type RestoreJob } from '../../engine/index.ts';
import {
  flag,
  GROW_HELP,
  growOption,
  integers,
  layoutOption,
  optional,
  required,
  SCRATCH_HELP,
  SIZE_HELP,
  START_HELP,
  text,
  usageError,
  type Command,
  type Invocation,
  WORKERS_HELP,
  workersOption,
} from '../command.ts';
import { confirm } from '../confirm.ts';
import { planLines } from '../plan-lines.ts';
import { finishReport, refuse } from '../report-lines.ts';

export const restoreCommand: Command = {
  name: 'restore',
  usage: 'IMAGE TARGET --repo DIR [OPTIONS]',
  summary: 'write an image, or partitions of it, to a disk',
  options: {
    repo: { type: 'string' },
    disk: { type: 'string', multiple: true },
    machine: { type: 'string' },
    'of-disk': { type: 'string' },
    partition: { type: 'string', multiple: true },
    part: { type: 'string', multiple: true },
    grow: { type: 'string' },
    size: { type: 'string', multiple: true },
    start: { type: 'string', multiple: true },
    scratch: { type: 'string' },
    delta: { type: 'boolean' },
    'no-verify': { type: 'boolean' },
    'no-boot-entry': { type: 'boolean' },
    'new-ids': { type: 'boolean' },
    'zero-unused': { type: 'boolean' },
    'keep-going': { type: 'boolean' },
    'allow-unresolved': { type: 'boolean' },
    yes: { type: 'boolean' },
    workers: { type: 'string' },
    'dry-run': { type: 'boolean' },
  },
  help: {
    repo: 'DIR: the repository',
    disk: 'D[=TARGET]: which disk of an image with several; repeat as D=TARGET to restore more than one',
    machine: 'NAME: only images of this machine (host name, id or model)',
    'of-disk': 'NAME: only images with this disk (serial, WWN, model or path)',
    partition:
      'N: only this partition, into a partition of the target with the same start and size; may be repeated',
    part: 'N=M|N=free: only partition N of the image, into partition M of the target or a new one in its free space; may be repeated',
    grow: GROW_HELP,
    size: SIZE_HELP,
    start: START_HELP,
    scratch: SCRATCH_HELP,
    delta: 'read the target first and write only what differs',
    'no-verify': 'do not read the target back after writing',
    'no-boot-entry': 'on a UEFI machine: make no boot entry and write no fallback loader',
    'new-ids': 'give the disk, its partitions and file systems new identifiers, and mend what names them',
    'zero-unused': 'write zeros where the image has no data, instead of leaving what is there',
    'keep-going': 'restore what can be read from a damaged repository, and list what is missing',
    'allow-unresolved': 'go on although it cannot be found out which disk holds the repository',
    yes: 'do not ask for confirmation',
    workers: WORKERS_HELP,
    'dry-run': 'show what would be written and destroyed, and do nothing',
  },
  async run(invocation) {
    const { values, output, signal } = invocation;
    const job = restoreJob(invocation);
    const plan = await planRestore(job, { signal });
    output.emit('plan', plan);
    output.print(...planLines(plan, output.width));
    if (plan.refusals.length > 0 || flag(values, 'dry-run')) return refuse(plan.refusals, output);
    if (!flag(values, 'yes')) await confirm(plan, output, signal);
    const report = await runRestore(job, {
      signal,
      confirmed: plan.digest,
      ...workersOption(values),
      onProgress: (progress) => output.progress(progress),
    });
    output.print('');
    return finishReport(report, output);
  },
};

function restoreJob({ values, positionals }: Invocation): RestoreJob {
  const [image, target, ...rest] = positionals;
  if (image === undefined) throw usageError('IMAGE is missing');
  if (rest.length > 0) throw usageError(`unexpected argument "${rest[0]!}"`);
  return {
    kind: 'restore',
    repository: required(values, 'repo'),
    image,
    ...optional('machine', text(values, 'machine')),
    ...optional('ofDisk', text(values, 'of-disk')),
    targets: parseTargets(values['disk'], target),
    ...optional('partitions', integers(values, 'partition')),
    ...optional('into', parseParts(values['part'])),
    ...optional('grow', growOption(values)),
    ...layoutOption(values),
    ...optional('scratch', text(values, 'scratch')),
    ...(flag(values, 'delta') ? { delta: true } : {}),
    ...(flag(values, 'no-verify') ? { noVerify: true } : {}),
    ...(flag(values, 'no-boot-entry') ? { noBootEntry: true } : {}),
    ...(flag(values, 'new-ids') ? { newIds: true } : {}),
    ...(flag(values, 'zero-unused') ? { zeroUnused: true } : {}),
    ...(flag(values, 'keep-going') ? { keepGoing: true } : {}),
    ...(flag(values, 'allow-unresolved') ? { allowUnresolved: true } : {}),
  };
}

function parseParts(given: unknown): RestoreJob['into'] {
  if (!Array.isArray(given)) return undefined;
  return given.map(String).map((item) => {
    const [, partition, place] = /^(\d{1,6})=(\d{1,6}|free)$/.exec(item) ?? [];
    if (partition === undefined) throw usageError(`--part must be N=M or N=free, not "${item}"`);
    return { partition: Number(partition), place: place === 'free' ? place : Number(place) };
  });
}

function parseTargets(disks: unknown, target: string | undefined): RestoreJob['targets'] {
  const given = Array.isArray(disks) ? disks.map(String) : [];
  const targets = given.map((item) => {
    const [, number, path] = /^(\d{1,6})(?:=(.+))?$/s.exec(item) ?? [];
    if (number === undefined) throw usageError(`--disk must be a number or NUMBER=TARGET, not "${item}"`);
    return { disk: Number(number), target: path ?? target ?? '' };
  });
  if (targets.length === 0)
    targets.push(...(target === undefined ? [] : [{ target } as { disk: number; target: string }]));
  if (targets.length === 0 || targets.some((item) => item.target === ''))
    throw usageError('TARGET is missing');
  if (target !== undefined && !targets.some((item) => item.target === target))
    throw usageError(`"${target}" is named beside --disk targets: say which disk goes there`);
  return targets;
}
