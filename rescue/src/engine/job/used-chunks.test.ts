import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Extents } from '../base/extents.ts';
import { countUsedChunks, usedBatches } from './used-chunks.ts';

const used = Extents.fromPairs([
  [0, 5],
  [8, 4],
  [30, 15],
  [95, 5],
]);
const region = { start: 1000, length: 100, used, chunkBytes: 10 };

test('used chunks come in order, each with what is used of it, as many at a time as asked for', () => {
  const batches = [...usedBatches(region, 2)];
  assert.deepEqual(
    batches.map(({ first, chunks, lengths, usedBytes }) => [first, chunks, [...lengths], usedBytes]),
    [
      [0, [0, 1], [10, 10], 9],
      [2, [3, 4], [10, 10], 15],
      [4, [9], [10], 5],
    ],
  );
  assert.deepEqual([...batches[0]!.reads], [0, 1000, 5, 8, 1008, 2, 10, 1010, 2]);
  assert.deepEqual([...batches[1]!.reads], [0, 1030, 10, 10, 1040, 5]);
  assert.deepEqual([...batches[2]!.reads], [5, 1095, 5]);
});

test('chunks that are left out are neither read nor counted', () => {
  const without = new Set([0, 2, 4]);
  const batches = [...usedBatches(region, 16, without)];
  assert.deepEqual(
    batches.flatMap(({ chunks }) => chunks),
    [1, 3, 9],
  );
  assert.equal(countUsedChunks(region, without), 3);
  assert.equal(countUsedChunks(region), 5);
});

test('the last chunk of a region is as long as the region lets it', () => {
  const [batch] = usedBatches({ ...region, length: 97, used: Extents.single(91, 6) }, 4);
  assert.deepEqual([...batch!.lengths], [7]);
});
