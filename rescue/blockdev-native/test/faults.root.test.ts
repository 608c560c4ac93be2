/** Sectors that cannot be read, calls that never return, and what abandon() leaves behind. Needs root and FUSE. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../test/support/command.ts';
import { mountFaultFs, type FaultFs } from '../../test/support/faultfs.ts';
import { limitMs, until } from '../../test/support/patience.ts';
import { attachLoop, noise, sparseFile, scratchFolder } from '../../test/support/scratch.ts';
import { native, type BlockFile, type ChunkPool, type Slot } from '../lib/index.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const skip = process.getuid?.() === 0 ? false : 'needs root for loop devices';
const inTime = limitMs(60);
/** Of those that would wait for ever if they fail. */
const limited = { skip, timeout: limitMs(300) };

async function faultyFile(t: TestContext, bytes: Buffer): Promise<{ faults: FaultFs; path: string }> {
  const faults = await mountFaultFs(t);
  const path = join(faults.path, 'disk');
  await writeFile(join(faults.backing, 'disk'), bytes);
  return { faults, path };
}

async function openDirect(
  t: TestContext,
  path: string,
): Promise<{ file: BlockFile; pool: ChunkPool; slot: Slot }> {
  const file = await native.open(path, { direct: true });
  const pool = native.createPool({ workers: 3, slots: 4 });
  t.after(() => {
    pool.abandon();
    file.abandon();
    return file.close();
  });
  return { file, pool, slot: await pool.acquire() };
}

test('unreadable places of a file are listed, zero, and nothing else is lost', { skip }, async (t) => {
  const bytes = noise(4 * MIB, 1);
  const { faults, path } = await faultyFile(t, bytes);
  const { file, slot } = await openDirect(t, path);
  await faults.fail('EIO', { operation: 'read', start: 100_000, end: 100_001 });
  await faults.fail('EIO', { operation: 'read', start: MIB, end: MIB + 70_000 });
  await faults.fail('EIO', { operation: 'read', start: 3 * MIB + 8192, end: 3 * MIB + 8193 });
  const lengths = new Uint32Array(16).fill(256 * KIB);
  const { ids, bad, zero } = await slot.readChunks(file, { lengths, reads: Float64Array.of(0, 0, 4 * MIB) });
  // FUSE names no alignment, so 4096 bytes are what is read alone.
  const wanted = [98_304, 4096, MIB, 73_728, 3 * MIB + 8192, 4096];
  assert.deepEqual([...bad], wanted);
  for (let i = 0; i < wanted.length; i += 2) bytes.fill(0, wanted[i], wanted[i]! + wanted[i + 1]!);
  assert.ok(slot.bytes(0, 4 * MIB).equals(bytes));
  assert.deepEqual(ids.subarray(0, 32), native.hash(bytes.subarray(0, 256 * KIB)));
  assert.ok(zero.every((value) => value === 0));
});

test('only named bytes are bad, a bad hole is none', { skip }, async (t) => {
  const bytes = noise(MIB, 2);
  const { faults, path } = await faultyFile(t, bytes);
  const { file, slot } = await openDirect(t, path);
  await faults.fail('EIO', { operation: 'read', start: 32_768, end: 65_536 });
  const lengths = Uint32Array.of(MIB);
  // 0..8 KiB, then a hole of 56 KiB that is read through, then 64 KiB up.
  const through = await slot.readChunks(file, {
    lengths,
    reads: Float64Array.of(0, 0, 8192, 65_536, 65_536, 65_536),
  });
  assert.equal(through.bad.length, 0);
  const wanted = Buffer.alloc(MIB);
  bytes.copy(wanted, 0, 0, 8192);
  bytes.copy(wanted, 65_536, 65_536, 131_072);
  assert.ok(slot.bytes(0, MIB).equals(wanted));
  // Two named pieces within one bad unit, and one that begins in a good one.
  const odd = await slot.readChunks(file, {
    lengths,
    reads: Float64Array.of(0, 30_000, 4000, 8000, 36_900, 100, 9000, 37_100, 50),
  });
  assert.deepEqual([...odd.bad], [32_768, 34_000 - 32_768, 36_900, 100, 37_100, 50]);
  assert.ok(slot.bytes(0, 2768).equals(bytes.subarray(30_000, 32_768)));
  assert.ok(slot.bytes(2768, 7000).equals(Buffer.alloc(7000)));
});

test('a place that answers the second time is not bad', { skip }, async (t) => {
  const bytes = noise(MIB, 3);
  const { faults, path } = await faultyFile(t, bytes);
  const { file, slot } = await openDirect(t, path);
  // Once for the whole, once for 64 KiB, once on each step down to 4 KiB: the second try of that succeeds.
  await faults.fail('EIO', { operation: 'read', start: 204_800, end: 204_801, times: 7 });
  const { bad } = await slot.readChunks(file, {
    lengths: Uint32Array.of(MIB),
    reads: Float64Array.of(0, 0, MIB),
  });
  assert.equal(bad.length, 0);
  assert.ok(slot.bytes(0, MIB).equals(bytes));
});

test('a device that answers nowhere is an error, not a list of bad sectors', { skip }, async (t) => {
  const { faults, path } = await faultyFile(t, noise(MIB, 4));
  const { file, slot } = await openDirect(t, path);
  const what = { lengths: Uint32Array.of(MIB), reads: Float64Array.of(0, 0, MIB) };
  const gone = await faults.fail('EIO', { operation: 'read' });
  await assert.rejects(slot.readChunks(file, what), { code: 'EIO', syscall: 'pread', path, offset: 0 });
  await faults.remove(gone);
  assert.equal((await slot.readChunks(file, what)).bad.length, 0);
  await faults.fail('EACCES', { operation: 'read', start: 500_000, end: 500_001 });
  await assert.rejects(slot.readChunks(file, what), { code: 'EACCES' }, 'not what a bad sector says');
});

test('a device that goes away meanwhile is an error too', limited, async (t) => {
  const { faults, path } = await faultyFile(t, noise(MIB, 11));
  const { file, slot } = await openDirect(t, path);
  await faults.fail('EIO', { operation: 'read', start: 0, end: 4096 });
  // Met only by reads that the first rule lets pass: by the last step of the search.
  const last = await faults.hang({ operation: 'read', start: 4096, end: 8192 });
  const reading = slot.readChunks(file, {
    lengths: Uint32Array.of(8192 + 4096),
    reads: Float64Array.of(0, MIB - 4096, 4096, 4096, 0, 8192),
  });
  const outcome = reading.then(
    (result) => [...result.bad],
    (error: unknown) => (error as { code: string }).code,
  );
  await faults.hangs(1);
  await faults.fail('EIO', { operation: 'read' });
  await faults.remove(last);
  assert.equal(await outcome, 'EIO');
});

test('a block device loses single sectors', { skip }, async (t) => {
  const bytes = noise(2 * MIB, 5);
  const { faults, path } = await faultyFile(t, bytes);
  const { device, detach } = await attachLoop(t, path, ['--direct-io=on']);
  const { file, pool, slot } = await openDirect(t, device);
  await faults.fail('EIO', { operation: 'read', start: MIB + 512, end: MIB + 1024 });
  await faults.fail('EIO', { operation: 'read', start: MIB + 5 * 512 + 3, end: MIB + 6 * 512 + 3 });
  const { bad } = await slot.readChunks(file, {
    lengths: Uint32Array.of(2 * MIB),
    reads: Float64Array.of(0, 0, 2 * MIB),
  });
  assert.deepEqual([...bad], [MIB + 512, 512, MIB + 5 * 512, 1024]);
  bytes.fill(0, MIB + 512, MIB + 1024);
  bytes.fill(0, MIB + 5 * 512, MIB + 7 * 512);
  assert.ok(slot.bytes(0, 2 * MIB).equals(bytes));
  await assert.rejects(file.read(MIB, 1024), { code: 'EIO', offset: MIB, length: 1024 });
  await faults.remove();
  await pool.close();
  await file.close();
  await detach();
});

test('a hung read stops nothing but itself', limited, async (t) => {
  const bytes = noise(MIB, 6);
  const { faults, path } = await faultyFile(t, bytes);
  const { file, pool, slot } = await openDirect(t, path);
  const other = await native.open(await sparseFile(join(await scratchFolder(t, 'other'), 'file'), MIB), {
    write: true,
  });
  t.after(() => other.close());
  await faults.hang({ operation: 'read', start: 0, end: 4096 });
  const hung = [
    slot.readChunks(file, { lengths: Uint32Array.of(4096), reads: Float64Array.of(0, 0, 4096) }),
    ...Array.from({ length: 6 }, () => file.read(0, 512)),
  ].map((promise) =>
    promise.then(
      () => 'done',
      (error: unknown) => (error as { code: string }).code,
    ),
  );
  await faults.hangs(5);
  for (let i = 0; i < 20; i++) {
    await other.write(i * 1000, bytes.subarray(0, 1000));
    assert.ok((await other.read(i * 1000, 1000)).equals(bytes.subarray(0, 1000)));
  }
  const second = await pool.acquire();
  assert.deepEqual(await second.hashRange(other, 0, 1000), native.hash(bytes.subarray(0, 1000)));
  const third = await pool.acquire();
  await third.readChunks(file, { lengths: Uint32Array.of(4096), reads: Float64Array.of(0, 8192, 4096) });
  assert.ok(third.bytes(0, 4096).equals(bytes.subarray(8192, 12_288)), 'even elsewhere in the same file');
  const waiting = pool.acquire().then(async () => pool.acquire());

  pool.abandon();
  file.abandon();
  assert.deepEqual(await Promise.all(hung), Array(7).fill('ECANCELED'));
  await assert.rejects(waiting, { code: 'ECANCELED' });
  await assert.rejects(pool.acquire(), { code: 'ECANCELED' });
  await assert.rejects(second.hashRange(other, 0, 1), { code: 'ECANCELED' });
  await assert.rejects(file.read(8192, 1), { code: 'ECANCELED' });
  slot.release();
  await pool.close();
  await file.close();
  assert.equal((await faults.status()).hanging, 5, 'their threads are still there');
  await faults.remove();
  await until('nothing hangs', async () => (await faults.status()).hanging === 0);
  const again = await native.open(path, { direct: true });
  assert.ok((await again.read(0, 4096)).equals(bytes.subarray(0, 4096)));
  await again.close();
});

test('abandoning cuts a long search for readable sectors short', limited, async (t) => {
  const { faults, path } = await faultyFile(t, noise(4 * MIB, 7));
  const { file, pool, slot } = await openDirect(t, path);
  await faults.delay(2, { operation: 'read' });
  await faults.fail('EIO', { operation: 'read', start: 4096, end: 4 * MIB });
  const what = { lengths: Uint32Array.of(4 * MIB), reads: Float64Array.of(0, 0, 4 * MIB) };
  const reading = slot.readChunks(file, what);
  const outcome = reading.catch((error: unknown) => (error as { code: string }).code);
  const before = readCalls();
  await until('it searches', () => readCalls() - before > 100);
  pool.abandon();
  const abandoned = readCalls();
  assert.equal(await outcome, 'ECANCELED');
  // The whole search takes thousands of reads: those that still come are counted until hardly any does.
  for (let last = -100; readCalls() - last > 10;) {
    last = readCalls();
    await sleep(500);
  }
  const after = readCalls() - abandoned;
  assert.ok(after < 100, `${after} reads after it was abandoned`);
});

let looks = 0;

/** How often this process has read so far (proc_pid_io(5), syscr), but for these very looks. */
function readCalls(): number {
  return Number(/syscr: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))![1]) - 2 * looks++;
}

const program = (body: string): string => `
  import { native } from ${JSON.stringify(join(import.meta.dirname, '..', 'lib', 'index.ts'))};
  const path = process.argv[1];
  ${body}`;

test('the process exits while reads hang, once they are abandoned', limited, async (t) => {
  const { faults, path } = await faultyFile(t, noise(MIB, 8));
  await faults.hang({ operation: 'read', start: 0, end: 4096 });
  const body = (end: string): string =>
    program(`
      const file = await native.open(path, { direct: true });
      const pool = native.createPool({ workers: 2 });
      const slot = await pool.acquire();
      const read = slot.readChunks(file, { lengths: Uint32Array.of(4096), reads: Float64Array.of(0, 0, 4096) });
      const other = file.read(0, 1);
      for (const promise of [read, other]) promise.catch((error) => console.log(error.code));
      setTimeout(() => { ${end} }, 300);`);
  const exits = async (end: string): Promise<string> =>
    (await run(process.execPath, ['--input-type=module', '-e', body(end), path], { timeoutMs: inTime }))
      .stdout;
  assert.equal(await exits('pool.abandon(); file.abandon();'), 'ECANCELED\nECANCELED\n');
  assert.equal(await exits('process.exit(0);'), '');
  assert.equal(
    await exits('pool.abandon(); file.abandon(); setTimeout(() => process.exit(0), 10)'),
    'ECANCELED\nECANCELED\n',
  );
});

test('an idle pool, an open file and a lock keep no process alive', limited, async (t) => {
  const path = await sparseFile(join(await scratchFolder(t, 'idle'), 'file'), MIB);
  const { stdout } = await run(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      program(`
        const file = await native.open(path);
        await file.lock('exclusive');
        const pool = native.createPool();
        const slot = await pool.acquire();
        await slot.hashRange(file, 0, file.sizeBytes);
        console.log('done');`),
      path,
    ],
    { timeoutMs: inTime },
  );
  assert.equal(stdout, 'done\n');
});

test('a worker that is terminated leaves its hung read behind and the rest works', limited, async (t) => {
  const bytes = noise(MIB, 9);
  const { faults, path } = await faultyFile(t, bytes);
  await faults.hang({ operation: 'read', start: 0, end: 4096 });
  const { stdout } = await run(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      program(`
        import { Worker } from 'node:worker_threads';
        import { setTimeout as sleep } from 'node:timers/promises';
        const worker = new Worker(${JSON.stringify(
          program(`
            import { parentPort } from 'node:worker_threads';
            const file = await native.open(${JSON.stringify(path)}, { direct: true });
            file.read(0, 1).catch(() => undefined);
            const pool = native.createPool();
            (await pool.acquire()).hashRange(file, 0, 4096).catch(() => undefined);
            parentPort.postMessage('reading');`),
        )}, { eval: true, type: 'module', execArgv: ['--input-type=module'] });
        await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
        await sleep(200);
        await worker.terminate();
        const file = await native.open(path, { direct: true });
        console.log((await file.read(8192, 4)).toString('hex'));`),
      path,
    ],
    { timeoutMs: inTime },
  );
  assert.equal(stdout.trim(), bytes.subarray(8192, 8196).toString('hex'));
});

test('failing writes and flushes reach the caller with their code', { skip }, async (t) => {
  const faults = await mountFaultFs(t);
  const path = join(faults.path, 'pack');
  const file = await native.open(path, { write: true, create: 'new' });
  const pool = native.createPool({ workers: 1 });
  const slot = await pool.acquire();
  const bytes = noise(100_000, 10);
  await slot.loadChunks(bytes, Uint32Array.of(100_000));
  await slot.compress(Uint8Array.of(1), 3);
  const hasher = native.createHasher();
  for (const code of ['ENOSPC', 'EDQUOT', 'EIO'] as const) {
    const rule = await faults.fail(code, { operation: 'write' });
    await assert.rejects(slot.writeFrame(file, 7, Buffer.from('header'), hasher), {
      code,
      syscall: 'pwritev',
      path,
      offset: 7,
      length: 100_006,
    });
    await faults.remove(rule);
  }
  assert.deepEqual(hasher.digest(), native.hash(Buffer.alloc(0)), 'nothing was written, nothing hashed');
  const rule = await faults.fail('EIO', { operation: 'fsync' });
  await assert.rejects(file.flush(), { code: 'EIO', syscall: 'fsync' });
  await faults.remove(rule);
  await slot.writeFrame(file, 0, Buffer.from('header'), hasher);
  assert.deepEqual(hasher.digest(), native.hash(Buffer.concat([Buffer.from('header'), bytes])));
  await pool.close();
  await file.close();
});
