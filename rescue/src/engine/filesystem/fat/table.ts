/**
 * Reads the copies of a file allocation table and unites them: a cluster is used if any copy says so.
 * Entries after the "FAT: General Overview of On-Disk Format" 1.03, "FAT Data Structure".
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { PermafrostError, throwIfCancelled } from '../../base/errors.ts';
import { release } from '../release.ts';
import type { FatLayout, FatWidth } from './boot-sector.ts';

/** What the copies of the table say together. */
export interface TableScan {
  /** Bit i (least significant first) is set if cluster i + 2 is used. */
  readonly used: Uint8Array;
  readonly usedCount: number;
  /** Clusters that the first copy marks as bad: they hold no data. */
  readonly badCount: number;
  /** Whether the copies disagree on any cluster. */
  readonly copiesDiffer: boolean;
}

/** The flags of the table's first two entries. */
export interface TableHead {
  /** Whether entry 0 repeats the media byte, as every formatter writes it. */
  readonly valid: boolean;
  readonly cleanShutdown: boolean;
  readonly noHardErrors: boolean;
}

/** How many bytes of each copy are held at a time; divisible by both entry sizes. */
const pieceBytes = 1024 * 1024;

function fail(problem: string): never {
  throw new PermafrostError('structure/invalid', { structure: 'file allocation table', problem });
}

/** Reads the first two entries of copy `copy`; FAT12 has no flags in them. */
export async function readTableHead(
  reader: BlockReader,
  layout: FatLayout,
  copy: number,
): Promise<TableHead> {
  const bytes = await reader.read(layout.fatOffsetBytes + copy * layout.fatBytes, 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const { width, media } = layout;
  if (width === 32) {
    const first = view.getUint32(0, true) & 0x0fffffff;
    const second = view.getUint32(4, true);
    return {
      valid: first === (0x0fffff00 | media),
      cleanShutdown: (second & 0x08000000) !== 0,
      noHardErrors: (second & 0x04000000) !== 0,
    };
  }
  if (width === 16) {
    const second = view.getUint16(2, true);
    return {
      valid: view.getUint16(0, true) === (0xff00 | media),
      cleanShutdown: (second & 0x8000) !== 0,
      noHardErrors: (second & 0x4000) !== 0,
    };
  }
  const first = view.getUint16(0, true) & 0x0fff;
  return { valid: first === (0x0f00 | media), cleanShutdown: true, noHardErrors: true };
}

/** Bits for clusters 2 and up, set while decoding. */
interface Marks {
  readonly used: Uint8Array;
  /** Clusters that some entry leads to. */
  readonly targets: Uint8Array;
}

/**
 * Reads all copies. Throws `structure/invalid` if an entry leads out of the volume or to a cluster that every
 * copy calls free: then the table cannot be trusted to say what is free.
 */
export async function scanTable(
  reader: BlockReader,
  layout: FatLayout,
  signal?: AbortSignal,
): Promise<TableScan> {
  const { width, clusterCount } = layout;
  const bitmapBytes = Math.ceil(clusterCount / 8);
  const marks: Marks = { used: new Uint8Array(bitmapBytes), targets: new Uint8Array(bitmapBytes) };
  const entryBytes = width / 8;
  const start = 2 * entryBytes;
  const end = Math.ceil((clusterCount + 2) * entryBytes);
  let badCount = 0;
  let copiesDiffer = false;
  for (let at = start; at < end; at += pieceBytes) {
    throwIfCancelled(signal);
    const length = Math.min(pieceBytes, end - at);
    const first = (at - start) / entryBytes;
    const count = Math.min(Math.floor(length / entryBytes), clusterCount - first);
    const piece = await reader.read(layout.fatOffsetBytes + at, length);
    badCount += decode(piece, width, first, count, clusterCount, marks);
    for (let copy = 1; copy < layout.fatCount; copy++) {
      const other = await reader.read(layout.fatOffsetBytes + copy * layout.fatBytes + at, length);
      if (Buffer.compare(piece, other) !== 0) {
        copiesDiffer = true;
        decode(other, width, first, count, clusterCount, marks);
      }
      release(other);
    }
    release(piece);
  }
  for (let i = 0; i < bitmapBytes; i++) {
    const lost = marks.targets[i]! & ~marks.used[i]!;
    if (lost !== 0)
      fail(`an entry leads to cluster ${i * 8 + (31 - Math.clz32(lost & -lost)) + 2}, which is free`);
  }
  return { used: marks.used, usedCount: countBits(marks.used), badCount, copiesDiffer };
}

const limits = {
  12: { mask: 0xfff, bad: 0xff7, reserved: 0xff0 },
  16: { mask: 0xffff, bad: 0xfff7, reserved: 0xfff0 },
  32: { mask: 0x0fffffff, bad: 0x0ffffff7, reserved: 0x0ffffff0 },
} as const;

/** Marks `count` entries of `piece`, the first of which belongs to cluster `first + 2`; returns the bad ones. */
function decode(
  piece: Uint8Array,
  width: FatWidth,
  first: number,
  count: number,
  clusterCount: number,
  { used, targets }: Marks,
): number {
  const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
  const { mask, bad, reserved } = limits[width];
  let badCount = 0;
  for (let i = 0; i < count; i++) {
    let value: number;
    if (width === 32) value = view.getUint32(4 * i, true) & mask;
    else if (width === 16) value = view.getUint16(2 * i, true);
    else value = read12(piece, i);
    if (value === 0) continue;
    if (value === bad) {
      badCount++;
      continue;
    }
    const cluster = first + i;
    used[cluster >>> 3]! |= 1 << (cluster & 7);
    const target = value - 2;
    if (target >= 0 && target < clusterCount) targets[target >>> 3]! |= 1 << (target & 7);
    else if (value < reserved) fail(`cluster ${cluster + 2} leads to cluster ${value} of ${clusterCount}`);
  }
  return badCount;
}

function read12(piece: Uint8Array, index: number): number {
  const at = index + (index >>> 1);
  const low = piece[at]!;
  const high = piece[at + 1]!;
  return (index & 1) === 0 ? low | ((high & 0x0f) << 8) : (low >>> 4) | (high << 4);
}

function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (let byte of bytes) {
    for (; byte !== 0; byte &= byte - 1) count++;
  }
  return count;
}
