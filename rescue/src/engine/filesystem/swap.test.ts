import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryReader } from '../base/block-reader.ts';
import { probeSwap } from './swap.ts';

const uuid = '00112233-4455-6677-8899-aabbccddeeff';

function encodeSwap(pageSize: number, pages: number, signature = 'SWAPSPACE2', bigEndian = false): Buffer {
  const bytes = Buffer.alloc(pageSize * pages, 0x55);
  bytes.fill(0, 0, pageSize);
  if (bigEndian) {
    bytes.writeUInt32BE(1, 1024);
    bytes.writeUInt32BE(pages - 1, 1028);
  } else {
    bytes.writeUInt32LE(1, 1024);
    bytes.writeUInt32LE(pages - 1, 1028);
  }
  Buffer.from(uuid.replaceAll('-', ''), 'hex').copy(bytes, 1036);
  bytes.write('Swäp', 1052);
  bytes.write(signature, pageSize - 10, 'latin1');
  return bytes;
}

for (const pageSize of [4096, 8192, 16384, 32768, 65536]) {
  test(`pages of ${pageSize} bytes: the first one alone is used`, async () => {
    for (const bigEndian of [false, true]) {
      const found = await probeSwap(memoryReader(encodeSwap(pageSize, 8, 'SWAPSPACE2', bigEndian)));
      assert.deepEqual(found?.info, {
        kind: 'swap',
        label: 'Swäp',
        uuid,
        blockSize: pageSize,
        state: 'clean',
        details: { version: 1, byteOrder: bigEndian ? 'big-endian' : 'little-endian' },
        sizeBytes: 8 * pageSize,
      });
      const { used, raw } = await found.mapUsed!({});
      assert.equal(raw, undefined);
      assert.deepEqual(used.toPairs(), [[0, pageSize]]);
    }
  });
}

for (const signature of [
  'S1SUSPEND',
  'S2SUSPEND',
  'ULSUSPEND',
  'LINHIB0001',
  '\xed\xc3\x02\xe9\x98\x56\xe5\x0c',
]) {
  test(`a hibernated system (${JSON.stringify(signature)}) uses all of it, and nothing overrides that`, async () => {
    const bytes = encodeSwap(4096, 8, signature);
    const found = await probeSwap(memoryReader(bytes));
    assert.equal(found?.info.state, 'dirty');
    assert.equal(found.info.uuid, uuid);
    for (const trustBitmap of [false, true]) {
      const { used, raw } = await found.mapUsed!({ trustBitmap });
      assert.equal(raw?.code, 'dirty');
      assert.match(raw.remedy!, /shut it down completely/);
      assert.equal(raw.trustedBytes, 4096);
      assert.deepEqual(used.toPairs(), [[0, bytes.length]]);
    }
  });
}

test('version 0: the first page is used, its bitmap says how large the area is', async () => {
  const bytes = Buffer.alloc(4096 * 20, 0x55);
  bytes.fill(0, 0, 4096);
  bytes.write('SWAP-SPACE', 4086);
  bytes.set([0xfe, 0xff, 0x03], 0);
  const found = await probeSwap(memoryReader(bytes));
  assert.equal(found?.info.sizeBytes, 18 * 4096);
  assert.deepEqual((await found.mapUsed!({})).used.toPairs(), [[0, 4096]]);
  bytes.fill(0, 0, 3);
  const empty = await probeSwap(memoryReader(bytes));
  assert.equal((await empty!.mapUsed!({})).raw?.code, 'inconsistent');
});

test('a header of an unknown version, or without pages, is raw', async () => {
  for (const change of [(b: Buffer) => b.writeUInt32LE(2, 1024), (b: Buffer) => b.writeUInt32LE(0, 1028)]) {
    const bytes = encodeSwap(4096, 8);
    change(bytes);
    const found = await probeSwap(memoryReader(bytes));
    assert.equal(found?.info.kind, 'swap');
    assert.equal((await found.mapUsed!({})).raw?.code, 'inconsistent');
  }
});

test('not swap: other regions, however small', async () => {
  for (const length of [0, 512, 4096, 8192, 200_000])
    assert.equal(await probeSwap(memoryReader(new Uint8Array(length))), undefined);
});
