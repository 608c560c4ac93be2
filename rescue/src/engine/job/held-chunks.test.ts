import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Extents } from '../base/extents.ts';
import { heldChunks, type RegionOnTarget } from './held-chunks.ts';

const region: RegionOnTarget = {
  start: 1000,
  length: 1000,
  sourceLength: 1000,
  chunkBytes: 100,
  patches: [],
};

const held = (change: Partial<RegionOnTarget>): number[] => [...heldChunks({ ...region, ...change })];

void test('the first chunk is held back, and those that patches touch, in their order', () => {
  assert.deepEqual(held({}), [0]);
  const patch = (offset: number, length: number) => ({ offset, bytes: new Uint8Array(length) });
  assert.deepEqual(held({ patches: [patch(1750, 51), patch(1499, 1), patch(900, 99)] }), [0, 4, 7, 8]);
});

void test('the chunk that the target’s end cuts is held back', () => {
  assert.deepEqual(held({ length: 950 }), [0, 9]);
  assert.deepEqual(held({ length: 900 }), [0]);
});

void test('chunks in which the region is other than at its source are held back, up to its end', () => {
  const changed = Extents.fromPairs([
    [199, 2],
    [650, 10],
    [880, 500],
  ]);
  assert.deepEqual(held({ changed }), [0, 1, 2, 6, 8, 9]);
});
