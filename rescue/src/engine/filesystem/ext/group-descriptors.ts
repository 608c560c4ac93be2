/**
 * The group descriptor table: where each group's bitmaps and inode table are and how many clusters are free.
 * Read in batches, so that memory stays bounded however many groups there are. See "Block Group Descriptors"
 * of the kernel's ext4 documentation.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import { crc16, extCrc32c, extCrc32cOfU32 } from './checksums.ts';
import type { Doubts } from './doubts.ts';
import { descriptorBlock, type Geometry } from './geometry.ts';

/** How much of the table is read and held at once. */
const BATCH_BYTES = 1024 * 1024;

const FLAG_BLOCK_UNINIT = 2;
const CHECKSUM_OFFSET = 0x1e;

export interface GroupDescriptor {
  /** Block numbers, not yet checked to lie inside the file system. */
  readonly blockBitmap: number;
  readonly inodeBitmap: number;
  readonly inodeTable: number;
  readonly freeClusters: number;
  /** The block bitmap was never written: only the group's own metadata is in use. */
  readonly blockUninit: boolean;
  /** Of the block bitmap; only the low half is there with small descriptors. */
  readonly bitmapChecksum: number;
}

/** Descriptors of neighbouring groups. */
export interface DescriptorBatch {
  readonly firstGroup: number;
  readonly descriptors: readonly GroupDescriptor[];
}

/** All descriptors in the order of their groups. A wrong checksum becomes a doubt. */
export async function* readDescriptors(
  reader: BlockReader,
  g: Geometry,
  doubts: Doubts,
): AsyncGenerator<DescriptorBatch> {
  const blocksPerBatch = Math.max(1, Math.floor(BATCH_BYTES / g.blockSize));
  for (let index = 0; index < g.descriptorBlocks;) {
    const first = descriptorBlock(g, index);
    let count = 1;
    while (
      count < blocksPerBatch &&
      index + count < g.descriptorBlocks &&
      descriptorBlock(g, index + count) === first + count
    )
      count++;
    const bytes = await reader.read(first * g.blockSize, count * g.blockSize);
    const firstGroup = index * g.descriptorsPerBlock;
    const groups = Math.min(count * g.descriptorsPerBlock, g.groupCount - firstGroup);
    const descriptors: GroupDescriptor[] = [];
    for (let i = 0; i < groups; i++) {
      const raw = bytes.subarray(i * g.descriptorSize, (i + 1) * g.descriptorSize);
      if (!checksumMatches(g, firstGroup + i, raw))
        doubts.add(`the descriptor of group ${firstGroup + i} does not match its checksum`);
      descriptors.push(parseDescriptor(g, raw));
    }
    yield { firstGroup, descriptors };
    index += count;
  }
}

/** The descriptor of one group. Throws `structure/invalid` if its checksum is wrong. */
export async function readDescriptor(
  reader: BlockReader,
  g: Geometry,
  group: number,
): Promise<GroupDescriptor> {
  const block = descriptorBlock(g, Math.floor(group / g.descriptorsPerBlock));
  const offset = block * g.blockSize + (group % g.descriptorsPerBlock) * g.descriptorSize;
  const raw = await reader.read(offset, g.descriptorSize);
  if (!checksumMatches(g, group, raw))
    new Fields(raw, 'ext group descriptor').fail('does not match its checksum', offset);
  return parseDescriptor(g, raw);
}

function parseDescriptor(g: Geometry, raw: Uint8Array): GroupDescriptor {
  const f = new Fields(raw, 'ext group descriptor');
  const wide = g.descriptorSize >= 64;
  const high = (offset: number): number => (wide ? f.u32(offset) * 2 ** 32 : 0);
  return {
    blockBitmap: f.u32(0x00) + high(0x20),
    inodeBitmap: f.u32(0x04) + high(0x24),
    inodeTable: f.u32(0x08) + high(0x28),
    freeClusters: f.u16(0x0c) + (wide ? f.u16(0x2c) * 0x10000 : 0),
    // Without checksums the flags are not in use and may hold anything.
    blockUninit: g.checksums !== 'none' && (f.u16(0x12) & FLAG_BLOCK_UNINIT) !== 0,
    bitmapChecksum: f.u16(0x18) + (wide ? f.u16(0x38) * 0x10000 : 0),
  };
}

function checksumMatches(g: Geometry, group: number, raw: Uint8Array): boolean {
  if (g.checksums === 'none') return true;
  const stored = raw[CHECKSUM_OFFSET]! | (raw[CHECKSUM_OFFSET + 1]! << 8);
  const before = raw.subarray(0, CHECKSUM_OFFSET);
  const after = raw.subarray(CHECKSUM_OFFSET + 2);
  if (g.checksums === 'crc32c') {
    const seed = extCrc32cOfU32(g.superblock.checksumSeed, group);
    const zeroed = extCrc32c(extCrc32c(seed, before), new Uint8Array(2));
    return stored === (extCrc32c(zeroed, after) & 0xffff);
  }
  const number = Uint8Array.of(group, group >>> 8, group >>> 16, group >>> 24);
  return stored === crc16(crc16(crc16(crc16(0xffff, g.superblock.uuidBytes), number), before), after);
}
