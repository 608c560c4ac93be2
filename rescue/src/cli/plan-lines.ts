/** A plan in words: what is read, what is written, what is destroyed, and why it would be refused. */
import { describeIdentity, type DiskPlan, type Plan } from '../engine/index.ts';
import { diskLines, limitLines, savedByShutdown } from './disk-lines.ts';
import { formatBytes, wrap } from './format.ts';

export function planLines(plan: Plan, width: number): string[] {
  const { summary, disks, job, readBytes, freeBytes, image, digest } = plan;
  const lines = [...wrap(summary, width)];
  if (image !== undefined)
    lines.push(
      `  image ${image.id}, number ${image.sequence}, taken ${image.created.slice(0, 16).replace('T', ' ')} UTC`,
    );
  if (plan.source !== undefined) lines.push('', ...diskLines(plan.source, width));
  for (const disk of disks) {
    lines.push('', ...(job.kind === 'clone' ? targetLines(disk, width) : diskLines(disk, width)));
    if (job.kind !== 'restore' && job.kind !== 'clone') continue;
    const destroys = disk.destroys ?? [];
    if (destroys.length > 0)
      lines.push('  WILL BE OVERWRITTEN AND LOST on this disk:', ...destroys.map((line) => `    ${line}`));
    lines.push(...(disk.layout ?? []).flatMap((change) => wrap(changeLine(change), width, '  ')));
    lines.push(...shrinkLines(disk, width), ...newIdsLines(disk, width), ...bootEntryLines(disk, width));
    for (const { what, offset, bytesHex } of disk.tableWrites ?? [])
      lines.push(`  rewritten for this disk: ${what}, ${bytesHex.length / 2} bytes at ${offset}`);
  }
  lines.push('');
  if (job.kind === 'image') {
    const free = freeBytes === undefined ? '' : `; free where the repository is: ${formatBytes(freeBytes)}`;
    lines.push(`${formatBytes(readBytes)} to read, before deduplication and compression${free}`);
    const saved = disks.flatMap(({ regions }) => regions).reduce((sum, r) => sum + savedByShutdown(r), 0);
    if (saved > 0)
      lines.push(...wrap(`${formatBytes(saved)} less after a clean shutdown: see above what to do`, width));
  } else if (job.kind === 'clone')
    lines.push(`${formatBytes(readBytes)} to read, once; ${formatBytes(plan.writeBytes)} to write`);
  else lines.push(`${formatBytes(plan.writeBytes)} to write`);
  lines.push(...otherWarnings(plan).flatMap((warning) => wrap(`Note: ${warning}`, width)));
  lines.push(`plan ${digest}`);
  return lines;
}

/** Warnings that stand with none of the disks. */
function otherWarnings({ source, disks, warnings }: Plan): string[] {
  const said = new Set(
    [...(source === undefined ? [] : [source]), ...disks].flatMap(({ identity, warnings: own, regions }) => [
      ...own,
      ...own.map((warning) => `${identity.path}: ${warning}`),
      ...regions.flatMap((region) => region.warnings.map((warning) => `${region.name}: ${warning}`)),
    ]),
  );
  return warnings.filter((warning) => !said.has(warning));
}

/** A partition that is not as and where it was. */
function changeLine(change: NonNullable<DiskPlan['layout']>[number]): string {
  const { number, from, to, tool, into, isNew } = change;
  const when =
    to.length < from.length
      ? `is made smaller with ${tool}, before anything is written`
      : `follows with ${tool}, after everything was read back`;
  const then = tool === undefined ? '' : `; its file system ${when}`;
  if (into !== undefined) {
    const where = isNew === true ? `becomes partition ${into}, a new one` : `goes into partition ${into}`;
    const less = to.length < from.length ? `, smaller than the ${formatBytes(from.length)} that it had` : '';
    return `partition ${number} of the image ${where}, ${formatBytes(to.length)} at ${formatBytes(to.start)}${less}${then}`;
  }
  const sizes = `from ${formatBytes(from.length)} to ${formatBytes(to.length)}`;
  const how = [
    ...(to.length === from.length ? [] : [`${to.length > from.length ? 'grows' : 'shrinks'} ${sizes}`]),
    ...(to.start === from.start ? [] : [`moves from ${formatBytes(from.start)} to ${formatBytes(to.start)}`]),
  ];
  return `partition ${number} ${how.join(' and ')}${then}`;
}

/** How small the target could be, and what makes it so. */
function shrinkLines({ shrinking }: DiskPlan, width: number): string[] {
  if (shrinking === undefined) return [];
  const { leastBytes, partitions, scratch, scratchBytes, isCopy } = shrinking;
  const copy =
    isCopy === true ? ': a copy of all that is used of what gets smaller, since this system has no FUSE' : '';
  return [
    ...wrap(
      leastBytes === undefined
        ? 'what gets smaller:'
        : `the smallest target that would do has ${leastBytes} bytes (${formatBytes(leastBytes)}):`,
      width,
      '  ',
    ),
    ...partitions.flatMap(({ number, bytes, reason }) => {
      const how =
        reason === undefined
          ? `can be as small as ${formatBytes(bytes)}`
          : `keeps its ${formatBytes(bytes)}: ${reason.text}`;
      return wrap(`partition ${number} ${how}`, width, '    ');
    }),
    ...wrap(`scratch files take about ${formatBytes(scratchBytes)} in ${scratch}${copy}`, width, '  '),
  ];
}

const entryWords = {
  create: 'a boot entry is made in this machine',
  activate: 'a boot entry of this machine is switched on',
  there: 'this machine has the boot entry already',
} as const;

/** What is done so that this machine starts the disk. */
function bootEntryLines({ bootEntry }: DiskPlan, width: number): string[] {
  if (bootEntry === undefined) return [];
  const { entries, fallback, partition } = bootEntry;
  return [
    ...entries.flatMap(({ label, loader, action }) =>
      wrap(`${entryWords[action]}: “${label}”, ${loader} on partition ${partition}`, width, '  '),
    ),
    ...fallback.flatMap(({ from, to }) =>
      wrap(
        `copied on partition ${partition}, so that any UEFI machine finds it: ${from} to ${to}`,
        width,
        '  ',
      ),
    ),
  ];
}

const renewedWords = {
  disk: 'gets a new identifier instead of',
  partition: 'gets a new identifier in the table instead of',
  'file-system': 'gets a new file-system identifier instead of',
} as const;

/** What is given anew once everything was read back, what is mended with it, and what stays. */
function newIdsLines({ newIds }: DiskPlan, width: number): string[] {
  if (newIds === undefined) return [];
  const { renewed, mended, kept, warnings } = newIds;
  return [
    ...renewed.flatMap(({ what, place, id }) => wrap(`${place} ${renewedWords[what]} ${id}`, width, '  ')),
    ...mended.flatMap(({ place, file, ids }) =>
      wrap(`changed with them on ${place}: ${file}, which names ${ids.join(', ')}`, width, '  '),
    ),
    ...kept.flatMap(({ place, id, reason }) =>
      wrap(`NOTE: ${place} keeps the identifier ${id}: ${reason}`, width, '  '),
    ),
    ...warnings.flatMap((warning) => wrap(`Note: ${warning}`, width, '  ')),
  ];
}

/** A target that becomes like the source: which disk it is, and what differs. */
function targetLines({ identity, warnings, limits }: DiskPlan, width: number): string[] {
  return [
    ...wrap(`to ${describeIdentity(identity)}`, width),
    ...limitLines(limits === undefined ? {} : { limits }, width),
    ...warnings.flatMap((warning) => wrap(`Note: ${warning}`, width, '  ')),
  ];
}
