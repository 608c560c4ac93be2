/** Disks in words and as a map: the same everywhere. */
import {
  kindTitles,
  type DiskIdentity,
  type DiskLimit,
  type DiskPlan,
  type ImagedDisk,
  type ListedDisk,
  type RegionPlan,
} from '../../engine/index.ts';
import type { Block, MapBlock, MapRegion } from '../view.ts';
import { text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { said } from './problem-words.ts';

/** Model, or what stands for it. */
export function diskName(disk: { readonly model?: string; readonly path: string }, words: Words): string {
  if (disk.model !== undefined) return disk.model;
  if (disk.path.startsWith('/dev/loop')) return words.common.buses.loop;
  return disk.path.startsWith('/dev/') ? words.common.unnamedDisk : disk.path;
}

/** `Samsung SSD 870, 465.8 GiB`. */
export function diskTitle({ disk }: ListedDisk, words: Words): string {
  return `${diskName(disk, words)}, ${words.format.bytes(disk.sizeBytes)}`;
}

/** Serial, bus and path: what tells disks apart. */
export function diskFacts({ disk }: ListedDisk, words: Words): string {
  const { common } = words;
  return [
    disk.serial === undefined ? common.noSerial : common.serial(disk.serial),
    ...(disk.bus === 'loop' ? [] : [common.buses[disk.bus]]),
    disk.path,
    ...(disk.backingFile === undefined ? [] : [disk.backingFile]),
  ].join(', ');
}

export function identityWords(identity: DiskIdentity, words: Words): string {
  const { common, format } = words;
  return [
    diskName(identity, words),
    format.bytes(identity.sizeBytes),
    ...(identity.kind === 'file'
      ? []
      : [identity.serial === undefined ? common.noSerial : common.serial(identity.serial)]),
    ...(identity.model === undefined && identity.kind === 'file' ? [] : [identity.path]),
  ].join(', ');
}

/** What the disk itself hides, refuses or is about to lose. */
export function limitBlocks(
  { limits = [] }: { readonly limits?: readonly DiskLimit[] },
  words: Words,
): Block[] {
  const { common, format } = words;
  return limits.map((limit) =>
    text(
      'hiddenBytes' in limit
        ? common.limits[limit.kind](format.bytes(limit.hiddenBytes), format.bytes(limit.wholeBytes))
        : common.limits[limit.kind],
      limit.kind === 'failing' ? 'danger' : 'warning',
    ),
  );
}

/** What kinds of contents are called. */
export function contentName(kind: string, words: Words): string {
  if (kind === 'empty') return words.common.empty;
  return kind === 'unknown' ? words.common.unknownContent : (kindNames[kind] ?? kind);
}

/** Shorter than in a sentence: a map has little room. */
const kindNames: Readonly<Record<string, string>> = {
  ...kindTitles,
  swap: 'swap',
  zfs: 'ZFS',
  lvm2: 'LVM',
  md: 'RAID',
  ldm: 'Windows LDM',
  'ext-journal': 'ext-journal',
};

/** The map of a disk as it is listed, and below it what is in each partition. */
export function listedMap(listed: ListedDisk, words: Words): Block[] {
  const { disk, regions, problem } = listed;
  if (problem !== undefined) return [text(said(problem, words), 'warning')];
  const shown: MapRegion[] = regions.map(({ start, length, partitions, fileSystem }) => ({
    kind: partitions.length === 0 ? 'whole' : 'partition',
    start,
    length,
    labels: mapLabels(partitions, fileSystem, words),
  }));
  return [{ kind: 'map', regions: withGaps(shown, disk.sizeBytes), sizeBytes: disk.sizeBytes }];
}

/** What a region is called on a map: `2 NTFS "Windows"`, and what is left of it where there is less room. */
function mapLabels(
  partitions: readonly number[],
  fileSystem: { readonly kind: string; readonly label?: string } | undefined,
  words: Words,
): string[] {
  const number = partitions.join('+');
  const kind = fileSystem === undefined ? '' : contentName(fileSystem.kind, words);
  const label = fileSystem?.label === undefined ? '' : `"${fileSystem.label}"`;
  const labels = [[number, kind, label], [number, kind], [number === '' ? kind : number]].map((parts) =>
    parts.filter((part) => part !== '').join(' '),
  );
  return [...new Set(labels)].filter((each) => each !== '');
}

/** With the space that is in no partition, so that widths are true. */
function withGaps(regions: readonly MapRegion[], sizeBytes: number): MapRegion[] {
  const all: MapRegion[] = [];
  let end = 0;
  const gap = (start: number): void => {
    if (start > end) all.push({ kind: 'gap', start: end, length: start - end, labels: [] });
  };
  for (const region of regions.toSorted((a, b) => a.start - b.start)) {
    gap(region.start);
    all.push(region);
    end = Math.max(end, region.start + region.length);
  }
  gap(sizeBytes);
  return all;
}

/**
 * The map of a planned disk, on which the regions have the places that they get; `doneBytes` says what a job has done
 * of one. It says what its marks mean where `explain` is on.
 */
export function plannedMap(
  { regions, sizeBytes, layout = [] }: DiskPlan,
  words: Words,
  options: {
    readonly explain?: boolean;
    readonly doneBytes?: (region: RegionPlan) => number;
    /** Number of the partition that has the focus. */
    readonly focused?: number | undefined;
  } = {},
): MapBlock {
  const { doneBytes, explain = false, focused } = options;
  const { mapMarks: w } = words.common;
  const contents = regions.filter(({ kind }) => kind === 'partition' || kind === 'whole');
  const placed = contents.map((region): MapRegion => {
    const change = layout.find(
      ({ number }) => region.partitions.length === 1 && region.partitions[0] === number,
    );
    const { start, length } = change?.to ?? region;
    return {
      kind: region.kind,
      start,
      length,
      labels: mapLabels(region.partitions, region.fileSystem, words),
      usedBytes: region.included ? region.usedBytes : 0,
      ...(focused !== undefined && region.partitions.includes(focused) ? { focused: true } : {}),
      ...(doneBytes === undefined ? {} : { doneBytes: doneBytes(region) }),
    };
  });
  return {
    kind: 'map',
    sizeBytes,
    regions: withGaps(placed, sizeBytes),
    ...(explain
      ? {
          legend:
            doneBytes === undefined
              ? [['used', w.used] as const, ['unused', w.unused] as const]
              : [['copied', w.done] as const, ['used', w.toDo] as const, ['unused', w.unused] as const],
        }
      : {}),
  };
}

/** What a region is called. */
export function regionName(
  {
    kind,
    partitions,
    name,
  }: { readonly kind: string; readonly partitions: readonly number[]; readonly name: string },
  words: Words,
): string {
  const { common } = words;
  switch (kind) {
    case 'partition':
      return common.partition(partitions.join('+'));
    case 'whole':
      return common.wholeDisk;
    case 'gap':
      return common.gap;
    case 'tail':
      return common.tail;
    case 'head':
      return common.head;
    default:
      return name;
  }
}

/** `Samsung SSD 870, serial S5Y…`. */
export function imagedDiskName(disk: ImagedDisk, words: Words): string {
  const serial = disk.serial === undefined ? [] : [words.common.serial(disk.serial)];
  return [diskName(disk, words), ...serial].join(', ');
}

/**
 * What a target must have at the very least: less cannot do, whatever is moved or made smaller. Whether more is needed
 * is for the plan to say.
 */
export function leastBytes(disk: ImagedDisk): number {
  if (disk.table.partitions.length === 0)
    return disk.regions.some(({ kind }) => kind === 'whole') ? disk.sizeBytes : 0;
  return disk.regions
    .filter(({ kind }) => kind === 'partition')
    .reduce((sum, { sums }) => sum + sums.usedBytes, 0);
}
