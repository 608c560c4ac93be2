/** Payloads that are damaged or made to deceive: a problem or the right bytes, never a crash, never out of bounds. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { constants, zstdCompressSync } from 'node:zlib';
import { noise, scratchFolder } from '../../test/support/scratch.ts';
import { native, type BlockFile, type Slot } from '../lib/index.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const factor = Number(process.env['PERMAFROST_FUZZ_FACTOR'] ?? 1);

async function place(t: TestContext): Promise<{ path: string; file: BlockFile; slot: Slot }> {
  const path = join(await scratchFolder(t, 'hostile'), 'pack');
  await writeFile(path, '');
  const file = await native.open(path, { write: true });
  const pool = native.createPool({ workers: 1, slots: 1 });
  t.after(() => Promise.all([pool.close(), file.close()]));
  return { path, file, slot: await pool.acquire() };
}

const compressed = (bytes: Uint8Array, extra: Record<number, number | boolean> = {}): Buffer =>
  zstdCompressSync(bytes, {
    params: { [constants.ZSTD_c_compressionLevel]: 3, ...extra },
    pledgedSrcSize: bytes.length,
  });

/** Skippable frame, RFC 8878, 3.1.2. */
const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);

test('what is not exactly the promised frame is a problem', async (t) => {
  const { file, slot } = await place(t);
  const text = Buffer.from('permafrost '.repeat(1000));
  const good = compressed(text);
  const lengths = Uint32Array.of(1000, text.length - 1000);
  const cases: readonly [what: string, payload: Buffer, lengths: Uint32Array, problem: RegExp][] = [
    ['more than promised', good, Uint32Array.of(text.length - 1), /declares another length/],
    ['less than promised', good, Uint32Array.of(text.length, 1), /declares another length/],
    ['cut', good.subarray(0, good.length - 1), lengths, /not exactly one/],
    ['trailing bytes', Buffer.concat([good, Buffer.of(0)]), lengths, /not exactly one/],
    ['two frames', Buffer.concat([good, good]), lengths, /not exactly one/],
    ['a skippable frame first', Buffer.concat([skippable, good]), lengths, /no Zstandard frame/],
    ['a skippable frame after', Buffer.concat([good, skippable]), lengths, /not exactly one/],
    [
      'a frame of zstd 0.7',
      Buffer.concat([Buffer.of(0x27, 0xb5, 0x2f, 0xfd), good.subarray(4)]),
      lengths,
      /no Zstandard frame/,
    ],
    ['three bytes', good.subarray(0, 3), lengths, /no Zstandard frame/],
    [
      'no content size',
      zstdCompressSync(text, { params: { [constants.ZSTD_c_contentSizeFlag]: false } }),
      lengths,
      /declares another length/,
    ],
    [
      'a wrong checksum',
      withLastByteChanged(compressed(text, { [constants.ZSTD_c_checksumFlag]: true })),
      lengths,
      /does not decompress.*checksum/,
    ],
    ['a dictionary that nobody has', withDictionaryId(good), lengths, /problem|decompress|declares/],
  ];
  for (const [what, payload, chunkLengths, problem] of cases) {
    await file.write(0, payload);
    const result = await slot.readFrame(file, {
      offset: 0,
      payloadBytes: payload.length,
      codec: 'zstd',
      lengths: chunkLengths,
    });
    assert.equal(result.ids, undefined, what);
    assert.match(result.problem, problem, what);
    assert.throws(() => slot.bytes(0, 1), RangeError, 'nothing of it is left in the slot');
    await assert.rejects(async () => slot.writeChunks(file, Float64Array.of(0, 0, 1)), RangeError);
  }
  await file.setSize(0);
  await file.write(0, good);
  const frame = { offset: 0, payloadBytes: good.length, codec: 'zstd', lengths } as const;
  assert.equal((await slot.readFrame(file, frame)).ids?.length, 64);
  assert.match((await slot.readFrame(file, { ...frame, offset: 1 })).problem ?? '', /the file ends/);
  assert.match((await slot.readFrame(file, { ...frame, codec: 'stored' })).problem ?? '', /stored payload/);
});

function withLastByteChanged(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed[changed.length - 1]! ^= 1;
  return changed;
}

/** The frame with a dictionary id of one byte put in (RFC 8878, 3.1.1.1.3). */
function withDictionaryId(frame: Buffer): Buffer {
  const descriptor = frame[4]! | 1;
  const windowBytes = (descriptor & 0x20) === 0 ? 1 : 0;
  const head = Buffer.concat([
    frame.subarray(0, 4),
    Buffer.of(descriptor),
    frame.subarray(5, 5 + windowBytes),
  ]);
  return Buffer.concat([head, Buffer.of(7), frame.subarray(5 + windowBytes)]);
}

test('a few bytes that claim to become gigabytes take no memory and no time', async (t) => {
  const { file, slot } = await place(t);
  // A frame of run-length blocks: 3.1.1.2.2. 128 KiB from 4 bytes each; declared as 4 MiB, carrying 64 MiB.
  const block = Buffer.alloc(4);
  block.writeUIntLE((1 << 1) | ((128 * KIB) << 3), 0, 3);
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0]);
  header.writeUInt32LE(4 * MIB, 5);
  const last = Buffer.from(block);
  last[0]! |= 1;
  const bomb = Buffer.concat([header, ...Array<Buffer>(511).fill(block), last]);
  await file.write(0, bomb);
  const frame = { offset: 0, payloadBytes: bomb.length, codec: 'zstd' } as const;
  const result = await slot.readFrame(file, { ...frame, lengths: Uint32Array.of(4 * MIB) });
  assert.match(result.problem ?? '', /does not decompress/);
  assert.throws(() => slot.readFrame(file, { ...frame, lengths: Uint32Array.of(4 * MIB, 1) }), RangeError);
  assert.throws(
    () => slot.readFrame(file, { ...frame, payloadBytes: 4 * MIB + 1, lengths: Uint32Array.of(1) }),
    RangeError,
  );
});

test('damage of every kind gives a problem or the very bytes', { timeout: 600_000 }, async (t) => {
  const { file, slot } = await place(t);
  const sources = [
    Buffer.from(noise(70_000, 1).map((byte) => byte % 7)),
    Buffer.concat([noise(20_000, 2), Buffer.alloc(100_000), noise(20_000, 2)]),
    Buffer.from('the quick brown fox '.repeat(3000)),
  ];
  let problems = 0;
  let seed = 1;
  for (const source of sources)
    for (const level of [1, 3, 12]) {
      const good = compressed(source, { [constants.ZSTD_c_compressionLevel]: level });
      const lengths = Uint32Array.of(10_000, source.length - 10_000);
      const wanted = Buffer.concat([
        native.hash(source.subarray(0, 10_000)),
        native.hash(source.subarray(10_000)),
      ]);
      for (let i = 0; i < 150 * factor; i++) {
        const payload = damaged(good, seed++);
        await file.write(0, payload);
        const result = await slot.readFrame(file, {
          offset: 0,
          payloadBytes: payload.length,
          codec: 'zstd',
          lengths,
        });
        if (result.ids === undefined) problems++;
        else if (result.ids.equals(wanted)) assert.ok(slot.bytes(0, source.length).equals(source));
      }
      await file.write(0, good);
      const { ids } = await slot.readFrame(file, {
        offset: 0,
        payloadBytes: good.length,
        codec: 'zstd',
        lengths,
      });
      assert.deepEqual(ids, wanted, 'the context works after all that');
    }
  assert.ok(problems > 100, `${problems} problems`);
});

function damaged(good: Buffer, seed: number): Buffer {
  const random = new Uint32Array(noise(4 * 16, seed).buffer);
  const bytes = Buffer.from(good);
  const changes = 1 + (random[0]! % 4);
  for (let i = 1; i <= changes; i++) {
    const at = random[i]! % (random[i + 8]! % 2 === 0 ? bytes.length : Math.min(64, bytes.length));
    bytes[at] = random[i + 4]! & 0xff;
  }
  return random[15]! % 5 === 0 ? bytes.subarray(0, 1 + (random[14]! % bytes.length)) : bytes;
}

test('pieces that point outside the chunks are refused at once', async (t) => {
  const { file, slot } = await place(t);
  await file.setSize(MIB);
  const lengths = Uint32Array.of(4096, 4096);
  const refused: readonly (readonly number[])[] = [
    [0, 0, 8193],
    [8192, 0, 1],
    [4096, 0, 4097],
    [-1, 0, 1],
    [0, -1, 1],
    [0, 0, -1],
    [0.5, 0, 1],
    [0, 0, NaN],
    [0, Infinity, 1],
    [0, Number.MAX_SAFE_INTEGER, 1],
    [2 ** 53, 0, 1],
    [0, 0],
  ];
  for (const reads of refused)
    assert.throws(
      () => slot.readChunks(file, { lengths, reads: Float64Array.from(reads) }),
      RangeError,
      JSON.stringify(reads),
    );
  assert.throws(
    () => slot.readChunks(file, { lengths: Uint32Array.of(0), reads: new Float64Array() }),
    RangeError,
  );
  assert.throws(
    () => slot.readChunks(file, { lengths: Uint32Array.of(4 * MIB, 1), reads: new Float64Array() }),
    RangeError,
  );
  assert.throws(() => slot.readChunks({} as never, { lengths, reads: new Float64Array() }), TypeError);
  assert.throws(() => slot.readChunks(file, { lengths: [1] as never, reads: new Float64Array() }), TypeError);
  assert.throws(() => slot.readChunks(file, { lengths, reads: new Float32Array() as never }), TypeError);

  await slot.loadChunks(Buffer.alloc(8192), lengths);
  for (const writes of refused)
    assert.throws(
      () => slot.writeChunks(file, Float64Array.from(writes)),
      RangeError,
      JSON.stringify(writes),
    );
  assert.throws(
    () => slot.writeChunks(file, Float64Array.of(0, 100, 10, 50, 109, 10)),
    RangeError,
    'overlapping',
  );
  await slot.writeChunks(file, Float64Array.of(50, 100, 10, 0, 110, 10));
  assert.throws(() => slot.bytes(8192, 1), RangeError);
  assert.throws(() => slot.compress(Uint8Array.of(1), 3), RangeError);
  for (const level of [0, 20, 3.5, -1])
    assert.throws(() => slot.compress(Uint8Array.of(1, 1), level), RangeError);
  assert.throws(() => slot.loadChunks(Buffer.alloc(10), Uint32Array.of(9)), RangeError);
});

test('a slot does one thing at a time and nothing after its release', async (t) => {
  const pool = native.createPool({ workers: 1, slots: 1 });
  t.after(() => pool.close());
  const slot = await pool.acquire();
  const loading = slot.loadChunks(Buffer.alloc(10), Uint32Array.of(10));
  assert.throws(() => slot.loadChunks(Buffer.alloc(10), Uint32Array.of(10)), /busy/);
  assert.throws(() => slot.bytes(0, 1), /busy/);
  assert.throws(() => slot.release(), /under way/);
  await loading;
  let given = false;
  const next = pool.acquire().then((other) => {
    given = true;
    return other;
  });
  await slot.compress(Uint8Array.of(1), 1);
  assert.equal(given, false, 'the only slot is taken');
  slot.release();
  slot.release();
  const other = await next;
  assert.throws(() => slot.bytes(0, 1), /released/);
  assert.throws(() => slot.loadChunks(Buffer.alloc(1), Uint32Array.of(1)), /released/);
  await other.loadChunks(Buffer.alloc(10), Uint32Array.of(10));
  other.release();
  const last = await pool.acquire();
  const waiting = pool.acquire();
  const closed = pool.close();
  await assert.rejects(waiting, { code: 'ECANCELED' });
  await closed;
  await assert.rejects(last.loadChunks(Buffer.alloc(1), Uint32Array.of(1)), { code: 'ECANCELED' });
});
