/**
 * The superblock of ext2, ext3 and ext4 (and of an external journal device): 1024 bytes at 1024.
 * See "Super Block" of the kernel's ext4 documentation. Nothing here judges whether the numbers make sense
 * together: that is `geometry.ts`.
 */
import { Fields } from '../../base/fields.ts';
import { EMPTY_SEED, extCrc32c } from './checksums.ts';
import { compat, incompat, roCompat, type FeatureWords } from './features.ts';

export const SUPERBLOCK_OFFSET = 1024;
export const SUPERBLOCK_BYTES = 1024;

const MAGIC = 0xef53;
const STATE_VALID = 1;
const STATE_ERRORS = 2;

export interface Superblock extends FeatureWords {
  readonly revision: number;
  readonly inodeCount: number;
  readonly blockCount: number;
  readonly freeBlockCount: number;
  readonly firstDataBlock: number;
  /** In bytes: 1 KiB to 64 KiB. */
  readonly blockSize: number;
  /** The cluster size is 2 to the power of 10 + this, in bytes. */
  readonly logClusterSize: number;
  readonly blocksPerGroup: number;
  readonly clustersPerGroup: number;
  readonly inodesPerGroup: number;
  /** In bytes. */
  readonly inodeSize: number;
  /** In bytes, as recorded; meaningless without the 64bit feature. */
  readonly descriptorSize: number;
  readonly reservedGdtBlocks: number;
  readonly firstMetaBg: number;
  /** Groups with a superblock copy under sparse_super2. */
  readonly backupGroups: readonly [number, number];
  /** The group that this copy lies in: 0 for the primary one. */
  readonly groupNumber: number;
  readonly mmpBlock: number;
  /** The VALID flag: unmounted, or, with a journal, never mounted without it. */
  readonly valid: boolean;
  readonly hasErrors: boolean;
  readonly errorCount: number;
  readonly lastOrphan: number;
  readonly label: string;
  readonly lastMounted: string;
  /** As bytes: checksums start from it. */
  readonly uuidBytes: Uint8Array;
  readonly uuid: string;
  readonly journalInode: number;
  readonly journalDevice: number;
  /** What all metadata checksums but the superblock's own start from. */
  readonly checksumSeed: number;
  /** Whether the superblock matches its checksum, or has none. */
  readonly checksumMatches: boolean;
}

/** Whether one of these feature bits is set. */
export const has = {
  compat: (sb: FeatureWords, bit: number): boolean => (sb.compat & bit) !== 0,
  incompat: (sb: FeatureWords, bit: number): boolean => (sb.incompat & bit) !== 0,
  roCompat: (sb: FeatureWords, bit: number): boolean => (sb.roCompat & bit) !== 0,
};

/**
 * The superblock in `bytes` (1024 of them), or `undefined` if there is none: the magic number has only 16
 * bits, so the fields that every tool insists on must be possible, too.
 * Throws `structure/invalid` if a 64-bit field cannot be.
 */
export function parseSuperblock(bytes: Uint8Array): Superblock | undefined {
  const f = new Fields(bytes, 'ext superblock');
  const logBlockSize = f.u32(0x18);
  const revision = f.u32(0x4c);
  if (f.u16(0x38) !== MAGIC || logBlockSize > 6 || revision > 1 || f.u32(0x04) === 0) return undefined;
  const words = { compat: f.u32(0x5c), incompat: f.u32(0x60), roCompat: f.u32(0x64) };
  const wide = has.incompat(words, incompat.sixtyFourBit);
  const state = f.u16(0x3a);
  const uuidBytes = new Uint8Array(f.slice(0x68, 16));
  return {
    ...words,
    revision,
    inodeCount: f.u32(0x00),
    blockCount: f.u32(0x04) + (wide ? f.u32(0x150) * 2 ** 32 : 0),
    freeBlockCount: f.u32(0x0c) + (wide ? f.u32(0x158) * 2 ** 32 : 0),
    firstDataBlock: f.u32(0x14),
    blockSize: 1024 << logBlockSize,
    logClusterSize: f.u32(0x1c),
    blocksPerGroup: f.u32(0x20),
    clustersPerGroup: f.u32(0x24),
    inodesPerGroup: f.u32(0x28),
    inodeSize: revision === 0 ? 128 : f.u16(0x58),
    descriptorSize: f.u16(0xfe),
    reservedGdtBlocks: f.u16(0xce),
    firstMetaBg: f.u32(0x104),
    backupGroups: [f.u32(0x24c), f.u32(0x250)],
    groupNumber: revision === 0 ? 0 : f.u16(0x5a),
    mmpBlock: has.incompat(words, incompat.mmp) ? f.u64(0x168) : 0,
    valid: (state & STATE_VALID) !== 0,
    hasErrors: (state & STATE_ERRORS) !== 0,
    errorCount: f.u32(0x194),
    lastOrphan: f.u32(0xe8),
    label: f.utf8(0x78, 16),
    lastMounted: f.utf8(0x88, 64),
    uuidBytes,
    uuid: f.uuid(0x68),
    journalInode: f.u32(0xe0),
    journalDevice: f.u32(0xe4),
    checksumSeed: has.incompat(words, incompat.checksumSeed)
      ? f.u32(0x270)
      : extCrc32c(EMPTY_SEED, uuidBytes),
    checksumMatches: !has.roCompat(words, roCompat.metadataChecksum) || checksumMatches(f),
  };
}

function checksumMatches(f: Fields): boolean {
  const CRC32C = 1;
  return f.u8(0x175) === CRC32C && f.u32(0x3fc) === extCrc32c(EMPTY_SEED, f.slice(0, 0x3fc));
}

/** The name the kernel's drivers would give it: ext2 has no journal, ext3 no feature that came with ext4. */
export function kindOf(sb: FeatureWords): 'ext2' | 'ext3' | 'ext4' | 'ext-journal' {
  if (has.incompat(sb, incompat.journalDevice)) return 'ext-journal';
  // filetype, needs_recovery and meta_bg; sparse_super, large_file and btree_dir.
  const isExt4 = (sb.incompat & ~0x16) !== 0 || (sb.roCompat & ~0x7) !== 0;
  if (isExt4) return 'ext4';
  return has.compat(sb, compat.hasJournal) ? 'ext3' : 'ext2';
}
