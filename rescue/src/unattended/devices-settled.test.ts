import { test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { devicesSettled } from './devices-settled.ts';

test('waits until the mark is there', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-settled-'));
  t.after(() => rm(folder, { recursive: true }));
  const mark = join(folder, 'mark');
  let isOver = false;
  const waiting = devicesSettled(undefined, mark).then(() => (isOver = true));
  await delay(150);
  assert.equal(isOver, false);
  await writeFile(mark, '');
  await waiting;
  assert.equal(isOver, true);
});

test('waits no longer when it is told to end', async () => {
  await devicesSettled(AbortSignal.timeout(20), '/nonexistent/mark');
});

test('there is nothing to wait for outside the rescue environment', async () => {
  await devicesSettled();
});
