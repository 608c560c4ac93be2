/** Small disks with partition tables, made in memory byte by byte. */
import {
  encodeGptEntries,
  encodeGptHeader,
  gptArrayCrc,
  type GptEntry,
  type GptHeader,
} from '../../src/engine/partition/gpt.ts';
import { encodeMbr, type MbrEntry } from '../../src/engine/partition/mbr.ts';

export const LINUX_TYPE = '0fc63daf-8483-4772-8e79-3d69d8477de4';
export const DISK_GUID = '01234567-89ab-cdef-0123-456789abcdef';

/** An entry in sectors; what is left out is that of a Linux partition. */
export type GptPart = Partial<GptEntry> & { number: number; startSector: number; endSector: number };

export interface GptDiskOptions {
  readonly sectors: number;
  readonly sectorSize?: number;
  readonly partitions?: readonly GptPart[];
  readonly entryCount?: number;
  readonly entryBytes?: number;
  /** Fields of both headers that are to differ from the usual ones. */
  readonly header?: Partial<GptHeader>;
  /** Sectors of the disk when the table was made, if it has another size now. */
  readonly tableSectors?: number;
}

export function gptEntry(part: GptPart): GptEntry {
  return {
    typeGuid: LINUX_TYPE,
    partitionGuid: `00000000-0000-0000-0000-${part.number.toString(16).padStart(12, '0')}`,
    attributes: 0n,
    name: '',
    ...part,
  };
}

/** A disk with a protective MBR and both copies of a GPT. */
export function gptDisk(options: GptDiskOptions): Uint8Array {
  const { sectors, sectorSize = 512, partitions = [], entryCount = 128, entryBytes = 128 } = options;
  const tableSectors = options.tableSectors ?? sectors;
  const array = encodeGptEntries(partitions.map(gptEntry), entryCount, entryBytes);
  const arraySectors = Math.ceil(array.length / sectorSize);
  const shared = {
    firstUsableSector: 2 + arraySectors,
    usableEndSector: tableSectors - 1 - arraySectors,
    diskGuid: DISK_GUID,
    entryCount,
    entryBytes,
    arrayCrc: gptArrayCrc(array),
    headerBytes: 92,
    ...options.header,
  };
  const last = tableSectors - 1;
  const primary = { ...shared, ownSector: 1, otherSector: last, arraySector: 2 };
  const backup = { ...shared, ownSector: last, otherSector: 1, arraySector: last - arraySectors };
  const disk = new Uint8Array(sectors * sectorSize);
  const blank = new Uint8Array(sectorSize);
  const protection = mbrEntry(1, 0xee, 1, tableSectors - 1);
  disk.set(mbrSector([protection]), 0);
  disk.set(encodeGptHeader(primary, blank), sectorSize);
  disk.set(array, 2 * sectorSize);
  if (last < sectors) {
    disk.set(array, backup.arraySector * sectorSize);
    disk.set(encodeGptHeader(backup, blank), last * sectorSize);
  }
  return disk;
}

export function mbrEntry(
  slot: number,
  type: number,
  startSector: number,
  sectorCount: number,
  status = 0,
): MbrEntry {
  return { slot, type, startSector, sectorCount, status };
}

/** A record with these entries; the others are unused. */
export function mbrSector(entries: readonly MbrEntry[], diskSignature = 0): Uint8Array {
  const all = [1, 2, 3, 4].map((slot) => entries.find((e) => e.slot === slot) ?? mbrEntry(slot, 0, 0, 0));
  return encodeMbr({ diskSignature, entries: all });
}

/** A disk with an MBR, and extended boot records at the given sectors. */
export function mbrDisk(
  sectors: number,
  entries: readonly MbrEntry[],
  records: Readonly<Record<number, readonly MbrEntry[]>> = {},
  sectorSize = 512,
): Uint8Array {
  const disk = new Uint8Array(sectors * sectorSize);
  disk.set(mbrSector(entries, 0x12345678), 0);
  for (const [sector, list] of Object.entries(records))
    disk.set(mbrSector(list), Number(sector) * sectorSize);
  return disk;
}
