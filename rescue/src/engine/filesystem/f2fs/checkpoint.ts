/**
 * The F2FS checkpoint: the state that the volume returns to after a loss of power. Two packs take turns; the
 * newer one that is whole counts.
 * Layout: `struct f2fs_checkpoint`, `struct f2fs_summary_block` and `struct node_footer`; "Checkpoint (CP)" and
 * "Metadata Structure" of the Linux kernel documentation on F2FS.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError } from '../../base/errors.ts';
import { Fields } from '../../base/fields.ts';
import { f2fsCrc } from './crc.ts';
import { BLOCK_BYTES, SEGMENT_BLOCKS, type F2fsSuperblock } from './superblock.ts';

/** Bits of {@link F2fsCheckpoint.flags}. */
export const checkpointFlags = {
  unmounted: 0x1,
  compactSummaries: 0x4,
  error: 0x8,
  needsCheck: 0x10,
  largeNatBitmap: 0x400,
  quotaNeedsCheck: 0x800,
  disabled: 0x1000,
  disabledQuick: 0x2000,
  resizing: 0x4000,
  /** All that have a meaning here, or none for the question which blocks are used. */
  known: 0x7fff,
} as const;

export interface F2fsCheckpoint {
  readonly flags: number;
  readonly version: bigint;
  /** First block of the pack. */
  readonly packBlock: number;
  readonly packBlocks: number;
  /** Blocks from the start of the pack to the first summary of the data logs. */
  readonly summaryStart: number;
  readonly validBlockCount: number;
  readonly validNodeCount: number;
  /** Which copy of each SIT block is current, the first block in the highest bit of the first byte. */
  readonly sitVersions: Uint8Array;
  /** Where the next node of an ordinary file will be written, as a block address. */
  readonly nextNodeBlock: number;
}

const MIN_CHECKSUM_OFFSET = 192;
const MAX_CHECKSUM_OFFSET = 4092;
const BITMAP_OFFSET = 192;

/**
 * The checkpoint that counts: the newer of those that are whole. Throws `structure/invalid` if neither is, or
 * if that one makes no sense: the older one would not do, it describes another time.
 */
export async function readCheckpoint(
  reader: BlockReader,
  superblock: F2fsSuperblock,
): Promise<F2fsCheckpoint> {
  const first = await readPack(reader, superblock.checkpointBlock);
  const second = await readPack(reader, superblock.checkpointBlock + SEGMENT_BLOCKS);
  const packs = [first, second].filter((pack) => 'version' in pack);
  const [one, other] = packs;
  if (one === undefined) throw (first as TornPack).problem;
  // As serial numbers: the counter may wrap.
  const newer = other !== undefined && BigInt.asIntN(64, other.version - one.version) > 0n ? other : one;
  const length = (1 + superblock.payloadBlocks) * BLOCK_BYTES;
  const head = await reader.read(newer.block * BLOCK_BYTES, length);
  return parse(new Fields(head, 'F2FS checkpoint'), superblock, newer.block);
}

interface TornPack {
  readonly problem: unknown;
}

/** Whether the pack at `block` is whole: it starts and ends with the same version, written by the same hand. */
async function readPack(
  reader: BlockReader,
  block: number,
): Promise<{ readonly block: number; readonly version: bigint } | TornPack> {
  try {
    const header = await readHeader(reader, block);
    const blocks = header.u32(136);
    if (blocks <= 2 || blocks > SEGMENT_BLOCKS) header.fail(`has a pack of ${blocks} blocks`);
    const footer = await readHeader(reader, block + blocks - 1);
    const version = header.bigU64(0);
    if (footer.bigU64(0) !== version) header.fail('differs in version from the end of its pack');
    return { block, version };
  } catch (error) {
    // One pack is torn whenever power was lost while it was written: that is what the other one is for.
    if (isPermafrostError(error, 'structure/invalid')) return { problem: error };
    throw error;
  }
}

async function readHeader(reader: BlockReader, block: number): Promise<Fields> {
  const bytes = await reader.read(block * BLOCK_BYTES, BLOCK_BYTES);
  const fields = new Fields(bytes, 'F2FS checkpoint');
  const offset = fields.u32(164);
  if (offset < MIN_CHECKSUM_OFFSET || offset > MAX_CHECKSUM_OFFSET)
    fields.fail(`has its checksum at ${offset}`);
  let crc = f2fsCrc(bytes.subarray(0, offset));
  if (offset < MAX_CHECKSUM_OFFSET) crc = f2fsCrc(bytes.subarray(offset + 4), crc);
  if (crc !== fields.u32(offset)) fields.fail('has a wrong checksum');
  return fields;
}

function parse(head: Fields, superblock: F2fsSuperblock, packBlock: number): F2fsCheckpoint {
  const flags = head.u32(132);
  const sitBytes = head.u32(156);
  const natBytes = head.u32(160);
  if (sitBytes * 8 !== (superblock.sitSegments / 2) * SEGMENT_BLOCKS)
    head.fail(`has ${sitBytes} bytes of SIT versions`, 156);

  let sitOffset: number = BITMAP_OFFSET;
  if ((flags & checkpointFlags.largeNatBitmap) !== 0) {
    // An early form of this layout had the checksum at the end, inside the bitmaps.
    if (head.u32(164) !== MIN_CHECKSUM_OFFSET) head.fail('has the withdrawn layout of large NAT bitmaps');
    sitOffset = BITMAP_OFFSET + 4 + natBytes;
  } else if (superblock.payloadBlocks > 0) sitOffset = BLOCK_BYTES;
  if (sitOffset < BLOCK_BYTES && head.u32(164) >= sitOffset && head.u32(164) < sitOffset + sitBytes)
    head.fail('has its checksum inside its bitmap');

  const segment = head.u32(36 + 4);
  const offset = head.u16(68 + 2);
  if (segment >= superblock.mainSegments || offset >= SEGMENT_BLOCKS)
    head.fail(`writes nodes to block ${offset} of segment ${segment}`, 40);
  return {
    flags,
    version: head.bigU64(0),
    packBlock,
    packBlocks: head.u32(136),
    summaryStart: head.u32(140),
    validBlockCount: head.u64(16),
    validNodeCount: head.u32(144),
    sitVersions: head.slice(sitOffset, sitBytes),
    nextNodeBlock: superblock.mainBlock + segment * SEGMENT_BLOCKS + offset,
  };
}

/**
 * Whether files were fsynced after the checkpoint: their nodes follow it and the next mount takes them up, but
 * the checkpoint knows nothing of their blocks. It happens to a checkpoint of a clean unmount too, since a
 * mount writes none.
 */
export async function hasFsyncedNodes(reader: BlockReader, checkpoint: F2fsCheckpoint): Promise<boolean> {
  const block = checkpoint.nextNodeBlock * BLOCK_BYTES;
  const node = new Fields(await reader.read(block, BLOCK_BYTES), 'F2FS node');
  // The upper half may be a checksum; equality of the lower is enough to become cautious.
  return node.u32(BLOCK_BYTES - 12) === Number(checkpoint.version & 0xffff_ffffn);
}
