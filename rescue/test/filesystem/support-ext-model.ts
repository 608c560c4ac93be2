/** Tiny ext file systems built byte by byte: blocks of 1 KiB, groups of 256 blocks, a superblock in each. */
import { crc16 } from '../../src/engine/filesystem/ext/checksums.ts';

export const BLOCK = 1024;
const BLOCKS_PER_GROUP = 256;
const INODES_PER_GROUP = 16;
const INODE_TABLE_BLOCKS = 2;
/** Superblock, descriptors, two bitmaps, inode table. */
const METADATA_BLOCKS = 4 + INODE_TABLE_BLOCKS;
const JOURNAL_INODE = 8;
/** Where the journal's blocks are: the block of their numbers, then they themselves. */
const JOURNAL_MAP = 40;
export const JOURNAL_START = 41;

export interface ModelOptions {
  /** Default 513: the boot block and two full groups. */
  readonly blockCount?: number;
  /** Blocks besides the metadata that are in use. */
  readonly used?: readonly number[];
  readonly compat?: number;
  readonly incompat?: number;
  readonly roCompat?: number;
  /** Groups whose bitmap is said to be unwritten (and is full of noise); needs ro_compat 0x10. */
  readonly uninitialised?: readonly number[];
  /** Blocks of the internal journal; compat 0x4 is set if there are any. */
  readonly journal?: readonly Uint8Array[];
  /** Changes what would be written to the superblock and its copies. */
  readonly superblock?: (fields: DataView) => void;
  /** Changes the descriptor of a group before its checksum is made. */
  readonly descriptor?: (fields: DataView, group: number) => void;
}

/** First block of a group's bitmap. */
export function bitmapBlock(group: number): number {
  return 1 + group * BLOCKS_PER_GROUP + 2;
}

/** The blocks that a group's metadata takes, as `[first, count]`. */
export function metadataOf(group: number): [number, number] {
  return [1 + group * BLOCKS_PER_GROUP, METADATA_BLOCKS];
}

/** The whole file system in memory. */
export function encodeExt(options: ModelOptions = {}): Uint8Array {
  const { blockCount = 513, used = [], uninitialised = [], journal = [], roCompat = 0 } = options;
  const groups = Math.ceil((blockCount - 1) / BLOCKS_PER_GROUP);
  const bytes = new Uint8Array(blockCount * BLOCK);
  const view = new DataView(bytes.buffer);
  const groupOf = (block: number): number => Math.floor((block - 1) / BLOCKS_PER_GROUP);
  const free = Array.from({ length: groups }, (_, group) => blocksOf(blockCount, group));
  const mark = (block: number): void => {
    const group = groupOf(block);
    const bit = (block - 1) % BLOCKS_PER_GROUP;
    bytes[bitmapBlock(group) * BLOCK + (bit >> 3)]! |= 1 << (bit & 7);
    free[group]!--;
  };
  for (let group = 0; group < groups; group++) {
    const [first, count] = metadataOf(group);
    for (let i = 0; i < count; i++) mark(first + i);
  }
  const journalBlocks =
    journal.length === 0 ? [] : [JOURNAL_MAP, ...journal.map((_, i) => JOURNAL_START + i)];
  for (const block of [...used, ...journalBlocks]) mark(block);
  for (const group of uninitialised)
    bytes.fill(0xa5, bitmapBlock(group) * BLOCK, (bitmapBlock(group) + 1) * BLOCK);

  const table = new Uint8Array(groups * 32);
  for (let group = 0; group < groups; group++) {
    const raw = table.subarray(group * 32, group * 32 + 32);
    const fields = new DataView(raw.buffer, raw.byteOffset, 32);
    const bitmap = bitmapBlock(group);
    fields.setUint32(0x00, bitmap, true);
    fields.setUint32(0x04, bitmap + 1, true);
    fields.setUint32(0x08, bitmap + 2, true);
    fields.setUint16(0x0c, free[group]!, true);
    fields.setUint16(0x12, uninitialised.includes(group) ? 2 : 0, true);
    options.descriptor?.(fields, group);
    const number = Uint8Array.of(group, 0, 0, 0);
    const sum = crc16(crc16(crc16(0xffff, uuid), number), raw.subarray(0, 0x1e));
    if ((roCompat & 0x10) !== 0) fields.setUint16(0x1e, sum, true);
  }

  const superblock = encodeSuperblock({ ...options, blockCount }, groups, sum(free));
  for (let group = 0; group < groups; group++) {
    const at = metadataOf(group)[0] * BLOCK;
    bytes.set(superblock, at);
    new DataView(bytes.buffer, at).setUint16(0x5a, group, true);
    bytes.set(table, at + BLOCK);
  }

  if (journal.length > 0) {
    const inode = bytes.subarray((bitmapBlock(0) + 2) * BLOCK + (JOURNAL_INODE - 1) * 128);
    const fields = new DataView(inode.buffer, inode.byteOffset, 128);
    fields.setUint16(0x00, 0o100600, true);
    fields.setUint16(0x1a, 1, true);
    fields.setUint32(0x04, journal.length * BLOCK, true);
    for (const [i, block] of journal.entries()) {
      if (i < 12) fields.setUint32(0x28 + i * 4, JOURNAL_START + i, true);
      else view.setUint32(JOURNAL_MAP * BLOCK + (i - 12) * 4, JOURNAL_START + i, true);
      bytes.set(block, (JOURNAL_START + i) * BLOCK);
    }
    fields.setUint32(0x28 + 12 * 4, JOURNAL_MAP, true);
  }
  return bytes;
}

function blocksOf(blockCount: number, group: number): number {
  return Math.min(BLOCKS_PER_GROUP, blockCount - 1 - group * BLOCKS_PER_GROUP);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

const uuid = Uint8Array.from({ length: 16 }, (_, i) => i * 16 + 1);

/** The 1024 bytes of a superblock for `groups` groups. */
export function encodeSuperblock(options: ModelOptions, groups = 2, freeBlocks = 0): Uint8Array {
  const { blockCount = 513, compat = 0, incompat = 0, roCompat = 0, journal = [], superblock } = options;
  const bytes = new Uint8Array(1024);
  const fields = new DataView(bytes.buffer);
  const u32 = (offset: number, value: number): void => fields.setUint32(offset, value, true);
  u32(0x00, groups * INODES_PER_GROUP);
  u32(0x04, blockCount);
  u32(0x0c, freeBlocks);
  u32(0x14, 1);
  u32(0x20, BLOCKS_PER_GROUP);
  u32(0x24, BLOCKS_PER_GROUP);
  u32(0x28, INODES_PER_GROUP);
  fields.setUint16(0x38, 0xef53, true);
  fields.setUint16(0x3a, 1, true);
  u32(0x4c, 1);
  u32(0x54, 11);
  fields.setUint16(0x58, 128, true);
  u32(0x5c, compat | (journal.length > 0 ? 4 : 0));
  u32(0x60, incompat);
  u32(0x64, roCompat);
  bytes.set(uuid, 0x68);
  if (journal.length > 0) u32(0xe0, JOURNAL_INODE);
  superblock?.(fields);
  return bytes;
}
