/**
 * Reads the B-trees of Btrfs. Follows the Btrfs documentation, "On-disk format" and "Btrees". All fields are
 * little-endian.
 *
 * Every block must be the one that was meant: checksum, address, file system, generation, owner and level.
 * The walk ends on any input: levels count down, and keys must ascend over the whole tree and equal the ones
 * their parents announce, so no block can be met twice.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError, throwIfCancelled } from '../../base/errors.ts';
import { Fields } from '../../base/fields.ts';
import { readAhead } from '../read-ahead.ts';
import { hasValidChecksum } from './checksum.ts';
import type { ChunkMap } from './chunks.ts';
import type { BtrfsSuperblock, TreeRoot } from './superblock.ts';

const HEADER_BYTES = 101;
const ITEM_BYTES = 25;
const POINTER_BYTES = 33;
const READS_AHEAD = 16;

/** Where an item sorts: by object id, then type, then offset. */
export interface Key {
  readonly objectId: bigint;
  readonly type: number;
  readonly offset: bigint;
}

export interface TreeContext {
  readonly reader: BlockReader;
  readonly sb: BtrfsSuperblock;
  readonly chunks: ChunkMap;
  readonly signal?: AbortSignal | undefined;
}

/** An item of a leaf, read from the leaf when it is asked for. Another item after the visit. */
export interface Item {
  /** Refuses ids that a JavaScript number cannot hold exactly. */
  readonly objectId: number;
  readonly type: number;
  readonly offset: number;
  /** The item's data; views the leaf. */
  readonly data: Fields;
}

/** A range of keys, both ends included. */
export interface KeyRange {
  readonly first: Key;
  readonly last: Key;
}

interface Block {
  readonly fields: Fields;
  readonly itemCount: number;
}

/** Bytes of a key from the most to the least significant. */
const KEY_ORDER = [7, 6, 5, 4, 3, 2, 1, 0, 8, 16, 15, 14, 13, 12, 11, 10, 9];

const MAX_U64 = (1n << 64n) - 1n;
export const ALL_KEYS: KeyRange = {
  first: { objectId: 0n, type: 0, offset: 0n },
  last: { objectId: MAX_U64, type: 255, offset: MAX_U64 },
};

/** Visits the items of `root` whose keys are in `range`, ascending. Throws `structure/invalid`. */
export async function walkTree(
  context: TreeContext,
  root: TreeRoot,
  range: KeyRange,
  visit: (item: Item) => void,
): Promise<void> {
  /** The last item of the leaf before. */
  let last: LeafItem | undefined;

  const visitLeaf = ({ fields: f, itemCount }: Block): void => {
    const item = new LeafItem(f);
    for (let i = 0; i < itemCount; i++) {
      const at = HEADER_BYTES + i * ITEM_BYTES;
      const ascends =
        i > 0
          ? compareKeys(f.bytes, at - ITEM_BYTES, f.bytes, at) < 0
          : last === undefined || compareKeys(last.leaf.bytes, last.at, f.bytes, at) < 0;
      if (!ascends) f.fail(`item ${i} is out of order`);
      item.at = at;
      if (isBefore(f, at, range.first)) continue;
      if (isAfter(f, at, range.last)) break;
      visit(item);
    }
    if (itemCount > 0) last = item;
  };

  const visitBlock = async (block: Block, level: number): Promise<void> => {
    throwIfCancelled(context.signal);
    if (level === 0) {
      visitLeaf(block);
      return;
    }
    const { fields: f, itemCount } = block;
    const wanted: number[] = [];
    for (let i = 0; i < itemCount; i++) {
      const at = HEADER_BYTES + i * POINTER_BYTES;
      if (i > 0 && compareKeys(f.bytes, at - POINTER_BYTES, f.bytes, at) >= 0)
        f.fail(`pointer ${i} is out of order`);
      if (isAfter(f, at, range.last)) break;
      // The next key bounds what is below this one.
      if (i + 1 < itemCount && !isAfter(f, at + POINTER_BYTES, range.first)) continue;
      wanted.push(at);
    }
    const read = async (at: number): Promise<Block> => {
      const child = await readBlock(context, {
        bytenr: f.u64(at + 17),
        generation: f.u64(at + 25),
        level: level - 1,
        owner: root.owner,
      });
      if (child.itemCount === 0) f.fail('has an empty block below it');
      if (compareKeys(child.fields.bytes, HEADER_BYTES, f.bytes, at) !== 0)
        child.fields.fail('does not start with the key that its parent announces');
      return child;
    };
    for await (const child of readAhead(wanted, level === 1 ? READS_AHEAD : 1, read))
      await visitBlock(child, level - 1);
  };

  await visitBlock(await readBlock(context, root), root.level);
}

/** One item of `leaf` after another: a leaf has many, and their data is rarely asked for. */
class LeafItem implements Item {
  readonly leaf: Fields;
  /** Offset of the item's head in the leaf. */
  at = HEADER_BYTES;

  constructor(leaf: Fields) {
    this.leaf = leaf;
  }

  get objectId(): number {
    return this.leaf.u64(this.at);
  }

  get type(): number {
    return this.leaf.u8(this.at + 8);
  }

  get offset(): number {
    return this.leaf.u64(this.at + 9);
  }

  get data(): Fields {
    const start = HEADER_BYTES + this.leaf.u32(this.at + 17);
    return this.leaf.sub(start, this.leaf.u32(this.at + 21), `item of ${this.leaf.structure}`);
  }
}

/** Orders the stored keys at `atA` of `a` and `atB` of `b`: by object id, then type, then offset. */
function compareKeys(a: Uint8Array, atA: number, b: Uint8Array, atB: number): number {
  for (const i of KEY_ORDER) {
    const difference = a[atA + i]! - b[atB + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareTo(f: Fields, at: number, key: Key): number {
  const objectId = f.bigU64(at);
  if (objectId !== key.objectId) return objectId < key.objectId ? -1 : 1;
  const type = f.u8(at + 8);
  if (type !== key.type) return type - key.type;
  const offset = f.bigU64(at + 9);
  return offset < key.offset ? -1 : offset > key.offset ? 1 : 0;
}

const isBefore = (f: Fields, at: number, key: Key): boolean => compareTo(f, at, key) < 0;
const isAfter = (f: Fields, at: number, key: Key): boolean => compareTo(f, at, key) > 0;

/** The block at `root.bytenr`, from the first copy that is sound. */
async function readBlock(context: TreeContext, root: TreeRoot): Promise<Block> {
  const { reader, sb, chunks } = context;
  const chunk = chunks.chunks[chunks.indexOf(root.bytenr, sb.nodeSize)]!;
  let firstError: unknown;
  for (const copy of chunk.copies) {
    try {
      const bytes = await reader.read(copy + root.bytenr - chunk.logical, sb.nodeSize);
      return checkBlock(bytes, root, sb);
    } catch (error) {
      if (!isPermafrostError(error, 'structure/invalid') && !isPermafrostError(error, 'device/read-failed'))
        throw error;
      firstError ??= error;
    }
  }
  throw firstError;
}

function checkBlock(bytes: Uint8Array, root: TreeRoot, sb: BtrfsSuperblock): Block {
  const f = new Fields(bytes, `Btrfs block ${root.bytenr} of tree ${root.owner}`);
  if (!hasValidChecksum(sb.checksum, bytes)) f.fail('checksum mismatch');
  if (f.u64(48) !== root.bytenr) f.fail('was written for another address');
  if (f.uuid(32) !== sb.metadataUuid) f.fail('is of another file system');
  if (f.u64(80) !== root.generation) f.fail(`is of generation ${f.u64(80)}, not ${root.generation}`);
  if (f.u64(88) !== root.owner) f.fail(`belongs to tree ${f.u64(88)}`);
  const level = f.u8(100);
  if (level !== root.level) f.fail(`is at level ${level}, not ${root.level}`);
  const itemCount = f.u32(96);
  const most = Math.floor((sb.nodeSize - HEADER_BYTES) / (level === 0 ? ITEM_BYTES : POINTER_BYTES));
  if (itemCount > most) f.fail(`${itemCount} items, with room for ${most}`);
  if (level > 0 && itemCount === 0) f.fail('has no blocks below it');
  return { fields: f, itemCount };
}
