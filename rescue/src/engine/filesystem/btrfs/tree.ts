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

/** An item of a leaf, read from the leaf when it is asked for. Only valid during the visit. */
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
  let lastKey: Uint8Array | undefined;

  const visitLeaf = ({ fields: f, itemCount }: Block): void => {
    for (let i = 0; i < itemCount; i++) {
      const at = HEADER_BYTES + i * ITEM_BYTES;
      const key = f.slice(at, 17);
      if (lastKey !== undefined && compareKeys(lastKey, key) >= 0) f.fail(`item ${i} is out of order`);
      lastKey = key;
      if (isBefore(f, at, range.first)) continue;
      if (isAfter(f, at, range.last)) return;
      visit(itemAt(f, at));
    }
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
      if (i > 0 && compareKeys(f.slice(at - POINTER_BYTES, 17), f.slice(at, 17)) >= 0)
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
      if (compareKeys(child.fields.slice(HEADER_BYTES, 17), f.slice(at, 17)) !== 0)
        child.fields.fail('does not start with the key that its parent announces');
      return child;
    };
    for await (const child of readAhead(wanted, level === 1 ? READS_AHEAD : 1, read))
      await visitBlock(child, level - 1);
  };

  await visitBlock(await readBlock(context, root), root.level);
}

function itemAt(f: Fields, at: number): Item {
  return {
    get objectId() {
      return f.u64(at);
    },
    type: f.u8(at + 8),
    get offset() {
      return f.u64(at + 9);
    },
    get data() {
      return f.sub(HEADER_BYTES + f.u32(at + 17), f.u32(at + 21), `item of ${f.structure}`);
    },
  };
}

/** Orders two keys as they are stored: object id, type, offset. */
function compareKeys(a: Uint8Array, b: Uint8Array): number {
  for (let i = 7; i >= 0; i--) if (a[i] !== b[i]) return a[i]! - b[i]!;
  if (a[8] !== b[8]) return a[8]! - b[8]!;
  for (let i = 16; i >= 9; i--) if (a[i] !== b[i]) return a[i]! - b[i]!;
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
