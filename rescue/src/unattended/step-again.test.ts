import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '../engine/index.ts';
import { stepAgain } from './step-again.ts';

const server = { host: 'nas', port: 445 };
const report = (outcome: Report['outcome'], errno?: string, code = 'repository/failed'): Report =>
  ({
    outcome,
    ...(errno === undefined
      ? {}
      : { error: { code, message: `fsync failed with ${errno}`, details: { errno } } }),
  }) as unknown as Report;

/** Runs steps that end in these reports; how often, and with what it was begun. */
async function runs(
  reports: readonly Report[],
  more: Partial<Parameters<typeof stepAgain>[1]> = {},
): Promise<{ outcome: string; begun: boolean[]; notes: number }> {
  const begun: boolean[] = [];
  let notes = 0;
  const last = await stepAgain(
    (again) => {
      begun.push(again);
      return Promise.resolve(reports[begun.length - 1] ?? reports.at(-1)!);
    },
    { server, onNote: () => notes++, ask: () => Promise.resolve(true), ...more },
  );
  return { outcome: last.outcome, begun, notes };
}

test('a step that lost its share is begun again, and goes on', async () => {
  assert.deepEqual(await runs([report('failed', 'ECONNABORTED'), report('done')]), {
    outcome: 'done',
    begun: [false, true],
    notes: 1,
  });
});

test('what is no fault of the connection ends the step', async () => {
  for (const one of [
    report('failed', 'ENOSPC'),
    report('failed', 'EIO', 'device/failed'),
    report('failed'),
    report('cancelled', 'ECONNABORTED'),
    report('done-with-gaps'),
  ])
    assert.deepEqual((await runs([one])).begun, [false], JSON.stringify(one));
});

test('a disk of this machine is not asked twice', async () => {
  assert.deepEqual((await runs([report('failed', 'EIO')], { server: undefined })).begun, [false]);
});

test('a share that fails each time fails the step in the end', async () => {
  const { outcome, begun } = await runs([report('failed', 'EIO')]);
  assert.deepEqual([outcome, begun.length], ['failed', 5]);
});

test('a server that does not answer is waited for, until a person stops it', async () => {
  let asked = 0;
  const late = await runs([report('failed', 'EHOSTDOWN'), report('done')], {
    ask: () => Promise.resolve(asked++ > 0),
    askEveryMs: 1,
  });
  assert.equal(late.outcome, 'done');
  const controller = new AbortController();
  const stopped = runs([report('failed', 'EHOSTDOWN')], {
    ask: () => Promise.resolve(false),
    signal: controller.signal,
  });
  controller.abort();
  await assert.rejects(stopped, { code: 'job/cancelled' });
});
