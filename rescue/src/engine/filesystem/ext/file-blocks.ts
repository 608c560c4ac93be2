/**
 * Where the blocks of a file are: by its extent tree, or by the direct and indirect block map of ext2 and
 * ext3. See "The Contents of inode.i_block" of the kernel's ext4 documentation.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import { extCrc32c } from './checksums.ts';
import type { Geometry } from './geometry.ts';
import type { Inode } from './inode.ts';

const EXTENT_MAGIC = 0xf30a;
const MAX_DEPTH = 5;
/** An extent longer than this is allocated but not written: no journal has one. */
const MAX_WRITTEN_LENGTH = 32768;
/** What a hostile extent tree can cost in reads; a journal has a handful of nodes. */
const MAX_NODES = 65536;

/** Consecutive blocks of a file that are consecutive on the device. */
export interface BlockRun {
  readonly logical: number;
  readonly physical: number;
  readonly count: number;
}

/**
 * The first `wanted` blocks of a file without holes, in ascending order and without gaps.
 * Throws `structure/invalid` if a block is missing, lies outside, or the structure does not add up.
 */
export async function readFileBlocks(
  reader: BlockReader,
  g: Geometry,
  inode: Inode,
  wanted: number,
): Promise<BlockRun[]> {
  const runs: { logical: number; physical: number; count: number }[] = [];
  let mapped = 0;
  const fail = (problem: string): never => inode.blockField.fail(problem);

  const add = (physical: number, count: number): void => {
    if (physical <= 0 || physical + count > g.blockCount) fail(`has ${count} blocks at block ${physical}`);
    const last = runs.at(-1);
    if (last !== undefined && physical === last.physical + last.count) last.count += count;
    else runs.push({ logical: mapped, physical, count });
    mapped += count;
  };
  const readBlock = (block: number): Promise<Uint8Array> => {
    if (block <= 0 || block >= g.blockCount) fail(`points to block ${block}`);
    return reader.read(block * g.blockSize, g.blockSize);
  };

  let nodes = 0;
  const walkTree = async (node: Fields, depth: number | undefined): Promise<void> => {
    if (++nodes > MAX_NODES) fail('has too many extent blocks');
    const entries = node.u16(2);
    const nodeDepth = node.u16(6);
    const fits = node.u16(0) === EXTENT_MAGIC && entries <= node.u16(4) && 12 + entries * 12 <= node.length;
    if (!fits || nodeDepth > MAX_DEPTH || (depth !== undefined && nodeDepth !== depth))
      fail('has a damaged extent tree');
    for (let i = 0; i < entries && mapped < wanted; i++) {
      const entry = node.sub(12 + i * 12, 12);
      if (entry.u32(0) !== mapped) fail(`has no block ${mapped}`);
      if (nodeDepth === 0) {
        const length = entry.u16(4);
        if (length === 0 || length > MAX_WRITTEN_LENGTH) fail('has an extent that is not written');
        add(entry.u32(8) + entry.u16(6) * 2 ** 32, length);
      } else {
        const before = mapped;
        const bytes = await readBlock(entry.u32(4) + entry.u16(8) * 2 ** 32);
        if (!extentBlockMatches(g, inode, bytes)) fail('has an extent block that fails its checksum');
        await walkTree(new Fields(bytes, node.structure), nodeDepth - 1);
        if (mapped === before) fail('has an empty extent block');
      }
    }
  };

  /** `level` 0 is a data block, 1 a block of block numbers, and so on. */
  const walkMap = async (block: number, level: number): Promise<void> => {
    if (block === 0) fail(`has no block ${mapped}`);
    if (level === 0) {
      add(block, 1);
      return;
    }
    const pointers = new Fields(await readBlock(block), inode.blockField.structure);
    for (let at = 0; at < pointers.length && mapped < wanted; at += 4)
      await walkMap(pointers.u32(at), level - 1);
  };

  if (inode.hasExtents) await walkTree(inode.blockField, undefined);
  else {
    const DIRECT = 12;
    for (let i = 0; i < DIRECT + 3 && mapped < wanted; i++)
      await walkMap(inode.blockField.u32(i * 4), Math.max(0, i - DIRECT + 1));
  }
  if (mapped < wanted) fail(`has only ${mapped} of ${wanted} blocks`);
  return runs;
}

function extentBlockMatches(g: Geometry, inode: Inode, bytes: Uint8Array): boolean {
  if (g.checksums !== 'crc32c') return true;
  const f = new Fields(bytes, 'ext extent block');
  const tail = 12 + f.u16(4) * 12;
  return tail + 4 <= f.length && f.u32(tail) === extCrc32c(inode.checksumSeed, f.slice(0, tail));
}

/** The device block of block `logical` of a file. Throws RangeError beyond what `runs` cover. */
export function physicalBlock(runs: readonly BlockRun[], logical: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (runs[middle]!.logical + runs[middle]!.count > logical) high = middle;
    else low = middle + 1;
  }
  const run = runs[low];
  if (run === undefined || logical < run.logical) throw new RangeError(`block ${logical} is not mapped`);
  return run.physical + logical - run.logical;
}
