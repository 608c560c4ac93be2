/**
 * An inode of an ext file system, as far as finding the blocks of files and of the journal needs it. See "Index
 * Nodes" of the kernel's ext4 documentation.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import { extCrc32c, extCrc32cOfU32 } from './checksums.ts';
import type { Geometry } from './geometry.ts';
import { readDescriptor } from './group-descriptors.ts';

const FLAG_EXTENTS = 0x80000;
const FLAG_INLINE_DATA = 0x10000000;
const TYPE_MASK = 0xf000;
/** File types in the upper bits of the mode. */
export const inodeTypes = { directory: 0x4000, regular: 0x8000, link: 0xa000 } as const;

export interface Inode {
  readonly number: number;
  readonly sizeBytes: number;
  /** Whether `i_block` is the root of an extent tree; else it is a block map. */
  readonly hasExtents: boolean;
  /** The 60 bytes of `i_block`. */
  readonly blockField: Fields;
  /** What the checksums of its extent blocks start from. */
  readonly checksumSeed: number;
}

/** An inode of any type. */
export interface AnyInode extends Inode {
  /** One of {@link inodeTypes}, or another. */
  readonly type: number;
  readonly linkCount: number;
  /** Its content is in the inode itself, in a form that is not read here. */
  readonly isInline: boolean;
}

/** Reads a regular file's inode. Throws `structure/invalid` if it is none, is inline or fails its checksum. */
export async function readRegularInode(reader: BlockReader, g: Geometry, number: number): Promise<Inode> {
  const inode = await readInode(reader, g, number);
  if (inode.type !== inodeTypes.regular || inode.linkCount === 0 || inode.isInline)
    inode.blockField.fail('is not a regular file with blocks');
  return inode;
}

/** Reads an inode. Throws `structure/invalid` if there is none of this number or it fails its checksum. */
export async function readInode(reader: BlockReader, g: Geometry, number: number): Promise<AnyInode> {
  const sb = g.superblock;
  const name = `ext inode ${number}`;
  if (number < 1 || number > sb.inodeCount) new Fields(new Uint8Array(0), name).fail('does not exist');
  const index = (number - 1) % g.inodesPerGroup;
  const group = Math.floor((number - 1) / g.inodesPerGroup);
  const { inodeTable } = await readDescriptor(reader, g, group);
  const offset = inodeTable * g.blockSize + index * sb.inodeSize;
  const f = new Fields(await reader.read(offset, sb.inodeSize), name);

  const generation = f.u32(0x64);
  const seed = extCrc32cOfU32(extCrc32cOfU32(sb.checksumSeed, number), generation);
  if (g.checksums === 'crc32c' && !checksumMatches(f, seed)) f.fail('does not match its checksum', offset);
  const flags = f.u32(0x20);
  return {
    number,
    sizeBytes: f.u32(0x04) + f.u32(0x6c) * 2 ** 32,
    hasExtents: (flags & FLAG_EXTENTS) !== 0,
    blockField: f.sub(0x28, 60),
    checksumSeed: seed,
    type: f.u16(0x00) & TYPE_MASK,
    linkCount: f.u16(0x1a),
    isInline: (flags & FLAG_INLINE_DATA) !== 0,
  };
}

function checksumMatches(f: Fields, seed: number): boolean {
  const LOW = 0x7c;
  const HIGH = 0x82;
  // Not `slice`, which of a Buffer is no copy.
  const zeroed = new Uint8Array(f.bytes);
  zeroed.fill(0, LOW, LOW + 2);
  let stored = f.u16(LOW);
  // The high half is there if the extra fields (their length is at 0x80) reach as far.
  const hasHigh = f.length > 128 && f.u16(0x80) >= 4;
  if (hasHigh) {
    zeroed.fill(0, HIGH, HIGH + 2);
    stored += f.u16(HIGH) * 0x10000;
  }
  const sum = extCrc32c(seed, zeroed);
  return stored === (hasHigh ? sum : sum & 0xffff);
}
