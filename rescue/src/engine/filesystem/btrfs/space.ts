/**
 * The used bytes of a Btrfs file system on one device: every extent that the extent tree lists, at each place
 * its chunk is stored, checked against the counts of block groups and superblock and the free-space tree.
 * Follows the Btrfs documentation, "On-disk format". All fields are little-endian.
 */
import { addBits } from '../../base/bitmap.ts';
import { PermafrostError } from '../../base/errors.ts';
import { Extents, ExtentsBuilder } from '../../base/extents.ts';
import { groupTypes, type ChunkMap } from './chunks.ts';
import {
  RESERVED_BYTES,
  SUPERBLOCK_BYTES,
  SUPERBLOCK_OFFSETS,
  type BtrfsSuperblock,
  type TreeRoot,
} from './superblock.ts';
import { ALL_KEYS, walkTree, type Item, type TreeContext } from './tree.ts';

const EXTENT_ITEM = 168;
const METADATA_ITEM = 169;
const BLOCK_GROUP_ITEM = 192;
/** Who refers to an extent: in leaves beside the extents, of no interest here. */
const REFERENCE_ITEMS: ReadonlySet<number> = new Set([172, 176, 178, 180, 182, 184]);
const FREE_SPACE_INFO = 198;
const FREE_SPACE_EXTENT = 199;
const FREE_SPACE_BITMAP = 200;

const EXTENT_IS_DATA = 1n;
const EXTENT_IS_TREE_BLOCK = 2n;

/** The trees that tell what is used, as the root tree has them. */
export interface SpaceTrees {
  readonly extents: TreeRoot;
  /** Where block groups are in a tree of their own. */
  readonly blockGroups?: TreeRoot | undefined;
  /** Where it exists and is up to date. */
  readonly freeSpace?: TreeRoot | undefined;
}

/** Used bytes on the device. Throws `structure/invalid` where the trees do not add up. */
export async function readUsed(context: TreeContext, trees: SpaceTrees): Promise<Extents> {
  const { chunks, sb } = context;
  const tally = new Tally(chunks, sb);
  await walkTree(context, trees.extents, ALL_KEYS, (item) => tally.visitExtentTree(item));
  if (trees.blockGroups !== undefined)
    await walkTree(context, trees.blockGroups, ALL_KEYS, (item) => tally.visitBlockGroupTree(item));
  const allocated = tally.finish();
  if (trees.freeSpace !== undefined) await checkFreeSpace(context, trees.freeSpace, allocated, tally);
  const onDevice = new ExtentsBuilder();
  for (const { chunk, start } of chunks.copies())
    onDevice.addAll(allocated.slice(chunk.logical, chunk.length, start - chunk.logical));
  return onDevice.finish().union(alwaysUsed(sb));
}

/** The start of the device and all copies of the superblock. */
function alwaysUsed(sb: BtrfsSuperblock): Extents {
  const builder = new ExtentsBuilder().add(0, Math.min(RESERVED_BYTES, sb.device.sizeBytes));
  for (const offset of SUPERBLOCK_OFFSETS)
    if (offset + SUPERBLOCK_BYTES <= sb.device.sizeBytes) builder.add(offset, SUPERBLOCK_BYTES);
  return builder.finish();
}

/** Extents by logical address, and what they sum up to in each chunk. */
class Tally {
  readonly #chunks: ChunkMap;
  readonly #sb: BtrfsSuperblock;
  readonly #extents = new ExtentsBuilder();
  /** Bytes of extents in each chunk. */
  readonly sums: Float64Array;
  /** Bytes in use by each chunk's block group item; NaN before it is met. */
  readonly #groupSums: Float64Array;
  #end = 0;

  constructor(chunks: ChunkMap, sb: BtrfsSuperblock) {
    this.#chunks = chunks;
    this.#sb = sb;
    this.sums = new Float64Array(chunks.chunks.length);
    this.#groupSums = new Float64Array(chunks.chunks.length).fill(NaN);
  }

  visitExtentTree(item: Item): void {
    const { type } = item;
    if (type === EXTENT_ITEM || type === METADATA_ITEM) this.#visitExtent(item);
    else if (type === BLOCK_GROUP_ITEM) this.#visitBlockGroup(item);
    else if (!REFERENCE_ITEMS.has(type)) fail(`its extent tree holds an item of unknown type ${type}`);
  }

  visitBlockGroupTree(item: Item): void {
    if (item.type !== BLOCK_GROUP_ITEM)
      fail(`its block group tree holds an item of unknown type ${item.type}`);
    this.#visitBlockGroup(item);
  }

  #visitExtent({ type, objectId: logical, offset, data }: Item): void {
    const { nodeSize, sectorSize } = this.#sb;
    const flags = data.bigU64(16) & (EXTENT_IS_DATA | EXTENT_IS_TREE_BLOCK);
    const isTreeBlock = flags === EXTENT_IS_TREE_BLOCK;
    const length = type === METADATA_ITEM ? nodeSize : offset;
    if (!isTreeBlock && (flags !== EXTENT_IS_DATA || type === METADATA_ITEM))
      fail(`the extent at ${logical} is neither data nor a tree block`);
    if (length === 0 || length % sectorSize !== 0 || logical % sectorSize !== 0)
      fail(`the extent at ${logical} is not in sectors: ${length} bytes`);
    if (isTreeBlock && length !== nodeSize) fail(`the tree block at ${logical} has ${length} bytes`);
    if (logical < this.#end) fail(`extents overlap at ${logical}`);
    this.#end = logical + length;
    const index = this.#chunks.indexOf(logical, length);
    const wanted = isTreeBlock ? groupTypes.metadata | groupTypes.system : groupTypes.data;
    if ((this.#chunks.chunks[index]!.type & wanted) === 0n)
      fail(`the extent at ${logical} lies in a block group of another type`);
    this.sums[index]! += length;
    this.#extents.add(logical, length);
  }

  #visitBlockGroup({ objectId: logical, offset: length, data }: Item): void {
    const index = this.#chunks.find(logical, length);
    if (this.#chunks.chunks[index]?.type !== data.bigU64(16))
      fail(`the block group at ${logical} is not like its chunk`);
    if (!Number.isNaN(this.#groupSums[index])) fail(`there are two block groups at ${logical}`);
    this.#groupSums[index] = data.u64(0);
  }

  /** The extents, after comparing all sums. */
  finish(): Extents {
    let total = 0;
    this.sums.forEach((sum, i) => {
      const { logical } = this.#chunks.chunks[i]!;
      if (sum !== this.#groupSums[i])
        fail(`the block group at ${logical} counts ${this.#groupSums[i]!} bytes, its extents have ${sum}`);
      total += sum;
    });
    if (total !== this.#sb.usedBytes)
      fail(`its superblock counts ${this.#sb.usedBytes} bytes, its extents have ${total}`);
    return this.#extents.finish();
  }
}

/** Checks that the free-space tree says exactly what the extents leave over. */
async function checkFreeSpace(
  context: TreeContext,
  root: TreeRoot,
  allocated: Extents,
  { sums }: Tally,
): Promise<void> {
  const { chunks, sb } = context;
  const freeSums = new Float64Array(sums.length).fill(NaN);
  /** The block group that the items are about. */
  let group = { start: 0, end: 0, index: -1 };
  let lastEnd = 0;
  const visitGroup = (start: number, length: number): void => {
    // Some versions of mkfs forget the items of the first block group, which they remove.
    const index = chunks.find(start, length);
    group = { start, end: start + length, index };
    lastEnd = start;
    if (index >= 0) freeSums[index] = 0;
  };
  const visitFree = (start: number, length: number): void => {
    if (start < lastEnd || start + length > group.end) fail(`free space at ${start} is in no block group`);
    lastEnd = start + length;
    if (group.index < 0) return;
    if (allocated.touches(start, length)) fail(`its free-space tree calls an extent at ${start} free`);
    freeSums[group.index]! += length;
  };
  await walkTree(context, root, ALL_KEYS, ({ type, objectId: start, offset: length, data }) => {
    if (type === FREE_SPACE_INFO) visitGroup(start, length);
    else if (type === FREE_SPACE_EXTENT) visitFree(start, length);
    else if (type === FREE_SPACE_BITMAP) {
      const bitCount = length / sb.sectorSize;
      if (!Number.isInteger(bitCount) || bitCount > data.length * 8) fail(`the bitmap at ${start} is short`);
      const builder = new ExtentsBuilder();
      addBits(builder, data.bytes, bitCount, sb.sectorSize, start);
      const free = builder.finish();
      for (let i = 0; i < free.count; i++) visitFree(free.start(i), free.length(i));
    } else fail(`its free-space tree holds an item of unknown type ${type}`);
  });
  chunks.chunks.forEach(({ logical, length }, i) => {
    if (sums[i]! + freeSums[i]! !== length)
      fail(`its free-space tree does not fill the block group at ${logical}`);
  });
}

function fail(problem: string): never {
  throw new PermafrostError('structure/invalid', { structure: 'Btrfs', problem });
}
