/** What is on a disk: its table, its regions, and which of their bytes matter. Nothing is written. */
import type { Said } from '../base/remarks.ts';
import type { BlockReader } from '../base/block-reader.ts';
import { subReader } from '../base/block-reader.ts';
import { throwIfCancelled } from '../base/errors.ts';
import { Extents, ExtentsBuilder } from '../base/extents.ts';
import { describeContainer, findDiskContainer, type DiskContainer } from '../filesystem/disk-container.ts';
import type { FileSystemInfo, RawReason } from '../filesystem/file-system.ts';
import { identifyRegion, probeRegion } from '../filesystem/probe-region.ts';
import { layoutRegions, type Region } from '../partition/layout.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import { readTable } from '../partition/table.ts';

/** A region and what it holds. */
export interface InspectedRegion {
  readonly region: Region;
  /** Absent for heads, gaps and tails. */
  readonly fileSystem?: FileSystemInfo;
  /** Bytes that matter, relative to the region. */
  readonly used: Extents;
  readonly raw?: RawReason;
  readonly overridden?: RawReason;
  readonly warnings: readonly Said[];
}

export interface InspectedDisk {
  readonly table: PartitionTable;
  readonly regions: readonly InspectedRegion[];
  readonly warnings: readonly Said[];
}

export interface InspectOptions {
  /** Logical sector size in bytes, whatever the disk says. */
  readonly sectorSize?: number;
  /** The reader is a file: its sector size is guessed from its table. */
  readonly isFile?: boolean;
  readonly raw?: boolean;
  readonly skipGaps?: boolean;
  /** Partitions whose allocation structures are trusted although dirty; 0 for a disk without partitions. */
  readonly trustBitmap?: readonly number[];
  /** Look into these partitions only; the others get no extents. */
  readonly partitions?: readonly number[];
  readonly signal?: AbortSignal;
}

/** What is kept at both ends of a gap that is left out: boot loaders and RAID metadata live there. */
const GAP_END_BYTES = 1024 * 1024;

/** Reads table and file systems of a disk. Throws `device/read-failed` if not even the table can be read. */
export async function inspectDisk(reader: BlockReader, options: InspectOptions = {}): Promise<InspectedDisk> {
  const { sectorSize, isFile, signal } = options;
  const table = await readTable(reader, {
    ...(sectorSize === undefined ? {} : { sectorSize }),
    ...(isFile === undefined ? {} : { isFile }),
  });
  const layout = layoutRegions(table, reader.sizeBytes);
  const container = await findContainer(reader, layout, table, signal);
  const regions: InspectedRegion[] = [];
  for (const region of layout) {
    throwIfCancelled(signal);
    // For the name alone, where the disk is not what it looks like.
    const asked = container === undefined ? options : { ...options, raw: true };
    regions.push(await inspectRegion(reader, region, table, asked));
  }
  const owner = container ?? containerOfPartition(regions);
  const judged = owner === undefined ? regions : regions.map((region) => takeWhole(region, owner));
  return { table, regions: judged, warnings: table.warnings };
}

/** What the whole of a partitioned disk belongs to; a disk without partitions is a region like any other. */
async function findContainer(
  reader: BlockReader,
  layout: readonly Region[],
  table: PartitionTable,
  signal: AbortSignal | undefined,
): Promise<DiskContainer | undefined> {
  if (!layout.some(({ kind }) => kind !== 'whole')) return undefined;
  const sound = layout.filter(({ kind, doubt }) => kind === 'partition' && doubt === undefined);
  return findDiskContainer({ ...reader, sectorSize: table.sectorSize }, sound, signal);
}

/** A GPT disk keeps the database of dynamic volumes in a partition; it is about all others. */
function containerOfPartition(regions: readonly InspectedRegion[]): DiskContainer | undefined {
  const found = regions.find(
    ({ region, fileSystem }) => region.kind === 'partition' && fileSystem?.kind === 'ldm',
  );
  return found?.fileSystem === undefined ? undefined : describeContainer(found.fileSystem);
}

/** All of a region of a disk that belongs to `owner`; but what was not asked for stays out. */
function takeWhole(inspected: InspectedRegion, owner: DiskContainer): InspectedRegion {
  const { region, fileSystem, warnings } = inspected;
  const used = Extents.single(0, region.length);
  if (region.kind !== 'partition') return { region, used, warnings };
  if (fileSystem === undefined && inspected.raw === undefined) return inspected;
  const raw = region.doubt ?? owner.reason;
  return { region, ...(fileSystem === undefined ? {} : { fileSystem }), used, raw, warnings };
}

async function inspectRegion(
  reader: BlockReader,
  region: Region,
  table: PartitionTable,
  options: InspectOptions,
): Promise<InspectedRegion> {
  const everything = Extents.single(0, region.length);
  const mayBeLeftOut = region.kind === 'partition' || region.kind === 'whole';
  const numbers = region.kind === 'whole' ? [0] : region.partitions;
  if (
    mayBeLeftOut &&
    options.partitions !== undefined &&
    !numbers.some((n) => options.partitions!.includes(n))
  )
    return { region, used: Extents.empty, warnings: [] };
  const name = `${reader.name} ${region.name}`;
  const view = { ...subReader(reader, region.start, region.length, name), sectorSize: table.sectorSize };
  if (region.doubt !== undefined) {
    const info = await nameDoubtful(view, region, options.signal);
    const named = info === undefined ? {} : { fileSystem: info };
    return { region, ...named, used: everything, raw: region.doubt, warnings: [] };
  }
  if (!mayBeLeftOut) {
    const leaveOut = options.skipGaps === true && region.kind !== 'head' && options.raw !== true;
    return { region, used: leaveOut ? gapEnds(region, table) : everything, warnings: [] };
  }
  const { info, map } = await probeRegion(view, {
    raw: options.raw === true,
    trustBitmap: numbers.some((n) => options.trustBitmap?.includes(n) === true),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return {
    region,
    fileSystem: info,
    used: map.used,
    ...(map.raw === undefined ? {} : { raw: map.raw }),
    ...(map.overridden === undefined ? {} : { overridden: map.overridden }),
    warnings: map.warnings,
  };
}

/** What begins in a partition whose type says that it holds more than a file system; for its name alone. */
async function nameDoubtful(
  view: BlockReader,
  region: Region,
  signal: AbortSignal | undefined,
): Promise<FileSystemInfo | undefined> {
  if (region.kind !== 'partition' || region.doubt?.code !== 'unsupported') return undefined;
  const info = await identifyRegion(view, signal);
  return info.kind === 'unknown' || info.kind === 'empty' ? undefined : info;
}

/** The ends of a gap, and what in it belongs to the partition table. */
function gapEnds(region: Region, table: PartitionTable): Extents {
  const builder = new ExtentsBuilder();
  builder.add(0, Math.min(GAP_END_BYTES, region.length));
  const lastStart = Math.max(0, region.length - GAP_END_BYTES);
  builder.add(lastStart, region.length - lastStart);
  const end = region.start + region.length;
  for (const { start, length } of table.structures) {
    const from = Math.max(start, region.start);
    const to = Math.min(start + length, end);
    if (from < to) builder.add(from - region.start, to - from);
  }
  return builder.finish();
}
