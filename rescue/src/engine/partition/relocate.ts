/**
 * What must change in a partition table that goes to a disk of another size: a GPT keeps its backup at the very
 * end (UEFI 2.10, section 5.3.2), and partitions may get other places. Nothing is written here: the writes are bytes
 * for the plan.
 */
import type { BlockReader } from '../base/block-reader.ts';
import { PermafrostError } from '../base/errors.ts';
import { arrayBytes, gptArrayCrc, RESERVED_ARRAY_BYTES } from './gpt.ts';
import { MBR_BYTES } from './mbr.ts';
import { moveGpt, protectiveMbr } from './move-gpt.ts';
import type { GptTable, PartitionTable } from './partition-table.ts';
import { MOST_MBR_SECTORS, placeMbr } from './place-mbr.ts';
import { isKept, type LayoutPart, type LayoutRoom, type Placement } from './plan-layout.ts';
import { rebuildGpt, rebuiltBackupBytes } from './rebuild-gpt.ts';
import { isValidCopy, readGpt, type GptCopies, type GptCopy } from './read-gpt.ts';
import { say, type Said } from '../base/remarks.ts';

/** Bytes of the table that differ from the image's. */
export interface TableWrite {
  /** In bytes from the start of the target; a whole number of sectors, as is the length. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly what: string;
}

export interface TablePlan {
  /** What a target must have at least; the imaged disk's own size is always enough. */
  readonly minimumBytes: number;
  /** To be written over the image's bytes, ascending; none for a target of the imaged size or too small a one. */
  readonly writes: readonly TableWrite[];
  /** Full sentences. */
  readonly warnings: readonly Said[];
}

/** Partitions that get other places than they had, all of the table's. */
export interface NewLayout {
  readonly parts: readonly LayoutPart[];
  readonly placements: readonly Placement[];
  /** Logical sector size of the target in bytes; the table is made anew where it is another. */
  readonly sectorSize: number;
}

/**
 * Plans the tables for a target of `targetSizeBytes`. `reader` gives the imaged disk's bytes (only those of the table
 * are read), `table` is what `readTable` made of them; without `layout` every partition stays where it was, and the
 * target has the same sector size. Throws `structure/invalid` if the two do not belong together.
 */
export async function planTables(
  reader: BlockReader,
  table: PartitionTable,
  targetSizeBytes: number,
  layout?: NewLayout,
): Promise<TablePlan> {
  if (table.kind === 'mbr' && layout !== undefined) {
    const writes = await placeMbr(reader, { table, ...layout });
    return { minimumBytes: endOf(layout.placements), writes, warnings: [] };
  }
  if (table.kind !== 'gpt') return { minimumBytes: minimumWithoutGpt(table), writes: [], warnings: [] };

  const { sectorSize } = table;
  const copies = await readGpt(reader, sectorSize);
  const source = sourceOf(table, copies);
  if (layout !== undefined && layout.sectorSize !== sectorSize) {
    const made = { source, placements: layout.placements, sectorSize: layout.sectorSize };
    const writes = rebuildGpt({ ...made, table, mbr: await reader.read(0, MBR_BYTES), targetSizeBytes });
    return { minimumBytes: endOf(layout.placements), writes, warnings: [] };
  }
  const places = placesOf(source, copies, table);
  const end = layout === undefined ? endOfContent(table) : endOf(layout.placements);
  const contentEnd = Math.ceil(end / sectorSize);
  const needed = (Math.max(contentEnd, source.header.firstUsableSector) + places.backupSectors) * sectorSize;
  const minimumBytes = layout === undefined ? Math.min(needed, table.sizeBytes) : needed;

  const imaged = Math.floor(table.sizeBytes / sectorSize);
  const sectors = Math.floor(targetSizeBytes / sectorSize);
  if (targetSizeBytes < minimumBytes) return { minimumBytes, writes: [], warnings: [] };
  if (sectors === imaged && layout === undefined) {
    const { otherCopyProblem } = table;
    const warnings =
      otherCopyProblem === undefined ? [] : [say('gpt/as-imaged', { doubt: otherCopyProblem })];
    return { minimumBytes, writes: [], warnings };
  }
  if (targetSizeBytes < needed)
    return {
      minimumBytes,
      writes: [],
      warnings: [say('gpt/no-room-for-backup')],
    };

  const backupArraySector = sectors - places.backupSectors;
  const usableEndSector = Math.max(
    backupArraySector - places.reserveSectors,
    contentEnd,
    source.header.firstUsableSector,
  );
  const placed = layout === undefined ? source : placeEntries(source, layout.placements, sectorSize);
  const { writes, warnings } = moveGpt(copies, placed, {
    sectorSize,
    sectors,
    backupArraySector,
    usableEndSector,
    hasRoomForPrimary: places.hasRoomForPrimary,
    withPrimaryEntries: layout !== undefined,
  });
  const protective = await protectiveMbr(reader, sectorSize, imaged, sectors);
  const former = layout === undefined ? formerBackup(table, backupArraySector * sectorSize) : [];
  const all = [...(protective === undefined ? [] : [protective]), ...writes, ...former];
  return { minimumBytes, writes: all.sort((a, b) => a.offset - b.offset), warnings };
}

/** What partitions may use of a target. */
export interface TableRoom extends LayoutRoom {
  /** Behind the end, left free by the owner of the source, and to be had if there is no other room; in bytes. */
  readonly reserveBytes: number;
  /** Behind that, what the table itself needs, in bytes. */
  readonly tableBytes: number;
}

/**
 * What the partitions of `table` may use of a target of `targetSizeBytes` with sectors of `sectorSize` bytes. Throws
 * as {@link planTables} does.
 */
export async function layoutRoom(
  reader: BlockReader,
  table: PartitionTable,
  targetSizeBytes: number,
  sectorSize: number,
): Promise<TableRoom> {
  const sectors = Math.floor(targetSizeBytes / sectorSize);
  if (table.kind !== 'gpt') {
    const end = Math.min(sectors, MOST_MBR_SECTORS) * sectorSize;
    return { end, sectorSize, reserveBytes: 0, tableBytes: 0 };
  }
  const copies = await readGpt(reader, table.sectorSize);
  const source = sourceOf(table, copies);
  if (sectorSize !== table.sectorSize) {
    const tableBytes = rebuiltBackupBytes(source, sectorSize);
    return { end: sectors * sectorSize - tableBytes, sectorSize, reserveBytes: 0, tableBytes };
  }
  const places = placesOf(source, copies, table);
  const tableBytes = places.backupSectors * sectorSize;
  const reserveBytes = places.reserveSectors * sectorSize;
  return { end: sectors * sectorSize - tableBytes - reserveBytes, sectorSize, reserveBytes, tableBytes };
}

function sourceOf(table: GptTable, copies: GptCopies): GptCopy {
  const source = copies[table.used];
  if (isValidCopy(source)) return source;
  throw new PermafrostError('structure/invalid', {
    structure: `${table.used} GPT`,
    problem: `is not the one that was found before: it ${source.problem}`,
  });
}

function endOf(placements: readonly Placement[]): number {
  return Math.max(0, ...placements.map(({ to }) => to.start + to.length));
}

/** The copy with the entries of moved partitions changed, everything else in them as it was. */
function placeEntries(source: GptCopy, placements: readonly Placement[], sectorSize: number): GptCopy {
  const array = Buffer.from(source.array);
  for (const placement of placements) {
    if (isKept(placement)) continue;
    const { number, to } = placement;
    const at = (number - 1) * source.header.entryBytes;
    array.writeBigUInt64LE(BigInt(to.start / sectorSize), at + 32);
    array.writeBigUInt64LE(BigInt((to.start + to.length) / sectorSize) - 1n, at + 40);
  }
  return { ...source, array, header: { ...source.header, arrayCrc: gptArrayCrc(array) } };
}

/** Zeros over the backup at the former end: on a larger disk it would outlive the table that it belonged to. */
function formerBackup(table: GptTable, end: number): TableWrite[] {
  const contentEnd = endOfContent(table);
  return table.structures.flatMap(({ what, start, length }) => {
    const to = Math.min(start + length, end);
    if (!what.startsWith('backup GPT') || start < contentEnd || start >= to) return [];
    return [{ offset: start, bytes: new Uint8Array(to - start), what: say('part/former', { part: what }) }];
  });
}

function minimumWithoutGpt(table: PartitionTable): number {
  // The database of a dynamic disk lies behind its partitions, and a disk without a table is one region.
  if (table.kind !== 'mbr' || table.partitions.some(({ typeId }) => typeId === '0x42'))
    return table.sizeBytes;
  const extendedEnd = Math.max(0, ...table.extended.map(({ start, length }) => start + length));
  const end = Math.max(endOfContent(table), extendedEnd);
  return end === 0 ? table.sizeBytes : end;
}

/** One past the last byte of the partitions and of what must be kept with them. */
function endOfContent(table: PartitionTable): number {
  let end = 0;
  for (const { start, length } of [...table.partitions, ...table.doubtful])
    end = Math.max(end, start + length);
  return end;
}

interface Places {
  /** Sectors from the backup's entry array to the end of the disk. */
  readonly backupSectors: number;
  /** Sectors between the usable part of the disk and the backup's entry array, which the owner left out. */
  readonly reserveSectors: number;
  readonly hasRoomForPrimary: boolean;
}

function placesOf(source: GptCopy, copies: GptCopies, table: GptTable): Places {
  const { sectorSize } = table;
  const arraySectors = Math.ceil(arrayBytes(source.header) / sectorSize);
  const usual = Math.max(arraySectors, RESERVED_ARRAY_BYTES / sectorSize);
  const { backup } = copies;
  const imagedLast = isValidCopy(backup) ? backup.header.ownSector : source.header.otherSector;
  const kept = isValidCopy(backup) ? backup.header.ownSector - backup.header.arraySector : usual;
  const isSane = kept >= arraySectors && kept <= 2 * usual;
  const backupArraySectors = isSane ? kept : usual;
  let contentStart = table.usableStart;
  for (const { start } of [...table.partitions, ...table.doubtful])
    contentStart = Math.min(contentStart, start);
  const reserve = imagedLast - backupArraySectors - source.header.usableEndSector;
  return {
    backupSectors: backupArraySectors + 1,
    reserveSectors: Math.max(0, reserve),
    hasRoomForPrimary: (2 + arraySectors) * sectorSize <= contentStart,
  };
}
