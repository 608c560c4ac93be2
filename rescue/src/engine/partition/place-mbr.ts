/**
 * The table writes of an MBR whose partitions go to other places, or to sectors of another size: its entries, and a
 * chain of extended boot records made anew (UEFI 2.10, section 5.2.1; the links count from the extended partition).
 */
import type { BlockReader } from '../base/block-reader.ts';
import { encodeMbr, isExtendedType, MBR_BYTES, parseMbr, type Mbr, type MbrEntry } from './mbr.ts';
import type { MbrTable } from './partition-table.ts';
import { roundUp, type LayoutPart, type Placement } from './plan-layout.ts';
import type { TableWrite } from './relocate.ts';
import { say } from '../base/remarks.ts';

/** Sectors that the 32-bit fields of an MBR can reach. */
export const MOST_MBR_SECTORS = 2 ** 32;

export interface PlacedMbr {
  readonly table: MbrTable;
  readonly parts: readonly LayoutPart[];
  readonly placements: readonly Placement[];
  /** Of the target, in bytes. */
  readonly sectorSize: number;
}

/** Ascending. `reader` gives the imaged disk's bytes. */
export async function placeMbr(reader: BlockReader, placed: PlacedMbr): Promise<TableWrite[]> {
  const { table, placements, sectorSize } = placed;
  const before = await reader.read(0, table.sectorSize);
  const mbr = parseMbr(before);
  if (mbr === undefined) throw new TypeError('the MBR that was read before is gone');
  const logicals = logicalsOf(placed);
  const entries = mbr.entries.map((entry): MbrEntry => {
    if (entry.sectorCount === 0) return entry;
    if (isExtendedType(entry.type)) {
      const last = logicals.at(-1)!;
      return { ...entry, ...sectorsOf(logicals[0]!.record, last.start + last.length, sectorSize) };
    }
    const to = placements.find(({ number }) => number === entry.slot)?.to;
    return to === undefined ? entry : { ...entry, ...sectorsOf(to.start, to.start + to.length, sectorSize) };
  });
  const first = sized(before, sectorSize);
  const writes: TableWrite[] = [
    { offset: 0, bytes: encodeMbr({ ...mbr, entries }, first), what: say('part/mbr') },
  ];
  const container = logicals[0]?.record ?? 0;
  for (const [i, logical] of logicals.entries()) {
    const bytes = await recordOf(reader, table.sectorSize, logical, logicals[i + 1], container, sectorSize);
    writes.push({ offset: logical.record, bytes, what: say('part/extended') });
  }
  return writes;
}

/** A logical partition on the target; bytes from its start. */
interface Logical {
  readonly from: number;
  readonly start: number;
  readonly length: number;
  readonly record: number;
}

function logicalsOf({ table, parts, placements, sectorSize }: PlacedMbr): Logical[] {
  const logical = new Set(table.partitions.filter((one) => one.logical).map(({ number }) => number));
  return placements.flatMap(({ number, from, to }) => {
    if (!logical.has(number)) return [];
    const lead = parts.find((part) => part.number === number)!.leadBytes;
    const record = to.start - roundUp(lead, sectorSize);
    return [{ from: from.start - lead, record, ...to }];
  });
}

/** The record of `logical` as it was, with its partition and the link to the `next` one. */
async function recordOf(
  reader: BlockReader,
  imagedSectorSize: number,
  logical: Logical,
  next: Logical | undefined,
  container: number,
  sectorSize: number,
): Promise<Uint8Array> {
  const before = await reader.read(logical.from, imagedSectorSize);
  const old: Mbr = parseMbr(before)!;
  const own = old.entries.find(({ sectorCount, type }) => sectorCount !== 0 && !isExtendedType(type))!;
  const link = old.entries.find(({ sectorCount, type }) => sectorCount !== 0 && isExtendedType(type));
  const entries = old.entries.map((entry): MbrEntry => {
    if (entry.slot === own.slot) {
      const start = (logical.start - logical.record) / sectorSize;
      return { ...entry, startSector: start, sectorCount: logical.length / sectorSize };
    }
    if (entry.slot === link?.slot && next !== undefined) {
      const startSector = (next.record - container) / sectorSize;
      return { ...entry, startSector, sectorCount: (next.start + next.length - next.record) / sectorSize };
    }
    return entry;
  });
  return encodeMbr({ ...old, entries }, sized(before, sectorSize));
}

/** The first 512 bytes of `sector`, and what follows as far as there is room, in a sector of the target. */
function sized(sector: Uint8Array, sectorSize: number): Uint8Array {
  const bytes = new Uint8Array(sectorSize);
  bytes.set(sector.subarray(0, Math.max(MBR_BYTES, Math.min(sector.length, sectorSize))));
  return bytes;
}

function sectorsOf(
  start: number,
  end: number,
  sectorSize: number,
): Pick<MbrEntry, 'startSector' | 'sectorCount'> {
  return { startSector: start / sectorSize, sectorCount: (end - start) / sectorSize };
}
