/**
 * A GPT made anew for a disk with sectors of another size (UEFI 2.10, section 5.3): every number in it counts sectors,
 * and both copies lie elsewhere. Ids, names and attributes stay.
 */
import { arrayBytes, encodeGptHeader, gptArrayCrc, RESERVED_ARRAY_BYTES, type GptHeader } from './gpt.ts';
import { encodeMbr, MBR_BYTES, parseMbr, PROTECTIVE_TYPE } from './mbr.ts';
import type { GptTable } from './partition-table.ts';
import { roundUp, type Placement } from './plan-layout.ts';
import type { GptCopy } from './read-gpt.ts';
import type { TableWrite } from './relocate.ts';
import { say } from '../base/remarks.ts';

export interface RebuiltGpt {
  readonly table: GptTable;
  /** The copy that is true. */
  readonly source: GptCopy;
  /** The first 512 bytes of the source. */
  readonly mbr: Uint8Array;
  /** Of every partition, in whole sectors of the target. */
  readonly placements: readonly Placement[];
  /** Of the target, in bytes. */
  readonly sectorSize: number;
  readonly targetSizeBytes: number;
}

/** Bytes at the end of the target that the backup needs. */
export function rebuiltBackupBytes(source: GptCopy, sectorSize: number): number {
  const array = Math.max(arrayBytes(source.header), RESERVED_ARRAY_BYTES);
  return (Math.ceil(array / sectorSize) + 1) * sectorSize;
}

/** Ascending: all that stands before the first usable sector, what was there of the former table too; the backup. */
export function rebuildGpt(input: RebuiltGpt): TableWrite[] {
  const { table, source, placements, sectorSize, targetSizeBytes } = input;
  const sectors = Math.floor(targetSizeBytes / sectorSize);
  const backupBytes = rebuiltBackupBytes(source, sectorSize);
  const arraySectors = backupBytes / sectorSize - 1;
  const array = placedEntries(input);
  const header = (ownSector: number, otherSector: number, arraySector: number): GptHeader => ({
    ...source.header,
    ownSector,
    otherSector,
    arraySector,
    firstUsableSector: 2 + arraySectors,
    usableEndSector: sectors - backupBytes / sectorSize,
    arrayCrc: gptArrayCrc(array),
    headerBytes: Math.min(source.header.headerBytes, MBR_BYTES),
  });
  const template = new Uint8Array(sectorSize);
  template.set(source.headerSector.subarray(0, Math.min(source.headerSector.length, sectorSize)));

  const firstStart = Math.min(...placements.map(({ to }) => to.start));
  const formerEnd = Math.max(
    ...table.structures.filter(({ start }) => start < table.usableStart).map((one) => one.start + one.length),
  );
  const front = new Uint8Array(
    Math.min(firstStart, Math.max((2 + arraySectors) * sectorSize, roundUp(formerEnd, sectorSize))),
  );
  front.set(protection(input.mbr, sectors));
  front.set(encodeGptHeader(header(1, sectors - 1, 2), template), sectorSize);
  front.set(array, 2 * sectorSize);

  const backup = new Uint8Array(backupBytes);
  backup.set(array);
  const last = encodeGptHeader(header(sectors - 1, 1, sectors - 1 - arraySectors), template);
  backup.set(last, arraySectors * sectorSize);
  return [
    { offset: 0, bytes: front, what: say('part/protective-mbr-and-gpt') },
    { offset: sectors * sectorSize - backupBytes, bytes: backup, what: say('part/backup-gpt') },
  ];
}

function placedEntries({ source, placements, sectorSize }: RebuiltGpt): Buffer {
  const array = Buffer.from(source.array);
  const kept = new Set(placements.map(({ number }) => number));
  const { entryBytes, entryCount } = source.header;
  // An entry that is nonsense in its own sectors would become another nonsense.
  for (let number = 1; number <= entryCount; number++)
    if (!kept.has(number)) array.fill(0, (number - 1) * entryBytes, number * entryBytes);
  for (const { number, to } of placements) {
    const at = (number - 1) * entryBytes;
    array.writeBigUInt64LE(BigInt(to.start / sectorSize), at + 32);
    array.writeBigUInt64LE(BigInt((to.start + to.length) / sectorSize) - 1n, at + 40);
  }
  return array;
}

/** The MBR with its boot code, and one entry that covers the disk. */
function protection(before: Uint8Array, sectors: number): Uint8Array {
  const mbr = parseMbr(before);
  const unused = { status: 0, type: 0, startSector: 0, sectorCount: 0 };
  const entries = [1, 2, 3, 4].map((slot) => ({ slot, ...unused }));
  entries[0] = {
    slot: 1,
    status: 0,
    type: PROTECTIVE_TYPE,
    startSector: 1,
    sectorCount: Math.min(sectors - 1, 0xffffffff),
  };
  return encodeMbr({ diskSignature: mbr?.diskSignature ?? 0, entries }, before);
}
