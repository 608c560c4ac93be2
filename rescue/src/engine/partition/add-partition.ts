/** New entries in the partition table that a disk has, everything else in it as it is. */
import { createHash } from 'node:crypto';
import type { BlockReader } from '../base/block-reader.ts';
import { encodeGptHeader, gptArrayCrc, encodeGptEntries } from './gpt.ts';
import { encodeMbr, parseMbr } from './mbr.ts';
import type { GptTable, MbrTable, PartitionTable } from './partition-table.ts';
import { roundUp, type Span } from './plan-layout.ts';
import { MOST_MBR_SECTORS } from './place-mbr.ts';
import { isValidCopy, readGpt, type GptCopy } from './read-gpt.ts';
import type { TableWrite } from './relocate.ts';
import { type Said, say } from '../base/remarks.ts';

/** A partition as another disk had it, and where it goes. */
export interface WantedPartition {
  /** Free, in whole sectors. */
  readonly place: Span;
  /** `0x83`, or a GUID in lower case. */
  readonly typeId: string;
  readonly name?: string;
  readonly partitionId?: string;
}

export interface AddedPartitions {
  /** Number and place of each wanted one, in their order. */
  readonly added: readonly (Span & { readonly number: number })[];
  readonly writes: readonly TableWrite[];
}

const ALIGN_BYTES = 1024 * 1024;
const LINUX = '0fc63daf-8483-4772-8e79-3d69d8477de4';

/** GPT type GUIDs with the MBR type that means the same. */
const sameTypes: readonly (readonly [string, string])[] = [
  ['c12a7328-f81f-11d2-ba4b-00a0c93ec93b', '0xef'],
  ['ebd0a0a2-b9e5-4433-87c0-68b6b72699c7', '0x07'],
  ['ebd0a0a2-b9e5-4433-87c0-68b6b72699c7', '0x0c'],
  ['ebd0a0a2-b9e5-4433-87c0-68b6b72699c7', '0x0b'],
  ['ebd0a0a2-b9e5-4433-87c0-68b6b72699c7', '0x06'],
  ['ebd0a0a2-b9e5-4433-87c0-68b6b72699c7', '0x0e'],
  ['de94bba4-06d1-4d40-a16a-bfd50179d6ac', '0x27'],
  ['0657fd6d-a4ab-43c4-84e5-0933c84b4f4f', '0x82'],
  [LINUX, '0x83'],
  ['e6d6d379-f507-44c2-a23c-238f2a3df928', '0x8e'],
  ['a19d880f-05fc-4d3b-a006-743f0f84911e', '0xfd'],
];

/** Space of the disk that no partition has, in whole MiB from its start; ascending. */
export function freeSpans(table: GptTable | MbrTable): Span[] {
  const isGpt = table.kind === 'gpt';
  const most = isGpt ? table.usableEnd : Math.min(table.sizeBytes, MOST_MBR_SECTORS * table.sectorSize);
  const end = Math.floor(most / table.sectorSize) * table.sectorSize;
  const taken = [...table.partitions, ...table.doubtful, ...(isGpt ? [] : table.extended)];
  taken.sort((a, b) => a.start - b.start);
  const spans: Span[] = [];
  let at = isGpt ? Math.max(table.usableStart, ALIGN_BYTES) : ALIGN_BYTES;
  for (const { start, length } of [...taken, { start: end, length: 0 }]) {
    const from = roundUp(at, ALIGN_BYTES);
    if (start > from) spans.push({ start: from, length: start - from });
    at = Math.max(at, start + length);
  }
  return spans;
}

/**
 * Room in the free space of the disk for partitions of `lengths` bytes: for each that fits as it is in the smallest span
 * that holds it, then for each other in the largest that is left, all of it; undefined where none is left.
 */
export function placeInFree(table: GptTable | MbrTable, lengths: readonly number[]): (Span | undefined)[] {
  const spans = freeSpans(table);
  const take = (span: Span, length: number): Span => {
    const rest = roundUp(span.start + length, ALIGN_BYTES);
    const end = span.start + span.length;
    spans.splice(spans.indexOf(span), 1, ...(rest < end ? [{ start: rest, length: end - rest }] : []));
    return { start: span.start, length };
  };
  const places = lengths.map((bytes) => {
    const length = roundUp(bytes, table.sectorSize);
    const fitting = spans.filter((span) => span.length >= length).sort((a, b) => a.length - b.length)[0];
    return fitting === undefined ? undefined : take(fitting, length);
  });
  return places.map((place) => {
    const largest = spans.toSorted((a, b) => b.length - a.length)[0];
    return place ?? (largest === undefined ? undefined : take(largest, largest.length));
  });
}

/**
 * The bytes of the table with `wanted` in it, or why that cannot be, as a clause. `reader` gives the disk's bytes,
 * `table` is what `readTable` made of them.
 */
export async function addPartitions(
  reader: BlockReader,
  table: PartitionTable,
  wanted: readonly WantedPartition[],
): Promise<AddedPartitions | { readonly problem: Said }> {
  if (table.kind !== 'gpt' && table.kind !== 'mbr') return { problem: say('add/no-table') };
  return table.kind === 'gpt' ? addToGpt(reader, table, wanted) : addToMbr(reader, table, wanted);
}

async function addToGpt(
  reader: BlockReader,
  table: GptTable,
  wanted: readonly WantedPartition[],
): Promise<AddedPartitions | { readonly problem: Said }> {
  const { sectorSize } = table;
  const { primary, backup } = await readGpt(reader, sectorSize);
  if (!isValidCopy(primary) || !isValidCopy(backup) || table.otherCopyProblem !== undefined)
    return {
      problem: say('add/damaged', { problem: table.otherCopyProblem ?? say('add/copy-unreadable') }),
    };
  const { entryCount, entryBytes } = primary.header;
  const used = new Set(primary.entries.map(({ number }) => number));
  const ids = new Set(primary.entries.map(({ partitionGuid }) => partitionGuid));
  const array = Buffer.from(primary.array);
  const added: (Span & { number: number })[] = [];
  for (const { place, typeId, name = '', partitionId } of wanted) {
    const { start, length } = place;
    let number = 1;
    while (used.has(number)) number++;
    if (number > entryCount) return { problem: say('add/entries', { entryCount }) };
    used.add(number);
    const isFree = partitionId !== undefined && /^[0-9a-f-]{36}$/.test(partitionId) && !ids.has(partitionId);
    const partitionGuid = isFree ? partitionId : derivedGuid(table.diskId, number, start);
    ids.add(partitionGuid);
    const entry = {
      number,
      typeGuid: gptType(typeId),
      partitionGuid,
      startSector: start / sectorSize,
      endSector: (start + length) / sectorSize,
      attributes: 0n,
      name,
    };
    const at = (number - 1) * entryBytes;
    array.set(encodeGptEntries([{ ...entry, number: 1 }], 1, entryBytes), at);
    added.push({ number, start, length });
  }
  const whole = new Uint8Array(roundUp(array.length, sectorSize));
  whole.set(array);
  const writesOf = ({ header, headerSector }: GptCopy, what: 'primary' | 'backup'): TableWrite[] => [
    {
      offset: header.ownSector * sectorSize,
      bytes: encodeGptHeader({ ...header, arrayCrc: gptArrayCrc(array) }, headerSector),
      what: say(`part/${what}-header`),
    },
    { offset: header.arraySector * sectorSize, bytes: whole, what: say(`part/${what}-entries`) },
  ];
  const writes = [...writesOf(primary, 'primary'), ...writesOf(backup, 'backup')];
  return { added, writes: writes.sort((a, b) => a.offset - b.offset) };
}

async function addToMbr(
  reader: BlockReader,
  { sectorSize }: MbrTable,
  wanted: readonly WantedPartition[],
): Promise<AddedPartitions | { readonly problem: Said }> {
  const before = await reader.read(0, sectorSize);
  const mbr = parseMbr(before);
  if (mbr === undefined) return { problem: say('add/unreadable') };
  const entries = [...mbr.entries];
  const added: (Span & { number: number })[] = [];
  for (const { place, typeId } of wanted) {
    const { start, length } = place;
    const slot = entries.findIndex(({ sectorCount }) => sectorCount === 0);
    if (slot < 0) return { problem: say('add/four') };
    entries[slot] = {
      slot: slot + 1,
      status: 0,
      type: mbrType(typeId),
      startSector: start / sectorSize,
      sectorCount: length / sectorSize,
    };
    added.push({ number: slot + 1, start, length });
  }
  return {
    added,
    writes: [{ offset: 0, bytes: encodeMbr({ ...mbr, entries }, before), what: say('part/mbr') }],
  };
}

function gptType(typeId: string): string {
  if (!typeId.startsWith('0x')) return typeId;
  return sameTypes.find(([, mbr]) => mbr === typeId)?.[0] ?? LINUX;
}

function mbrType(typeId: string): number {
  return Number(
    typeId.startsWith('0x') ? typeId : (sameTypes.find(([gpt]) => gpt === typeId)?.[1] ?? '0x83'),
  );
}

/** The same each time it is planned, and like no other: version 8 of RFC 9562. */
function derivedGuid(diskId: string, number: number, start: number): string {
  const hash = createHash('sha256').update(`${diskId} ${number} ${start}`).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
