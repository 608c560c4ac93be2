/** The chunk jobs on ordinary files: what is read, zeroed, hashed, compressed, written and read back. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { noise, scratchFolder } from '../../test/support/scratch.ts';
import { native, type BlockFile, type ChunkPool, type Slot } from '../lib/index.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

async function withSlot(t: TestContext): Promise<{ pool: ChunkPool; slot: Slot }> {
  const pool = native.createPool({ workers: 2, slots: 2 });
  t.after(() => pool.close());
  return { pool, slot: await pool.acquire() };
}

async function fileWith(t: TestContext, bytes: Uint8Array, direct = false): Promise<BlockFile> {
  const path = join(await scratchFolder(t, 'chunks'), 'file');
  await writeFile(path, bytes);
  const file = await native.open(path, { write: true, direct });
  t.after(() => file.close());
  return file;
}

/** Text-like bytes that compress to about a third. */
function prose(length: number, seed: number): Buffer {
  const random = noise(length, seed);
  return Buffer.from(random.map((byte) => 97 + (byte % 6)));
}

/** What readChunks promises, computed the slow way. */
function expected(source: Buffer, lengths: readonly number[], reads: readonly number[]): Buffer {
  const bytes = Buffer.alloc(lengths.reduce((sum, length) => sum + length, 0));
  for (let i = 0; i < reads.length; i += 3)
    source.copy(bytes, reads[i], reads[i + 1], reads[i + 1]! + reads[i + 2]!);
  return bytes;
}

function ids(bytes: Buffer, lengths: readonly number[]): Buffer {
  let at = 0;
  return Buffer.concat(lengths.map((length) => native.hash(bytes.subarray(at, (at += length)))));
}

for (const direct of [false, true])
  test(`reads chunks with holes at any alignment (direct: ${direct})`, async (t) => {
    const source = noise(5 * MIB + 777, 1);
    const file = await fileWith(t, source, direct);
    const { slot } = await withSlot(t);
    const end = source.length;
    const cases: readonly { lengths: number[]; reads: number[] }[] = [
      { lengths: [256 * KIB, 256 * KIB], reads: [0, 0, 512 * KIB] },
      { lengths: [4 * MIB], reads: [0, 4096, 4 * MIB] },
      { lengths: [64 * KIB], reads: [] },
      { lengths: [100, 200, 300], reads: [0, 5, 50, 50, 55, 450] },
      { lengths: [MIB], reads: [0, 512, 4096, 8192, 8704, 4096, 900_000, 900_512, 1000] },
      { lengths: [MIB, 13], reads: [1, 3, 5, 7, 1_000_001, 70_000, 70_007, 0, 1] },
      { lengths: [MIB], reads: [4096, end - 8192 - 777, 8192 + 777] },
      { lengths: [8192], reads: [17, end - 100, 100] },
      { lengths: [4096, 4096], reads: [0, 8192, 4096, 4096, 0, 4096] },
    ];
    for (const { lengths, reads } of cases) {
      const result = await slot.readChunks(file, {
        lengths: Uint32Array.from(lengths),
        reads: Float64Array.from(reads),
      });
      const bytes = expected(source, lengths, reads);
      assert.ok(slot.bytes(0, bytes.length).equals(bytes), JSON.stringify({ lengths, reads }));
      assert.deepEqual(result.ids, ids(bytes, lengths));
      assert.equal(result.bad.length, 0);
    }
  });

test('chunks past the end of a file are an error, not bad sectors', async (t) => {
  for (const direct of [false, true]) {
    const file = await fileWith(t, noise(100_000, 1), direct);
    const { slot } = await withSlot(t);
    const lengths = Uint32Array.of(64 * KIB);
    for (const offset of [99_999, 100_000, 40_000, 10 * MIB])
      await assert.rejects(
        slot.readChunks(file, { lengths, reads: Float64Array.of(0, offset, 64 * KIB) }),
        { code: 'ENODATA', syscall: 'pread' },
        `${offset}`,
      );
    assert.throws(() => slot.bytes(0, 1), RangeError, 'what failed leaves no chunks');
  }
});

test('a chunk is zero only if all its bytes are', async (t) => {
  const { slot } = await withSlot(t);
  const lengths = [1, 63, 64, 65, 4096, 4097, 100_000];
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0));
  const clean = await slot.loadChunks(Buffer.alloc(total), Uint32Array.from(lengths));
  assert.deepEqual(
    [...clean.zero],
    lengths.map(() => 1),
  );
  assert.deepEqual(clean.ids, ids(Buffer.alloc(total), lengths));
  for (const [i, length] of lengths.entries())
    for (const at of new Set([0, Math.floor(length / 2), length - 1])) {
      const bytes = Buffer.alloc(total);
      bytes[starts[i]! + at] = 1;
      const result = await slot.loadChunks(bytes, Uint32Array.from(lengths));
      assert.deepEqual(
        [...result.zero],
        lengths.map((_, k) => (k === i ? 0 : 1)),
        `byte ${at} of ${length}`,
      );
      assert.deepEqual(result.ids, ids(bytes, lengths));
    }
});

test('a payload holds the selected chunks and is a standard Zstandard frame', async (t) => {
  const { slot } = await withSlot(t);
  const file = await fileWith(t, Buffer.alloc(0));
  const lengths = Array.from({ length: 16 }, () => 256 * KIB);
  const bytes = prose(4 * MIB, 5);
  for (const select of [
    lengths.map(() => 1),
    lengths.map((_, i) => (i >= 3 && i < 9 ? 1 : 0)),
    lengths.map((_, i) => (i % 3 === 0 ? 1 : 0)),
    lengths.map((_, i) => (i === 15 ? 1 : 0)),
  ])
    for (const level of [1, 3, 19]) {
      if (level === 19 && select.filter(Boolean).length > 1) continue;
      await slot.loadChunks(bytes, Uint32Array.from(lengths));
      const wanted = Buffer.concat(
        lengths.flatMap((length, i) => (select[i] ? [bytes.subarray(i * length, (i + 1) * length)] : [])),
      );
      const { payloadBytes, codec } = await slot.compress(Uint8Array.from(select), level);
      assert.equal(codec, 'zstd');
      assert.ok(payloadBytes < wanted.length / 2, `${payloadBytes} of ${wanted.length}`);
      const header = noise(77, 9);
      const hasher = native.createHasher();
      await slot.writeFrame(file, 1000, header, hasher);
      const written = (await readFile(file.path)).subarray(1000, 1000 + 77 + payloadBytes);
      assert.ok(written.subarray(0, 77).equals(header));
      const payload = written.subarray(77);
      assert.ok(zstdDecompressSync(payload).equals(wanted));
      assert.deepEqual(hasher.digest(), native.hash(written));
      // RFC 8878, 3.1.1.1: single segment or a content size field, and no checksum.
      const descriptor = payload[4]!;
      assert.ok((descriptor & 0x20) !== 0 || descriptor >> 6 !== 0, 'the content size is declared');
      assert.equal(descriptor & 0x04, 0, 'no checksum');
    }
  assert.throws(() => slot.bytes(0, 1), RangeError, 'the chunks are used up');
  assert.throws(() => slot.compress(Uint8Array.from(lengths), 3), RangeError);
});

test('what does not compress is stored as it is', async (t) => {
  const { slot } = await withSlot(t);
  const file = await fileWith(t, Buffer.alloc(0));
  const bytes = noise(MIB, 3);
  const lengths = Uint32Array.from([256 * KIB, 256 * KIB, 256 * KIB, 256 * KIB]);
  await slot.loadChunks(bytes, lengths);
  const { payloadBytes, codec } = await slot.compress(Uint8Array.of(1, 0, 1, 1), 3);
  assert.deepEqual({ payloadBytes, codec }, { payloadBytes: 768 * KIB, codec: 'stored' });
  const hasher = native.createHasher();
  await slot.writeFrame(file, 0, Buffer.from('header'), hasher);
  const wanted = Buffer.concat([bytes.subarray(0, 256 * KIB), bytes.subarray(512 * KIB)]);
  assert.ok((await readFile(file.path)).equals(Buffer.concat([Buffer.from('header'), wanted])));
  assert.deepEqual(hasher.digest(), native.hash(Buffer.concat([Buffer.from('header'), wanted])));
});

for (const direct of [false, true])
  test(`a frame reads back and its slices land where they belong (direct: ${direct})`, async (t) => {
    const { slot } = await withSlot(t);
    const file = await fileWith(t, Buffer.alloc(0), direct);
    const lengths = Uint32Array.from([MIB, 5, 4096, 3000]);
    const bytes = prose(MIB + 5 + 4096 + 3000, 8);
    const { ids: wanted } = await slot.loadChunks(bytes, lengths);
    for (const seed of [0, 1]) {
      if (seed === 1) noise(bytes.length, 4).copy(bytes);
      const { ids: before } = await slot.loadChunks(bytes, lengths);
      const { payloadBytes, codec } = await slot.compress(Uint8Array.of(1, 1, 1, 1), 3);
      assert.equal(codec, seed === 0 ? 'zstd' : 'stored');
      await slot.writeFrame(file, 13, Buffer.from('h'));
      await slot.loadChunks(Buffer.alloc(5), Uint32Array.of(5));
      const frame = await slot.readFrame(file, { offset: 14, payloadBytes, codec, lengths });
      assert.deepEqual(frame.ids, before);
      if (seed === 0) assert.deepEqual(before, wanted);
      assert.ok(slot.bytes(0, bytes.length).equals(bytes));
    }
    const target = noise(3 * MIB, 11);
    const out = await fileWith(t, target, direct);
    const writes = [
      0,
      100,
      1000,
      1000,
      1100,
      5000,
      20_000,
      6100,
      300,
      4096,
      16384,
      65536,
      70_000,
      2 * MIB + 1,
      900_000,
    ];
    await slot.writeChunks(out, Float64Array.from(writes));
    for (let i = 0; i < writes.length; i += 3)
      bytes.copy(target, writes[i + 1], writes[i], writes[i]! + writes[i + 2]!);
    assert.ok((await readFile(out.path)).equals(target), 'only what is named is written');
  });

test('a range hashes as its bytes do, at any offset', async (t) => {
  const { slot } = await withSlot(t);
  const bytes = noise(9 * MIB + 123, 2);
  for (const direct of [false, true]) {
    const file = await fileWith(t, bytes, direct);
    for (const [offset, length] of [
      [0, bytes.length],
      [1, 5 * MIB],
      [4096, 4 * MIB],
      [8 * MIB, MIB + 123],
      [77, 0],
    ] as const)
      assert.deepEqual(
        await slot.hashRange(file, offset, length),
        native.hash(bytes.subarray(offset, offset + length)),
      );
    await assert.rejects(slot.hashRange(file, 9 * MIB, MIB), { code: 'ENODATA' });
  }
});
