/** Where something is kept, as a person knows it: where it is mounted says nothing. */
import { join, relative } from 'node:path';
import { stateFolder, type ListedDisk, type ListedRegion } from '../../engine/index.ts';
import type { FlowState } from '../flow/state.ts';
import type { Words } from '../words/words.ts';
import { diskName } from './disk-words.ts';

/** `"BACKUP", `, or nothing where there is no label. */
export function labelWords({ fileSystem: { label } }: ListedRegion): string {
  return label === undefined ? '' : `"${label}", `;
}

/** `partition 1, WD Elements, serial WX41, /dev/sdb1`. */
export function regionWhere(listed: ListedDisk, region: ListedRegion, words: Words): string {
  const { disk } = listed;
  const number = region.partitions.join('+');
  return [
    ...(number === '' ? [] : [words.common.partition(number)]),
    diskName(disk, words),
    ...(disk.serial === undefined ? [] : [words.common.serial(disk.serial)]),
    partitionPath(listed, region),
  ].join(', ');
}

export function partitionPath({ disk }: ListedDisk, { partitions }: ListedRegion): string {
  const [number] = partitions;
  return disk.partitions.find((partition) => partition.number === number)?.path ?? disk.path;
}

/** A path below the place it is in, for people; `.` for the place itself. */
export function folderBelow(root: string, path: string): string {
  const below = relative(root, path);
  return below === '' ? '.' : below;
}

/** Where the folder at `path` is: on which disk, stick or share. The path where it is of this system. */
export function placeWords(state: FlowState, path: string, words: Words): string {
  const known = placeOf(state, path, words);
  if (known === undefined) return path;
  const below = folderBelow(known.root, path);
  return below === '.' ? known.label : words.folder.on(below, known.label);
}

/** Where a report is that was kept as the file `path`. */
export function reportWords(state: FlowState, path: string, words: Words): string {
  const { report: w } = words;
  if (isBelow(join(stateFolder, 'reports'), path)) return w.pathInMemory(path);
  const known = placeOf(state, path, words);
  return known === undefined ? path : w.pathOn(folderBelow(known.root, path), known.label);
}

interface KnownPlace {
  readonly root: string;
  readonly label: string;
}

/** The place that holds `path`: the one that was opened here, or one that another console opened on a disk. */
function placeOf({ place, disks = [] }: FlowState, path: string, words: Words): KnownPlace | undefined {
  if (place !== undefined && !('path' in place.place.rule) && isBelow(place.place.path, path))
    return { root: place.place.path, label: place.label };
  for (const listed of disks)
    for (const { kind, what, by } of listed.uses) {
      if (kind !== 'mounted' || !isOwnPlace(by) || !isBelow(by, path)) continue;
      const region = listed.regions.find((each) => partitionPath(listed, each) === what);
      if (region === undefined) continue;
      return { root: by, label: labelWords(region) + regionWhere(listed, region, words) };
    }
  return undefined;
}

/** What uses a disk, as a clause. */
export function useWords({ kind, what, by, message }: ListedDisk['uses'][number], words: Words): string {
  const { uses } = words.common;
  return kind === 'mounted' && isOwnPlace(by) ? uses.own(what) : uses[kind](what, by, message);
}

/** Whether it was Permafrost that mounted something at `path`, for a job. */
export function isOwnPlace(path: string): boolean {
  return isBelow(join(stateFolder, 'places'), path);
}

function isBelow(root: string, path: string): boolean {
  const below = relative(root, path);
  return below !== '..' && !below.startsWith('../');
}
