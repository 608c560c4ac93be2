import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DiskWatch } from './disk-watch.ts';

/** Resolves when `condition` holds; the test's own limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

test('a watch that is stopped while it describes disks looks no more: a timer would keep the program alive', async (t) => {
  let looks = 0;
  let describing = false;
  let answer: () => void = () => undefined;
  const watch = new DiskWatch({
    onDisks: () => assert.fail('nobody asks any more'),
    onError: () => undefined,
    isBusy: () => false,
    signature: () => Promise.resolve(String(looks++)),
    describe: () => {
      describing = true;
      return new Promise((resolve) => (answer = () => resolve([])));
    },
    intervalMs: 1,
  });
  t.after(() => watch.stop());
  watch.start();
  await until(() => describing);
  watch.stop();
  answer();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(looks, 1);
});

test('while a job runs disks are left alone, but for the first look', async (t) => {
  let looks = 0;
  let busy = true;
  let asked = 0;
  const seen: number[] = [];
  const watch = new DiskWatch({
    onDisks: () => seen.push(looks),
    onError: (error) => assert.ifError(error),
    isBusy: () => {
      asked++;
      return busy;
    },
    signature: () => Promise.resolve(String(++looks)),
    describe: () => Promise.resolve([]),
    limit: (disks) => Promise.resolve(disks),
    intervalMs: 1,
  });
  t.after(() => watch.stop());
  watch.start();
  await until(() => asked >= 5);
  assert.deepEqual(seen, [1]);
  assert.equal(looks, 1);
  busy = false;
  await until(() => seen.length >= 2);
});
