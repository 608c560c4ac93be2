import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import {
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './command.ts';
import { mountFaultFs } from './faultfs.ts';
import { limitMs } from './patience.ts';
import { noise, treeDigest } from './scratch.ts';

const code = (expected: string) => (error: NodeJS.ErrnoException) => error.code === expected;

test('passes everything through', async (t) => {
  const faults = await mountFaultFs(t);
  const at = (name: string): string => join(faults.path, name);
  await mkdir(at('a'));
  await writeFile(at('a/x'), noise(300_000, 1));
  await symlink('x', at('a/s'));
  await link(at('a/x'), at('hard'));
  await rename(at('a'), at('b'));
  await writeFile(at('b/x'), 'abc', { flag: 'a' });
  await writeFile(at('gone'), '1');
  await rm(at('gone'));
  assert.equal((await stat(at('hard'))).size, 300_003);
  assert.equal((await stat(at('hard'))).nlink, 2);
  assert.deepEqual((await readdir(faults.path)).sort(), ['b', 'hard']);
  assert.equal(await treeDigest(faults.path), await treeDigest(faults.backing));
});

test('O_DIRECT and the page cache see the same bytes', async (t) => {
  const faults = await mountFaultFs(t);
  const path = join(faults.path, 'disk');
  await writeFile(path, Buffer.alloc(1024 * 1024, 1));
  assert.equal((await readFile(path))[4096], 1); // Now it is cached.
  const direct = await open(path, constants.O_RDWR | constants.O_DIRECT);
  t.after(() => direct.close());
  const block = Buffer.from(new ArrayBuffer(4096 * 2)); // FUSE asks for no alignment of memory.
  await direct.write(block.fill(2), 0, 4096, 4096);
  const cached = await readFile(path);
  assert.deepEqual([cached[4095], cached[4096], cached[8191], cached[8192]], [1, 2, 2, 1]);
  await direct.read(block, 0, 8192, 0);
  assert.deepEqual([block[4095], block[4096]], [1, 2]);
});

test('flock holds between two processes', async (t) => {
  const faults = await mountFaultFs(t);
  const path = join(faults.path, 'lock');
  await writeFile(path, '');
  const holder = spawn('flock', [path, 'sh', '-c', 'echo held; read line'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const refused = await run('flock', ['--nonblock', path, 'true'], { accept: [1] });
  assert.equal(refused.code, 1);
  holder.stdin.end('\n');
  await once(holder, 'exit');
  await run('flock', ['--nonblock', path, 'true']);
});

test('reads of a byte range fail, with and without the page cache, until told otherwise', async (t) => {
  const faults = await mountFaultFs(t);
  const path = join(faults.path, 'disk');
  await writeFile(path, noise(1024 * 1024, 3));
  const rule = await faults.fail('EIO', { operation: 'read', path: 'disk', start: 65536, end: 66048 });
  for (const flags of [constants.O_RDONLY, constants.O_RDONLY | constants.O_DIRECT]) {
    const file = await open(path, flags);
    const buffer = Buffer.alloc(4096);
    await file.read(buffer, 0, 4096, 61440);
    await assert.rejects(file.read(buffer, 0, 4096, 65536), code('EIO'));
    await file.read(buffer, 0, 4096, 69632);
    await file.close();
  }
  const direct = await open(path, constants.O_RDONLY | constants.O_DIRECT);
  const sector = Buffer.alloc(512);
  await direct.read(sector, 0, 512, 65024);
  await assert.rejects(direct.read(sector, 0, 512, 65536), code('EIO'));
  await direct.read(sector, 0, 512, 66048);
  await direct.close();
  await faults.remove(rule);
  assert.deepEqual(await readFile(path), noise(1024 * 1024, 3));
});

test('a rule with a count applies so often, and only to its file', async (t) => {
  const faults = await mountFaultFs(t);
  await writeFile(join(faults.path, 'one'), 'x');
  await writeFile(join(faults.path, 'two'), 'x');
  await faults.fail('EROFS', { operation: 'write', path: 'one', times: 2 });
  await writeFile(join(faults.path, 'two'), 'y');
  await assert.rejects(writeFile(join(faults.path, 'one'), 'y'), code('EROFS'));
  await assert.rejects(writeFile(join(faults.path, 'one'), 'y'), code('EROFS'));
  await writeFile(join(faults.path, 'one'), 'y');
});

test('fsync, rename, create and unlink fail when told to', async (t) => {
  const faults = await mountFaultFs(t);
  const file = await open(join(faults.path, 'f'), 'w');
  const folder = await open(faults.path, 'r');
  await faults.fail('EIO', { operation: 'fsync', path: 'f' });
  await faults.fail('EINVAL', { operation: 'fsyncdir' });
  await faults.fail('EACCES', { operation: 'rename', path: 'f' });
  await faults.fail('ENOTSUP', { operation: 'create', path: 'g' });
  await faults.fail('EPERM', { operation: 'unlink', path: 'f' });
  await assert.rejects(file.sync(), code('EIO'));
  await assert.rejects(folder.sync(), code('EINVAL'));
  await assert.rejects(rename(join(faults.path, 'f'), join(faults.path, 'h')), code('EACCES'));
  await assert.rejects(mkdir(join(faults.path, 'g')), code('ENOTSUP'));
  await assert.rejects(rm(join(faults.path, 'f')), code('EPERM'));
  await folder.close();
  await file.close();
});

test('space runs out in the middle of a write and comes back', async (t) => {
  const faults = await mountFaultFs(t);
  const path = join(faults.path, 'f');
  await faults.limit(10_000);
  const { bsize, bavail } = await statfs(faults.path);
  assert.ok(bsize * bavail <= 10_000);
  await assert.rejects(writeFile(path, noise(50_000, 1)), code('ENOSPC'));
  assert.equal((await stat(path)).size, 10_000);
  await assert.rejects(writeFile(join(faults.path, 'g'), 'x'), code('ENOSPC'));
  await faults.limit(undefined);
  await writeFile(path, noise(50_000, 1));
});

test('a hanging read blocks nobody else, and goes on when released', async (t) => {
  const faults = await mountFaultFs(t);
  await writeFile(join(faults.path, 'slow'), noise(100_000, 1));
  await writeFile(join(faults.path, 'fast'), noise(100_000, 2));
  await faults.hang({ operation: 'read', path: 'slow' });
  const readers = Array.from({ length: 40 }, () =>
    spawn('cmp', [join(faults.path, 'slow'), join(faults.backing, 'slow')], { stdio: 'ignore' }),
  );
  const codes = Promise.all(readers.map(async (child) => (await once(child, 'exit'))[0] as number));
  await faults.hangs();
  assert.deepEqual(await readFile(join(faults.path, 'fast')), noise(100_000, 2));
  assert.ok(readers.every((child) => child.exitCode === null));
  await faults.remove();
  assert.deepEqual(new Set(await codes), new Set([0]));
});

test('a process with a hanging read can be killed, one with a stuck read only when released', async (t) => {
  const faults = await mountFaultFs(t);
  await writeFile(join(faults.path, 'f'), noise(4096, 1));
  for (const [act, dies] of [
    ['hang', true],
    ['stick', false],
  ] as const) {
    const rule = await faults[act]({ operation: 'read', path: 'f' });
    const child = spawn('dd', [`if=${join(faults.path, 'f')}`, 'iflag=direct', 'bs=4096'], {
      stdio: 'ignore',
    });
    const exited = once(child, 'exit');
    await faults.hangs();
    child.kill('SIGKILL');
    const patience = dies ? limitMs(60) : 500;
    const winner = await Promise.race([exited.then(() => 'dead'), sleep(patience, 'alive', { ref: false })]);
    assert.equal(winner, dies ? 'dead' : 'alive', act);
    await faults.remove(rule);
    await exited;
  }
});

test('a delay makes operations slow', async (t) => {
  const faults = await mountFaultFs(t);
  await writeFile(join(faults.path, 'f'), 'x');
  await faults.delay(300, { operation: 'read', path: 'f' });
  const started = performance.now();
  await readFile(join(faults.path, 'f'));
  assert.ok(performance.now() - started >= 300);
});
