/**
 * Which bytes the block bitmaps of an ext file system call used, checked against everything else that says
 * how many they should be. See "Block and inode Bitmaps" and "Lazy Block Group Initialization" of the kernel's
 * ext4 documentation.
 */
import { addBits } from '../../base/bitmap.ts';
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError, PermafrostError, throwIfCancelled } from '../../base/errors.ts';
import { type Extents, ExtentsBuilder, MAX_EXTENTS } from '../../base/extents.ts';
import { release } from '../release.ts';
import { extCrc32c } from './checksums.ts';
import type { Doubts } from './doubts.ts';
import { groupBlocks, groupClusters, groupStart, leadingMetadataBlocks, type Geometry } from './geometry.ts';
import { readDescriptors, type GroupDescriptor } from './group-descriptors.ts';
import { collectMetadata } from './group-metadata.ts';
import { measureBits } from './measure-bits.ts';

/** How much of neighbouring bitmaps is read at once. */
const RUN_BYTES = 4 * 1024 * 1024;

export interface UsedBlocks {
  readonly used: Extents;
  /** Free clusters by the group descriptors. */
  readonly freeClusters: number;
  /** Groups whose bitmap the device could not read; all of each is in `used`. */
  readonly unreadableGroups: number;
}

export interface UsedBlocksOptions {
  readonly signal?: AbortSignal | undefined;
  /** More extents than this are refused; default {@link MAX_EXTENTS}. */
  readonly maxExtents?: number;
}

/** A group whose bitmap is to be read. */
interface Pending {
  readonly group: number;
  readonly descriptor: GroupDescriptor;
}

interface Work {
  readonly reader: BlockReader;
  readonly g: Geometry;
  readonly doubts: Doubts;
  /** What the bitmaps call used, in ascending order. */
  readonly marked: ExtentsBuilder;
  /** How many extents that is at most, and how many it may be. */
  extents: number;
  readonly maxExtents: number;
  unreadableGroups: number;
}

/**
 * Reads all block bitmaps. `used` is clipped to the file system and always has its metadata, whatever the
 * bitmaps say; a group that cannot be judged is used as a whole. What does not add up goes to `doubts`.
 * Throws `structure/invalid` if there are too many extents, and what the reader throws for the descriptors:
 * without them there is nothing to go by.
 */
export async function mapUsedBlocks(
  reader: BlockReader,
  g: Geometry,
  doubts: Doubts,
  { signal, maxExtents = MAX_EXTENTS }: UsedBlocksOptions = {},
): Promise<UsedBlocks> {
  const marked = new ExtentsBuilder();
  const work: Work = { reader, g, doubts, marked, extents: 0, maxExtents, unreadableGroups: 0 };
  // The boot sectors, which a bitmap that counts from block 1 does not cover.
  marked.add(0, g.firstDataBlock * g.blockSize);
  const metadata = collectMetadata(g);
  const maxRun = Math.max(1, Math.floor(RUN_BYTES / g.blockSize));
  let freeClusters = 0;
  let run: Pending[] = [];

  const flush = async (): Promise<void> => {
    if (run.length > 0) await addRun(work, run);
    run = [];
    throwIfCancelled(signal);
  };

  for await (const { firstGroup, descriptors } of readDescriptors(reader, g, doubts)) {
    for (const [i, descriptor] of descriptors.entries()) {
      const group = firstGroup + i;
      freeClusters += descriptor.freeClusters;
      metadata.addLeading(group);
      if (!pointsInside(g, descriptor)) {
        doubts.add(`group ${group} has metadata outside the file system`);
        await flush();
        addWholeGroup(work, group);
        continue;
      }
      metadata.addPlaced(descriptor);
      if (descriptor.blockUninit) {
        await flush();
        addUninitialised(work, group, descriptor);
        continue;
      }
      const follows =
        run[0] !== undefined && descriptor.blockBitmap === run[0].descriptor.blockBitmap + run.length;
      if (!follows || run.length === maxRun) await flush();
      run.push({ group, descriptor });
    }
  }
  await flush();

  const endBytes = g.blockCount * g.blockSize;
  const byBitmaps = marked.finish().slice(0, endBytes);
  const { extents, overlapBytes } = metadata.finish();
  if (overlapBytes > 0) doubts.add(`${overlapBytes} bytes are metadata of more than one kind or group`);
  const used = byBitmaps.union(extents);
  if (used.totalBytes !== byBitmaps.totalBytes)
    doubts.add(`the bitmaps call ${used.totalBytes - byBitmaps.totalBytes} bytes of metadata free`);
  return { used, freeClusters, unreadableGroups: work.unreadableGroups };
}

function pointsInside(g: Geometry, d: GroupDescriptor): boolean {
  const inside = (block: number, count: number): boolean =>
    block >= g.firstDataBlock && block + count <= g.blockCount;
  return inside(d.blockBitmap, 1) && inside(d.inodeBitmap, 1) && inside(d.inodeTable, g.inodeTableBlocks);
}

function addWholeGroup({ g, marked }: Work, group: number): void {
  marked.add(groupStart(g, group) * g.blockSize, groupBlocks(g, group) * g.blockSize);
}

/** What a group whose bitmap was never written uses: its own metadata, as far as it lies in it. */
function addUninitialised({ g, marked, doubts }: Work, group: number, d: GroupDescriptor): void {
  const start = groupStart(g, group);
  const end = start + groupBlocks(g, group);
  const clusters = groupClusters(g, group);
  const own = new ExtentsBuilder();
  const add = (block: number, count: number): void => {
    const from = Math.max(block, start);
    const to = Math.min(block + count, end);
    if (from >= to) return;
    const first = Math.floor((from - start) / g.clusterBlocks);
    own.add(first, Math.ceil((to - start) / g.clusterBlocks) - first);
  };
  add(start, leadingMetadataBlocks(g, group));
  add(d.blockBitmap, 1);
  add(d.inodeBitmap, 1);
  add(d.inodeTable, g.inodeTableBlocks);
  const used = own.finish();
  if (clusters - used.totalBytes !== d.freeClusters)
    doubts.add(
      `group ${group} should have ${clusters - used.totalBytes} free clusters, not ${d.freeClusters}`,
    );
  const clusterBytes = g.clusterBlocks * g.blockSize;
  for (let i = 0; i < used.count; i++)
    marked.add(start * g.blockSize + used.start(i) * clusterBytes, used.length(i) * clusterBytes);
}

/** Reads bitmaps that lie next to each other. */
async function addRun(work: Work, run: readonly Pending[]): Promise<void> {
  const { blockSize } = work.g;
  let bytes: Uint8Array;
  try {
    bytes = await work.reader.read(run[0]!.descriptor.blockBitmap * blockSize, run.length * blockSize);
  } catch (error) {
    if (!isPermafrostError(error, 'device/read-failed')) throw error;
    if (run.length === 1) {
      addWholeGroup(work, run[0]!.group);
      work.unreadableGroups++;
    }
    // One bad sector must not take the neighbours with it.
    else for (const pending of run) await addRun(work, [pending]);
    return;
  }
  for (const [i, pending] of run.entries())
    addBitmap(work, pending, bytes.subarray(i * blockSize, (i + 1) * blockSize));
  release(bytes);
}

function addBitmap(work: Work, { group, descriptor }: Pending, bitmap: Uint8Array): void {
  const { g, doubts } = work;
  if (g.checksums === 'crc32c') {
    const sum = extCrc32c(g.superblock.checksumSeed, bitmap.subarray(0, g.clustersPerGroup >>> 3));
    const stored = g.descriptorSize >= 64 ? sum : sum & 0xffff;
    if (stored !== descriptor.bitmapChecksum)
      doubts.add(`the block bitmap of group ${group} does not match its checksum`);
  }
  const clusters = groupClusters(g, group);
  const { set, runs } = measureBits(bitmap, clusters);
  if (clusters - set !== descriptor.freeClusters)
    doubts.add(
      `the block bitmap of group ${group} has ${clusters - set} free clusters, not ${descriptor.freeClusters}`,
    );
  work.extents += runs;
  if (work.extents > work.maxExtents) {
    const problem = `have more than ${work.maxExtents} runs of used blocks`;
    throw new PermafrostError('structure/invalid', { structure: 'ext block bitmaps', problem });
  }
  addBits(work.marked, bitmap, clusters, g.clusterBlocks * g.blockSize, groupStart(g, group) * g.blockSize);
}
