/** Disks that the rescue environment protects: planned for while read-only, written by confirmed jobs alone, protected again. */
import { runDir } from '../support/run-dir.ts';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { PermafrostError } from '../../src/engine/base/errors.ts';
import { openTarget } from '../../src/engine/device/device.ts';
import { listDisks, type Disk } from '../../src/engine/device/disks.ts';
import { diskUse } from '../../src/engine/device/use.ts';
import { acquireWritable, recoverWritable } from '../../src/engine/device/writable.ts';
import { permafrost, makeDisk, start } from '../job/support.ts';
import { run } from '../support/command.ts';
import { mountFaultFs } from '../support/faultfs.ts';
import { attachLoop, scratchFolder, sparseFile } from '../support/scratch.ts';

const MIB = 1024 * 1024;

interface LoopDisk {
  readonly folder: string;
  readonly device: string;
  readonly name: string;
}

async function loopDisk(t: TestContext, options: readonly string[] = [], place?: string): Promise<LoopDisk> {
  const folder = await scratchFolder(t, 'protection');
  const file = await sparseFile(join(place ?? folder, 'disk.img'), 64 * MIB);
  let device = '';
  // The kernel keeps the setting for whoever has the loop device next.
  t.after(() => run('blockdev', ['--setrw', device], { accept: [0, 1] }));
  ({ device } = await attachLoop(t, file, options));
  return { folder, device, name: basename(device) };
}

/** What protect-disks does to every disk but loop devices; `sequence` is what it notes. */
async function protect({ device, name }: LoopDisk, sequence?: string): Promise<void> {
  await mkdir(join(runDir, 'protected'), { recursive: true });
  const diskseq = await readFile(`/sys/block/${name}/diskseq`, 'utf8');
  await writeFile(join(runDir, 'protected', name), sequence ?? diskseq);
  await run('blockdev', ['--setro', device]);
}

async function isReadOnly(name: string, part = ''): Promise<boolean> {
  return (await readFile(`/sys/block/${join(name, part)}/ro`, 'utf8')).trim() === '1';
}

/** Tries to write as any program would. */
async function tryWrite(device: string): Promise<string> {
  const file = await open(device, 'r+');
  try {
    await file.write(Buffer.alloc(512, 1), 0, 512, 0);
    await file.sync();
    return 'written';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  } finally {
    await file.close();
  }
}

async function listed(device: string): Promise<Disk> {
  return (await listDisks()).find(({ path }) => path === device)!;
}

test('a protected disk is free to plan for, and writable only from the first write to the end', async (t) => {
  const disk = await loopDisk(t);
  await protect(disk);
  assert.deepEqual(await diskUse(disk.device), []);
  const { isProtected, readOnly } = await listed(disk.device);
  assert.deepEqual({ isProtected, readOnly }, { isProtected: true, readOnly: false });

  const target = (await openTarget(disk.device))!;
  assert.equal(await isReadOnly(disk.name), true);
  await assert.rejects(target.file.write(0, Buffer.alloc(4096)), { code: 'EPERM' });
  assert.equal(await tryWrite(disk.device), 'EPERM');
  await target.allowWrites();
  await target.file.write(0, Buffer.alloc(4096));
  assert.equal((await listed(disk.device)).isProtected, false);
  await target.close();
  assert.equal(await isReadOnly(disk.name), true);
  assert.equal(await tryWrite(disk.device), 'EPERM');
});

test('a disk that is read-only for another reason is refused, whatever an old note says', async (t) => {
  const disk = await loopDisk(t);
  const refused = (error: unknown): boolean =>
    error instanceof PermafrostError && error.code === 'device/read-only';
  for (const sequence of ['', '1', 'no number']) {
    await protect(disk, sequence);
    await assert.rejects(openTarget(disk.device), refused, `a note "${sequence}"`);
    await assert.rejects(acquireWritable(disk.device), refused);
    assert.equal((await listed(disk.device)).readOnly, true);
    assert.equal((await diskUse(disk.device))[0]?.kind, 'read-only');
  }
  assert.equal(await isReadOnly(disk.name), true);

  // One that the kernel will not make writable, though the note is right.
  const stubborn = await loopDisk(t, ['--read-only']);
  await protect(stubborn);
  const target = (await openTarget(stubborn.device))!;
  await assert.rejects(target.allowWrites().then(() => target.file.write(0, Buffer.alloc(4096))));
  await target.close();
  assert.equal(await isReadOnly(stubborn.name), true);
});

test('a disk stays writable as long as anybody needs it, and its own read-only partitions with it', async (t) => {
  const disk = await loopDisk(t, ['--partscan']);
  await run('sfdisk', ['--quiet', disk.device], { input: 'label: gpt\nstart=2048, size=65536\n' });
  await run('partx', ['--add', disk.device], { accept: [0, 1] });
  t.after(() => run('partx', ['--delete', disk.device], { accept: [0, 1] }));
  const partition = `${disk.device}p1`;
  await run('mkfs.ext4', ['-q', partition]);
  await run('blockdev', ['--setro', partition]);
  await protect(disk);

  const first = await acquireWritable(partition);
  const second = await acquireWritable(disk.device);
  assert.equal(await isReadOnly(disk.name, `${disk.name}p1`), false);
  await first.release();
  await first.release();
  await recoverWritable();
  assert.equal(await isReadOnly(disk.name), false);
  await second.release();
  assert.equal(await isReadOnly(disk.name), true);
  await run('blockdev', ['--setrw', disk.device]);
  assert.equal(await isReadOnly(disk.name, `${disk.name}p1`), true, 'the partition on its own');
});

test('a disk that is mounted stays writable until it is not', async (t) => {
  const disk = await loopDisk(t);
  await run('mkfs.ext4', ['-q', disk.device]);
  await protect(disk);
  const point = join(disk.folder, 'mnt');
  await mkdir(point);
  const writable = await acquireWritable(disk.device);
  await run('mount', [disk.device, point]);
  await writable.release();
  assert.equal(await isReadOnly(disk.name), false);
  await run('umount', [point]);
  await recoverWritable();
  assert.equal(await isReadOnly(disk.name), true);
});

test('what a killed program had mounted is unmounted, and its disk protected again', async (t) => {
  const disk = await loopDisk(t);
  await run('mkfs.ext4', ['-q', disk.device]);
  await protect(disk);
  const point = join(disk.folder, 'mnt');
  await mkdir(point);
  const engine = join(import.meta.dirname, '../../src/engine/device/writable.ts');
  const program = `
    import { execFileSync } from 'node:child_process';
    import { acquireWritable } from ${JSON.stringify(engine)};
    await acquireWritable(${JSON.stringify(disk.device)}, { mountPoint: ${JSON.stringify(point)} });
    execFileSync('mount', [${JSON.stringify(disk.device)}, ${JSON.stringify(point)}]);
    console.log('mounted');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface(child.stdout), 'line');
  await recoverWritable();
  assert.equal(await isReadOnly(disk.name), false, 'its owner lives');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await recoverWritable();
  assert.equal(await isReadOnly(disk.name), true);
  assert.doesNotMatch(await readFile('/proc/self/mountinfo', 'utf8'), new RegExp(` ${point} `));
});

test('a restore needs no switch to be set, and one that was killed is protected by the next command', async (t) => {
  const fs = await mountFaultFs(t);
  const disk = await loopDisk(t, ['--direct-io=on'], fs.path);
  const repo = join(disk.folder, 'repository');
  const source = await makeDisk(disk.folder, 'source.img');
  await permafrost(['image', source, '--repo', repo, '--raw']);
  await protect(disk);
  const restore = ['restore', 'latest', disk.device, '--repo', repo];
  await permafrost([...restore, '--dry-run']);
  await permafrost(restore, 1, { input: 'no\n' });
  assert.equal(Buffer.compare(await readFile(disk.device), Buffer.alloc(64 * MIB)), 0, 'not a byte so far');

  await fs.hang({ operation: 'write', path: 'disk.img', start: 30 * MIB, end: 31 * MIB });
  const { child, ended } = start([...restore, '--yes']);
  await fs.hangs();
  child.kill('SIGKILL');
  await fs.remove();
  await ended;
  assert.equal(await isReadOnly(disk.name), false, 'nobody was there to protect it');
  await permafrost(['disks']);
  assert.equal(await isReadOnly(disk.name), true);

  await permafrost([...restore, '--yes', '--delta']);
  assert.equal(await isReadOnly(disk.name), true);
  await run('cmp', [source, disk.device]);
});
