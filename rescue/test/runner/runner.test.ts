/** The runner as its own process, with front ends that come, go and misbehave. */
import '../support/run-dir.ts';
import assert from 'node:assert/strict';
import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isPermafrostError, type Job } from '../../src/engine/index.ts';
import { RUNNER_END, RUNNER_SOCKET } from '../../src/runner/protocol.ts';
import { RunnerClient } from '../../src/runner/runner-client.ts';
import { RunnerServer } from '../../src/runner/runner-server.ts';
import { permafrost } from '../job/support.ts';
import { run } from '../support/command.ts';
import { program } from '../support/program.ts';
import { runDir } from '../support/run-dir.ts';
import { scratchFolder } from '../support/scratch.ts';
import { FakeHost } from '../tui/fake-host.ts';
import { client, imagedDisk, is, runInHost, startPaused, startRunner, stateOf } from './support.ts';

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('a job goes on when the front end that began it is gone, and others see its end', async (t) => {
  const { folder, source, repository } = await imagedDisk(t);
  startRunner(t);
  const first = await client(t);
  assert.equal((await stat(RUNNER_SOCKET)).mode & 0o777, 0o600);
  const place = await first.place({ path: repository });
  assert.equal(place.path, repository);
  const target = join(folder, 'target.img');
  const job: Job = { kind: 'restore', repository, image: 'latest', targets: [{ target }] };
  const plan = await first.plan(job);
  await startPaused(first, job, plan.digest);
  await assert.rejects(first.start(job, plan.digest), (error) => isPermafrostError(error, 'job/busy'));
  await first.close();

  const second = await client(t);
  const { run: seen } = await stateOf(
    second,
    is('running', ({ paused }) => paused),
  );
  assert.deepEqual(seen.job, job);
  await second.resume();
  const { report, plan: shown, reportPaths } = await stateOf(second, is('ended'));
  assert.deepEqual([report?.outcome, shown?.digest], ['done', plan.digest]);
  await run('cmp', [source, target]);
  assert.ok(reportPaths.includes(join(runDir, 'reports', `${seen.id}.json`)));
  await second.dismiss();
  await stateOf(second, is('idle'));
  const log = await readFile(join(runDir, 'log/runner.log'), 'utf8');
  assert.match(log, /the restore of latest to .*target\.img/);

  // What a person who asks for help saves.
  await permafrost(['logs', '--to', folder]);
  const saved = (await readdir(folder)).find((name) => name.startsWith('permafrost-logs-'));
  assert.ok(saved !== undefined);
  const names = await readdir(join(folder, saved));
  for (const name of ['log', 'reports', 'disks.json', 'versions.txt']) assert.ok(names.includes(name), name);
});

test('a runner that is killed is missed, and the next one says what was running', async (t) => {
  const { folder, source, repository } = await imagedDisk(t);
  const child = startRunner(t);
  const host = await client(t);
  const target = join(folder, 'target.img');
  const job: Job = { kind: 'restore', repository, image: 'latest', targets: [{ target }] };
  await startPaused(host, job, (await host.plan(job)).digest);
  await stateOf(
    host,
    is('running', ({ paused }) => paused),
  );
  const kinds: string[] = [];
  host.subscribe(({ kind }) => {
    // What was under way when the pause came may still be told.
    if (kind !== 'running') kinds.push(kind);
  });
  await killed(child);
  await writeFile(RUNNER_END, 'it was killed by signal 9\n');
  const { error } = await stateOf(
    host,
    is('lost', (state) => state.error.message.includes('signal 9')),
  );
  assert.equal(error.code, 'runner/lost');
  await assert.rejects(host.plan(job), (thrown) => isPermafrostError(thrown, 'runner/lost'));

  const next = startRunner(t);
  const ended = await stateOf(host, is('ended'));
  assert.deepEqual([ended.run.job, ended.error?.code, ended.report], [job, 'job/lost', undefined]);
  assert.match(ended.error?.message ?? '', /signal 9/);
  assert.deepEqual([kinds[0], kinds.at(-1)], ['lost', 'ended']);
  await host.dismiss();
  const again = await runInHost(host, { ...job, delta: true });
  assert.equal(again.report?.outcome, 'done');
  await run('cmp', [source, target]);

  // There is one runner.
  const { code, stderr } = await run(program[0], [...program.slice(1), 'runner'], { accept: [1, 2] });
  assert.notEqual(code, 0);
  assert.match(stderr, /listens on .* already/);
  assert.equal(next.exitCode, null);
});

async function rawClient(t: TestContext): Promise<Socket> {
  const socket = connect(RUNNER_SOCKET);
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** What the runner says until it closes the connection. */
async function lastWords(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  // A reset is an end too: what was not read is thrown away.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

test('whatever comes over the socket, the runner goes on', async (t) => {
  startRunner(t);
  const host = await client(t);
  const hello = '{"hello":{"protocol":1}}\n';
  const hostile: readonly (readonly [string | Buffer, RegExp])[] = [
    ['no JSON at all\n', /is no JSON/],
    ['[1,2]\n', /does not know what it was asked/],
    [`${'['.repeat(500_000)}\n`, /./],
    [Buffer.alloc(3 * 1024 * 1024, 0x78), /longer than/],
    ['{"call":1,"request":{"method":"cancel"}}\n', /did not say hello/],
    ['{"hello":{"protocol":99}}\n', /speaks version 99/],
    [`${hello}{"call":1,"request":{"method":"format"}}\n`, /does not know/],
    [
      `${hello}{"call":1,"request":{"method":"start","job":{"kind":"restore"},"digest":"x"}}\n`,
      /does not know/,
    ],
    [
      `${hello}${Array.from({ length: 64 }, (_, i) => `{"call":${i},"request":{"method":"plan","job":{"kind":"verify","repository":"/dev/null"}}}\n`).join('')}`,
      /too much at once/,
    ],
  ];
  for (const [bytes, expected] of hostile) {
    const socket = await rawClient(t);
    const words = lastWords(socket);
    socket.write(bytes);
    assert.match(await words, expected, String(bytes).slice(0, 80));
  }
  // Half a line, and gone.
  const half = await rawClient(t);
  half.write('{"hello":{"pro');
  half.destroy();
  // A hundred at once: some are told that there are too many, and all others are served.
  const crowd = await Promise.all(Array.from({ length: 100 }, () => rawClient(t)));
  const refused = await new Promise<number>((resolve) => {
    let left = crowd.length;
    let count = 0;
    for (const socket of crowd) {
      const answered = (isServed: boolean): void => {
        if (!isServed) count++;
        if (--left === 0) resolve(count);
      };
      // One that is refused may find the connection closed before it can read why.
      const onClose = (): void => answered(false);
      socket.once('close', onClose);
      socket.setEncoding('utf8').once('data', (text: string) => {
        socket.off('close', onClose);
        answered(!text.includes('"bye"'));
      });
      socket.write(hello);
    }
  });
  assert.ok(refused > 0 && refused < 50, `${refused} were refused`);
  for (const socket of crowd) socket.destroy();
  await host.dismiss();
  assert.equal((await client(t)).state.kind, 'idle');
});

test('the number of threads gets to the host with its job, and none that it cannot have', async (t) => {
  const path = join(await scratchFolder(t, 'threads'), 'socket');
  const host = new FakeHost();
  const server = await RunnerServer.listen(path, host);
  const front = await RunnerClient.open({ path, endPath: `${path}.end` });
  t.after(async () => {
    await front.close();
    await server.close();
  });
  const job: Job = { kind: 'verify', repository: '/r' };
  await front.start(job, 'digest', 3);
  await front.start(job, 'digest');
  assert.deepEqual(host.calls, ['start verify digest 3', 'start verify digest']);
  await assert.rejects(front.start(job, 'digest', 65));
});
