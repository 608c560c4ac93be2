/** File records: the entries of $MFT, each a header and the attributes of one file or a part of them. */
import { Fields } from '../../base/fields.ts';
import { forEachAttribute, parseAttribute, type Attribute } from './attribute.ts';
import { applyFixups } from './fixups.ts';

/** The fixed places of the metadata files in $MFT. */
export const metadataFiles = {
  mft: 0,
  mftMirror: 1,
  logFile: 2,
  volume: 3,
  root: 5,
  bitmap: 6,
  badClusters: 8,
} as const;

/** Names a record of $MFT and how often that record was reused before. */
export interface FileReference {
  readonly record: number;
  readonly sequence: number;
}

export interface FileRecord {
  readonly number: number;
  readonly sequence: number;
  readonly isDirectory: boolean;
  /** The record that this one continues; `undefined` for a base record. */
  readonly base: FileReference | undefined;
  readonly attributes: readonly Attribute[];
}

const FILE = 0x454c4946;
const IN_USE = 1;
const IS_DIRECTORY = 2;

/** The 48-bit record number and 16-bit sequence number at `offset`. */
export function parseReference(fields: Fields, offset: number): FileReference {
  return {
    record: fields.u32(offset) + fields.u16(offset + 4) * 2 ** 32,
    sequence: fields.u16(offset + 6),
  };
}

/**
 * The checked bytes of record `number`, taking over `bytes` (its fixups are applied in place); `undefined` if it
 * holds no file. Throws `structure/invalid` if it is damaged.
 */
export function openRecord(bytes: Uint8Array, number: number): Fields | undefined {
  const record = new Fields(bytes, `NTFS file record ${number}`);
  const magic = record.u32(0);
  if (magic === 0) return undefined;
  if (magic !== FILE) record.fail('does not begin with FILE');
  if ((record.u16(22) & IN_USE) === 0) return undefined;
  applyFixups(record);
  const usedBytes = record.u32(24);
  if (usedBytes > record.length) record.fail(`uses ${usedBytes} of its ${record.length} bytes`);
  return record;
}

/** Calls `visit` with offset and length of each attribute of `record`, which {@link openRecord} gave. */
export function forEachRecordAttribute(
  record: Fields,
  visit: (offset: number, length: number) => void,
): void {
  forEachAttribute(record, record.u16(20), record.u32(24), visit);
}

/** Record `number` with its attributes; otherwise as {@link openRecord}. */
export function parseRecord(bytes: Uint8Array, number: number): FileRecord | undefined {
  const record = openRecord(bytes, number);
  if (record === undefined) return undefined;
  const attributes: Attribute[] = [];
  forEachRecordAttribute(record, (offset, length) => {
    attributes.push(parseAttribute(record.sub(offset, length)));
  });
  const base = parseReference(record, 32);
  return {
    number,
    sequence: record.u16(16),
    isDirectory: (record.u16(22) & IS_DIRECTORY) !== 0,
    base: base.record === 0 && base.sequence === 0 ? undefined : base,
    attributes,
  };
}
