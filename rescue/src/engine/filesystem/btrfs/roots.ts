/**
 * From the superblock to the trees: reads the chunk tree, then finds tree roots and what the device tree
 * knows. Follows the Btrfs documentation, "On-disk format". All fields are little-endian.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { PermafrostError } from '../../base/errors.ts';
import type { RawReason } from '../file-system.ts';
import {
  CHUNK_ITEM,
  ChunkMap,
  FIRST_CHUNK_TREE,
  parseChunk,
  parseSystemChunks,
  type Chunk,
} from './chunks.ts';
import type { BtrfsSuperblock, TreeRoot } from './superblock.ts';
import { ALL_KEYS, walkTree, type KeyRange, type TreeContext } from './tree.ts';

const ROOT_ITEM = 132;
const DEVICE_EXTENT = 204;
const DEVICE_ITEM = 216;
const PERSISTENT_ITEM = 249;
const DEVICE_REPLACE = 250;
/** States of a replacement: 1 started, 4 suspended; 0, 2 and 3 are none, finished and cancelled. */
const REPLACE_UNDER_WAY: ReadonlySet<number> = new Set([1, 4]);
/** Numbers of the trees that are looked for in the root tree. */
export const treeNumbers = { extents: 2, devices: 4, freeSpace: 10, blockGroups: 11 } as const;

const MAX_U64 = (1n << 64n) - 1n;

/** All chunks of the file system, or why they cannot be mapped. Throws `structure/invalid`. */
export async function readChunks(
  reader: BlockReader,
  sb: BtrfsSuperblock,
  signal?: AbortSignal,
): Promise<ChunkMap | RawReason> {
  const system = parseSystemChunks(sb);
  const unsupportedSystem = unsupportedReason(system);
  if (unsupportedSystem !== undefined) return unsupportedSystem;
  const chunks: Chunk[] = [];
  let devices = 0;
  const context: TreeContext = { reader, sb, chunks: new ChunkMap(system), signal };
  await walkTree(context, sb.chunkTree, ALL_KEYS, ({ type, objectId, offset, data }) => {
    if (type === DEVICE_ITEM) devices++;
    else if (type === CHUNK_ITEM && BigInt(objectId) === FIRST_CHUNK_TREE)
      chunks.push(parseChunk(data, offset, sb));
    else fail(`its chunk tree holds an item of unknown type ${type}`);
  });
  if (devices !== 1) return { code: 'feature', reason: `it spans ${devices} devices` };
  return unsupportedReason(chunks) ?? new ChunkMap(chunks);
}

function unsupportedReason(chunks: readonly Chunk[]): RawReason | undefined {
  const reason = chunks.find(({ unsupported }) => unsupported !== undefined)?.unsupported;
  return reason === undefined ? undefined : { code: 'feature', reason };
}

/** The root of tree `number`; `undefined` if there is no such tree. */
export async function findTree(context: TreeContext, number: number): Promise<TreeRoot | undefined> {
  let found: TreeRoot | undefined;
  const objectId = BigInt(number);
  const range: KeyRange = {
    first: { objectId, type: ROOT_ITEM, offset: 0n },
    last: { objectId, type: ROOT_ITEM, offset: MAX_U64 },
  };
  await walkTree(context, context.sb.rootTree, range, ({ data }) => {
    if (found !== undefined) data.fail(`tree ${number} has two roots`);
    const level = data.u8(238);
    if (level > 7) data.fail(`tree ${number} has ${level + 1} levels`);
    found = { bytenr: data.u64(176), level, generation: data.u64(160), owner: number };
  });
  return found;
}

/** The root of tree `number`. Throws `structure/invalid` if there is no such tree. */
export async function requireTree(context: TreeContext, number: number): Promise<TreeRoot> {
  return (await findTree(context, number)) ?? fail(`there is no tree ${number}`);
}

/**
 * Compares the device tree with the chunks: it lists every copy of every chunk by its place. Returns why
 * the file system cannot be mapped, if it says so. Throws `structure/invalid`.
 */
export async function checkDeviceTree(context: TreeContext): Promise<RawReason | undefined> {
  const root = await requireTree(context, treeNumbers.devices);
  const { sb } = context;
  const copies = context.chunks.copies();
  let next = 0;
  let replaceState = 0;
  await walkTree(context, root, ALL_KEYS, ({ type, objectId, offset, data }) => {
    if (type === DEVICE_REPLACE) replaceState = data.u64(32);
    else if (type === DEVICE_EXTENT) {
      const copy = copies[next++];
      if (
        copy === undefined ||
        objectId !== sb.device.id ||
        offset !== copy.start ||
        data.u64(16) !== copy.chunk.logical ||
        data.u64(24) !== copy.chunk.length
      )
        data.fail(`the device extent at ${offset} is of no chunk`);
    } else if (type !== PERSISTENT_ITEM) fail(`its device tree holds an item of unknown type ${type}`);
  });
  if (next !== copies.length) fail('its device tree leaves out copies of chunks');
  return REPLACE_UNDER_WAY.has(replaceState)
    ? { code: 'feature', reason: 'its device is being replaced by another' }
    : undefined;
}

function fail(problem: string): never {
  throw new PermafrostError('structure/invalid', { structure: 'Btrfs', problem });
}
