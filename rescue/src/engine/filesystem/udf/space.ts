/**
 * The used blocks of a UDF partition, from its space bitmap or its space table.
 * Layout: ECMA-167, 4/14.11 "Unallocated space entry" and 4/14.12 "Space bitmap descriptor".
 */
import { addBits } from '../../base/bitmap.ts';
import type { BlockReader } from '../../base/block-reader.ts';
import { throwIfCancelled } from '../../base/errors.ts';
import type { ExtentsBuilder } from '../../base/extents.ts';
import { Fields } from '../../base/fields.ts';
import { countBits } from '../count-bits.ts';
import { release } from '../release.ts';
import { tagIdentifier, udfTags } from './tag.ts';
import type { UdfPartition, VolumeExtent } from './volume.ts';

const BITMAP_HEADER_BYTES = 24;
/** Bytes of the bitmap per read. */
const READ_BYTES = 1024 * 1024;

/** What a partition's account says. */
export interface SpaceAccount {
  readonly freeBlocks: number;
  /** The account itself, from the start of the volume in bytes. */
  readonly offset: number;
  readonly lengthBytes: number;
}

/**
 * Adds the used bytes of `partition` to `builder`, from the start of the volume: all of them and `undefined` if
 * the partition keeps no account of its free space. Throws `structure/invalid` if the account does not add up.
 */
export async function readUsedSpace(
  reader: BlockReader,
  partition: UdfPartition,
  blockSize: number,
  builder: ExtentsBuilder,
  signal: AbortSignal | undefined,
): Promise<SpaceAccount | undefined> {
  const { spaceBitmap, spaceTable, startBlock, blockCount } = partition;
  if (spaceBitmap !== undefined && spaceTable !== undefined)
    return new Fields(new Uint8Array(0), 'UDF partition').fail('has both a space bitmap and a space table');
  if (spaceBitmap !== undefined)
    return readBitmap(reader, partition, spaceBitmap, blockSize, builder, signal);
  if (spaceTable !== undefined) return readTable(reader, partition, spaceTable, blockSize, builder);
  builder.add(startBlock * blockSize, blockCount * blockSize);
  return undefined;
}

async function readBitmap(
  reader: BlockReader,
  partition: UdfPartition,
  extent: VolumeExtent,
  blockSize: number,
  builder: ExtentsBuilder,
  signal: AbortSignal | undefined,
): Promise<SpaceAccount> {
  const { startBlock, blockCount } = partition;
  const offset = (startBlock + extent.block) * blockSize;
  const header = await reader.read(offset, BITMAP_HEADER_BYTES);
  const fields = new Fields(header, 'UDF space bitmap');
  // A CRC over the whole bitmap would be wrong after the first change: writers cover 8 bytes or nothing.
  if (tagIdentifier(header, extent.block, 8) !== udfTags.spaceBitmap) fields.fail('has no sound tag');
  const bitCount = fields.u32(16);
  const byteCount = fields.u32(20);
  const lengthBytes = BITMAP_HEADER_BYTES + byteCount;
  if (bitCount > byteCount * 8 || lengthBytes > extent.lengthBytes)
    fields.fail(`has ${bitCount} bits in ${byteCount} bytes of an extent of ${extent.lengthBytes}`);
  if (bitCount !== blockCount) fields.fail(`has ${bitCount} bits for a partition of ${blockCount} blocks`);

  let freeBlocks = 0;
  for (let bit = 0; bit < bitCount; bit += READ_BYTES * 8) {
    throwIfCancelled(signal);
    const count = Math.min(READ_BYTES * 8, bitCount - bit);
    const bits = await reader.read(offset + BITMAP_HEADER_BYTES + bit / 8, Math.ceil(count / 8));
    freeBlocks += countBits(bits, count, 'lsb');
    addBits(builder, bits, count, blockSize, (startBlock + bit) * blockSize, { clear: true });
    release(bits);
  }
  return { freeBlocks, offset, lengthBytes };
}

async function readTable(
  reader: BlockReader,
  partition: UdfPartition,
  extent: VolumeExtent,
  blockSize: number,
  builder: ExtentsBuilder,
): Promise<SpaceAccount> {
  const { startBlock, blockCount } = partition;
  const offset = (startBlock + extent.block) * blockSize;
  const bytes = await reader.read(offset, blockSize);
  const entry = new Fields(bytes, 'UDF space table');
  if (extent.lengthBytes > blockSize || tagIdentifier(bytes, extent.block) !== udfTags.spaceEntry)
    entry.fail('has no sound tag');
  // The low bits of the ICB tag's flags: 0 for short descriptors, 1 for long ones.
  const kind = entry.u16(16 + 18) & 7;
  if (kind > 1) entry.fail(`has allocation descriptors of kind ${kind}`);
  const size = kind === 0 ? 8 : 16;
  const count = entry.u32(36) / size;
  if (!Number.isInteger(count) || 40 + count * size > blockSize)
    entry.fail(`has ${entry.u32(36)} bytes of allocation descriptors`);

  // Ascending, so that what lies between two of them is used.
  let usedFrom = 0;
  let freeBlocks = 0;
  for (let i = 0; i < count; i++) {
    const at = 40 + i * size;
    const type = entry.u32(at) >>> 30;
    const lengthBytes = entry.u32(at) & 0x3fff_ffff;
    const block = entry.u32(at + 4);
    // Type 3 goes on in another block; nobody has been seen to make a table that long.
    if (type === 3) entry.fail('goes on elsewhere');
    if (kind === 1 && entry.u16(at + 8) !== 0) entry.fail('speaks of another partition');
    const blocks = lengthBytes / blockSize;
    if (!Number.isInteger(blocks) || block < usedFrom || block + blocks > blockCount)
      entry.fail(`has ${lengthBytes} free bytes at block ${block}`);
    builder.add((startBlock + usedFrom) * blockSize, (block - usedFrom) * blockSize);
    usedFrom = block + blocks;
    freeBlocks += blocks;
  }
  builder.add((startBlock + usedFrom) * blockSize, (blockCount - usedFrom) * blockSize);
  return { freeBlocks, offset, lengthBytes: blockSize };
}
