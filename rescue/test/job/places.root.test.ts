/** Images on another machine over SSH: real sshfs, a real server in a network namespace. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startSshServer, type SshServer } from '../support/ssh-server.ts';
import { scratchFolder } from '../support/scratch.ts';
import { inspect, makeDisk, permafrost, usedDigest, type CliResult } from './support.ts';

interface Bench {
  readonly server: SshServer;
  readonly source: string;
  readonly folder: string;
  /** Runs a job of these steps with the images at `place`. */
  readonly job: (id: string, place: object, steps: object[], code?: number) => Promise<CliResult>;
}

async function bench(t: TestContext): Promise<Bench> {
  const folder = await scratchFolder(t, 'places');
  const source = await makeDisk(folder);
  const server = await startSshServer(t, folder);
  return {
    server,
    source,
    folder,
    async job(id, place, steps, code = 0) {
      const path = join(folder, `${id}.yaml`);
      const file = { version: 1, id, countdown: 0, wait: 0, repository: place, steps };
      await writeFile(path, JSON.stringify(file), { mode: 0o600 });
      return permafrost(['run', path, '--json'], code);
    },
  };
}

async function nothingIsMounted({ destination }: SshServer): Promise<void> {
  const [host] = destination.split(':');
  assert.ok(!(await readFile('/proc/self/mountinfo', 'utf8')).includes(host!));
}

test('images are saved and restored over SSH, with a key, a password, and only from the server that is meant', async (t) => {
  const { server, source, folder, job } = await bench(t);
  const ssh = { ssh: server.destination, folder: join(server.folder, 'images') };
  const image = [{ image: { source: { file: source }, name: 'made' } }];
  const target = join(folder, 'target.img');

  await t.test('the folder is made by nobody: a server says where images may be', async () => {
    const place = { ...ssh, 'key-file': server.keyFile, 'host-key': server.fingerprint };
    const { events } = await job('missing', place, image, 1);
    assert.match(JSON.stringify(events.at(-1)), /No such file/);
    await mkdir(ssh.folder);
  });

  await t.test('a key, and the fingerprint of the server', async () => {
    const place = { ...ssh, 'key-file': server.keyFile, 'host-key': server.fingerprint };
    const { events } = await job('with-key', place, image);
    assert.equal(events.at(-1)!['outcome'], 'done');
    assert.equal((await readdir(join(ssh.folder, 'images'))).length, 1);
    await nothingIsMounted(server);
  });

  await t.test('a password, and the whole key of the server', async () => {
    const place = { ...ssh, password: server.password, 'host-key': server.hostKey };
    const restore = { restore: { image: 'made', target: { file: target } } };
    const { stdout, stderr } = await job('with-password', place, [restore]);
    const plan = await inspect(source);
    assert.equal(await usedDigest(target, plan), await usedDigest(source, plan));
    for (const text of [stdout, stderr, await recordOf(ssh.folder, 'with-password')])
      assert.ok(!text.includes(server.password) && !text.includes(JSON.stringify(server.password)));
    await nothingIsMounted(server);
  });

  await t.test('the key itself in the file', async () => {
    const key = await readFile(server.keyFile, 'utf8');
    await job('inline', { ...ssh, key, 'host-key': server.hostKey }, [{ verify: {} }]);
    await nothingIsMounted(server);
  });

  await t.test('refused: another key of the server, no known key, a wrong password', async () => {
    const other = `SHA256:${'A'.repeat(43)}`;
    const cases: [string, object, RegExp][] = [
      ['other-key', { 'key-file': server.keyFile, 'host-key': other }, /not the machine that is meant/],
      ['no-key', { 'key-file': server.keyFile }, /verification failed/],
      ['wrong-password', { password: 'wrong', 'host-key': server.fingerprint }, /Permission denied/],
    ];
    for (const [id, more, message] of cases) {
      const { events } = await job(id, { ...ssh, ...more }, image, 1);
      assert.match(JSON.stringify(events.find(({ type }) => type === 'error')), message);
      await nothingIsMounted(server);
    }
    const records = await readdir(join(ssh.folder, 'jobs'));
    assert.ok(!cases.some(([id]) => records.includes(id)));
  });

  await t.test('a server that is off is said and not waited for longer than the file allows', async () => {
    await server.cable('down');
    const place = { ...ssh, 'key-file': server.keyFile, 'host-key': server.fingerprint };
    const { events } = await job('off', place, image, 1);
    assert.match(JSON.stringify(events.at(-1)), /does not answer/);
    await server.cable('up');
  });
});

async function recordOf(repository: string, id: string): Promise<string> {
  const folder = join(repository, 'jobs', id);
  const [name] = await readdir(folder);
  return readFile(join(folder, name!), 'utf8');
}
