/**
 * Which bytes the block bitmaps of an ext file system call used, checked against everything else that says
 * how many they should be. See "Block and inode Bitmaps" and "Lazy Block Group Initialization" of the kernel's
 * ext4 documentation.
 */
import { addBits } from '../../base/bitmap.ts';
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError, throwIfCancelled } from '../../base/errors.ts';
import { type Extents, ExtentsBuilder } from '../../base/extents.ts';
import { extCrc32c } from './checksums.ts';
import type { Doubts } from './doubts.ts';
import { groupBlocks, groupClusters, groupStart, leadingMetadataBlocks, type Geometry } from './geometry.ts';
import { readDescriptors, type GroupDescriptor } from './group-descriptors.ts';
import { countSetBits } from './set-bits.ts';

/** How much of neighbouring bitmaps is read at once. */
const RUN_BYTES = 4 * 1024 * 1024;

export interface UsedBlocks {
  readonly used: Extents;
  /** Free clusters by the group descriptors. */
  readonly freeClusters: number;
  /** Groups whose bitmap the device could not read; all of each is in `used`. */
  readonly unreadableGroups: number;
}

/** A group whose bitmap is to be read. */
interface Pending {
  readonly group: number;
  readonly descriptor: GroupDescriptor;
}

/**
 * Reads all block bitmaps. `used` is clipped to the file system and always has its metadata, whatever the
 * bitmaps say; a group that cannot be judged is used as a whole. What does not add up goes to `doubts`.
 * Throws what the reader throws for the descriptors: without them there is nothing to go by.
 */
export async function mapUsedBlocks(
  reader: BlockReader,
  g: Geometry,
  doubts: Doubts,
  signal?: AbortSignal,
): Promise<UsedBlocks> {
  const marked = new ExtentsBuilder();
  // The boot sectors, which a bitmap that counts from block 1 does not cover.
  marked.add(0, g.firstDataBlock * g.blockSize);
  const metadata = makeMetadata(g);
  const maxRun = Math.max(1, Math.floor(RUN_BYTES / g.blockSize));
  let freeClusters = 0;
  let unreadableGroups = 0;
  let run: Pending[] = [];

  const flush = async (): Promise<void> => {
    if (run.length > 0) unreadableGroups += await addRun(reader, g, run, marked, doubts);
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
        addWholeGroup(g, group, marked);
        continue;
      }
      metadata.addPlaced(descriptor);
      if (descriptor.blockUninit) {
        await flush();
        addUninitialised(g, group, descriptor, marked, doubts);
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
  const used = byBitmaps.union(metadata.finish().slice(0, endBytes));
  if (used.totalBytes !== byBitmaps.totalBytes)
    doubts.add(`the bitmaps call ${used.totalBytes - byBitmaps.totalBytes} bytes of metadata free`);
  return { used, freeClusters, unreadableGroups };
}

function pointsInside(g: Geometry, d: GroupDescriptor): boolean {
  const inside = (block: number, count: number): boolean =>
    block >= g.firstDataBlock && block + count <= g.blockCount;
  return inside(d.blockBitmap, 1) && inside(d.inodeBitmap, 1) && inside(d.inodeTable, g.inodeTableBlocks);
}

function addWholeGroup(g: Geometry, group: number, marked: ExtentsBuilder): void {
  marked.add(groupStart(g, group) * g.blockSize, groupBlocks(g, group) * g.blockSize);
}

/** Where the metadata of all groups is. Each kind ascends by itself, which keeps the building cheap. */
function makeMetadata(g: Geometry): {
  addLeading: (group: number) => void;
  addPlaced: (d: GroupDescriptor) => void;
  finish: () => Extents;
} {
  const [leading, blockBitmaps, inodeBitmaps, inodeTables] = Array.from(
    { length: 4 },
    () => new ExtentsBuilder(),
  ) as [ExtentsBuilder, ExtentsBuilder, ExtentsBuilder, ExtentsBuilder];
  return {
    addLeading: (group) =>
      leading.add(groupStart(g, group) * g.blockSize, leadingMetadataBlocks(g, group) * g.blockSize),
    addPlaced(d) {
      blockBitmaps.add(d.blockBitmap * g.blockSize, g.blockSize);
      inodeBitmaps.add(d.inodeBitmap * g.blockSize, g.blockSize);
      inodeTables.add(d.inodeTable * g.blockSize, g.inodeTableBlocks * g.blockSize);
    },
    finish: () =>
      leading.finish().union(blockBitmaps.finish()).union(inodeBitmaps.finish()).union(inodeTables.finish()),
  };
}

/** What a group whose bitmap was never written uses: its own metadata, as far as it lies in it. */
function addUninitialised(
  g: Geometry,
  group: number,
  d: GroupDescriptor,
  marked: ExtentsBuilder,
  doubts: Doubts,
): void {
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

/** Reads bitmaps that lie next to each other; answers how many of them could not be read. */
async function addRun(
  reader: BlockReader,
  g: Geometry,
  run: readonly Pending[],
  marked: ExtentsBuilder,
  doubts: Doubts,
): Promise<number> {
  const offset = run[0]!.descriptor.blockBitmap * g.blockSize;
  let bytes: Uint8Array;
  try {
    bytes = await reader.read(offset, run.length * g.blockSize);
  } catch (error) {
    if (!isPermafrostError(error, 'device/read-failed')) throw error;
    if (run.length === 1) {
      addWholeGroup(g, run[0]!.group, marked);
      return 1;
    }
    // One bad sector must not take the neighbours with it.
    let unreadable = 0;
    for (const pending of run) unreadable += await addRun(reader, g, [pending], marked, doubts);
    return unreadable;
  }
  for (const [i, { group, descriptor }] of run.entries())
    addBitmap(g, group, descriptor, bytes.subarray(i * g.blockSize, (i + 1) * g.blockSize), marked, doubts);
  return 0;
}

function addBitmap(
  g: Geometry,
  group: number,
  d: GroupDescriptor,
  bitmap: Uint8Array,
  marked: ExtentsBuilder,
  doubts: Doubts,
): void {
  if (g.checksums === 'crc32c') {
    const sum = extCrc32c(g.superblock.checksumSeed, bitmap.subarray(0, g.clustersPerGroup >>> 3));
    const stored = g.descriptorSize >= 64 ? sum : sum & 0xffff;
    if (stored !== d.bitmapChecksum)
      doubts.add(`the block bitmap of group ${group} does not match its checksum`);
  }
  const clusters = groupClusters(g, group);
  const free = clusters - countSetBits(bitmap, clusters);
  if (free !== d.freeClusters)
    doubts.add(`the block bitmap of group ${group} has ${free} free clusters, not ${d.freeClusters}`);
  addBits(marked, bitmap, clusters, g.clusterBlocks * g.blockSize, groupStart(g, group) * g.blockSize);
}
