/** Many jobs at once on few slots and files, each checked; and the memory that the largest pool takes. */
import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { run } from '../../test/support/command.ts';
import { noise, scratchFolder } from '../../test/support/scratch.ts';
import { native } from '../lib/index.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const factor = Number(process.env['PERMAFROST_FUZZ_FACTOR'] ?? 1);

test('hundreds of random jobs at once never mix their bytes', { timeout: 600_000 }, async (t) => {
  const folder = await scratchFolder(t, 'stress');
  const frameBytes = 128 * KIB;
  const source = noise(4 * MIB, 1);
  for (let at = 0; at < source.length; at += 64 * KIB)
    if ((at / (64 * KIB)) % 3 === 0) source.fill(at & 0xff, at, at + 50_000);
  const path = join(folder, 'source');
  await writeFile(path, source);
  const jobCount = 300 * factor;
  const packPath = join(folder, 'pack');
  const outPath = join(folder, 'out');
  const files = await Promise.all([
    native.open(path, { direct: true }),
    native.open(path),
    native.open(packPath, { write: true, create: 'new' }),
    native.open(outPath, { write: true, create: 'new', direct: true }),
  ]);
  const [direct, cached, pack, out] = files;
  await out.setSize(jobCount * frameBytes);
  const pool = native.createPool({ workers: 8, slots: 10, frameBytes });
  const wantedOut = Buffer.alloc(jobCount * frameBytes);
  const random = new Uint32Array(noise(4 * 8 * jobCount, 77).buffer);

  const job = async (i: number): Promise<void> => {
    const [a, b, c, d, e] = random.subarray(i * 8, i * 8 + 8) as unknown as [
      number,
      number,
      number,
      number,
      number,
    ];
    const slot = await pool.acquire();
    const lengths = Uint32Array.of(1 + (a % 30_000), 1 + (b % 30_000), 1 + (c % 60_000));
    const total = lengths[0]! + lengths[1]! + lengths[2]!;
    const hole = d % total;
    const after = hole + (e % (total - hole));
    const base = ((a ^ b) >>> 0) % (source.length - total);
    const { ids, zero, bad } = await slot.readChunks(i % 2 === 0 ? direct : cached, {
      lengths,
      reads: Float64Array.of(0, base, hole, after, base + after, total - after),
    });
    const bytes = Buffer.from(source.subarray(base, base + total));
    bytes.fill(0, hole, after);
    const chunks = [...lengths].map((length, k) => {
      const start = lengths.subarray(0, k).reduce((sum, n) => sum + n, 0);
      return bytes.subarray(start, start + length);
    });
    assert.deepEqual(ids, Buffer.concat(chunks.map((chunk) => native.hash(chunk))));
    assert.deepEqual(
      [...zero],
      chunks.map((chunk) => (chunk.every((byte) => byte === 0) ? 1 : 0)),
    );
    assert.equal(bad.length, 0);
    const select = Uint8Array.of(a & 1, b & 1, 1);
    const chosen = chunks.filter((_, k) => select[k] === 1);
    const { payloadBytes, codec } = await slot.compress(select, 1 + (i % 5));
    const header = noise(16, i);
    const at = i * (frameBytes + 16);
    await slot.writeFrame(pack, at, header);
    const written = await pack.read(at, 16 + payloadBytes);
    assert.ok(written.subarray(0, 16).equals(header));
    const payload = written.subarray(16);
    assert.ok((codec === 'zstd' ? zstdDecompressSync(payload) : payload).equals(Buffer.concat(chosen)));
    const back = await slot.readFrame(pack, {
      offset: at + 16,
      payloadBytes,
      codec,
      lengths: Uint32Array.from(chosen.map((chunk) => chunk.length)),
    });
    assert.deepEqual(back.ids, Buffer.concat(chosen.map((chunk) => native.hash(chunk))));
    const length = chosen.reduce((sum, chunk) => sum + chunk.length, 0);
    const to = i * frameBytes + (c % 1000);
    await slot.writeChunks(out, Float64Array.of(0, to, length));
    Buffer.concat(chosen).copy(wantedOut, to);
    slot.release();
  };
  await Promise.all(Array.from({ length: jobCount }, (_, i) => job(i)));
  await pool.close();
  await Promise.all(files.map((file) => file.close()));
  assert.ok((await readFile(outPath)).equals(wantedOut));
  assert.equal((await stat(outPath)).size, wantedOut.length);
});

test('sixteen workers at level 3 stay below 300 MiB', { timeout: 120_000 }, async (t) => {
  const path = join(await scratchFolder(t, 'memory'), 'source');
  // Hardly compressible, so that payloads are as large as they get; every other chunk is chosen, so they are gathered.
  const bytes = noise(96 * MIB, 5);
  for (let at = 0; at < bytes.length; at += 1000) bytes.fill(0, at, at + 30);
  await writeFile(path, bytes);
  const { stdout } = await run(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { native } from ${JSON.stringify(join(import.meta.dirname, '..', 'lib', 'index.ts'))};
      import { readFileSync } from 'node:fs';
      const file = await native.open(process.argv[1], { direct: true });
      const out = await native.open(process.argv[1] + '.out', { write: true, create: 'new' });
      const pool = native.createPool({ workers: 16 });
      const lengths = new Uint32Array(16).fill(${256 * KIB});
      const select = lengths.map((_, i) => (i === 8 ? 0 : 1));
      let at = 0;
      await Promise.all(Array.from({ length: 24 }, async (_, i) => {
        const slot = await pool.acquire();
        await slot.readChunks(file, { lengths, reads: Float64Array.of(0, i * ${4 * MIB}, ${4 * MIB}) });
        const { payloadBytes, codec } = await slot.compress(Uint8Array.from(select), 3);
        if (codec !== 'zstd') throw new Error(codec);
        const offset = at;
        at += payloadBytes;
        await slot.writeFrame(out, offset, new Uint8Array(0));
        await slot.readFrame(out, { offset, payloadBytes, codec, lengths: lengths.subarray(1) });
        slot.release();
      }));
      await pool.close();
      console.log(/VmHWM:\\s*(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1],
        /VmRSS:\\s*(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);`,
      path,
    ],
    { timeoutMs: 100_000 },
  );
  const [peakMiB, afterMiB] = stdout
    .trim()
    .split(' ')
    .map((kib) => Number(kib) / 1024) as [number, number];
  t.diagnostic(`${peakMiB.toFixed(0)} MiB at most, ${afterMiB.toFixed(0)} MiB after the pool is closed`);
  assert.ok(peakMiB > 100, 'the buffers were used');
  assert.ok(peakMiB <= 300, `${peakMiB} MiB`);
  assert.ok(afterMiB < 110, `${afterMiB} MiB: closing gives the buffers back`);
});
