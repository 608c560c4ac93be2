/**
 * The free blocks of a UDF partition, from its space bitmap or its space table.
 * Layout: ECMA-167, 4/14.11 "Unallocated space entry" and 4/14.12 "Space bitmap descriptor".
 */
import { addBits } from '../../base/bitmap.ts';
import type { BlockReader } from '../../base/block-reader.ts';
import { throwIfCancelled } from '../../base/errors.ts';
import { ExtentsBuilder, type Extents } from '../../base/extents.ts';
import { Fields } from '../../base/fields.ts';
import { tagIdentifier, udfTags } from './tag.ts';
import type { UdfPartition, VolumeExtent } from './volume.ts';

const BITMAP_HEADER_BYTES = 24;
/** Bytes of the bitmap per read. */
const READ_BYTES = 1024 * 1024;
const MAX_SPACE_EXTENTS = 1024;

/**
 * The free bytes of `partition`, from the start of the volume; `undefined` if the partition keeps no account of
 * them. Throws `structure/invalid` if the account does not add up.
 */
export async function readFreeSpace(
  reader: BlockReader,
  partition: UdfPartition,
  blockSize: number,
  signal: AbortSignal | undefined,
): Promise<Extents | undefined> {
  if (partition.spaceBitmap !== undefined && partition.spaceTable !== undefined)
    return new Fields(new Uint8Array(0), 'UDF partition').fail('has both a space bitmap and a space table');
  if (partition.spaceBitmap !== undefined)
    return readBitmap(reader, partition, partition.spaceBitmap, blockSize, signal);
  if (partition.spaceTable !== undefined)
    return readTable(reader, partition, partition.spaceTable, blockSize);
  return undefined;
}

async function readBitmap(
  reader: BlockReader,
  partition: UdfPartition,
  extent: VolumeExtent,
  blockSize: number,
  signal: AbortSignal | undefined,
): Promise<Extents> {
  const { startBlock, blockCount } = partition;
  const offset = (startBlock + extent.block) * blockSize;
  const header = await reader.read(offset, BITMAP_HEADER_BYTES);
  const fields = new Fields(header, 'UDF space bitmap');
  // A CRC over the whole bitmap would be wrong after the first change: writers cover 8 bytes or nothing.
  if (tagIdentifier(header, extent.block, 8) !== udfTags.spaceBitmap) fields.fail('has no sound tag');
  const bitCount = fields.u32(16);
  const byteCount = fields.u32(20);
  if (bitCount > byteCount * 8 || BITMAP_HEADER_BYTES + byteCount > extent.lengthBytes)
    fields.fail(`has ${bitCount} bits in ${byteCount} bytes of an extent of ${extent.lengthBytes}`);
  if (bitCount !== blockCount) fields.fail(`has ${bitCount} bits for a partition of ${blockCount} blocks`);

  const free = new ExtentsBuilder();
  for (let bit = 0; bit < bitCount; bit += READ_BYTES * 8) {
    throwIfCancelled(signal);
    const count = Math.min(READ_BYTES * 8, bitCount - bit);
    const bits = await reader.read(offset + BITMAP_HEADER_BYTES + bit / 8, Math.ceil(count / 8));
    addBits(free, bits, count, blockSize, (startBlock + bit) * blockSize);
  }
  const found = free.finish();
  if (found.touches(offset, BITMAP_HEADER_BYTES + byteCount)) fields.fail('has its own blocks as free');
  return found;
}

async function readTable(
  reader: BlockReader,
  partition: UdfPartition,
  extent: VolumeExtent,
  blockSize: number,
): Promise<Extents> {
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
  if (!Number.isInteger(count) || count > MAX_SPACE_EXTENTS || 40 + count * size > blockSize)
    entry.fail(`has ${entry.u32(36)} bytes of allocation descriptors`);

  const free = new ExtentsBuilder();
  for (let i = 0; i < count; i++) {
    const at = 40 + i * size;
    const type = entry.u32(at) >>> 30;
    const lengthBytes = entry.u32(at) & 0x3fff_ffff;
    const block = entry.u32(at + 4);
    // Type 3 goes on in another block; of a table that long nobody has been seen to make use.
    if (type === 3) entry.fail('goes on elsewhere');
    if (kind === 1 && entry.u16(at + 8) !== 0) entry.fail('speaks of another partition');
    if (lengthBytes % blockSize !== 0 || block + lengthBytes / blockSize > blockCount)
      entry.fail(`has ${lengthBytes} free bytes at block ${block}`);
    if (lengthBytes !== 0) free.add((startBlock + block) * blockSize, lengthBytes);
  }
  const found = free.finish();
  if (found.touches(offset, blockSize)) entry.fail('has its own block as free');
  return found;
}
