/**
 * Walks one of the two B+trees of free extents of an XFS allocation group. Follows "XFS Algorithms & Data
 * Structures", chapter "AG Free Space B+trees". All fields but checksums are big-endian.
 *
 * The walk ends on any input: levels count down, every leaf must hold a record, and records must ascend over
 * the whole tree, so no block can be met twice.
 */
import { throwIfCancelled } from '../../base/errors.ts';
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import { readAhead } from '../read-ahead.ts';
import type { AllocationGroup, TreeRoot } from './allocation-group.ts';
import { hasValidCrc, type XfsSuperblock } from './superblock.ts';

/** The tree that is ordered by place, and the one that is ordered by size and then by place. */
export type FreeTreeOrder = 'by-block' | 'by-size';

const magics = {
  'by-block': { 4: 0x41425442, 5: 0x41423342 }, // ABTB, AB3B
  'by-size': { 4: 0x41425443, 5: 0x41423343 }, // ABTC, AB3C
} as const;

const READS_AHEAD = 16;
const SHORT_HEADER = 16;
const SHORT_HEADER_CRC = 56;
const NO_SIBLING = 0xffffffff;

export interface FreeTreeVisitor {
  /** A block of the tree itself. */
  block(block: number): void;
  /** A free extent of `count` blocks at `start`; in the order of the tree. */
  record(start: number, count: number): void;
}

export interface FreeTreeContext {
  readonly reader: BlockReader;
  readonly sb: XfsSuperblock;
  readonly group: AllocationGroup;
  readonly signal?: AbortSignal | undefined;
}

interface TreeBlock {
  readonly fields: Fields;
  readonly recordCount: number;
}

/** Visits every block and every record of the tree. Throws `structure/invalid` where it does not add up. */
export async function walkFreeTree(
  context: FreeTreeContext,
  order: FreeTreeOrder,
  visitor: FreeTreeVisitor,
): Promise<void> {
  const { sb, group, signal } = context;
  const root: TreeRoot = order === 'by-block' ? group.byBlock : group.bySize;
  const headerBytes = sb.version === 5 ? SHORT_HEADER_CRC : SHORT_HEADER;
  const maxChildren = Math.floor((sb.blockSize - headerBytes) / 12);
  // The by-block tree: end of the last record. The by-size tree: its size and place.
  let lastEnd = -1;
  let lastCount = -1;
  let lastStart = -1;

  const visitRecord = (f: Fields, at: number): void => {
    const start = f.u32be(at);
    const count = f.u32be(at + 4);
    if (count === 0 || start + count > group.blockCount)
      f.fail(`free extent of ${count} blocks at ${start} lies outside`);
    // Touching extents would have been merged.
    const ascends =
      order === 'by-block'
        ? start > lastEnd
        : count > lastCount || (count === lastCount && start > lastStart);
    if (!ascends) f.fail(`free extent at block ${start} is out of order`);
    lastEnd = start + count;
    lastCount = count;
    lastStart = start;
    visitor.record(start, count);
  };

  const visit = async ({ fields: f, recordCount }: TreeBlock, level: number): Promise<void> => {
    throwIfCancelled(signal);
    if (level === 0) {
      for (let i = 0; i < recordCount; i++) visitRecord(f, headerBytes + i * 8);
      return;
    }
    const pointers = headerBytes + maxChildren * 8;
    const children = Array.from({ length: recordCount }, (_, i) => f.u32be(pointers + i * 4));
    const depth = level === 1 ? READS_AHEAD : 1;
    const read = (block: number): Promise<TreeBlock> => readBlock(context, order, block, level - 1);
    let i = 0;
    for await (const child of readAhead(children, depth, read)) {
      if (child.recordCount === 0) f.fail('has an empty block below it');
      visitor.block(children[i++]!);
      await visit(child, level - 1);
    }
  };

  const top = await readBlock(context, order, root.block, root.levels - 1);
  if (root.levels > 1 && top.recordCount === 0) top.fields.fail('has no blocks below it');
  visitor.block(root.block);
  await visit(top, root.levels - 1);
}

async function readBlock(
  { reader, sb, group }: FreeTreeContext,
  order: FreeTreeOrder,
  block: number,
  level: number,
): Promise<TreeBlock> {
  const name = `XFS free-space tree ${order} of group ${group.index}, block ${block}`;
  if (block >= group.blockCount) new Fields(new Uint8Array(0), name).fail('lies outside the group');
  const offset = group.offsetBytes + block * sb.blockSize;
  const f = new Fields(await reader.read(offset, sb.blockSize), name);
  const version = sb.version === 5 ? 5 : 4;
  if (f.u32be(0) !== magics[order][version]) f.fail('no magic');
  if (f.u16be(4) !== level) f.fail(`is at level ${f.u16be(4)} where ${level} is expected`);
  const recordCount = f.u16be(6);
  const headerBytes = version === 5 ? SHORT_HEADER_CRC : SHORT_HEADER;
  const most = Math.floor((sb.blockSize - headerBytes) / (level === 0 ? 8 : 12));
  if (recordCount > most) f.fail(`${recordCount} records, with room for ${most}`);
  for (const sibling of [f.u32be(8), f.u32be(12)])
    if (sibling !== NO_SIBLING && sibling >= group.blockCount) f.fail('a neighbour lies outside the group');
  if (version === 5) {
    if (!hasValidCrc(f.bytes, 52)) f.fail('checksum mismatch');
    if (f.u64be(16) !== offset / 512) f.fail('was written for another place');
    if (f.uuid(32) !== sb.metaUuid) f.fail('is of another file system');
    if (f.u32be(48) !== group.index) f.fail(`belongs to group ${f.u32be(48)}`);
  }
  return { fields: f, recordCount };
}
