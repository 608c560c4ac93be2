/** Pausing, gaps and per-region progress of real jobs, in this process. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  PauseGate,
  runImage,
  runRestore,
  runVerify,
  type Gap,
  type Phase,
  type Progress,
  type Report,
  type RunOptions,
} from '../../src/engine/index.ts';
import { run } from '../support/command.ts';
import { mountFaultFs } from '../support/faultfs.ts';
import { scratchFolder } from '../support/scratch.ts';
import { DISK_MIB, layout, makeDisk } from './support.ts';

const MIB = 1024 * 1024;
const PAUSE_MS = 1500;

/** Runs a job that is paused as soon as `phase` has begun; nothing may be done until it goes on. */
async function runWithPause(
  phase: Phase,
  work: (options: RunOptions) => Promise<Report>,
): Promise<{ report: Report; snapshots: Progress[] }> {
  const gate = new PauseGate();
  const snapshots: Progress[] = [];
  let pausing: Promise<void> | undefined;
  const pause = async (): Promise<void> => {
    gate.pause();
    // What was begun is finished; then every snapshot is the same.
    for (let last = -1; last !== snapshots.at(-1)!.doneBytes;) {
      last = snapshots.at(-1)!.doneBytes;
      await delay(PAUSE_MS / 2);
    }
    const { doneBytes, totalBytes, final } = snapshots.at(-1)!;
    assert.ok(!final && doneBytes < totalBytes!, `${phase} is over after ${doneBytes} bytes`);
    gate.resume();
  };
  const report = await work({
    gate,
    workers: 1,
    onProgress(progress) {
      snapshots.push(progress);
      if (progress.phase === phase) pausing ??= pause();
    },
  });
  await pausing;
  assert.ok(pausing !== undefined, `never in ${phase}`);
  assert.equal(report.outcome, 'done', JSON.stringify(report.error));
  assert.ok(report.seconds * 1000 >= PAUSE_MS / 2);
  return { report, snapshots };
}

async function setUp(t: TestContext): Promise<{ folder: string; source: string; repository: string }> {
  const folder = await scratchFolder(t, 'pause');
  return { folder, source: await makeDisk(folder), repository: join(folder, 'repository') };
}

test('image, verify and restore stop where they are while paused, and go on', async (t) => {
  const { folder, source, repository } = await setUp(t);
  await runWithPause('reading', (options) =>
    runImage({ kind: 'image', sources: [source], repository, raw: true }, options),
  );
  await runWithPause('verifying', (options) => runVerify({ kind: 'verify', repository }, options));
  await runWithPause('verifying', (options) =>
    runVerify({ kind: 'verify', repository, independent: true }, options),
  );
  const target = join(folder, 'target.img');
  for (const phase of ['writing', 'reading back'] as const) {
    await runWithPause(phase, (options) =>
      runRestore({ kind: 'restore', repository, image: 'latest', targets: [{ target }] }, options),
    );
    await run('cmp', [source, target]);
  }
});

test('a cancel ends a pause, and the job', async (t) => {
  const { source, repository } = await setUp(t);
  const gate = new PauseGate();
  const controller = new AbortController();
  const report = await runImage(
    { kind: 'image', sources: [source], repository, raw: true },
    {
      gate,
      signal: controller.signal,
      onProgress({ phase }) {
        if (phase !== 'reading' || gate.isPaused) return;
        gate.pause();
        setTimeout(() => controller.abort(), 300);
      },
    },
  );
  assert.equal(report.outcome, 'cancelled');
});

test('says which region is worked on, and how much of it is done', async (t) => {
  const { folder, source, repository } = await setUp(t);
  const gate = new PauseGate();
  const seen = new Map<string, Progress>();
  const phases: Phase[] = [];
  const onProgress = (progress: Progress): void => {
    const { phase, region } = progress;
    // A small disk may be done before the first snapshot with a region: each phase waits for that.
    if (!phases.includes(phase) && ['reading', 'writing', 'reading back'].includes(phase)) {
      phases.push(phase);
      gate.pause();
    }
    if (region === undefined) return;
    gate.resume();
    const before = seen.get(`${phase} ${region.name}`)?.region?.doneBytes ?? 0;
    assert.ok(region.doneBytes >= before, 'never less');
    assert.equal(region.disk, 1);
    seen.set(`${phase} ${region.name}`, progress);
  };
  const options: RunOptions = { gate, workers: 1, onProgress };
  await runImage({ kind: 'image', sources: [source], repository, raw: true }, options);
  const target = join(folder, 'target.img');
  await runRestore({ kind: 'restore', repository, image: 'latest', targets: [{ target }] }, options);
  assert.deepEqual([...new Set([...seen.values()].map(({ phase }) => phase))], phases);
  assert.deepEqual(phases, ['reading', 'writing', 'reading back']);
  for (const { region, doneBytes } of seen.values()) {
    const part = layout.find(({ number }) => region!.name === `partition ${number}`);
    assert.ok(region!.doneBytes <= doneBytes);
    assert.ok(region!.doneBytes <= (part?.sizeMiB ?? DISK_MIB) * MIB);
  }
});

test('tells each gap as it is found', async (t) => {
  const folder = await scratchFolder(t, 'gaps');
  const faults = await mountFaultFs(t);
  const source = await makeDisk(faults.backing, 'disk.img');
  assert.ok(source.endsWith('disk.img'));
  await faults.fail('EIO', { operation: 'read', path: 'disk.img', start: 20 * MIB, end: 20 * MIB + 4096 });
  const gaps: Gap[] = [];
  const report = await runImage(
    {
      kind: 'image',
      sources: [join(faults.path, 'disk.img')],
      repository: join(folder, 'repository'),
      raw: true,
      allowUnresolved: true,
    },
    { onGap: (gap) => gaps.push(gap) },
  );
  assert.equal(report.outcome, 'done-with-gaps');
  assert.equal(report.gaps.length, 1);
  assert.ok(gaps.length >= 1);
  assert.equal(
    gaps.reduce((sum, { length }) => sum + length, 0),
    report.gaps[0]!.length,
  );
  assert.ok(gaps.every(({ offset }) => offset < DISK_MIB * MIB));
});
