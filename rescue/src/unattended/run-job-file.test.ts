/** What a job file does where disks come late, and where its record cannot be kept. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isPermafrostError } from '../engine/index.ts';
import type { Disks } from './disk-rule.ts';
import type { JobFileEvent } from './job-events.ts';
import { parseJobFile, type JobFile } from './job-file.ts';
import { runJobFile } from './run-job-file.ts';
import { sampleDisk } from '../../test/unattended/sample-disk.ts';

function scratch(t: TestContext): { source: string; repository: string } {
  const folder = mkdtempSync(join(tmpdir(), 'permafrost-run-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const source = join(folder, 'disk.img');
  writeFileSync(source, Buffer.alloc(1 << 20, 'x'));
  return { source, repository: join(folder, 'repository') };
}

function fileOf(repository: string, steps: readonly object[], more: object = {}): JobFile {
  const file = { version: 1, id: 'job', countdown: 0, repository: { path: repository }, steps, ...more };
  return parseJobFile(JSON.stringify(file), 'job.yaml');
}

test('a disk that comes during the countdown is not left out of the question which one is meant', async (t) => {
  const { source, repository } = scratch(t);
  const one = sampleDisk(source, { serial: 'A1', sizeBytes: 1 << 20 });
  const late: readonly [string | object, Disks[number], RegExp][] = [
    ['only-disk', sampleDisk('/dev/late'), /there are 2/],
    ['largest', sampleDisk('/dev/late', { sizeBytes: 1 << 21 }), /is another disk now/],
    [{ serial: 'A1' }, sampleDisk('/dev/late', { serial: 'A1' }), /is not one disk/],
  ];
  for (const [rule, other, problem] of late) {
    const file = fileOf(repository, [{ image: { source: rule, 'sector-size': 512 } }]);
    let looks = 0;
    const run = runJobFile(file, {
      emit: () => undefined,
      onReady: () => Promise.resolve(),
      listDisks: () => Promise.resolve(looks++ === 0 ? [one] : [one, other]),
    });
    await assert.rejects(
      run,
      (error) => isPermafrostError(error, 'job-file/disk') && problem.test(error.message),
    );
    assert.ok(!existsSync(join(repository, 'images')) && !existsSync(join(repository, 'jobs')));
  }
});

/** Runs it as if the place of the record were full from the first report on; the last event. */
async function runWithoutRecord(file: JobFile, jobs: string): Promise<JobFileEvent> {
  const events: JobFileEvent[] = [];
  const emit = (event: JobFileEvent): void => {
    events.push(event);
    if (event.type !== 'report') return;
    rmSync(jobs, { recursive: true });
    writeFileSync(jobs, 'not a folder');
  };
  await runJobFile(file, { emit, onReady: () => Promise.resolve() }).catch((error: unknown) =>
    assert.ok(isPermafrostError(error, 'repository/failed'), String(error)),
  );
  rmSync(jobs);
  return events.at(-1)!;
}

test('what could not be recorded at the end does not start the machine again, to be done for ever', async (t) => {
  const { source, repository } = scratch(t);
  const jobs = join(repository, 'jobs');
  const step = { image: { source: { file: source }, 'sector-size': 512 } };
  const endOf = async (steps: readonly object[], more: object): Promise<unknown[]> => {
    const last = await runWithoutRecord(fileOf(repository, steps, more), jobs);
    assert.ok(last.type === 'result' && last.recordPath === undefined);
    return [last.outcome, last.end];
  };
  assert.deepEqual(await endOf([step], { end: 'reboot' }), ['done', 'stay']);
  assert.deepEqual(await endOf([step], { end: 'power-off' }), ['done', 'power-off']);
  assert.deepEqual(await endOf([step], { end: 'reboot', repeat: true }), ['done', 'reboot']);
  // The record of the next step cannot be begun.
  assert.deepEqual(await endOf([step, step], { 'on-failure': 'reboot' }), ['failed', 'stay']);
});
