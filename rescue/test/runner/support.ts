/** What tests of hosts share: waiting for a state, and a disk with an image of it. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Job } from '../../src/engine/index.ts';
import type { EndedState, HostState, JobHost } from '../../src/runner/job-host.ts';
import { RunnerClient } from '../../src/runner/runner-client.ts';
import { makeDisk, permafrost } from '../job/support.ts';
import { limitMs } from '../support/patience.ts';
import { program } from '../support/program.ts';
import { runDir } from '../support/run-dir.ts';
import { scratchFolder } from '../support/scratch.ts';

const LIMIT_MS = limitMs(120);

/** The first state, from now on, that `matches`; fails with the last one if none comes. */
export async function stateOf<S extends HostState>(
  host: JobHost,
  matches: (state: HostState) => state is S,
): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<S>();
  const look = (state: HostState): void => {
    if (matches(state)) resolve(state);
  };
  const unsubscribe = host.subscribe(look);
  const timer = setTimeout(
    () => reject(new Error(`the host stays ${JSON.stringify(host.state).slice(0, 2000)}`)),
    LIMIT_MS,
  );
  look(host.state);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    unsubscribe();
  }
}

type Kind = HostState['kind'];

export function is<K extends Kind>(
  kind: K,
  matches: (state: Extract<HostState, { kind: K }>) => boolean = () => true,
): (state: HostState) => state is Extract<HostState, { kind: K }> {
  return (state): state is Extract<HostState, { kind: K }> =>
    state.kind === kind && matches(state as Extract<HostState, { kind: K }>);
}

/** Plans and runs `job` as a front end does. */
export async function runInHost(host: JobHost, job: Job): Promise<EndedState> {
  const plan = await host.plan(job);
  assert.deepEqual(plan.refusals, []);
  await host.start(job, plan.digest);
  return stateOf(host, is('ended'));
}

/** Starts `job` and pauses it in one breath: the runner, a process of its own, could end it between two. */
export async function startPaused(host: JobHost, job: Job, digest: string): Promise<void> {
  await Promise.all([host.start(job, digest), host.pause()]);
}

export interface Imaged {
  readonly folder: string;
  readonly source: string;
  readonly repository: string;
}

/** A disk of 64 MiB; its image, if asked for. */
export async function imagedDisk(t: TestContext, options: { imaged?: boolean } = {}): Promise<Imaged> {
  const folder = await scratchFolder(t, 'runner');
  const source = await makeDisk(folder);
  const repository = join(folder, 'repository');
  if (options.imaged !== false) await permafrost(['image', source, '--repo', repository, '--raw']);
  return { folder, source, repository };
}

/** A runner as a process of its own, until the test is over. */
export function startRunner(t: TestContext): ChildProcess {
  const child = spawn(program[0], [...program.slice(1), 'runner'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PERMAFROST_RUN_DIR: runDir },
  });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  return child;
}

/** A front end of the runner, once that answers. */
export async function client(t: TestContext): Promise<RunnerClient> {
  const opened = await RunnerClient.open();
  t.after(() => opened.close());
  await stateOf(opened, (state): state is typeof state => state.kind !== 'lost');
  return opened;
}
