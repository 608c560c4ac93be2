/**
 * The XFS superblock: geometry, identity and features, checked for sense. Follows "XFS Algorithms & Data
 * Structures" (xfs-documentation), chapter "Superblocks". All fields but checksums are big-endian.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import { crc32c } from '../crc32c.ts';

const MAGIC = 0x58465342; // XFSB
const CRC_OFFSET = 224;
const INCOMPAT_META_UUID = 0x4;

/** What the superblock says. Counts of blocks are in units of {@link blockSize} bytes. */
export interface XfsSuperblock {
  /** 5 has checksums, 4 has not; 1 to 3 are those of IRIX. */
  readonly version: number;
  /** The version word with its feature bits, and the second word of them (both spellings united). */
  readonly versionBits: number;
  readonly features2: number;
  /** Version 5 only, else 0. */
  readonly roCompat: number;
  readonly incompat: number;
  readonly logIncompat: number;

  readonly blockSize: number;
  readonly sectorSize: number;
  readonly blockCount: number;
  readonly agBlocks: number;
  readonly agCount: number;
  /** A block number is `agNumber << agBlockLog | blockInAg`. */
  readonly agBlockLog: number;
  /** Block number of the internal log; 0 if the log is on another device. */
  readonly logStart: number;
  readonly logBlocks: number;
  readonly hasRealtime: boolean;
  /** mkfs or a repair was interrupted. */
  readonly inProgress: boolean;
  /** Free blocks as of the last clean unmount. */
  readonly freeBlocks: number;
  readonly uuid: string;
  /** The UUID that the metadata blocks carry. */
  readonly metaUuid: string;
  readonly label: string;
}

/** The checked superblock at the start of `reader`; `undefined` if there is no XFS magic. */
export async function readSuperblock(reader: BlockReader): Promise<XfsSuperblock | undefined> {
  if (reader.sizeBytes < 512) return undefined;
  const start = new Fields(await reader.read(0, 512), 'XFS superblock');
  if (start.u32be(0) !== MAGIC) return undefined;
  const sectorSize = start.u16be(102);
  if (!isPowerOfTwo(sectorSize, 512, 32768)) start.fail(`impossible sector size ${sectorSize}`);
  const sector = new Fields(await reader.read(0, sectorSize), 'XFS superblock');
  const sb = parseSuperblock(sector);
  if (sb.blockCount * sb.blockSize > reader.sizeBytes)
    sector.fail(`${sb.blockCount} blocks of ${sb.blockSize} bytes do not fit into ${reader.sizeBytes} bytes`);
  return sb;
}

/** Checks that `bytes` carry their own CRC-32C, little-endian at `crcOffset`, which counts as zero. */
export function hasValidCrc(bytes: Uint8Array, crcOffset: number): boolean {
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(crcOffset, true);
  const before = crc32c(bytes.subarray(0, crcOffset));
  return crc32c(bytes.subarray(crcOffset + 4), crc32c(new Uint8Array(4), before)) === stored;
}

function parseSuperblock(f: Fields): XfsSuperblock {
  const versionBits = f.u16be(100);
  const version = versionBits & 0xf;
  if (version === 0 || version > 5) f.fail(`unknown version ${version}`);
  if (version === 5 && !hasValidCrc(f.bytes, CRC_OFFSET)) f.fail('checksum mismatch');
  const uuid = f.uuid(32);
  const incompat = version === 5 ? f.u32be(216) : 0;
  const sb: XfsSuperblock = {
    version,
    versionBits,
    // A compiler's padding once moved the word; kernels take both as one.
    features2: (f.u32be(200) | f.u32be(204)) >>> 0,
    roCompat: version === 5 ? f.u32be(212) : 0,
    incompat,
    logIncompat: version === 5 ? f.u32be(220) : 0,
    blockSize: f.u32be(4),
    sectorSize: f.u16be(102),
    blockCount: f.u64be(8),
    agBlocks: f.u32be(84),
    agCount: f.u32be(88),
    agBlockLog: f.u8(124),
    logStart: f.u64be(48),
    logBlocks: f.u32be(96),
    hasRealtime: [16, 20, 24, 28].some((offset) => f.u32be(offset) !== 0),
    inProgress: f.u8(126) !== 0,
    freeBlocks: f.u64be(144),
    uuid,
    metaUuid: (incompat & INCOMPAT_META_UUID) !== 0 ? f.uuid(248) : uuid,
    label: f.utf8(108, 12),
  };
  checkGeometry(f, sb);
  return sb;
}

function checkGeometry(f: Fields, sb: XfsSuperblock): void {
  const { blockSize, sectorSize, blockCount, agBlocks, agCount } = sb;
  if (!isPowerOfTwo(blockSize, 512, 65536) || blockSize < sectorSize || blockSize !== 2 ** f.u8(120))
    f.fail(`impossible block size ${blockSize}`);
  if (sectorSize !== 2 ** f.u8(121)) f.fail('sector size and its logarithm differ');
  // The four header sectors, the roots of the trees and the log need more than this.
  if (agBlocks < 64 || agBlocks > 2 ** 31) f.fail(`impossible size of ${agBlocks} blocks of its groups`);
  if (2 ** sb.agBlockLog < agBlocks || 2 ** (sb.agBlockLog - 1) >= agBlocks)
    f.fail('the size of its groups and its logarithm differ');
  const lastAgBlocks = blockCount - (agCount - 1) * agBlocks;
  if (agCount < 1 || lastAgBlocks < 64 || lastAgBlocks > agBlocks)
    f.fail(`${agCount} groups of ${agBlocks} blocks do not make ${blockCount} blocks`);
  if (!Number.isSafeInteger(blockCount * blockSize)) f.fail(`impossible size of ${blockCount} blocks`);
}

function isPowerOfTwo(value: number, least: number, most: number): boolean {
  return value >= least && value <= most && (value & (value - 1)) === 0;
}
