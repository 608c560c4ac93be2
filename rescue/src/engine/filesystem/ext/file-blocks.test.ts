import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeSuperblock } from '../../../../test/filesystem/support-ext-model.ts';
import { memoryReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import { extCrc32c } from './checksums.ts';
import { physicalBlock, readFileBlocks, type BlockRun } from './file-blocks.ts';
import { makeGeometry, type Geometry } from './geometry.ts';
import { parseSuperblock } from './superblock.ts';

const BLOCKS = 513;

function geometry(checksums: Geometry['checksums'] = 'none'): Geometry {
  return { ...makeGeometry(parseSuperblock(encodeSuperblock({}))!), checksums };
}

/** Reads the blocks of a file with this `i_block` on a device that has `blocks` and zeros. */
function read(
  root: Uint8Array,
  hasExtents: boolean,
  wanted: number,
  blocks: Readonly<Record<number, Uint8Array>> = {},
  g = geometry(),
): Promise<BlockRun[]> {
  const bytes = new Uint8Array(BLOCKS * 1024);
  for (const [block, content] of Object.entries(blocks)) bytes.set(content, Number(block) * 1024);
  const blockField = new Fields(root, 'ext inode 8');
  const inode = { number: 8, sizeBytes: wanted * 1024, hasExtents, blockField, checksumSeed: 77 };
  return readFileBlocks(memoryReader(bytes), g, inode, wanted);
}

function words(values: readonly number[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value, true);
  return bytes;
}

/** An extent tree node of `length` bytes; entries are `[logical, physical, count]`, or children without one. */
function node(
  depth: number,
  entries: readonly (readonly [number, number, number?])[],
  length = 1024,
): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xf30a, true);
  view.setUint16(2, entries.length, true);
  view.setUint16(4, Math.floor((length - 12) / 12), true);
  view.setUint16(6, depth, true);
  for (const [i, [logical, physical, count]] of entries.entries()) {
    const at = 12 + i * 12;
    view.setUint32(at, logical, true);
    if (count === undefined) view.setUint32(at + 4, physical, true);
    else {
      view.setUint16(at + 4, count, true);
      view.setUint32(at + 8, physical, true);
    }
  }
  return bytes;
}

test('reads direct, indirect and doubly indirect blocks as runs', async () => {
  const direct = Array.from({ length: 12 }, (_, i) => 100 + i);
  const indirect = Array.from({ length: 256 }, (_, i) => 112 + i);
  const runs = await read(words([...direct, 30, 31], 60), false, 270, {
    30: words(indirect, 1024),
    31: words([32], 1024),
    32: words([500, 502], 1024),
  });
  assert.deepEqual(runs, [
    { logical: 0, physical: 100, count: 268 },
    { logical: 268, physical: 500, count: 1 },
    { logical: 269, physical: 502, count: 1 },
  ]);
  assert.deepEqual(
    [0, 267, 268, 269].map((block) => physicalBlock(runs, block)),
    [100, 367, 500, 502],
  );
  assert.throws(() => physicalBlock(runs, 270), RangeError);
});

test('reads extents in the inode and in blocks of a tree', async () => {
  const leaves = node(
    1,
    [
      [0, 30],
      [5, 31],
    ],
    60,
  );
  const blocks = {
    30: node(0, [
      [0, 100, 3],
      [3, 200, 2],
    ]),
    31: node(0, [[5, 202, 9]]),
  };
  assert.deepEqual(await read(leaves, true, 14, blocks), [
    { logical: 0, physical: 100, count: 3 },
    { logical: 3, physical: 200, count: 11 },
  ]);
});

test('reads no further than wanted', async () => {
  assert.equal((await read(words([100, 0, 0], 60), false, 1)).length, 1);
  assert.equal(
    (
      await read(
        node(
          1,
          [
            [0, 30],
            [3, 9999],
          ],
          60,
        ),
        true,
        3,
        { 30: node(0, [[0, 100, 3]]) },
      )
    ).length,
    1,
  );
});

test('checks the checksums of tree blocks', async () => {
  const root = node(1, [[0, 30]], 60);
  const leaf = node(0, [[0, 100, 3]]);
  const tail = 12 + 84 * 12;
  new DataView(leaf.buffer).setUint32(tail, extCrc32c(77, leaf.subarray(0, tail)), true);
  assert.equal((await read(root, true, 3, { 30: leaf }, geometry('crc32c'))).length, 1);
  leaf[20]! ^= 1;
  await assert.rejects(read(root, true, 3, { 30: leaf }, geometry('crc32c')), /checksum/);
});

for (const [what, root, hasExtents, wanted, blocks, about] of [
  ['a hole', words([100, 0, 102], 60), false, 3, {}, /has no block 1/],
  [
    'a hole among the indirect',
    words([...Array<number>(12).fill(100), 30], 60),
    false,
    14,
    { 30: words([5], 1024) },
    /has no block 13/,
  ],
  ['a block outside', words([100, BLOCKS], 60), false, 2, {}, /block 513/],
  [
    'an indirect block outside',
    words([...Array<number>(12).fill(100), BLOCKS], 60),
    false,
    13,
    {},
    /points to block 513/,
  ],
  ['no extent magic', new Uint8Array(60), true, 1, {}, /damaged extent tree/],
  [
    'more extents than there is room',
    node(
      0,
      Array.from({ length: 4 }, () => [0, 1, 1] as const),
      60,
    ).fill(9, 2, 3),
    true,
    1,
    {},
    /damaged/,
  ],
  ['a tree that is too deep', node(6, [[0, 30]], 60), true, 1, {}, /damaged/],
  ['a child of the wrong depth', node(2, [[0, 30]], 60), true, 1, { 30: node(0, [[0, 100, 1]]) }, /damaged/],
  ['a tree that is its own child', node(5, [[0, 30]], 60), true, 1, { 30: node(4, [[0, 30]]) }, /damaged/],
  ['a child without extents', node(1, [[0, 30]], 60), true, 1, { 30: node(0, []) }, /empty extent block/],
  [
    'a gap between extents',
    node(
      0,
      [
        [0, 100, 2],
        [3, 200, 2],
      ],
      60,
    ),
    true,
    5,
    {},
    /has no block 2/,
  ],
  ['an unwritten extent', node(0, [[0, 100, 32769]], 60), true, 5, {}, /not written/],
  ['an empty extent', node(0, [[0, 100, 0]], 60), true, 5, {}, /not written/],
  ['an extent across the end', node(0, [[0, 500, 20]], 60), true, 5, {}, /20 blocks at block 500/],
  ['too few extents', node(0, [[0, 100, 2]], 60), true, 5, {}, /only 2 of 5/],
] as const satisfies readonly (readonly [
  string,
  Uint8Array,
  boolean,
  number,
  Record<number, Uint8Array>,
  RegExp,
])[])
  test(`a journal file with ${what} is refused`, async () => {
    await assert.rejects(read(root, hasExtents, wanted, blocks), {
      code: 'structure/invalid',
      message: about,
    });
  });
