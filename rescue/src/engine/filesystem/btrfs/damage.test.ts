/** Trees that do not add up: each check of the Btrfs parser, seen to refuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeBtrfs,
  modelChunks,
  type BtrfsModel,
  type EncodedBtrfs,
} from '../../../../test/filesystem/support-btrfs-model.ts';
import { invalidStructure, mapBytes } from '../../../../test/filesystem/support-map.ts';
import { Extents } from '../../base/extents.ts';
import { probeBtrfs } from './btrfs.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Address of the data chunk. */
const DATA = modelChunks[2]!.logical;
const data: BtrfsModel['data'] = [
  [DATA, 4 * KIB],
  [DATA + 8 * KIB, 64 * KIB],
  [DATA + 100 * KIB, 4 * KIB],
  [DATA + 104 * KIB, 8 * KIB],
  [DATA + 508 * KIB, 4 * KIB],
];

const tree = { root: 1, extents: 2, chunks: 3, devices: 4, freeSpace: 10, groups: 11 } as const;
/** Offset of the data of item `i` in leaf `b`. */
const dataAt = (b: Buffer, i: number): number => 101 + b.readUInt32LE(101 + 25 * i + 17);
const keyAt = (i: number): number => 101 + 25 * i;
/** Index of the first item of `type` in leaf `b`. */
function findItem(b: Buffer, type: number): number {
  const i = Array.from({ length: b.readUInt32LE(96) }, (_, k) => k).find((k) => b[keyAt(k) + 8] === type);
  assert.ok(i !== undefined, `no item of type ${type}`);
  return i;
}

/** Changes of the last block of a tree, in a file system whose trees are one leaf each, and what is said. */
const damage: Record<string, [number: number, change: (b: Buffer) => void, problem: RegExp]> = {
  'another address in a block': [tree.extents, (b) => b.writeUInt8(1, 48), /another address/],
  'another file system in a block': [tree.extents, (b) => b.writeUInt8(1, 32), /another file system/],
  'another generation in a block': [tree.extents, (b) => b.writeUInt8(8, 80), /generation 8, not 9/],
  'another owner in a block': [tree.extents, (b) => b.writeUInt8(4, 88), /belongs to tree 4/],
  'another level in a block': [tree.extents, (b) => b.writeUInt8(1, 100), /level 1, not 0/],
  'too many items': [tree.extents, (b) => b.writeUInt32LE(160, 96), /160 items/],
  'items out of order': [
    tree.extents,
    (b) => b.writeBigUInt64LE(1n, keyAt(b.readUInt32LE(96) - 1)),
    /out of order/,
  ],
  'items beyond the leaf': [tree.extents, (b) => b.writeUInt32LE(4000, keyAt(0) + 17), /ends before/],
  'an item of 4 GiB': [tree.extents, (b) => b.writeUInt32LE(0xffffffff, keyAt(0) + 21), /ends before/],
  'an extent of 2^63 bytes': [
    tree.extents,
    (b) => b.writeUInt8(0x80, keyAt(findItem(b, 168)) + 16),
    /impossible value/,
  ],
  'an extent of no bytes': [
    tree.extents,
    (b) => b.writeBigUInt64LE(0n, keyAt(findItem(b, 168)) + 9),
    /not in sectors: 0/,
  ],
  'an extent of half a sector': [
    tree.extents,
    (b) => b.writeBigUInt64LE(2048n, keyAt(findItem(b, 168)) + 9),
    /not in sectors: 2048/,
  ],
  'extents that overlap': [
    tree.extents,
    (b) => b.writeBigUInt64LE(12288n, keyAt(findItem(b, 168)) + 9),
    /extents overlap/,
  ],
  'an extent beyond its chunk': [
    tree.extents,
    (b) => b.writeBigUInt64LE(8192n, keyAt(b.readUInt32LE(96) - 1) + 9),
    /no chunk holds/,
  ],
  'an extent of unknown sort': [
    tree.extents,
    (b) => b.writeUInt8(3, dataAt(b, findItem(b, 168)) + 16),
    /neither data nor/,
  ],
  'a data extent among metadata': [
    tree.extents,
    (b) => {
      b.writeUInt8(168, keyAt(findItem(b, 169)) + 8);
      const i = findItem(b, 168);
      b.writeBigUInt64LE(4096n, keyAt(i) + 9);
      b.writeUInt8(1, dataAt(b, i) + 16);
    },
    /another type/,
  ],
  'a tree block of two nodes': [
    tree.extents,
    (b) => {
      const i = findItem(b, 168);
      b.writeBigUInt64LE(8192n, keyAt(i) + 9);
      b.writeUInt8(2, dataAt(b, i) + 16);
    },
    /has 8192 bytes/,
  ],
  'an unknown item in the extent tree': [
    tree.extents,
    (b) => b.writeUInt8(200, keyAt(b.readUInt32LE(96) - 1) + 8),
    /extent tree holds an item of unknown type 200/,
  ],
  'a block group that counts more': [
    tree.groups,
    (b) => b.writeUInt8(1, dataAt(b, 2)),
    /counts \d+ bytes, its extents have/,
  ],
  'a block group of another type': [
    tree.groups,
    (b) => b.writeUInt8(4, dataAt(b, 2) + 16),
    /not like its chunk/,
  ],
  'a block group of another length': [
    tree.groups,
    (b) => b.writeUInt8(0, keyAt(0) + 9 + 2),
    /not like its chunk/,
  ],
  'one block group too few': [tree.groups, (b) => b.writeUInt32LE(2, 96), /counts NaN bytes/],
  'an unknown item among block groups': [
    tree.groups,
    (b) => b.writeUInt8(193, keyAt(2) + 8),
    /unknown type 193/,
  ],
  'no root of the extent tree': [tree.root, (b) => b.writeUInt8(133, keyAt(0) + 8), /no tree 2/],
  'a root of 9 levels': [tree.root, (b) => b.writeUInt8(8, dataAt(b, 0) + 238), /9 levels/],
  'a root at no address': [
    tree.root,
    (b) => b.writeUInt8(1, dataAt(b, 0) + 183),
    /impossible value|no chunk/,
  ],
  'a device extent of no chunk': [tree.devices, (b) => b.writeUInt8(0x55, dataAt(b, 1) + 16), /of no chunk/],
  'a device extent too few': [tree.devices, (b) => b.writeUInt32LE(5, 96), /leaves out/],
  'an unknown item in the device tree': [
    tree.devices,
    (b) => b.writeUInt8(251, keyAt(0) + 8),
    /unknown type 251/,
  ],
  'chunks that overlap': [
    tree.chunks,
    (b) => b.writeBigUInt64LE(BigInt(MIB + 4096), dataAt(b, 2)),
    /chunks overlap at address/,
  ],
  'chunks that overlap on the device': [
    tree.chunks,
    (b) => b.writeBigUInt64LE(BigInt(2 * MIB + 256 * KIB), dataAt(b, 3) + 48 + 8),
    /chunks overlap on the device/,
  ],
  'a chunk beyond the device': [
    tree.chunks,
    (b) => b.writeBigUInt64LE(BigInt(4 * MIB - 4096), dataAt(b, 3) + 48 + 8),
    /outside the device/,
  ],
  'a chunk of no bytes': [tree.chunks, (b) => b.writeBigUInt64LE(0n, dataAt(b, 3)), /not in sectors: 0/],
  'a chunk of no type': [tree.chunks, (b) => b.writeBigUInt64LE(0n, dataAt(b, 3) + 24), /no type/],
  'a chunk of 65535 stripes': [
    tree.chunks,
    (b) => b.writeUInt16LE(0xffff, dataAt(b, 3) + 44),
    /no room|not room/,
  ],
  'a chunk with another stripe length': [
    tree.chunks,
    (b) => b.writeUInt8(1, dataAt(b, 3) + 16),
    /stripe length/,
  ],
  'a single chunk of two copies': [
    tree.chunks,
    (b) => b.writeBigUInt64LE(4n, dataAt(b, 2) + 24),
    /2 stripes where 1/,
  ],
  'an unknown item in the chunk tree': [
    tree.chunks,
    (b) => b.writeUInt8(229, keyAt(3) + 8),
    /unknown type 229/,
  ],
  'free space over an extent': [
    tree.freeSpace,
    (b) => b.writeBigUInt64LE(BigInt(DATA), keyAt(b.readUInt32LE(96) - 3)),
    /out of order|calls an extent/,
  ],
  'free space that is too short': [
    tree.freeSpace,
    (b) => b.writeBigUInt64LE(4096n, keyAt(b.readUInt32LE(96) - 1) + 9),
    /does not fill the block group at 18874368/,
  ],
  'free space beyond its block group': [
    tree.freeSpace,
    (b) => b.writeBigUInt64LE(BigInt(MIB), keyAt(b.readUInt32LE(96) - 1) + 9),
    /in no block group/,
  ],
  'a block group without free space': [tree.freeSpace, (b) => b.writeUInt32LE(3, 96), /does not fill/],
  'an unknown item in the free-space tree': [
    tree.freeSpace,
    (b) => b.writeUInt8(201, keyAt(b.readUInt32LE(96) - 1) + 8),
    /unknown type 201/,
  ],
};
for (const [name, [number, change, problem]] of Object.entries(damage)) {
  test(`refuses ${name}`, async () => {
    const model = encodeBtrfs({ data, freeSpace: 'extents', blockGroupTree: true });
    assert.equal((await mapBytes(probeBtrfs, model.bytes)).raw, undefined);
    model.edit(model.blocks.get(number)!.at(-1)!, change);
    await assert.rejects(mapBytes(probeBtrfs, model.bytes), invalidStructure(problem));
  });
}

test('refuses a bitmap that calls an extent free or a free sector used', async () => {
  for (const bit of [0, 1]) {
    const { bytes, edit, blocks } = encodeBtrfs({ data, freeSpace: 'bitmap' });
    edit(blocks.get(10)![0]!, (b) => {
      b[dataAt(b, b.readUInt32LE(96) - 1)]! ^= 1 << bit;
    });
    await assert.rejects(
      mapBytes(probeBtrfs, bytes),
      invalidStructure(bit === 0 ? /calls an extent at 18874368/ : /does not fill/),
    );
  }
});

test('refuses a bitmap that is shorter than what it is for', async () => {
  const { bytes, edit, blocks } = encodeBtrfs({ data, freeSpace: 'bitmap' });
  edit(blocks.get(10)![0]!, (b) => b.writeUInt32LE(15, keyAt(b.readUInt32LE(96) - 1) + 21));
  await assert.rejects(mapBytes(probeBtrfs, bytes), invalidStructure(/is short/));
});

test('ignores free space of a block group that is gone', async () => {
  const { bytes, used, edit, blocks } = encodeBtrfs({ data, freeSpace: 'extents' });
  edit(blocks.get(10)![0]!, (b) => {
    // The items of the system block group move to an address without a chunk.
    for (let i = 0; i < 2; i++) b.writeBigUInt64LE(BigInt(MIB), keyAt(i));
  });
  await assert.rejects(
    mapBytes(probeBtrfs, bytes),
    invalidStructure(/does not fill the block group at 16777216/),
  );
  const extra = encodeBtrfs({ data, freeSpace: 'extents' });
  extra.edit(extra.blocks.get(10)![0]!, (b) => {
    const count = b.readUInt32LE(96);
    const end = keyAt(count);
    b.copyWithin(keyAt(2), keyAt(0), end);
    b.writeUInt32LE(count + 2, 96);
    b.copy(b, keyAt(0), keyAt(2), keyAt(4));
    for (let i = 0; i < 2; i++) b.writeBigUInt64LE(BigInt(MIB), keyAt(i));
  });
  assert.ok((await mapBytes(probeBtrfs, extra.bytes)).used.equals(Extents.fromPairs(used)));
});

test('does not compare a free-space tree that is not marked valid', async () => {
  const { bytes, edit, editSuperblock, blocks } = encodeBtrfs({ data, freeSpace: 'extents' });
  edit(blocks.get(10)![0]!, (b) => b.writeUInt32LE(3, 96));
  editSuperblock((b) => b.writeBigUInt64LE(1n, 180));
  assert.equal((await mapBytes(probeBtrfs, bytes)).raw, undefined);
});

test('refuses extents whose sum is not that of the superblock', async () => {
  const { bytes, editSuperblock } = encodeBtrfs({ data });
  editSuperblock((b) => b.writeUInt8(1, 120));
  await assert.rejects(mapBytes(probeBtrfs, bytes), invalidStructure(/its superblock counts/));
});

const highTree = (): EncodedBtrfs => encodeBtrfs({ data, itemsPerBlock: 3 });
test('ends on a tree whose block points to itself, twice to another, or back in time', async () => {
  const cases: [change: (b: Buffer, own: number) => void, problem: RegExp][] = [
    [(b, own) => b.writeBigUInt64LE(BigInt(own), 101 + 17), /level \d, not \d/],
    [(b) => b.copy(b, 101 + 33 + 17, 101 + 17, 101 + 33), /does not start with the key/],
    [(b) => b.copy(b, 101 + 33, 101, 101 + 33), /pointer 1 is out of order/],
    [(b) => b.writeBigUInt64LE(8n, 101 + 25), /generation 9, not 8/],
    [(b) => b.writeUInt32LE(0, 96), /no blocks below/],
    [(b) => b.writeUInt8(7, 101), /does not start with the key/],
  ];
  for (const [change, problem] of cases) {
    const { bytes, edit, blocks } = highTree();
    const root = blocks.get(2)!.at(-1)!;
    edit(root, (b) => change(b, root));
    await assert.rejects(mapBytes(probeBtrfs, bytes), invalidStructure(problem));
  }
});

test('refuses an empty leaf below another block', async () => {
  const { bytes, edit, blocks } = highTree();
  edit(blocks.get(2)![1]!, (b) => b.writeUInt32LE(0, 96));
  await assert.rejects(mapBytes(probeBtrfs, bytes), invalidStructure(/empty block/));
});

test('takes the whole region for chunks on other devices, of other profiles or of unknown type', async () => {
  const cases: [change: (b: Buffer, at: number) => void, reason: RegExp][] = [
    [(b, at) => b.writeUInt8(2, at + 48), /another device/],
    [(b, at) => b.writeUInt8(0, at + 48 + 16), /another device/],
    [(b, at) => b.writeUInt8(1 | 16, at + 24), /profile for several devices/],
    [(b, at) => b.writeUInt8(1 | 128, at + 24), /profile for several devices/],
    [(b, at) => b.writeUInt16LE(0x801, at + 24), /unknown type 0x801/],
  ];
  for (const [change, reason] of cases) {
    const { bytes, edit, blocks } = encodeBtrfs({ data });
    edit(blocks.get(3)![0]!, (b) => change(b, dataAt(b, 3)));
    const { raw } = await mapBytes(probeBtrfs, bytes);
    assert.equal(raw?.code, 'feature');
    assert.match(raw.reason, reason);
  }
});

test('takes the whole region where a second device or a replacement under way is listed', async () => {
  const second = encodeBtrfs({ data });
  second.edit(second.blocks.get(3)![0]!, (b) => b.writeUInt8(216, keyAt(1) + 8));
  assert.match((await mapBytes(probeBtrfs, second.bytes)).raw!.reason, /2 devices/);
  for (const [state, raw] of [
    [0, false],
    [1, true],
    [2, false],
    [3, false],
    [4, true],
  ] as const) {
    const { bytes, edit, blocks } = encodeBtrfs({ data });
    edit(blocks.get(4)![0]!, (b) => {
      b.writeUInt8(250, keyAt(0) + 8);
      b.writeUInt8(state, dataAt(b, 0) + 32);
    });
    assert.equal(
      (await mapBytes(probeBtrfs, bytes)).raw?.code,
      raw ? 'feature' : undefined,
      `state ${state}`,
    );
  }
});

test('refuses system chunks that do not end or hold something else', async () => {
  for (const change of [
    (b: Buffer) => b.writeUInt32LE(100, 160),
    (b: Buffer) => b.writeUInt16LE(0xffff, 811 + 17 + 44),
    (b: Buffer) => b.writeUInt8(1, 811 + 8),
  ]) {
    const { bytes, editSuperblock } = encodeBtrfs({ data });
    editSuperblock(change);
    await assert.rejects(mapBytes(probeBtrfs, bytes), invalidStructure(/system chunks/));
  }
});
