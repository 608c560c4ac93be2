/**
 * The master boot record: four entries at byte 446 of the first sector, and the chain of extended boot records
 * that holds the logical partitions. Layout as in UEFI 2.10, section 5.2.1, "Legacy Master Boot Record"; the
 * order and numbers of logical partitions are those of Linux. Cylinder/head/sector fields are ignored.
 */
import type { BlockReader } from '../base/block-reader.ts';
import { isPermafrostError } from '../base/errors.ts';
import { Fields } from '../base/fields.ts';
import { type Said, say } from '../base/remarks.ts';

/** Bytes of the record, whatever the sector size. */
export const MBR_BYTES = 512;
/** The type of an entry that protects a GPT. */
export const PROTECTIVE_TYPE = 0xee;

const ENTRY_OFFSET = 446;
const ENTRY_BYTES = 16;

/** One of the four entries. Sector numbers and counts are in logical sectors. */
export interface MbrEntry {
  /** 1 to 4. */
  readonly slot: number;
  /** 0x80 active, 0x00 not; anything else is not an entry. */
  readonly status: number;
  readonly type: number;
  /** Relative to the record (or to the extended partition) in an extended boot record, else to the disk. */
  readonly startSector: number;
  /** 0 for an unused entry. */
  readonly sectorCount: number;
}

export interface Mbr {
  /** The disk signature at byte 440; 0 where there is none. */
  readonly diskSignature: number;
  /** All four, the unused ones too. */
  readonly entries: readonly MbrEntry[];
}

/** Whether a type (0x05, 0x0f, 0x85) is that of an extended partition. */
export function isExtendedType(type: number): boolean {
  return type === 0x05 || type === 0x0f || type === 0x85;
}

/** The record in the first 512 bytes of `sector`; `undefined` without its signature 55 AA. */
export function parseMbr(sector: Uint8Array): Mbr | undefined {
  const fields = new Fields(sector, 'master boot record');
  if (fields.u8(510) !== 0x55 || fields.u8(511) !== 0xaa) return undefined;
  const entries = [1, 2, 3, 4].map((slot) => {
    const at = ENTRY_OFFSET + (slot - 1) * ENTRY_BYTES;
    return {
      slot,
      status: fields.u8(at),
      type: fields.u8(at + 4),
      startSector: fields.u32(at + 8),
      sectorCount: fields.u32(at + 12),
    };
  });
  return { diskSignature: fields.u32(440), entries };
}

/**
 * A copy of `template` (a sector, at least 512 bytes; default zeros) with the signature and entries of `mbr`.
 * Boot code and the cylinder/head/sector fields stay as they are; an entry that was unused there gets the
 * fields that say "use the sector numbers".
 */
export function encodeMbr(mbr: Mbr, template: Uint8Array = new Uint8Array(MBR_BYTES)): Uint8Array {
  const sector = new Uint8Array(template); // a copy: slice() of a Buffer would share its memory
  const view = new DataView(sector.buffer);
  view.setUint32(440, mbr.diskSignature, true);
  for (const entry of mbr.entries) {
    const at = ENTRY_OFFSET + (entry.slot - 1) * ENTRY_BYTES;
    if (entry.sectorCount !== 0 && view.getUint32(at + 12, true) === 0) {
      sector.set([0xfe, 0xff, 0xff], at + 1);
      sector.set([0xfe, 0xff, 0xff], at + 5);
    }
    view.setUint8(at, entry.status);
    view.setUint8(at + 4, entry.type);
    view.setUint32(at + 8, entry.startSector, true);
    view.setUint32(at + 12, entry.sectorCount, true);
  }
  sector[510] = 0x55;
  sector[511] = 0xaa;
  return sector;
}

/** Whether the four can be entries at all: every status byte, of the unused ones too, is 0x00 or 0x80. */
export function hasSaneStatus(mbr: Mbr): boolean {
  return mbr.entries.every(isSaneStatus);
}

function isSaneStatus({ status }: MbrEntry): boolean {
  return status === 0 || status === 0x80;
}

/** A logical partition; sectors count from the start of the disk. */
export interface LogicalPartition {
  readonly status: number;
  readonly type: number;
  readonly startSector: number;
  readonly sectorCount: number;
}

/** What the chain of one extended partition holds. */
export interface ExtendedChain {
  /** In the order of their Linux numbers. */
  readonly logicals: readonly LogicalPartition[];
  /** The sectors of the extended boot records. */
  readonly recordSectors: readonly number[];
  /** Why the chain ends before its end, if it does. */
  readonly problem?: { readonly code: 'inconsistent' | 'unreadable'; readonly reason: Said };
}

/** No tool makes more; the kernel stops at 256 partitions. */
const MAX_RECORDS = 1024;

/**
 * Follows the chain of the extended partition of `sectorCount` sectors at `startSector`. Links are relative to
 * that start, the partitions in a record to the record. A chain that leaves the extended partition, turns back
 * on itself or cannot be read ends there, with the `problem`.
 */
export async function readExtendedChain(
  reader: BlockReader,
  sectorSize: number,
  startSector: number,
  sectorCount: number,
): Promise<ExtendedChain> {
  const logicals: LogicalPartition[] = [];
  const recordSectors: number[] = [];
  const visited = new Set<number>();
  const broken = (reason: Said, code: 'inconsistent' | 'unreadable' = 'inconsistent'): ExtendedChain => ({
    logicals,
    recordSectors,
    problem: { code, reason },
  });

  let record = startSector;
  let linkedCount = sectorCount;
  while (true) {
    if (visited.has(record)) return broken(say('chain/returns', { number: record }));
    if (visited.size === MAX_RECORDS) return broken(say('chain/too-long', { linkCount: MAX_RECORDS }));
    visited.add(record);
    if ((record + 1) * sectorSize > reader.sizeBytes) return broken(say('chain/behind', { number: record }));

    let bytes: Uint8Array;
    try {
      bytes = await reader.read(record * sectorSize, MBR_BYTES);
    } catch (error) {
      if (!isPermafrostError(error, 'device/read-failed')) throw error;
      return broken(say('chain/unreadable', { number: record }), 'unreadable');
    }
    const parsed = parseMbr(bytes);
    if (parsed === undefined) return broken(say('chain/no-record', { number: record }));
    recordSectors.push(record);

    for (const entry of parsed.entries) {
      if (entry.sectorCount === 0 || isExtendedType(entry.type)) continue;
      const start = record + entry.startSector;
      const end = start + entry.sectorCount;
      // The third and fourth entry of a record often hold garbage: they count only if they fit.
      const fits =
        entry.startSector + entry.sectorCount <= linkedCount &&
        start >= startSector &&
        end <= startSector + sectorCount;
      if (entry.slot > 2 && !(fits && isSaneStatus(entry))) continue;
      if (!isSaneStatus(entry)) return broken(say('chain/impossible', { number: record }));
      logicals.push({
        status: entry.status,
        type: entry.type,
        startSector: start,
        sectorCount: entry.sectorCount,
      });
    }
    const link = parsed.entries.find((entry) => entry.sectorCount !== 0 && isExtendedType(entry.type));
    if (link === undefined) return { logicals, recordSectors };
    if (link.startSector >= sectorCount) return broken(say('chain/leaves', { number: record }));
    record = startSector + link.startSector;
    linkedCount = link.sectorCount;
  }
}
