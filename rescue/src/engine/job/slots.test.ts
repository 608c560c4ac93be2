import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPermafrostError } from '../base/errors.ts';
import { acquire, eachInSlot } from './slots.ts';

/** Two slots, handed out in turn; counts what is out. */
function twoSlots(): { acquire(): Promise<{ release(): void }>; out: number; most: number } {
  const waiting: (() => void)[] = [];
  const pool = {
    out: 0,
    most: 0,
    async acquire() {
      while (pool.out === 2) await new Promise<void>((resolve) => waiting.push(resolve));
      pool.most = Math.max(pool.most, ++pool.out);
      return {
        release() {
          pool.out--;
          waiting.shift()?.();
        },
      };
    },
  };
  return pool;
}

test('all items are worked on, in order, as many at once as there are slots', async () => {
  const pool = twoSlots();
  const begun: number[] = [];
  await eachInSlot(pool, [5, 1, 3, 2], undefined, async (_slot, item) => {
    begun.push(item);
    await sleep(item);
  });
  assert.deepEqual(begun, [5, 1, 3, 2]);
  assert.deepEqual([pool.most, pool.out], [2, 0]);
});

test('after an error nothing more is begun, and what was begun ends first', async () => {
  const pool = twoSlots();
  const ended: number[] = [];
  const work = eachInSlot(pool, [1, 2, 3, 4, 5], undefined, async (_slot, item) => {
    await sleep(item * 3);
    if (item === 1) throw new Error('the first');
    ended.push(item);
  });
  await assert.rejects(work, /the first/);
  assert.ok(ended.includes(2) && !ended.includes(5), String(ended));
  assert.equal(pool.out, 0);
});

test('a cancel and an abandoned pool end in job/cancelled', async () => {
  const pool = twoSlots();
  const controller = new AbortController();
  const work = eachInSlot(pool, [1, 2, 3], controller.signal, async () => {
    controller.abort();
    await sleep(1);
  });
  await assert.rejects(work, (error) => isPermafrostError(error, 'job/cancelled'));
  assert.equal(pool.out, 0);
  const abandoned = {
    acquire: () => Promise.reject(Object.assign(new Error('abandoned'), { code: 'ECANCELED' })),
  };
  await assert.rejects(acquire(abandoned), (error) => isPermafrostError(error, 'job/cancelled'));
});
