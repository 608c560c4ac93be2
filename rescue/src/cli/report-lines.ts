/** The end of a job in words, and its exit code. */
import {
  describeChange,
  exitCodeOf,
  exitCodes,
  type ErrorReport,
  type Report,
  type TargetReport,
} from '../engine/index.ts';
import { bootLines, bootSummary } from './boot-lines.ts';
import { formatBytes, formatDuration, formatRate } from './format.ts';
import type { Output } from './output.ts';

/** Gaps that are printed; the report has more. */
const SHOWN_GAPS = 20;

/** Prints the report and resolves its exit code. */
export function finishReport(report: Report, output: Output): number {
  output.print(...reportLines(report), ...newIdsLines(report), ...bootReportLines(report, output.width));
  for (const warning of report.warnings) output.say(`Note: ${warning}`);
  for (const { disk, region, offset, length, reason } of report.gaps.slice(0, SHOWN_GAPS))
    output.say(`Gap: disk ${disk}, ${region}, ${length} bytes at ${offset}: ${reason}`);
  const more = report.gaps.length - SHOWN_GAPS + report.gapsLeftOut;
  if (more > 0) output.print(`… and ${more} more gaps; --json lists up to ${report.gaps.length}.`);
  if (report.error !== undefined && !output.json) output.error(report.error);
  output.emit('report', report);
  // A usage mistake found only by the job is still one.
  if (report.error?.code === 'usage/invalid') return exitCodes.usage;
  return exitCodeOf[report.outcome];
}

/** Prints reasons to refuse, if any, and resolves the exit code of a plan. */
export function refuse(refusals: readonly ErrorReport[], output: Output): number {
  if (!output.json) for (const refusal of refusals) output.error(refusal);
  return refusals.length > 0 ? exitCodes.failed : exitCodes.done;
}

function reportLines(report: Report): string[] {
  const { job, outcome, sums, seconds, image } = report;
  const took = `in ${formatDuration(seconds)}`;
  const sum = (name: string): number => sums[name] ?? 0;
  if (outcome === 'failed' || outcome === 'cancelled' || job.kind === 'bootcheck') return [];
  switch (job.kind) {
    case 'image':
      return [
        `${outcome === 'done' ? 'Saved' : 'Saved, with gaps,'} as image ${image!.id.slice(0, 8)} "${image!.name}" (number ${image!.sequence}) ${took}`,
        `  ${formatBytes(sum('usedBytes'))} used, ${formatRate(sum('usedBytes') / seconds)}`,
        `  ${formatBytes(sum('newBytes'))} new, stored in ${formatBytes(sum('storedBytes'))}; ${formatBytes(sum('reusedBytes'))} were already there`,
        ...(sum('salvagedBytes') > 0
          ? [`  ${formatBytes(sum('salvagedBytes'))} recovered from a run that did not end`]
          : []),
      ];
    case 'restore':
      if (outcome === 'does-not-verify') return [];
      return [
        `${outcome === 'done' ? 'Restored' : 'Restored, with gaps,'} ${formatBytes(sum('usedBytes'))} ${took}, ${formatBytes(sum('writtenBytes'))} written`,
        report.verified === true
          ? '  read back from the disk and found identical to the image'
          : '  NOT read back: whether the disk kept it all is not known',
      ];
    case 'clone':
      if (outcome === 'does-not-verify') return [];
      return [
        `${cloned[outcome]} ${formatBytes(sum('usedBytes'))} ${took}, ${formatBytes(sum('writtenBytes'))} written`,
        ...(report.targets ?? []).map(targetLine),
      ];
    case 'verify':
      return [
        outcome === 'done'
          ? `Verified ${took}: ${count(sum('images'), 'image')}, ${count(sum('packs'), 'pack')}, ${formatBytes(sum('verifiedBytes'))} decoded and checked`
          : `DOES NOT VERIFY: ${sum('imagesDamaged')} of ${count(sum('images'), 'image')} cannot be restored whole`,
      ];
  }
}

/** Every identifier that was changed, and every file that names one. */
function newIdsLines({ newIds = [] }: Report): string[] {
  return newIds.flatMap(({ identity, changes }) => [
    `  ${identity.path}: ${count(changes.length, 'change')} for identifiers of its own`,
    ...changes.map((change) => `    ${describeChange(change)}`),
  ]);
}

/** Whether what is on the disks starts: all of it where that was the job. */
function bootReportLines({ job, boot = [] }: Report, width: number): string[] {
  return boot.flatMap((disk) =>
    job.kind === 'bootcheck' ? bootLines(disk.check, width) : bootSummary(disk, width),
  );
}

const cloned = {
  done: 'Cloned',
  'done-with-gaps': 'Cloned, with gaps,',
  'done-in-part': 'Cloned, but NOT TO EVERY TARGET,',
} as const;

function targetLine({ identity, verified, error }: TargetReport): string {
  if (error !== undefined) return `  ${identity.path}: GIVEN UP, must not be used: ${error.message}`;
  return verified
    ? `  ${identity.path}: read back and found identical to what was read`
    : `  ${identity.path}: NOT read back: whether the disk kept it all is not known`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
