/** Open files without root: kinds, modes, I/O at any alignment, holes, locks, closing. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../test/support/command.ts';
import { noise, scratchFolder, sparseFile } from '../../test/support/scratch.ts';
import { native } from '../lib/index.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** What a file system may need to note that a file has holes, in units of 512 bytes. */
const METADATA_BLOCKS = 128;

test('only block devices and regular files open, and nothing waits', async (t) => {
  const folder = await scratchFolder(t, 'open');
  await run('mkfifo', [join(folder, 'fifo')]);
  await symlink('loop', join(folder, 'loop'));
  const cases: readonly [path: string, code: string][] = [
    [folder, 'EISDIR'],
    [join(folder, 'fifo'), 'EINVAL'],
    ['/dev/null', 'EINVAL'],
    [join(folder, 'absent'), 'ENOENT'],
    [join(folder, 'loop'), 'ELOOP'],
    [join(folder, 'absent', 'file'), 'ENOENT'],
    ['/proc/self/status/file', 'ENOTDIR'],
    ['x'.repeat(300), 'ENAMETOOLONG'],
  ];
  for (const [path, code] of cases)
    for (const write of [false, true])
      await assert.rejects(native.open(path, { write }), (error: Error) => {
        assert.equal(error.name, 'NativeFailure');
        const { message, stack, ...fields } = error;
        assert.deepEqual({ ...fields, name: undefined }, { name: undefined, code, syscall: 'open', path });
        assert.ok(message.startsWith(`${code}: `) && message.endsWith(`, open ${path}`), message);
        assert.match(stack ?? '', /file\.test\.ts/);
        return true;
      });
});

test('files are created as asked and never by accident', async (t) => {
  const folder = await scratchFolder(t, 'create');
  const path = join(folder, 'file');
  await assert.rejects(native.open(path, { write: true }), { code: 'ENOENT' });
  const first = await native.open(path, { write: true, create: 'new' });
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await first.write(0, Buffer.from('content'));
  await first.close();
  await assert.rejects(native.open(path, { write: true, create: 'new' }), { code: 'EEXIST' });
  const again = await native.open(path, { write: true, create: 'if-absent' });
  assert.equal(again.sizeBytes, 7);
  assert.equal((await again.read(0, 7)).toString(), 'content');
  await again.close();
  const other = await native.open(join(folder, 'other'), { write: true, create: 'if-absent', mode: 0o640 });
  assert.equal((await stat(other.path)).mode & 0o777, 0o640);
  await other.close();
  await symlink('nowhere', join(folder, 'link'));
  await assert.rejects(native.open(join(folder, 'link'), { write: true, create: 'new' }), { code: 'EEXIST' });
});

test('wrong arguments throw at once', async (t) => {
  const path = await sparseFile(join(await scratchFolder(t, 'arguments'), 'file'), MIB);
  const file = await native.open(path, { write: true });
  assert.throws(() => native.open(1 as never), TypeError);
  assert.throws(() => native.open(`${path}\0x`), RangeError);
  assert.throws(() => native.open(''), RangeError);
  assert.throws(() => native.open(path, { create: 'new' }), RangeError);
  assert.throws(() => native.open(path, { write: true, create: 'always' as never }), RangeError);
  assert.throws(() => native.open(path, { direct: 1 as never }), TypeError);
  for (const bad of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => file.read(bad, 1), RangeError);
    assert.throws(() => file.read(0, bad), RangeError);
    assert.throws(() => file.discard(bad, 1), RangeError);
    assert.throws(() => file.zero(0, bad), RangeError);
    assert.throws(() => file.setSize(bad), RangeError);
  }
  assert.throws(() => file.read('0' as never, 1), TypeError);
  assert.throws(() => file.read(0, 64 * MIB + 1), RangeError);
  assert.throws(() => file.read(Number.MAX_SAFE_INTEGER, 1), RangeError);
  assert.throws(() => file.write(0, new Uint16Array(1) as never), TypeError);
  assert.throws(() => file.lock('both' as never), RangeError);
  assert.throws(() => native.createPool({ workers: 0 }), RangeError);
  assert.throws(() => native.createPool({ frameBytes: 4 * MIB + 1 }), RangeError);
  assert.throws(() => native.createPool({ slots: 1.5 }), RangeError);
  await file.close();
});

test('a missing end of a file is ENODATA, a read-only file takes no writes', async (t) => {
  const path = join(await scratchFolder(t, 'end'), 'file');
  await writeFile(path, noise(10_000, 1));
  for (const direct of [false, true]) {
    const file = await native.open(path, { direct });
    await assert.rejects(file.read(9_999, 2), {
      code: 'ENODATA',
      offset: 9_999,
      length: 2,
      syscall: 'pread',
      path,
    });
    await assert.rejects(file.read(1_000_000, 1), { code: 'ENODATA' });
    assert.equal((await file.read(10_000, 0)).length, 0);
    await assert.rejects(file.write(0, Buffer.alloc(1)), { code: 'EBADF', syscall: 'pwrite', offset: 0 });
    await assert.rejects(file.write(0, Buffer.alloc(8192)), { code: 'EBADF' });
    await assert.rejects(file.setSize(0), (error: { code?: string }) =>
      /^E(BADF|INVAL)$/.test(error.code ?? ''),
    );
    await file.close();
  }
  assert.equal((await stat(path)).size, 10_000);
});

for (const direct of [false, true])
  test(`reads and writes of any alignment equal the reference (direct: ${direct})`, async (t) => {
    const path = join(await scratchFolder(t, 'io'), 'file');
    const reference = noise(2 * MIB + 333, 1);
    await writeFile(path, reference);
    const file = await native.open(path, { write: true, direct });
    const random = new Uint32Array(noise(4 * 3 * 300, 99).buffer);
    const edges = [0, 1, 511, 512, 513, 4095, 4096, 4097, 65536];
    for (let i = 0; i < 300; i++) {
      const [a, b, c] = random.subarray(i * 3, i * 3 + 3) as unknown as [number, number, number];
      const length = b % 3 === 0 ? edges[b % edges.length]! : b % 300_000;
      const near = c % 2 === 0 ? (a % 500) * 4096 + (edges[a % edges.length]! % 4097) : a;
      const offset = near % (reference.length - length);
      if (c % 5 < 3) {
        const bytes = noise(length, i + 1000);
        bytes.copy(reference, offset);
        await file.write(offset, bytes);
      } else {
        const bytes = await file.read(offset, length);
        assert.ok(bytes.equals(reference.subarray(offset, offset + length)), `${offset}+${length}`);
      }
    }
    await file.flush();
    await file.dropCache();
    assert.ok((await readFile(path)).equals(reference), 'and nothing else was written');
    assert.ok((await file.read(0, reference.length)).equals(reference));
    await file.close();
  });

test('writing copies the bytes before it returns and may extend a file', async (t) => {
  const path = join(await scratchFolder(t, 'extend'), 'file');
  for (const direct of [false, true]) {
    const file = await native.open(path, { write: true, create: 'if-absent', direct });
    await file.setSize(0);
    const bytes = Buffer.from(noise(100_001, 1));
    const wanted = Buffer.from(bytes);
    const written = file.write(4096, bytes);
    bytes.fill(0);
    await written;
    assert.ok((await file.read(4096, wanted.length)).equals(wanted));
    assert.equal((await stat(path)).size, 4096 + 100_001);
    await file.close();
  }
});

test('zero, discard and setSize do what they say to a file', async (t) => {
  const path = join(await scratchFolder(t, 'holes'), 'file');
  const reference = noise(4 * MIB, 1);
  await writeFile(path, reference);
  const file = await native.open(path, { write: true, direct: true });
  await file.flush();
  const full = (await stat(path)).blocks;
  await file.zero(1000, 100_000);
  reference.fill(0, 1000, 101_000);
  assert.ok((await readFile(path)).equals(reference));
  await file.discard(MIB, 2 * MIB);
  reference.fill(0, MIB, 3 * MIB);
  assert.ok((await readFile(path)).equals(reference));
  const { blocks } = await stat(path);
  assert.ok(blocks <= full - (2 * MIB) / 512 + METADATA_BLOCKS, `the hole is given back: ${full}, ${blocks}`);
  assert.equal((await stat(path)).size, 4 * MIB);
  await assert.rejects(file.zero(4 * MIB - 1, 2), { code: 'EINVAL', offset: 4 * MIB - 1, length: 2 });
  await file.zero(4 * MIB, 0);
  await file.setSize(5 * MIB + 1);
  assert.equal(file.sizeBytes, 5 * MIB + 1);
  assert.equal((await stat(path)).size, 5 * MIB + 1);
  await file.startWriteback(0, MIB);
  assert.equal(await file.isReadOnly(), false);
  assert.equal(await file.diskSequence(), undefined);
  await assert.rejects(file.setReadOnly(true), { code: 'ENOTBLK' });
  await assert.rejects(file.rereadPartitions(), { code: 'ENOTBLK' });
  assert.deepEqual(
    { block: file.isBlockDevice, sector: file.sectorSize, physical: file.physicalSectorSize },
    { block: false, sector: 512, physical: 512 },
  );
  const { dev } = await stat(path, { bigint: true });
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  assert.equal(file.deviceNumber, `${major}:${minor}`);
  await file.close();
});

test('a lock excludes others until it is closed', async (t) => {
  const path = await sparseFile(join(await scratchFolder(t, 'lock'), 'file'), 1);
  const first = await native.open(path, { direct: true });
  const second = await native.open(path);
  assert.equal(await first.lock('shared'), true);
  assert.equal(await second.lock('shared'), true);
  assert.equal(await second.lock('exclusive'), false, 'first still shares');
  // A failed conversion may lose the old lock (flock(2)); ask for it again.
  assert.equal(await second.lock('shared'), true);
  await second.close();
  assert.equal(await first.lock('exclusive'), true);
  const third = await native.open(path);
  assert.equal(await third.lock('shared'), false);
  const { code } = await run('flock', ['--nonblock', path, 'true'], { accept: [0, 1] });
  assert.equal(code, 1, 'other programs see it');
  await first.close();
  assert.equal(await third.lock('exclusive'), true);
  await third.close();
});

function linkOf(descriptor: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined; // The descriptor of the listing itself.
  }
}

test('closing waits for the jobs, is idempotent, and gives the descriptors back', async (t) => {
  const path = await sparseFile(join(await scratchFolder(t, 'close'), 'file'), 8 * MIB);
  const pool = native.createPool({ workers: 1 });
  const slot = await pool.acquire();
  const before = readdirSync('/proc/self/fd').length;
  const file = await native.open(path, { direct: true });
  const own = readdirSync('/proc/self/fd').filter((number) => linkOf(number) === path);
  assert.equal(own.length, 2, 'through the page cache and past it');
  for (const number of own) {
    const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'utf8'))![1]!;
    assert.ok(Number.parseInt(flags, 8) & 0o2000000, 'O_CLOEXEC');
  }
  let ended = 0;
  const calls = [
    slot.hashRange(file, 0, 8 * MIB).then(() => ended++),
    ...Array.from({ length: 20 }, (_, i) => file.read(i * 4096, MIB).then(() => ended++)),
  ];
  const closed = file.close();
  assert.equal(file.close(), closed);
  await closed;
  assert.equal(ended, 21);
  await Promise.all(calls);
  assert.equal(readdirSync('/proc/self/fd').length, before);
  await assert.rejects(file.read(0, 1), { code: 'EBADF', path });
  await assert.rejects(slot.hashRange(file, 0, 1), { code: 'EBADF' });
  await pool.close();
});

test('a directory is made durable, other things are not directories', async (t) => {
  const folder = await scratchFolder(t, 'directory');
  assert.equal(await native.syncDirectory(folder), true);
  await assert.rejects(native.syncDirectory(join(folder, 'absent')), { code: 'ENOENT', syscall: 'fsync' });
  const path = await sparseFile(join(folder, 'file'), 1);
  await assert.rejects(native.syncDirectory(path), { code: 'ENOTDIR' });
  assert.equal(await native.syncDirectory('/proc'), false, 'a file system that cannot');
});
