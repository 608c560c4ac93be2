/**
 * Whether the internal XFS log holds changes that were not yet written to their places.
 *
 * The log is a ring of 512-byte blocks, each stamped with the number of its round (cycle). The head is where
 * the stamps step down; the log is clean if the record that ends there is an unmount record. Follows "XFS
 * Algorithms & Data Structures", chapter "Journaling Log". All fields are big-endian.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import type { XfsSuperblock } from './superblock.ts';

const LOG_BLOCK = 512;
const RECORD_MAGIC = 0xfeedbabe;
/** Headers describe this much of a record each. */
const HEADER_COVERS = 32 * 1024;
const MAX_RECORD_BYTES = 256 * 1024;
/**
 * Log buffers are written up to eight at a time and in any order, so that far around the head there may be
 * holes after a crash.
 */
const WINDOW_BLOCKS = (8 * MAX_RECORD_BYTES) / LOG_BLOCK;
const UNMOUNT_FLAG = 0x20;

/** The log as a ring of blocks. */
interface Ring {
  readonly blockCount: number;
  /** `count` blocks from `block` on, over the end to the start. */
  read(block: number, count: number): Promise<Fields>;
}

/** The extent of the internal log in bytes. Throws `structure/invalid` if it does not lie in one group. */
export function logExtent(sb: XfsSuperblock): { offset: number; length: number } {
  const f = new Fields(new Uint8Array(0), 'XFS superblock');
  const agSpan = 2 ** sb.agBlockLog;
  const ag = Math.floor(sb.logStart / agSpan);
  const block = sb.logStart % agSpan;
  const start = ag * sb.agBlocks + block;
  if (
    ag >= sb.agCount ||
    sb.logBlocks === 0 ||
    block + sb.logBlocks > sb.agBlocks ||
    start + sb.logBlocks > sb.blockCount
  )
    f.fail(`its log of ${sb.logBlocks} blocks at ${sb.logStart} lies outside`);
  return { offset: start * sb.blockSize, length: sb.logBlocks * sb.blockSize };
}

/** Whether the internal log of `sb` ends in an unmount record, beyond doubt. */
export async function isLogClean(reader: BlockReader, sb: XfsSuperblock): Promise<boolean> {
  const { offset, length } = logExtent(sb);
  const blockCount = length / LOG_BLOCK;
  const ring: Ring = {
    blockCount,
    async read(block, count) {
      const first = Math.min(count, blockCount - block);
      const head = await reader.read(offset + block * LOG_BLOCK, first * LOG_BLOCK);
      if (first === count) return new Fields(head, 'XFS log');
      const wrapped = await reader.read(offset, (count - first) * LOG_BLOCK);
      return new Fields(Buffer.concat([head, wrapped]), 'XFS log');
    },
  };
  const head = await findHead(ring);
  if (head === undefined) return false;
  return endsInUnmount(ring, head, sb);
}

/** Blocks before `block` carry `cycle`, those from it on `cycleAfter` or 0. */
interface Head {
  readonly block: number;
  readonly cycle: number;
  readonly cycleAfter: number;
}

/** The head of the log; `undefined` if its stamps do not single one out. */
async function findHead(ring: Ring): Promise<Head | undefined> {
  const cycleOf = async (block: number): Promise<number> => cycleAt(await ring.read(block, 1), 0);
  const cycle = await cycleOf(0);
  const cycleAfter = await cycleOf(ring.blockCount - 1);
  // A log that was never written, or only zeroed, has no record to rely on.
  if (cycle === 0) return undefined;
  if (cycle === cycleAfter) return { block: ring.blockCount, cycle, cycleAfter: cycle };
  if (cycleAfter !== cycle - 1) return undefined;
  let low = 0;
  let high = ring.blockCount - 1;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const found = await cycleOf(middle);
    if (found === cycle) low = middle;
    else if (found === cycleAfter || found === 0) high = middle;
    else return undefined;
  }
  return { block: high, cycle, cycleAfter };
}

/** The stamp of block `index` of `blocks`: its first word, after the magic in a record's header. */
function cycleAt(blocks: Fields, index: number): number {
  const word = blocks.u32be(index * LOG_BLOCK);
  return word === RECORD_MAGIC ? blocks.u32be(index * LOG_BLOCK + 4) : word;
}

async function endsInUnmount(ring: Ring, head: Head, sb: XfsSuperblock): Promise<boolean> {
  const n = ring.blockCount;
  const count = Math.min(WINDOW_BLOCKS, n);
  const first = (head.block - count + n) % n;
  const before = await ring.read(first, count);
  const after = await ring.read(head.block % n, count);
  for (let i = 0; i < count; i++) {
    if (!isExpected(head, (first + i) % n, cycleAt(before, i))) return false;
    if (!isExpected(head, (head.block + i) % n, cycleAt(after, i))) return false;
  }
  for (let i = count - 1; i >= 0; i--) {
    if (before.u32be(i * LOG_BLOCK) !== RECORD_MAGIC) continue;
    const block = (first + i) % n;
    return isUnmountRecord(before, i, count, { block, cycle: expectedCycle(head, block) }, sb);
  }
  return false;
}

function expectedCycle(head: Head, block: number): number {
  return block < head.block ? head.cycle : head.cycleAfter;
}

/** Tools that format a log leave blocks that were never written, of round 0, behind its first record. */
function isExpected(head: Head, block: number, cycle: number): boolean {
  return cycle === expectedCycle(head, block) || (cycle === 0 && block >= head.block);
}

/** Whether the record whose header is block `index` of `blocks` is an unmount record that ends with them. */
function isUnmountRecord(
  blocks: Fields,
  index: number,
  blockCount: number,
  at: { readonly block: number; readonly cycle: number },
  sb: XfsSuperblock,
): boolean {
  const f = blocks.sub(index * LOG_BLOCK, LOG_BLOCK, 'XFS log record');
  const version = f.u32be(8);
  const dataBytes = f.u32be(12);
  const bufferBytes = f.u32be(320);
  if (version !== 1 && version !== 2) return false;
  if (dataBytes > MAX_RECORD_BYTES || bufferBytes > MAX_RECORD_BYTES) return false;
  if (f.u32be(4) !== at.cycle || f.u32be(16) !== at.cycle || f.u32be(20) !== at.block) return false;
  if (f.uuid(304) !== sb.uuid || f.u32be(40) !== 1) return false;
  const headerBlocks = version === 2 ? Math.max(1, Math.ceil(bufferBytes / HEADER_COVERS)) : 1;
  const dataBlocks = Math.ceil(dataBytes / LOG_BLOCK);
  if (dataBlocks === 0 || index + headerBlocks + dataBlocks !== blockCount) return false;
  const operation = blocks.sub((index + headerBlocks) * LOG_BLOCK, LOG_BLOCK, 'XFS log operation');
  return (operation.u8(9) & UNMOUNT_FLAG) !== 0;
}
