/** Jobs in this process, as front ends see them. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { native } from 'blockdev-native';
import { isPermafrostError, type Job } from '../../src/engine/index.ts';
import { runBootJobs, type BootJobsOptions } from '../../src/runner/boot-jobs.ts';
import { runFileInHost } from '../../src/runner/host-file-run.ts';
import type { HostState } from '../../src/runner/job-host.ts';
import { LocalHost, type LocalHostOptions } from '../../src/runner/local-host.ts';
import { parseJobFile } from '../../src/unattended/job-file.ts';
import { run } from '../support/command.ts';
import { permafrost } from '../job/support.ts';
import { imagedDisk, is, runInHost, stateOf } from './support.ts';

function host(t: TestContext, options: LocalHostOptions = {}): { host: LocalHost; kinds: string[] } {
  const created = new LocalHost(options);
  t.after(() => created.close());
  const kinds: string[] = [];
  created.subscribe((state) => {
    if (kinds.at(-1) !== state.kind) kinds.push(state.kind);
  });
  return { host: created, kinds };
}

test('an image, its check and its restore, each with a plan, progress and a report that is kept', async (t) => {
  const { folder, source, repository } = await imagedDisk(t, { imaged: false });
  const reportFolder = join(folder, 'reports');
  const { host: local, kinds } = host(t, { reportFolder });
  const place = await local.place({ path: repository });
  assert.equal(place.path, repository);
  assert.equal((await local.place({ path: repository })).id, place.id);
  const target = join(folder, 'target.img');
  const jobs: Job[] = [
    { kind: 'image', sources: [source], repository, raw: true },
    { kind: 'verify', repository },
    { kind: 'restore', repository, image: 'latest', targets: [{ target }] },
  ];
  for (const job of jobs) {
    const { run: made, plan, report, reportPaths, error } = await runInHost(local, job);
    assert.equal(error, undefined);
    assert.deepEqual([report?.outcome, report?.job, made.job], ['done', job, job]);
    if (job.kind !== 'verify') assert.equal(report?.planDigest, plan?.digest);
    assert.deepEqual(reportPaths, [
      join(repository, 'reports', `${made.id}.json`),
      join(reportFolder, `${made.id}.json`),
    ]);
    for (const path of reportPaths) {
      const kept = JSON.parse(await readFile(path, 'utf8')) as { id: string; outcome: string };
      assert.deepEqual([kept.id, kept.outcome], [made.id, 'done']);
    }
    await local.dismiss();
    assert.equal(local.state.kind, 'idle');
  }
  assert.deepEqual(kinds, [
    'running',
    'ended',
    'idle',
    'running',
    'ended',
    'idle',
    'running',
    'ended',
    'idle',
  ]);
  await run('cmp', [source, target]);
  // Reports are in nobody's way.
  await permafrost(['verify', '--repo', repository]);
  await permafrost(['images', '--repo', repository]);
});

test('one job at a time; it can be paused, resumed and cancelled', async (t) => {
  const { source, repository } = await imagedDisk(t, { imaged: false });
  const { host: local } = host(t);
  const job: Job = { kind: 'image', sources: [source], repository, raw: true };
  const { digest } = await local.plan(job);
  await local.start(job, digest);
  await assert.rejects(
    () => local.start(job, digest),
    (error) => isPermafrostError(error, 'job/busy') && error.message.includes(source),
  );
  await local.pause();
  await stateOf(
    local,
    is('running', ({ paused }) => paused),
  );
  await local.resume();
  assert.equal(local.state.kind === 'running' && local.state.paused, false);
  await local.pause();
  await local.cancel();
  const { report } = await stateOf(local, is('ended'));
  assert.equal(report?.outcome, 'cancelled');
  // Straight from one end to the next job.
  const again = await runInHost(local, job);
  assert.equal(again.report?.outcome, 'done');
});

test('what was not confirmed is not done, and says why', async (t) => {
  const { folder, repository } = await imagedDisk(t);
  const { host: local } = host(t);
  const target = join(folder, 'target.img');
  await local.start({ kind: 'restore', repository, image: 'latest', targets: [{ target }] }, 'another');
  const { report } = await stateOf(local, is('ended'));
  assert.deepEqual([report?.outcome, report?.error?.code], ['failed', 'plan/changed']);
  assert.ok(!(await readdir(folder)).includes('target.img'));
});

function jobFile(text: string): { source: string; file: ReturnType<typeof parseJobFile> } {
  return { source: 'the test', file: parseJobFile(text, 'test.yaml') };
}

test('a job file shows its countdown, its steps and its end, and switches the machine off', async (t) => {
  const { folder, source, repository } = await imagedDisk(t, { imaged: false });
  const ended: string[] = [];
  const { host: local } = host(t, {
    endMachine: (action) => {
      ended.push(action);
      return Promise.resolve();
    },
  });
  const target = join(folder, 'target.img');
  const states: HostState[] = [];
  local.subscribe((state) => states.push(state));
  const file = jobFile(`version: 1
id: both
countdown: 2
end: power-off
repository: { path: ${repository} }
steps:
  - image: { source: { file: ${source} }, raw: true }
  - restore: { image: latest, target: { file: ${target} } }
`);
  const running = runFileInHost(local, file);
  const countdown = await stateOf(local, is('countdown'));
  assert.equal(countdown.jobs.length, 2);
  assert.match(countdown.overwrites.join(), /target\.img/);
  await assert.rejects(runFileInHost(local, file), (error) => isPermafrostError(error, 'job/busy'));
  const { run: last, report, next } = await stateOf(local, is('ended'));
  assert.deepEqual([last.file?.step, last.file?.steps, report?.outcome], [2, 2, 'done']);
  assert.equal(next?.action, 'power-off');
  await running;
  assert.deepEqual(ended, ['power-off']);
  await run('cmp', [source, target]);
  const steps = states.flatMap((state) => (state.kind === 'running' ? [state.run.file?.step] : []));
  assert.deepEqual([...new Set(steps)], [1, 2]);
});

test('a countdown can be stopped, and so can what follows an end', async (t) => {
  const { source, repository } = await imagedDisk(t, { imaged: false });
  const { host: local } = host(t, { endMachine: () => assert.fail('it was stopped') });
  const text = (countdown: number): string => `version: 1
id: stopped
countdown: ${countdown}
end: reboot
on-failure: reboot
repository: { path: ${repository} }
steps:
  - image: { source: { file: ${source} }, raw: true }
`;
  const running = runFileInHost(local, jobFile(text(3600)));
  await stateOf(local, is('countdown'));
  await local.cancel();
  await running;
  assert.deepEqual(local.state, { kind: 'idle' });

  const whole = runFileInHost(local, jobFile(text(0)));
  await stateOf(
    local,
    is('ended', ({ next }) => next !== undefined),
  );
  await local.cancel();
  await whole;
  assert.equal(local.state.kind === 'ended' && local.state.next, undefined);

  // One that cannot even begin.
  const missing = runFileInHost(
    local,
    jobFile(text(0).replace('stopped', 'missing').replace(`file: ${source}`, 'serial: NO-SUCH-DISK')),
  );
  const { problem } = await stateOf(
    local,
    is('idle', (state) => state.problem?.next !== undefined),
  );
  assert.equal(problem?.source, 'the test');
  await local.dismiss();
  await missing;
  assert.deepEqual(local.state, { kind: 'idle' });
});

test('a job that is started while the job of this start is looked for waits, unless that waits too', async (t) => {
  const { source, repository } = await imagedDisk(t, { imaged: false });
  const { host: local } = host(t);
  const job: Job = { kind: 'image', sources: [source], repository, raw: true };
  const { digest } = await local.plan(job);
  const search = (find: NonNullable<BootJobsOptions['find']>): void =>
    void runBootJobs({
      host: local,
      events: { paths: [], problems: [], write: () => undefined, close: () => Promise.resolve() },
      signal: AbortSignal.abort(),
      note: () => undefined,
      search: true,
      find,
      portLines: async function* () {},
    });
  const looking = Promise.withResolvers<undefined>();
  search(() => looking.promise);
  const started = local.start(job, digest);
  assert.equal(local.state.kind, 'idle');
  looking.resolve(undefined);
  await started;
  assert.equal((await stateOf(local, is('ended'))).report?.outcome, 'done');

  const forEver = Promise.withResolvers<undefined>();
  search(({ onWaiting }) => {
    setImmediate(() => onWaiting?.('the server'));
    return forEver.promise;
  });
  await assert.rejects(local.start(job, digest), (error) => isPermafrostError(error, 'job/busy'));
  assert.deepEqual(local.state, { kind: 'idle', waiting: 'the server' });
  forEver.resolve(undefined);
});

test('a job runs with the threads that are asked for with it', async (t) => {
  const { repository } = await imagedDisk(t);
  const { host: local } = host(t);
  const made = t.mock.method(native, 'createPool');
  const job: Job = { kind: 'verify', repository };
  for (const workers of [3, undefined]) {
    await local.start(job, (await local.plan(job)).digest, workers);
    assert.equal((await stateOf(local, is('ended'))).report?.outcome, 'done');
    await local.dismiss();
  }
  const [asked, byItself] = made.mock.calls.map((call) => call.arguments[0]);
  assert.deepEqual([asked, byItself], [{ workers: 3 }, {}]);
});
