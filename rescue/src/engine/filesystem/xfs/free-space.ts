/**
 * The free space of an XFS file system, from both B+trees of every allocation group. The two trees hold the
 * same extents in different orders, and headers hold their sums: all must agree, and nothing that is known
 * to be in use may be free.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { throwIfCancelled } from '../../base/errors.ts';
import { ExtentsBuilder, MAX_EXTENTS, type Extents } from '../../base/extents.ts';
import { Fields } from '../../base/fields.ts';
import { HEADER_SECTORS, readAllocationGroup, type AllocationGroup } from './allocation-group.ts';
import { hasLazyCounters } from './features.ts';
import { walkFreeTree, type FreeTreeContext } from './free-tree.ts';
import { logExtent } from './log.ts';
import type { XfsSuperblock } from './superblock.ts';

/** What the free-space trees say. */
export interface XfsSpace {
  /** Everything inside the file system's own extent that no tree calls free, in bytes. */
  readonly used: Extents;
  /** Free blocks by the rule of the superblock's own count. */
  readonly freeBlocks: number;
}

/** Free extents of one group by place: start₀, count₀, start₁, … in blocks. */
class FreeList {
  #pairs = new Uint32Array(1024);
  count = 0;

  add(start: number, count: number): void {
    if (this.count === MAX_EXTENTS)
      new Fields(new Uint8Array(0), 'XFS group').fail(`has more than ${MAX_EXTENTS} free extents`);
    if (2 * this.count === this.#pairs.length) {
      const grown = new Uint32Array(this.#pairs.length * 2);
      grown.set(this.#pairs);
      this.#pairs = grown;
    }
    this.#pairs[2 * this.count] = start;
    this.#pairs[2 * this.count + 1] = count;
    this.count++;
  }

  start(i: number): number {
    return this.#pairs[2 * i]!;
  }

  end(i: number): number {
    return this.#pairs[2 * i]! + this.#pairs[2 * i + 1]!;
  }

  /** Index of the first extent that ends after `block`. */
  find(block: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.end(middle) > block) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Whether any of `count` blocks at `block` is free. */
  touches(block: number, count: number): boolean {
    const i = this.find(block);
    return i < this.count && this.start(i) < block + count;
  }
}

/** Walks the trees of all groups. Throws `structure/invalid` where they do not add up. */
export async function readSpace(
  reader: BlockReader,
  sb: XfsSuperblock,
  signal?: AbortSignal,
): Promise<XfsSpace> {
  const used = new ExtentsBuilder();
  const log = sb.logStart === 0 ? undefined : logExtent(sb);
  let freeBlocks = 0;
  for (let index = 0; index < sb.agCount; index++) {
    throwIfCancelled(signal);
    const group = await readAllocationGroup(reader, sb, index);
    const free = await readGroup({ reader, sb, group, signal });
    if (log !== undefined) checkLog(free, group, sb, log);
    let at = 0;
    for (let i = 0; i < free.count; i++) {
      used.add(group.offsetBytes + at * sb.blockSize, (free.start(i) - at) * sb.blockSize);
      at = free.end(i);
    }
    used.add(group.offsetBytes + at * sb.blockSize, (group.blockCount - at) * sb.blockSize);
    freeBlocks += group.freeBlocks + group.setAsideCount + (hasLazyCounters(sb) ? group.treeBlocks : 0);
  }
  return { used: used.finish(), freeBlocks };
}

async function readGroup(context: FreeTreeContext): Promise<FreeList> {
  const { group, sb } = context;
  const name = `XFS group ${group.index}`;
  const fail = (problem: string): never => new Fields(new Uint8Array(0), name).fail(problem);
  const free = new FreeList();
  const ownBlocks: number[] = [...group.setAside];
  let sum = 0;
  let longest = 0;
  await walkFreeTree(context, 'by-block', {
    block: (block) => ownBlocks.push(block),
    record(start, count) {
      free.add(start, count);
      sum += count;
      longest = Math.max(longest, count);
    },
  });
  let matched = 0;
  await walkFreeTree(context, 'by-size', {
    block: (block) => ownBlocks.push(block),
    record(start, count) {
      const i = free.find(start);
      if (i === free.count || free.start(i) !== start || free.end(i) !== start + count)
        fail(`its free-space trees disagree about block ${start}`);
      matched++;
    },
  });
  // Records of the second tree all differ, so equal counts make equal sets.
  if (matched !== free.count) fail('its free-space trees do not have the same extents');
  if (sum !== group.freeBlocks) fail(`${group.freeBlocks} blocks are free by its header, ${sum} by its tree`);
  if (longest !== group.longestFree) fail('its longest free extent is not the one in its header');
  if (free.touches(0, Math.ceil((HEADER_SECTORS * sb.sectorSize) / sb.blockSize)))
    fail('its headers are called free');
  if (ownBlocks.some((block) => free.touches(block, 1)))
    fail('blocks of its free-space trees are called free');
  return free;
}

function checkLog(
  free: FreeList,
  group: AllocationGroup,
  sb: XfsSuperblock,
  log: { readonly offset: number; readonly length: number },
): void {
  const start = (log.offset - group.offsetBytes) / sb.blockSize;
  if (start < 0 || start >= group.blockCount) return;
  if (free.touches(start, log.length / sb.blockSize))
    new Fields(new Uint8Array(0), `XFS group ${group.index}`).fail('blocks of the log are called free');
}
