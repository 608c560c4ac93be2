/** Servers are found on a network of two: two network namespaces with a cable between them. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { FoundServer } from '../../src/unattended/find-servers.ts';
import { run } from '../support/command.ts';
import { limitMs, until } from '../support/patience.ts';

/** A process that holds a network namespace of its own: no command may run in this machine's before it is made. */
async function namespace(t: TestContext): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn('unshare', ['--net', 'sleep', '600'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  assert.ok(child.pid !== undefined);
  const own = await readlink('/proc/self/ns/net');
  await until('the namespace is there', async () => (await readlink(`/proc/${child.pid}/ns/net`)) !== own);
  return child as ChildProcess & { readonly pid: number };
}

const within = (pid: number, ...command: readonly string[]): readonly string[] => [
  '--target',
  String(pid),
  '--net',
  ...command,
];

async function ask(pid: number): Promise<{ servers: FoundServer[]; seconds: number }> {
  const started = performance.now();
  const script = join(import.meta.dirname, 'ask-servers.ts');
  const { stdout } = await run('nsenter', within(pid, process.execPath, script));
  return { servers: JSON.parse(stdout) as FoundServer[], seconds: (performance.now() - started) / 1000 };
}

test('servers that announce themselves are found, whatever others answer', async (t) => {
  const [here, there] = [await namespace(t), await namespace(t)];
  const ip = (pid: number, ...args: readonly string[]) => run('nsenter', within(pid, 'ip', ...args));
  await ip(here.pid, 'link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'there');
  await ip(here.pid, 'link', 'set', 'there', 'netns', String(there.pid));
  for (const [pid, name, address] of [
    [here.pid, 'here', '10.9.8.1/16'],
    [there.pid, 'there', '10.9.8.2/16'],
  ] as const) {
    await ip(pid, 'address', 'add', address, 'dev', name);
    await ip(pid, 'link', 'set', name, 'up');
  }
  const script = join(import.meta.dirname, 'announcer.ts');
  const announcer = spawn('nsenter', within(there.pid, process.execPath, script, '10.9.8.2'), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => announcer.kill('SIGKILL'));
  await once(announcer.stdout, 'data');

  const { servers, seconds } = await ask(here.pid);
  const honest = servers.filter(({ name }) => !name.startsWith('zz-many'));
  assert.deepEqual(honest, [
    { kind: 'smb', name: 'The NAS. Of all', address: '10.9.8.2', port: 445 },
    { kind: 'nfs', name: 'exports', address: '10.9.8.2', port: 2049, path: '/srv/images' },
    { kind: 'nfs', name: 'liar', address: '10.9.8.2', port: 2049 },
    { kind: 'ssh', name: 'workshop', address: '10.9.8.3', port: 2222 },
  ]);
  assert.ok(servers.length <= 50, `${servers.length} servers`);
  assert.ok(seconds < limitMs(60) / 1000, `${seconds} s`);
});

test('where there is no network nothing is found, at once', async (t) => {
  const alone = await namespace(t);
  assert.deepEqual((await ask(alone.pid)).servers, []);
});
