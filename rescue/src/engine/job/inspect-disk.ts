/** What is on a disk: its table, its regions, and which of their bytes matter. Nothing is written. */
import type { BlockReader } from '../base/block-reader.ts';
import { subReader } from '../base/block-reader.ts';
import { throwIfCancelled } from '../base/errors.ts';
import { Extents, ExtentsBuilder } from '../base/extents.ts';
import type { FileSystemInfo, RawReason } from '../filesystem/file-system.ts';
import { probeRegion } from '../filesystem/probe-region.ts';
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
  readonly warnings: readonly string[];
}

export interface InspectedDisk {
  readonly table: PartitionTable;
  readonly regions: readonly InspectedRegion[];
  readonly warnings: readonly string[];
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
  const regions: InspectedRegion[] = [];
  for (const region of layoutRegions(table, reader.sizeBytes)) {
    throwIfCancelled(signal);
    regions.push(await inspectRegion(reader, region, table, options));
  }
  return { table, regions, warnings: table.warnings };
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
  if (region.doubt !== undefined) return { region, used: everything, raw: region.doubt, warnings: [] };
  if (!mayBeLeftOut) {
    const leaveOut = options.skipGaps === true && region.kind !== 'head' && options.raw !== true;
    return { region, used: leaveOut ? gapEnds(region, table) : everything, warnings: [] };
  }
  const name = `${reader.name} ${region.name}`;
  const view = { ...subReader(reader, region.start, region.length, name), sectorSize: table.sectorSize };
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
