/**
 * Writes small Btrfs file systems without files into memory, from the documentation rather than with mkfs: so
 * unit tests can have any layout and any damage. What real ones look like, the proofs tell.
 */
import { checksumOf } from '../../src/engine/filesystem/btrfs/checksum.ts';

export interface ModelChunk {
  readonly logical: number;
  readonly length: number;
  /** 1 data, 2 system, 4 metadata, and the profile (32 for DUP). */
  readonly type: number;
  readonly copies: readonly number[];
}

export interface BtrfsModel {
  readonly nodeSize?: number;
  /** Number of the checksum; 0 is CRC-32C. */
  readonly checksum?: number;
  readonly chunks?: readonly ModelChunk[];
  /** Data extents: address and length. */
  readonly data?: readonly (readonly [logical: number, length: number])[];
  /** Items in a block of the extent tree, at most; at least 3. Small ones make high trees. */
  readonly itemsPerBlock?: number;
  readonly skinny?: boolean;
  /** Without it there is no such tree; a bitmap instead of extents with `bitmap`. */
  readonly freeSpace?: 'extents' | 'bitmap';
  readonly blockGroupTree?: boolean;
  readonly deviceBytes?: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
export const modelUuid = 'deadbeef-0123-4567-89ab-cdef01234567';
const uuidBytes = Buffer.from(modelUuid.replaceAll('-', ''), 'hex');
const deviceUuid = Buffer.alloc(16, 0x44);
const GENERATION = 9n;
const SECTOR = 4096;
export const superblockAt = 64 * KIB;

/** System and metadata chunks in two copies, one data chunk. */
export const modelChunks: readonly ModelChunk[] = [
  { logical: 16 * MIB, length: 64 * KIB, type: 2 | 32, copies: [MIB, MIB + 64 * KIB] },
  { logical: 17 * MIB, length: 512 * KIB, type: 4 | 32, copies: [2 * MIB + 512 * KIB, 2 * MIB] },
  { logical: 18 * MIB, length: 512 * KIB, type: 1, copies: [3 * MIB] },
];

export interface EncodedBtrfs {
  readonly bytes: Buffer;
  /** Addresses of the blocks of each tree by its number, leaves first, the root last. */
  readonly blocks: ReadonlyMap<number, readonly number[]>;
  /** Changes every copy of the block at `address` and renews its checksum. */
  readonly edit: (address: number, change: (block: Buffer) => void) => void;
  /** Changes the superblock and renews its checksum. */
  readonly editSuperblock: (change: (block: Buffer) => void) => void;
  /** Everything that should be used on the device: start and length in bytes, unmerged. */
  readonly used: readonly (readonly [start: number, length: number])[];
}

interface ModelItem {
  readonly key: readonly [objectId: number, type: number, offset: number];
  readonly data: Buffer;
}

export function encodeBtrfs(model: BtrfsModel = {}): EncodedBtrfs {
  const { nodeSize = 4096, chunks = modelChunks, deviceBytes = 4 * MIB, checksum = 0 } = model;
  const bytes = Buffer.alloc(deviceBytes);
  const blocks = new Map<number, number[]>();
  const nextFree = new Map(chunks.map((chunk) => [chunk, chunk.logical]));
  const take = (tree: number): number => {
    const type = tree === 3 ? 2 : 4;
    const chunk = chunks.find((c) => (c.type & type) !== 0)!;
    const address = nextFree.get(chunk)!;
    nextFree.set(chunk, address + nodeSize);
    blocks.set(tree, [...(blocks.get(tree) ?? []), address]);
    return address;
  };
  const places = (address: number): number[] => {
    const chunk = chunks.find((c) => address >= c.logical && address < c.logical + c.length)!;
    return chunk.copies.map((copy) => copy + address - chunk.logical);
  };
  const seal = (block: Buffer): void => {
    block.fill(0, 0, 32);
    block.set(checksumOf(checksum)!.of(block.subarray(32)));
  };
  const edit: EncodedBtrfs['edit'] = (address, change) => {
    for (const at of places(address)) {
      const block = bytes.subarray(at, at + nodeSize);
      change(block);
      seal(block);
    }
  };
  const writeTree = (tree: number, addresses: readonly number[], levels: readonly ModelItem[][][]): void => {
    let next = 0;
    let below: number[] = [];
    levels.forEach((groups, level) => {
      const own = groups.map(() => addresses[next++]!);
      groups.forEach((items, i) => {
        edit(own[i]!, (b) => encodeBlock(b, { tree, level, address: own[i]!, items, below }));
        below = level === 0 ? below : below.slice(items.length);
      });
      below = own;
    });
  };

  // One leaf each, but for the extent tree, which must list its own blocks, too.
  const one = (tree: number, items: ModelItem[]): void => writeTree(tree, blocks.get(tree)!, [[items]]);
  for (const tree of [3, 1, 4]) take(tree);
  if (model.freeSpace !== undefined) take(10);
  if (model.blockGroupTree === true) take(11);
  const data = (model.data ?? []).map(([logical, length]) => extentItem(logical, length, 1));
  const perBlock = model.itemsPerBlock ?? 30;
  let levels: ModelItem[][][];
  for (;;) {
    const used = new Map(chunks.map((chunk) => [chunk, 0]));
    const extents = [
      ...data,
      ...[...blocks.values()].flat().map((address) => treeItem(address, nodeSize, model.skinny !== false)),
    ].sort((a, b) => a.key[0] - b.key[0]);
    for (const { key } of extents) {
      const chunk = chunks.find((c) => key[0] >= c.logical && key[0] < c.logical + c.length)!;
      used.set(chunk, used.get(chunk)! + (key[1] === 169 ? nodeSize : key[2]));
    }
    const groups = chunks.map((chunk) => groupItem(chunk, used.get(chunk)!));
    if (model.blockGroupTree === true) one(11, groups);
    const all = (model.blockGroupTree === true ? extents : [...extents, ...groups]).sort(compareItems);
    levels = [split(all, perBlock)];
    while (levels.at(-1)!.length > 1)
      levels.push(
        split(
          levels.at(-1)!.map((items) => items[0]!),
          perBlock,
        ),
      );
    const wanted = levels.reduce((sum, level) => sum + level.length, 0);
    const have = blocks.get(2)?.length ?? 0;
    if (wanted === have) break;
    if (wanted < have) throw new Error('the model needs fewer blocks than it has');
    for (let i = have; i < wanted; i++) take(2);
  }
  writeTree(2, blocks.get(2)!, levels);
  const usedPairs = [
    ...(model.data ?? []),
    ...[...blocks.values()].flat().map((address) => [address, nodeSize] as const),
  ];
  if (model.freeSpace !== undefined) one(10, freeItems(chunks, usedPairs, model.freeSpace));
  const deviceExtents = chunks.flatMap((chunk) => chunk.copies.map((copy) => deviceExtentItem(chunk, copy)));
  one(4, [statsItem(), ...deviceExtents.sort(compareItems)]);
  one(3, [
    { key: [1, 216, 1], data: deviceItem(deviceBytes) },
    ...chunks.map((c) => ({ key: [256, 228, c.logical] as const, data: chunkItem(c) })),
  ]);
  const roots = [2, 4, 10, 11].filter((tree) => blocks.has(tree));
  one(
    1,
    roots.map((tree) => rootItem(tree, blocks.get(tree)!.at(-1)!, tree === 2 ? levels.length - 1 : 0)),
  );
  const editSuperblock: EncodedBtrfs['editSuperblock'] = (change) => {
    const block = bytes.subarray(superblockAt, superblockAt + 4096);
    change(block);
    seal(block);
  };
  const usedBytes = usedPairs.reduce((sum, [, length]) => sum + length, 0);
  editSuperblock((b) => encodeSuperblock(b, { model, nodeSize, chunks, blocks, usedBytes, deviceBytes }));
  const used = usedPairs.flatMap(([logical, length]) => places(logical).map((at) => [at, length] as const));
  return { bytes, blocks, edit, editSuperblock, used: [[0, MIB], ...used] };
}

function split(items: readonly ModelItem[], perBlock: number): ModelItem[][] {
  return Array.from({ length: Math.ceil(items.length / perBlock) }, (_, i) =>
    items.slice(i * perBlock, (i + 1) * perBlock),
  );
}

function compareItems(a: ModelItem, b: ModelItem): number {
  return a.key[0] - b.key[0] || a.key[1] - b.key[1] || a.key[2] - b.key[2];
}

function putKey(b: Buffer, at: number, [objectId, type, offset]: ModelItem['key']): void {
  b.writeBigUInt64LE(BigInt(objectId), at);
  b[at + 8] = type;
  b.writeBigUInt64LE(BigInt(offset), at + 9);
}

interface BlockModel {
  readonly tree: number;
  readonly level: number;
  readonly address: number;
  readonly items: readonly ModelItem[];
  /** Blocks of the level below, in order; the first ones are this block's. */
  readonly below: readonly number[];
}

function encodeBlock(b: Buffer, { tree, level, address, items, below }: BlockModel): void {
  b.fill(0);
  uuidBytes.copy(b, 32);
  b.writeBigUInt64LE(BigInt(address), 48);
  b.writeBigUInt64LE(GENERATION, 80);
  b.writeBigUInt64LE(BigInt(tree), 88);
  b.writeUInt32LE(items.length, 96);
  b[100] = level;
  let end = b.length;
  items.forEach(({ key, data }, i) => {
    if (level > 0) {
      const at = 101 + 33 * i;
      putKey(b, at, key);
      b.writeBigUInt64LE(BigInt(below[i]!), at + 17);
      b.writeBigUInt64LE(GENERATION, at + 25);
      return;
    }
    const at = 101 + 25 * i;
    end -= data.length;
    if (end < 101 + 25 * items.length) throw new Error('a leaf of the model is too full');
    putKey(b, at, key);
    b.writeUInt32LE(end - 101, at + 17);
    b.writeUInt32LE(data.length, at + 21);
    data.copy(b, end);
  });
}

function words(...values: (number | bigint)[]): Buffer {
  const b = Buffer.alloc(values.length * 8);
  values.forEach((value, i) => b.writeBigUInt64LE(BigInt(value), i * 8));
  return b;
}

const extentItem = (logical: number, length: number, flags: number): ModelItem => ({
  key: [logical, 168, length],
  data: words(1, GENERATION, flags),
});

const treeItem = (address: number, nodeSize: number, skinny: boolean): ModelItem =>
  skinny ? { key: [address, 169, 0], data: words(1, GENERATION, 2) } : extentItem(address, nodeSize, 2);

const groupItem = (chunk: ModelChunk, used: number): ModelItem => ({
  key: [chunk.logical, 192, chunk.length],
  data: words(used, 256, chunk.type),
});

function freeItems(
  chunks: readonly ModelChunk[],
  used: readonly (readonly [number, number])[],
  form: 'extents' | 'bitmap',
): ModelItem[] {
  return chunks
    .flatMap(({ logical, length }): ModelItem[] => {
      const info = Buffer.alloc(8);
      const items: ModelItem[] = [{ key: [logical, 198, length], data: info }];
      const isFree = (at: number): boolean => !used.some(([start, size]) => at >= start && at < start + size);
      const bits = Buffer.alloc(length / SECTOR / 8);
      let runStart = -1;
      for (let at = logical; at <= logical + length; at += SECTOR) {
        if (at < logical + length && isFree(at)) {
          bits[((at - logical) / SECTOR) >> 3]! |= 1 << (((at - logical) / SECTOR) & 7);
          if (runStart < 0) runStart = at;
        } else if (runStart >= 0) {
          if (form === 'extents') items.push({ key: [runStart, 199, at - runStart], data: Buffer.alloc(0) });
          runStart = -1;
        }
      }
      if (form === 'bitmap') items.push({ key: [logical, 200, length], data: bits });
      return items;
    })
    .sort(compareItems);
}

const statsItem = (): ModelItem => ({ key: [0, 249, 1], data: Buffer.alloc(40) });

const deviceExtentItem = (chunk: ModelChunk, copy: number): ModelItem => ({
  key: [1, 204, copy],
  data: Buffer.concat([words(3, 256, chunk.logical, chunk.length), Buffer.alloc(16)]),
});

function chunkItem(chunk: ModelChunk): Buffer {
  const b = Buffer.alloc(48 + 32 * chunk.copies.length);
  words(chunk.length, 2, 65536, chunk.type).copy(b);
  b.writeUInt16LE(chunk.copies.length, 44);
  chunk.copies.forEach((copy, i) => {
    words(1, copy).copy(b, 48 + 32 * i);
    deviceUuid.copy(b, 48 + 32 * i + 16);
  });
  return b;
}

function deviceItem(deviceBytes: number): Buffer {
  const b = Buffer.alloc(98);
  words(1, deviceBytes).copy(b);
  deviceUuid.copy(b, 66);
  uuidBytes.copy(b, 82);
  return b;
}

function rootItem(tree: number, address: number, level: number): ModelItem {
  const b = Buffer.alloc(239);
  b.writeBigUInt64LE(GENERATION, 160);
  b.writeBigUInt64LE(BigInt(address), 176);
  b[238] = level;
  return { key: [tree, 132, 0], data: b };
}

interface SuperblockModel {
  readonly model: BtrfsModel;
  readonly nodeSize: number;
  readonly chunks: readonly ModelChunk[];
  readonly blocks: ReadonlyMap<number, readonly number[]>;
  readonly usedBytes: number;
  readonly deviceBytes: number;
}

function encodeSuperblock(b: Buffer, s: SuperblockModel): void {
  const { model, chunks, blocks } = s;
  uuidBytes.copy(b, 32);
  words(superblockAt, 1).copy(b, 48);
  b.write('_BHRfS_M', 64, 'latin1');
  words(GENERATION, blocks.get(1)!.at(-1)!, blocks.get(3)!.at(-1)!).copy(b, 72);
  words(s.deviceBytes, s.usedBytes, 6, 1).copy(b, 112);
  b.writeUInt32LE(SECTOR, 144);
  b.writeUInt32LE(s.nodeSize, 148);
  b.writeUInt32LE(s.nodeSize, 152);
  b.writeUInt32LE(SECTOR, 156);
  b.writeBigUInt64LE(GENERATION, 164);
  const roCompat = (model.freeSpace === undefined ? 0 : 3) | (model.blockGroupTree === true ? 8 : 0);
  words(roCompat, model.skinny === false ? 0x241 : 0x341).copy(b, 180);
  b.writeUInt16LE(model.checksum ?? 0, 196);
  deviceItem(s.deviceBytes).copy(b, 201);
  b.write('model', 299, 'latin1');
  let at = 811;
  for (const chunk of chunks.filter(({ type }) => (type & 2) !== 0)) {
    const item = chunkItem(chunk);
    putKey(b, at, [256, 228, chunk.logical]);
    item.copy(b, at + 17);
    at += 17 + item.length;
  }
  b.writeUInt32LE(at - 811, 160);
}
