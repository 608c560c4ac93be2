import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeSuperblock, type ModelOptions } from '../../../../test/filesystem/support-ext-model.ts';
import {
  descriptorBlock,
  groupBlocks,
  groupClusters,
  groupStart,
  hasSuperblock,
  leadingMetadataBlocks,
  makeGeometry,
  type Geometry,
} from './geometry.ts';
import { parseSuperblock } from './superblock.ts';

/** Blocks of 1 KiB, groups of 256 blocks and 16 inodes, unless the options say something else. */
function geometryOf(groups: number, options: ModelOptions = {}): Geometry {
  return makeGeometry(
    parseSuperblock(encodeSuperblock({ blockCount: 1 + groups * 256, ...options }, groups))!,
  );
}

const groupsWhere = (g: Geometry, condition: (group: number) => boolean): number[] =>
  Array.from({ length: g.groupCount }, (_, i) => i).filter(condition);

test('copies of the superblock are in the groups that the features say', () => {
  const copies = (options: ModelOptions): number[] => {
    const g = geometryOf(130, options);
    return groupsWhere(g, (group) => hasSuperblock(g, group));
  };
  assert.equal(copies({}).length, 130);
  assert.deepEqual(copies({ roCompat: 1 }), [0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125]);
  const backups = (fields: DataView): void => {
    fields.setUint32(0x24c, 1, true);
    fields.setUint32(0x250, 129, true);
  };
  assert.deepEqual(copies({ compat: 0x200, superblock: backups }), [0, 1, 129]);
});

test('the descriptor table follows the superblock, with the blocks reserved for its growth', () => {
  const g = geometryOf(130, { roCompat: 1, superblock: (fields) => fields.setUint16(0xce, 7, true) });
  assert.equal(g.descriptorBlocks, 5);
  assert.deepEqual(
    [0, 1, 4].map((index) => descriptorBlock(g, index)),
    [2, 3, 6],
  );
  assert.equal(leadingMetadataBlocks(g, 0), 1 + 5 + 7);
  assert.equal(leadingMetadataBlocks(g, 2), 0);
  assert.equal(leadingMetadataBlocks(g, 3), 1 + 5 + 7);
});

test('with meta_bg each block of descriptors is in its own groups, from the first meta group on', () => {
  const g = geometryOf(130, {
    incompat: 0x10,
    roCompat: 1,
    superblock: (fields) => fields.setUint32(0x104, 2, true),
  });
  // 32 descriptors in a block: groups 64 to 95 are the third meta group.
  assert.deepEqual(
    [0, 1].map((index) => descriptorBlock(g, index)),
    [2, 3],
  );
  assert.equal(descriptorBlock(g, 2), groupStart(g, 64));
  assert.equal(descriptorBlock(g, 4), groupStart(g, 128));
  assert.equal(leadingMetadataBlocks(g, 27), 1 + 2);
  assert.deepEqual(
    groupsWhere(g, (group) => group >= 64 && leadingMetadataBlocks(g, group) > 0),
    [64, 65, 81, 95, 96, 97, 125, 127, 128, 129],
  );
  assert.equal(leadingMetadataBlocks(g, 81), 1);
});

test('with clusters and blocks of 1 KiB all counts from block 0, but the superblock stays in block 1', () => {
  const g = geometryOf(2, {
    blockCount: 2 * 4096,
    roCompat: 0x201,
    superblock(fields) {
      fields.setUint32(0x14, 0, true);
      fields.setUint32(0x1c, 4, true);
      fields.setUint32(0x20, 4096, true);
    },
  });
  assert.equal(g.clusterBlocks, 16);
  assert.equal(descriptorBlock(g, 0), 2);
  assert.equal(leadingMetadataBlocks(g, 0), 3);
  assert.equal(leadingMetadataBlocks(g, 1), 2);
  assert.equal(groupStart(g, 1), 4096);
});

test('the last group may be short, and its last cluster partial', () => {
  const g = geometryOf(2, { blockCount: 1 + 256 + 30 });
  assert.equal(groupBlocks(g, 0), 256);
  assert.equal(groupBlocks(g, 1), 30);
  assert.equal(groupClusters(g, 1), 30);
  const clusters = geometryOf(1, {
    blockCount: 1 + 50,
    roCompat: 0x200,
    superblock(fields) {
      fields.setUint32(0x1c, 4, true);
      fields.setUint32(0x20, 4096, true);
    },
  });
  assert.equal(groupClusters(clusters, 0), 4);
});

const set32 = (offset: number, value: number) => (fields: DataView) => fields.setUint32(offset, value, true);
const both = (perGroup: number) => (fields: DataView) => {
  fields.setUint32(0x20, perGroup, true);
  fields.setUint32(0x24, perGroup, true);
};
const set16 = (offset: number, value: number) => (fields: DataView) => fields.setUint16(offset, value, true);
for (const [what, options, about] of [
  ['features in revision 0', { roCompat: 1, superblock: set32(0x4c, 0) }, /revision 0/],
  ['being the copy of another group', { superblock: set16(0x5a, 1) }, /copy of group 1/],
  [
    'more blocks than bytes can be counted',
    { incompat: 0x80, superblock: set32(0x150, 0xffffffff) },
    /has 18446744069414584833 blocks|has 1844674406941458\d+ blocks/,
  ],
  ['clusters without bigalloc', { superblock: set32(0x1c, 4) }, /do not fit/],
  [
    'clusters smaller than blocks',
    { roCompat: 0x200, superblock: set32(0x18, 2) },
    /clusters that do not fit its blocks/,
  ],
  ['clusters of absurd size', { roCompat: 0x200, superblock: set32(0x1c, 0xfffffff0) }, /do not fit/],
  ['no blocks in a group', { superblock: set32(0x20, 0) }, /clusters that do not fit/],
  ['absurdly small groups', { superblock: both(63) }, /has 63 blocks and 63 clusters/],
  ['no clusters in a group', { roCompat: 0x200, superblock: set32(0x24, 0) }, /256 blocks and 0 clusters/],
  ['more blocks in a group than a bitmap has bits', { superblock: both(8200) }, /8200 clusters in a group/],
  ['a first block that is not the superblock', { superblock: set32(0x14, 2) }, /starts at block 2/],
  ['a first block of 0', { superblock: set32(0x14, 0) }, /starts at block 0/],
  ['no block but the boot block', { blockCount: 1 }, /has 1 blocks/],
  ['no inodes in a group', { superblock: set32(0x28, 0) }, /has 0 inodes in a group/],
  ['more inodes than a bitmap has bits', { superblock: set32(0x28, 8193) }, /has 8193 inodes in a group/],
  ['inodes of 100 bytes', { superblock: set16(0x58, 100) }, /inodes of 100 bytes/],
  ['inodes larger than blocks', { superblock: set16(0x58, 2048) }, /inodes of 2048 bytes/],
  ['inodes that its groups do not have', { superblock: set32(0x00, 33) }, /33 inodes in 2 groups/],
  ['wide descriptors of 32 bytes', { incompat: 0x80, superblock: set16(0xfe, 32) }, /descriptors of 32/],
  ['wide descriptors of 96 bytes', { incompat: 0x80, superblock: set16(0xfe, 96) }, /descriptors of 96/],
  [
    'its first meta group behind the table',
    { incompat: 0x10, superblock: set32(0x104, 2) },
    /first meta group at 2/,
  ],
] as const satisfies readonly (readonly [string, ModelOptions, RegExp])[])
  test(`a superblock with ${what} is refused`, () => {
    assert.throws(() => geometryOf(2, options), { code: 'structure/invalid', message: about });
  });

test('a file system with more groups than anyone has is refused before any loop over them', () => {
  const options: ModelOptions = {
    blockCount: 0xffffffff,
    superblock(fields) {
      fields.setUint32(0x20, 64, true);
      fields.setUint32(0x24, 64, true);
    },
  };
  assert.throws(() => geometryOf(2, options), /has 67108864 groups/);
});
