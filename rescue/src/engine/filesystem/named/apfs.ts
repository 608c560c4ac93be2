/**
 * APFS containers, named with the volumes in them. After the "Apple File System Reference": "Container", "Object
 * Maps", "B-Trees", "Volumes". The copy of the container's superblock in block 0 serves: this is for names only.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError } from '../../base/errors.ts';
import { Fields } from '../../base/fields.ts';
import type { FileSystem } from '../file-system.ts';
import { namedFileSystem, peek, type ProberEntry } from './signature.ts';

const MAX_VOLUMES = 100;
const MAX_LEVELS = 6;
const NODE_HEADER_BYTES = 56;
const ROOT_NODE = 0x1;
const LEAF_NODE = 0x2;
const FIXED_SIZES = 0x4;
/** At the end of a root node: what the whole tree is like. */
const TREE_INFO_BYTES = 40;

/** Recognises an APFS container. */
export async function probeApfs(reader: BlockReader): Promise<FileSystem | undefined> {
  const head = await peek(reader, 0, 4096);
  if (head === undefined) return undefined;
  const f = new Fields(head, 'APFS container');
  if (f.text(32, 4) !== 'NXSB') return undefined;
  const blockSize = f.u32(36);
  const volumes = await readVolumeNames(reader, f, blockSize);
  return namedFileSystem('apfs', {
    uuid: f.uuid(72),
    label: volumes[0] ?? '',
    blocks: f.u64(40),
    blockSize,
    ...(volumes.length > 1 ? { details: { volumes } } : {}),
  });
}

/** The names of the volumes in the order of their places; none where they cannot be found. */
async function readVolumeNames(reader: BlockReader, container: Fields, blockSize: number): Promise<string[]> {
  if (blockSize < 4096 || blockSize > 65536 || (blockSize & (blockSize - 1)) !== 0) return [];
  const readBlock = async (block: number, structure: string): Promise<Fields> =>
    new Fields(await reader.read(block * blockSize, blockSize), structure);
  try {
    const map = await readBlock(container.u64(160), 'APFS object map');
    const names: string[] = [];
    for (let i = 0; i < Math.min(container.u32(180), MAX_VOLUMES); i++) {
      const id = container.bigU64(184 + 8 * i);
      if (id === 0n) continue;
      const block = await findObject(map.u64(48), id, (at) => readBlock(at, 'APFS object map'));
      if (block === undefined) continue;
      const volume = await readBlock(block, 'APFS volume');
      if (volume.text(32, 4) === 'APSB') names.push(volume.utf8(704, 256));
    }
    return names;
  } catch (error) {
    // It is an APFS container all the same.
    if (isPermafrostError(error, 'structure/invalid') || isPermafrostError(error, 'device/read-failed'))
      return [];
    throw error;
  }
}

/** The block of the newest version of object `id`, by the tree whose root is at block `root`. */
async function findObject(
  root: number,
  id: bigint,
  readNode: (block: number) => Promise<Fields>,
): Promise<number | undefined> {
  let block = root;
  for (let level = 0; level < MAX_LEVELS; level++) {
    const node = await readNode(block);
    const flags = node.u16(32);
    if ((flags & FIXED_SIZES) === 0) node.fail('has entries of any size');
    const table = NODE_HEADER_BYTES + node.u16(40);
    const keys = table + node.u16(42);
    const valuesEnd = node.length - ((flags & ROOT_NODE) === 0 ? 0 : TREE_INFO_BYTES);
    // Keys ascend by object, then by transaction: the last that is not beyond `id` is the newest of it.
    let found: number | undefined;
    for (let i = 0; i < node.u32(36); i++) {
      if (node.bigU64(keys + node.u16(table + 4 * i)) > id) break;
      found = i;
    }
    if (found === undefined) return undefined;
    const value = valuesEnd - node.u16(table + 4 * found + 2);
    if ((flags & LEAF_NODE) === 0) {
      block = node.u64(value);
      continue;
    }
    const isIt = node.bigU64(keys + node.u16(table + 4 * found)) === id;
    return isIt ? node.u64(value + 8) : undefined;
  }
  return undefined;
}

export const apfs: ProberEntry = { kind: 'apfs', role: 'file-system', probe: probeApfs };
