/**
 * The F2FS superblock: where the areas of the volume lie. It is stored twice, 1 KiB into blocks 0 and 1.
 * Layout: `struct f2fs_super_block` as described by "WHAT IS Flash-Friendly File System (F2FS)" of the Linux
 * kernel documentation, "On-disk Layout".
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import { F2FS_MAGIC, f2fsCrc } from './crc.ts';

/** Bytes of a block on every volume that is mapped here. */
export const BLOCK_BYTES = 4096;
/** Blocks of a segment; no other number has ever been valid. */
export const SEGMENT_BLOCKS = 512;

const SUPERBLOCK_BYTES = 3072;
const SUPERBLOCK_OFFSET = 1024;
const CHECKSUM_OFFSET = 3068;
const FEATURE_SUPERBLOCK_CHECKSUM = 0x800;
const MAX_DEVICES = 8;
const DEVICE_BYTES = 68;
/** More blocks of checkpoint payload than the largest bitmap of SIT versions needs. */
const MAX_PAYLOAD_BLOCKS = 128;

/** Addresses and counts are in blocks or segments, as named. */
export interface F2fsSuperblock {
  readonly blockSize: number;
  readonly blockCount: number;
  readonly checkpointBlock: number;
  readonly sitBlock: number;
  readonly sitSegments: number;
  readonly mainBlock: number;
  readonly mainSegments: number;
  /** Blocks of a checkpoint pack that follow its first and hold the rest of the version bitmaps. */
  readonly payloadBlocks: number;
  readonly features: number;
  readonly label: string;
  readonly uuid: string;
  /** Names of the devices of a volume that spans several. */
  readonly devices: readonly string[];
  /** Whether the kernel noted damage that it met: reasons why it stopped, kinds of corruption seen. */
  readonly errorsRecorded: boolean;
}

/**
 * The superblock of `reader`: the first copy, or the second where the first carries the magic number but does
 * not add up. `undefined` if there is no F2FS. Throws `structure/invalid` if neither copy is sound, or both
 * are and contradict each other.
 */
export async function readSuperblock(reader: BlockReader): Promise<F2fsSuperblock | undefined> {
  if (reader.sizeBytes < 2 * BLOCK_BYTES) return undefined;
  const bytes = await reader.read(0, 2 * BLOCK_BYTES);
  const copies = [0, BLOCK_BYTES].map((start) => {
    const offset = start + SUPERBLOCK_OFFSET;
    return new Fields(bytes.subarray(offset, offset + SUPERBLOCK_BYTES), 'F2FS superblock');
  }) as [Fields, Fields];
  if (copies[0].u32(0) !== F2FS_MAGIC) return undefined;
  const problems = copies.map(problemOf);
  if (problems[0] !== undefined && problems[1] !== undefined) copies[0].fail(problems[0]);
  if (problems[0] === undefined && problems[1] === undefined && geometry(copies[0]) !== geometry(copies[1]))
    copies[0].fail('contradicts its copy');
  return parse(problems[0] === undefined ? copies[0] : copies[1]);
}

/** What is stored in both copies and decides where things are. */
function geometry(copy: Fields): string {
  return (
    copy.hex(8, 100) + copy.hex(1664, 4) + copy.hex(2180, 4) + copy.hex(2201, MAX_DEVICES * DEVICE_BYTES)
  );
}

/** Why `copy` cannot be a superblock, `undefined` if it can: the rules by which the kernel refuses a mount. */
function problemOf(copy: Fields): string | undefined {
  if (copy.u32(0) !== F2FS_MAGIC) return 'does not carry the magic number';
  if ((copy.u32(2180) & FEATURE_SUPERBLOCK_CHECKSUM) !== 0) {
    if (copy.u32(32) !== CHECKSUM_OFFSET) return `has its checksum at ${copy.u32(32)}`;
    if (f2fsCrc(copy.slice(0, CHECKSUM_OFFSET)) !== copy.u32(CHECKSUM_OFFSET)) return 'has a wrong checksum';
  }
  const logBlock = copy.u32(16);
  if (logBlock < 12 || logBlock > 16) return `has blocks of 2^${logBlock} bytes`;
  if (copy.u32(8) + copy.u32(12) !== logBlock) return 'has sectors that do not make a block';
  if (copy.u32(20) !== 9) return `has segments of 2^${copy.u32(20)} blocks`;
  if (copy.bigU64(36) > 0x1_0000_0000n) return `has ${copy.bigU64(36)} blocks`;
  if (copy.u32(1664) >= MAX_PAYLOAD_BLOCKS) return `has ${copy.u32(1664)} blocks of checkpoint payload`;

  const counts = [52, 56, 60, 64, 68].map((at) => copy.u32(at));
  const starts = [76, 80, 84, 88, 92].map((at) => copy.u32(at));
  if (copy.u32(72) !== starts[0]) return 'has no checkpoint at its first segment';
  for (let i = 0; i + 1 < starts.length; i++) {
    if (starts[i]! + counts[i]! * SEGMENT_BLOCKS !== starts[i + 1]!) return 'has areas that do not meet';
  }
  const segments = counts.reduce((sum, count) => sum + count, 0);
  if (counts.includes(0) || segments > copy.u32(48)) return 'has areas that do not fit its segments';
  if (copy.u32(72) + segments * SEGMENT_BLOCKS > copy.u64(36)) return 'has areas beyond its last block';
  if (counts[0]! < 2 || counts[1]! % 2 !== 0) return 'lacks a second copy of an area';
  return undefined;
}

function parse(copy: Fields): F2fsSuperblock {
  const devices: string[] = [];
  for (let i = 0; i < MAX_DEVICES; i++) {
    const name = copy.text(2201 + i * DEVICE_BYTES, 64);
    if (name !== '') devices.push(name);
  }
  return {
    blockSize: 2 ** copy.u32(16),
    blockCount: copy.u64(36),
    checkpointBlock: copy.u32(76),
    sitBlock: copy.u32(80),
    sitSegments: copy.u32(56),
    mainBlock: copy.u32(92),
    mainSegments: copy.u32(68),
    payloadBlocks: copy.u32(1664),
    features: copy.u32(2180),
    label: copy.utf16(124, 1024),
    uuid: copy.uuid(108),
    devices,
    // Element 0 of the reasons counts shutdowns that were asked for.
    errorsRecorded: copy.slice(2763, 47).some((count) => count !== 0),
  };
}
