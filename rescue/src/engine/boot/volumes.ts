/** The volumes of a disk: its partitions and the logical volumes in them, with their files where those can be read. */
import { subReader, type BlockReader } from '../base/block-reader.ts';
import { isPermafrostError, throwIfCancelled, errorWords } from '../base/errors.ts';
import type { FileSystemInfo } from '../filesystem/file-system.ts';
import type { FileTree } from '../filesystem/file-tree.ts';
import { readLogicalVolumes } from '../filesystem/lvm/logical-volumes.ts';
import { hasReadableFiles, openFiles } from '../filesystem/open-files.ts';
import { identifyRegion } from '../filesystem/probe-region.ts';
import { layoutRegions } from '../partition/layout.ts';
import type { Partition, PartitionTable } from '../partition/partition-table.ts';
import { parseSpec, type Reference } from './references.ts';
import { type Said, say } from '../base/remarks.ts';

export interface Volume {
  /** For example `partition 3` or `partition 3, volume vg-root`. */
  readonly place: string;
  /** The partition it is, or is in; absent on a disk without partitions. */
  readonly partition?: Partition;
  /** Whether it is all of its partition. */
  readonly isPartition: boolean;
  readonly info: FileSystemInfo;
  /** As in `/dev/mapper`, of a logical volume. */
  readonly mapperName?: string;
  readonly reader: BlockReader;
  readonly files?: FileTree;
  /** Why its files could not be read, where they could be expected to be. */
  readonly problem?: Said;
}

/** All volumes of the disk `reader` with the table `table`. Throws only what is no fault of the disk. */
export async function readVolumes(
  reader: BlockReader,
  table: PartitionTable,
  signal?: AbortSignal,
): Promise<Volume[]> {
  const volumes: Volume[] = [];
  for (const region of layoutRegions(table, reader.sizeBytes)) {
    throwIfCancelled(signal);
    if (region.kind !== 'partition' && region.kind !== 'whole') continue;
    const partition = table.partitions.find(({ number }) => number === region.partitions[0]);
    const view = {
      ...subReader(reader, region.start, region.length, `${reader.name} ${region.name}`),
      sectorSize: table.sectorSize,
    };
    const place = { place: region.name, ...(partition === undefined ? {} : { partition }) };
    const volume = await openVolume({ ...place, isPartition: true, reader: view }, signal);
    volumes.push(volume);
    if (volume.info.kind === 'lvm2') volumes.push(...(await logicalVolumes(volume, signal)));
  }
  return volumes;
}

async function openVolume(
  base: Omit<Volume, 'info' | 'files' | 'problem'>,
  signal: AbortSignal | undefined,
): Promise<Volume> {
  const info = await identifyRegion(base.reader, signal);
  if (!hasReadableFiles(info.kind)) return { ...base, info };
  try {
    const files = await openFiles(base.reader, info.kind, signal);
    return files === undefined
      ? { ...base, info, problem: say('unread/features') }
      : { ...base, info, files };
  } catch (error) {
    return { ...base, info, problem: explain(error) };
  }
}

async function logicalVolumes(physical: Volume, signal: AbortSignal | undefined): Promise<Volume[]> {
  try {
    const found: Volume[] = [];
    for (const { mapperName, reader } of await readLogicalVolumes(physical.reader)) {
      throwIfCancelled(signal);
      if (reader === undefined) continue;
      const { partition } = physical;
      found.push(
        await openVolume(
          {
            place: say('place/volume', { place: physical.place, volume: mapperName }),
            ...(partition === undefined ? {} : { partition }),
            isPartition: false,
            mapperName,
            reader,
          },
          signal,
        ),
      );
    }
    return found;
  } catch (error) {
    explain(error);
    return [];
  }
}

/** What is wrong with a disk, in words; rethrows what is no fault of it. */
export function explain(error: unknown): Said {
  if (isPermafrostError(error, 'structure/invalid') || isPermafrostError(error, 'device/read-failed'))
    return errorWords(error);
  throw error;
}

/** What a name that a file uses for a file system leads to. */
export type Resolved =
  | { readonly kind: 'here'; readonly volume: Volume }
  | { readonly kind: 'elsewhere'; readonly disk: string }
  | { readonly kind: 'missing' }
  /** The name does not say which file system it is, as `/dev/sda2` and `tmpfs` do not. */
  | { readonly kind: 'unnamed' };

/** What other disks of the machine have: `kind:value` in lower case, and the path of the disk. */
export type Elsewhere = ReadonlyMap<string, string>;

/** The key of `reference` in {@link Elsewhere}. */
export function referenceKey({ kind, value }: Reference): string {
  return `${kind}:${value}`.toLowerCase();
}

export function resolveReference(
  reference: Reference,
  volumes: readonly Volume[],
  elsewhere?: Elsewhere,
): Resolved {
  const key = referenceKey(reference);
  const volume = volumes.find((candidate) => keysOf(candidate).includes(key));
  if (volume !== undefined) return { kind: 'here', volume };
  const disk = elsewhere?.get(key);
  return disk === undefined ? { kind: 'missing' } : { kind: 'elsewhere', disk };
}

/** As {@link resolveReference}, of the first field of an fstab or the value of `root=`. */
export function resolveSpec(spec: string, volumes: readonly Volume[], elsewhere?: Elsewhere): Resolved {
  const reference = parseSpec(spec);
  if (reference !== undefined) return resolveReference(reference, volumes, elsewhere);
  const [, mapper] = /^\/dev\/mapper\/(.+)$/.exec(spec) ?? [];
  const [, group, name] = /^\/dev\/([^/]+)\/([^/]+)$/.exec(spec) ?? [];
  const mapperName =
    mapper ??
    (group === undefined ? undefined : `${group.replaceAll('-', '--')}-${name!.replaceAll('-', '--')}`);
  const volume = volumes.find((candidate) => candidate.mapperName === mapperName);
  if (mapperName === undefined || volume === undefined) return { kind: 'unnamed' };
  return { kind: 'here', volume };
}

/** All names by which `volume` can be referred to, as keys. */
export function keysOf({ info, partition, isPartition }: Volume): string[] {
  const references: Reference[] = [];
  if (info.uuid !== undefined) references.push({ kind: 'uuid', value: info.uuid });
  if (info.label !== undefined) references.push({ kind: 'label', value: info.label });
  if (isPartition && partition?.partitionId !== undefined)
    references.push({ kind: 'partuuid', value: partition.partitionId });
  if (isPartition && partition?.name !== undefined && partition.name !== '')
    references.push({ kind: 'partlabel', value: partition.name });
  return references.map(referenceKey);
}
