/**
 * The GUID partition table: two copies of a header and an array of entries, each with a CRC-32. Layout as in
 * UEFI 2.10, section 5.3, "GUID Partition Table (GPT) Disk Layout". The inclusive last block of the format
 * becomes an exclusive end here and nowhere else.
 */
import { crc32 } from 'node:zlib';
import { Fields } from '../base/fields.ts';
import { printableText } from '../device/printable-text.ts';
import { say } from '../base/remarks.ts';

const SIGNATURE = 'EFI PART';
const MIN_HEADER_BYTES = 92;
const MIN_ENTRY_BYTES = 128;
const MAX_ENTRY_BYTES = 4096;
/** Bound of the entry array: 32768 entries of the usual size; the kernel takes no more either. */
export const MAX_ARRAY_BYTES = 4 * 1024 * 1024;
/** The least space that the specification reserves for an entry array. */
export const RESERVED_ARRAY_BYTES = 16 * 1024;

const NO_GUID = '00000000-0000-0000-0000-000000000000';

/** A header. Sectors are logical sectors from the start of the disk. */
export interface GptHeader {
  /** Where this copy lies. */
  readonly ownSector: number;
  /** Where it says that the other one lies. */
  readonly otherSector: number;
  readonly firstUsableSector: number;
  /** One past the last usable sector. */
  readonly usableEndSector: number;
  readonly diskGuid: string;
  /** Where this copy's entry array begins. */
  readonly arraySector: number;
  readonly entryCount: number;
  /** Bytes of one entry. */
  readonly entryBytes: number;
  readonly arrayCrc: number;
  /** Bytes that the header's CRC covers. */
  readonly headerBytes: number;
}

/** A used entry. Values that no disk has are cut to `Number.MAX_SAFE_INTEGER`. */
export interface GptEntry {
  /** Its slot, counted from 1: the number Linux gives the partition. */
  readonly number: number;
  readonly typeGuid: string;
  readonly partitionGuid: string;
  readonly startSector: number;
  /** One past the last sector; `startSector` or less if the entry is nonsense. */
  readonly endSector: number;
  readonly attributes: bigint;
  /** Printable. */
  readonly name: string;
}

/**
 * The header in `sector` (one logical sector), which was read from sector number `at`. Throws
 * `structure/invalid` with what is wrong: signature, size, CRC, place, or bounds that do not add up.
 */
export function parseGptHeader(sector: Uint8Array, at: number): GptHeader {
  const fields = new Fields(sector, 'GPT header');
  if (fields.text(0, 8) !== SIGNATURE) fields.fail(say('copy/no-signature'));
  const headerBytes = fields.u32(12);
  if (headerBytes < MIN_HEADER_BYTES || headerBytes > sector.length)
    fields.fail(say('copy/size', { size: String(headerBytes) }));
  if (headerCrc(sector, headerBytes) !== fields.u32(16)) fields.fail(say('copy/checksum'));
  const revision = fields.u32(8);
  if (revision >>> 16 !== 1)
    fields.fail(say('copy/version', { version: `${revision >>> 16}.${revision & 0xffff}` }));
  const header: GptHeader = {
    ownSector: fields.u64(24),
    otherSector: fields.u64(32),
    firstUsableSector: fields.u64(40),
    usableEndSector: fields.u64(48) + 1,
    diskGuid: fields.guid(56),
    arraySector: fields.u64(72),
    entryCount: fields.u32(80),
    entryBytes: fields.u32(84),
    arrayCrc: fields.u32(88),
    headerBytes,
  };
  if (header.ownSector !== at)
    fields.fail(say('copy/belongs', { number: header.ownSector, otherNumber: at }));
  if (header.firstUsableSector > header.usableEndSector) fields.fail(say('copy/usable'));
  const { entryBytes, entryCount } = header;
  const isPower = (entryBytes & (entryBytes - 1)) === 0;
  if (entryBytes < MIN_ENTRY_BYTES || entryBytes > MAX_ENTRY_BYTES || !isPower)
    fields.fail(say('copy/entry-size', { size: String(entryBytes) }));
  if (entryCount === 0 || entryCount * entryBytes > MAX_ARRAY_BYTES)
    fields.fail(say('copy/entry-count', { entryCount }));
  const arrayEnd = header.arraySector + Math.ceil((entryCount * entryBytes) / sector.length);
  if (header.arraySector < 1 || (header.arraySector <= at && arrayEnd > at))
    fields.fail(say('copy/entries-place', { number: header.arraySector }));
  return header;
}

/** Bytes of a header's entry array. */
export function arrayBytes(header: GptHeader): number {
  return header.entryCount * header.entryBytes;
}

/** The used entries of an array that belongs to `header`. Throws `structure/invalid` if its CRC is wrong. */
export function parseGptEntries(array: Uint8Array, header: GptHeader): GptEntry[] {
  const fields = new Fields(array, 'GPT entries');
  if (array.length !== arrayBytes(header)) fields.fail(`have ${array.length} bytes`);
  if (crc32(array) !== header.arrayCrc) fields.fail('have a wrong checksum');
  const entries: GptEntry[] = [];
  for (let i = 0; i < header.entryCount; i++) {
    const entry = fields.sub(i * header.entryBytes, header.entryBytes);
    const typeGuid = entry.guid(0);
    if (typeGuid === NO_GUID) continue;
    entries.push({
      number: i + 1,
      typeGuid,
      partitionGuid: entry.guid(16),
      startSector: saturate(entry.bigU64(32)),
      endSector: saturate(entry.bigU64(40) + 1n),
      attributes: entry.bigU64(48),
      name: printableText(entry.utf16(56, 72)),
    });
  }
  return entries;
}

function saturate(value: bigint): number {
  return Number(value > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : value);
}

/**
 * A copy of `template` (one logical sector) with the fields of `header` and a CRC that fits. Everything else,
 * what a vendor put behind the header too, stays as it is. A template of zeros becomes a new header.
 */
export function encodeGptHeader(header: GptHeader, template: Uint8Array): Uint8Array {
  const sector = new Uint8Array(template); // a copy: slice() of a Buffer would share its memory
  const view = new DataView(sector.buffer);
  sector.set(Buffer.from(SIGNATURE, 'latin1'));
  if (view.getUint32(8, true) === 0) view.setUint32(8, 0x00010000, true);
  view.setUint32(12, header.headerBytes, true);
  view.setBigUint64(24, BigInt(header.ownSector), true);
  view.setBigUint64(32, BigInt(header.otherSector), true);
  view.setBigUint64(40, BigInt(header.firstUsableSector), true);
  view.setBigUint64(48, BigInt(header.usableEndSector - 1), true);
  sector.set(encodeGuid(header.diskGuid), 56);
  view.setBigUint64(72, BigInt(header.arraySector), true);
  view.setUint32(80, header.entryCount, true);
  view.setUint32(84, header.entryBytes, true);
  view.setUint32(88, header.arrayCrc, true);
  view.setUint32(16, headerCrc(sector, header.headerBytes), true);
  return sector;
}

/** An entry array of `entryCount` times `entryBytes` bytes; its CRC goes into the header. */
export function encodeGptEntries(
  entries: readonly GptEntry[],
  entryCount = 128,
  entryBytes = MIN_ENTRY_BYTES,
): Uint8Array {
  const array = new Uint8Array(entryCount * entryBytes);
  const view = new DataView(array.buffer);
  for (const entry of entries) {
    const at = (entry.number - 1) * entryBytes;
    array.set(encodeGuid(entry.typeGuid), at);
    array.set(encodeGuid(entry.partitionGuid), at + 16);
    view.setBigUint64(at + 32, BigInt(entry.startSector), true);
    view.setBigUint64(at + 40, BigInt(entry.endSector) - 1n, true);
    view.setBigUint64(at + 48, entry.attributes, true);
    array.set(Buffer.from(entry.name, 'utf16le').subarray(0, 72), at + 56);
  }
  return array;
}

/** CRC-32 of an entry array, as {@link GptHeader.arrayCrc} holds it. */
export function gptArrayCrc(array: Uint8Array): number {
  return crc32(array);
}

function headerCrc(sector: Uint8Array, headerBytes: number): number {
  const covered = new Uint8Array(sector.subarray(0, headerBytes));
  covered.fill(0, 16, 20);
  return crc32(covered);
}

/** The 16 bytes of a GUID as GPT and Windows store it. */
export function encodeGuid(guid: string): Uint8Array {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
