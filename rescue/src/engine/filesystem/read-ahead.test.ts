import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAhead } from './read-ahead.ts';

test('yields results in order and never has more than the given number of reads under way', async () => {
  let underWay = 0;
  let most = 0;
  const read = async (item: number): Promise<number> => {
    most = Math.max(most, ++underWay);
    // Later reads end sooner, so that order cannot come from timing.
    for (let turn = 0; turn < 20 - item; turn++) await Promise.resolve();
    underWay--;
    return item * 10;
  };
  const items = Array.from({ length: 20 }, (_, i) => i);
  const seen: number[] = [];
  for await (const result of readAhead(items, 4, read)) seen.push(result);
  assert.deepEqual(
    seen,
    items.map((item) => item * 10),
  );
  assert.equal(most, 4);
});

test('ends with the first failure although later reads fail too', async () => {
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const result of readAhead([0, 1, 2, 3, 4], 3, (item) =>
      item < 2 ? Promise.resolve(item) : Promise.reject(new Error(`read ${item}`)),
    ))
      seen.push(result);
  }, /read 2/);
  assert.deepEqual(seen, [0, 1]);
});
