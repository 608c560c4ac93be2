import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invalidStructure, mapBytes, probeBytes } from '../../../../test/filesystem/support-map.ts';
import {
  ACCOUNT_BLOCK,
  encodeDstring,
  encodeUdf,
  FILE_SET_BLOCK,
  INTEGRITY_BLOCK,
  MAIN_BLOCK,
  PARTITION_BLOCK,
  RESERVE_BLOCK,
  seal,
  type Run,
  type UdfModel,
} from '../../../../test/filesystem/support-udf-model.ts';
import { memoryReader } from '../../base/block-reader.ts';
import { Extents } from '../../base/extents.ts';
import { udfCrc } from './tag.ts';
import { parseDstring, volumeSetUuid } from './text.ts';
import { probeUdf } from './udf.ts';

const free: readonly Run[] = [[40, 3], [100, 1], [900, 100]]; // prettier-ignore

/** All of a volume of `bytes` but `runs` of its partition. */
function allBut(bytes: Uint8Array, runs: readonly Run[], blockSize = 512): Extents {
  const pairs = runs.map(
    ([start, count]) => [(PARTITION_BLOCK + start) * blockSize, count * blockSize] as const,
  );
  return Extents.fromPairs(pairs).complement(bytes.length);
}

for (const account of ['bitmap', 'table', 'long-table'] as const)
  test(`all but the free blocks of a ${account} is used`, async () => {
    const bytes = encodeUdf({ free, account });
    const map = await mapBytes(probeUdf, bytes);
    assert.equal(map.raw, undefined);
    assert.ok(map.used.equals(allBut(bytes, free)));
  });

test('names, size and state', async () => {
  const bytes = encodeUdf({ free, label: 'Länge', revision: 0x0150 });
  assert.deepEqual((await probeBytes(probeUdf, bytes)).info, {
    kind: 'udf',
    label: 'Länge',
    uuid: '0123456789abcdef',
    sizeBytes: bytes.length,
    blockSize: 512,
    state: 'clean',
    details: { revision: '1.50', iso9660: false },
  });
});

for (const blockSize of [512, 1024, 2048, 4096])
  test(`blocks of ${blockSize} bytes are found whatever the reader's sectors`, async () => {
    const bytes = encodeUdf({ free, blockSize, nsr: 'NSR03' });
    for (const sectorSize of [512, 4096]) {
      const found = await probeUdf(memoryReader(bytes, 'memory', sectorSize));
      assert.ok((await found!.mapUsed!({})).used.equals(allBut(bytes, free, blockSize)));
    }
  });

test('the anchor at the end serves where the one at 256 is gone', async () => {
  for (const anchors of [(n: number) => [n - 1], (n: number) => [n - 257]]) {
    const bytes = encodeUdf({ free, anchors });
    const { info, mapUsed } = await probeBytes(probeUdf, bytes);
    assert.ok(info.sizeBytes! >= (PARTITION_BLOCK + 1000) * 512);
    assert.ok((await mapUsed!({})).used.equals(allBut(bytes, free).slice(0, info.sizeBytes!)));
  }
  await assert.rejects(probeBytes(probeUdf, encodeUdf({ anchors: () => [] })), invalidStructure(/no anchor/));
});

test('the reserve sequence serves where the main one is damaged; without both there is an error', async () => {
  const bytes = encodeUdf({ free });
  bytes[MAIN_BLOCK * 512 + 100]! ^= 1;
  bytes[(MAIN_BLOCK + 2) * 512 + 100]! ^= 1;
  assert.ok((await mapBytes(probeUdf, bytes)).used.equals(allBut(bytes, free)));
  bytes[(RESERVE_BLOCK + 2) * 512 + 100]! ^= 1;
  await assert.rejects(probeBytes(probeUdf, bytes), invalidStructure(/no sound volume descriptor sequence/));
});

test('of two descriptors the one with the higher number counts', async () => {
  const bytes = encodeUdf({ free });
  const block = (index: number): Buffer => bytes.subarray(index * 512, (index + 1) * 512);
  block(MAIN_BLOCK + 2).copy(block(MAIN_BLOCK + 3));
  block(MAIN_BLOCK + 3).writeUInt32LE(9, 16);
  encodeDstring('newer', 128).copy(block(MAIN_BLOCK + 3), 84);
  seal(block(MAIN_BLOCK + 3), 6, MAIN_BLOCK + 3);
  assert.equal((await probeBytes(probeUdf, bytes)).info.label, 'newer');
  block(MAIN_BLOCK + 3).writeUInt32LE(1, 16);
  seal(block(MAIN_BLOCK + 3), 6, MAIN_BLOCK + 3);
  assert.equal((await probeBytes(probeUdf, bytes)).info.label, 'label');
});

test('a sequence goes on where a pointer says, but not in a ring', async () => {
  const bytes = encodeUdf({ free });
  const block = (index: number): Buffer => bytes.subarray(index * 512, (index + 1) * 512);
  // What was the main sequence's third descriptor becomes the fourth of another place.
  block(MAIN_BLOCK + 2).copy(block(200));
  seal(block(200), 6, 200);
  block(MAIN_BLOCK + 2).fill(0);
  block(MAIN_BLOCK + 2).writeUInt32LE(512, 20);
  block(MAIN_BLOCK + 2).writeUInt32LE(200, 24);
  seal(block(MAIN_BLOCK + 2), 3, MAIN_BLOCK + 2);
  block(RESERVE_BLOCK).fill(0);
  assert.ok((await mapBytes(probeUdf, bytes)).used.equals(allBut(bytes, free)));
  block(MAIN_BLOCK + 2).writeUInt32LE(16 * 512, 20);
  block(MAIN_BLOCK + 2).writeUInt32LE(MAIN_BLOCK, 24);
  seal(block(MAIN_BLOCK + 2), 3, MAIN_BLOCK + 2);
  await assert.rejects(probeBytes(probeUdf, bytes), invalidStructure(/no sound volume descriptor sequence/));
});

test('a volume that was not closed is raw, unless its bitmap is trusted', async () => {
  const bytes = encodeUdf({ free, closed: false });
  const found = await probeBytes(probeUdf, bytes);
  assert.equal(found.info.state, 'dirty');
  const map = await found.mapUsed!({});
  assert.equal(map.raw?.code, 'dirty');
  assert.equal(map.raw.trustedBytes, allBut(bytes, free).totalBytes);
  assert.ok((await found.mapUsed!({ trustBitmap: true })).used.equals(allBut(bytes, free)));
});

test('the last integrity descriptor of the sequence counts', async () => {
  const bytes = encodeUdf({ free, closed: false });
  const first = bytes.subarray(INTEGRITY_BLOCK * 512, (INTEGRITY_BLOCK + 1) * 512);
  const next = bytes.subarray((INTEGRITY_BLOCK + 1) * 512, (INTEGRITY_BLOCK + 2) * 512);
  first.copy(next);
  next.writeUInt32LE(1, 28);
  seal(next, 9, INTEGRITY_BLOCK + 1);
  assert.equal((await mapBytes(probeUdf, bytes)).raw, undefined);

  // And the one in the extent that it names.
  const far = bytes.subarray(200 * 512, 201 * 512);
  first.copy(far);
  seal(far, 9, 200);
  next.writeUInt32LE(512, 32);
  next.writeUInt32LE(200, 36);
  seal(next, 9, INTEGRITY_BLOCK + 1);
  assert.equal((await mapBytes(probeUdf, bytes)).raw?.code, 'dirty');

  // A ring of extents ends too.
  far.writeUInt32LE(512, 32);
  far.writeUInt32LE(200, 36);
  seal(far, 9, 200);
  await assert.rejects(probeBytes(probeUdf, bytes), invalidStructure(/without an end/));
});

for (const [what, code, model] of [
  ['a revision after 2.60', 'feature', { revision: 0x0270 }],
  ['a revision after 2.60 to be read', 'feature', { minReadRevision: 0x0300 }],
  ['a metadata partition', 'feature', { secondMap: '*UDF Metadata Partition' }],
] as const)
  test(`raw: ${what}`, async () => {
    const bytes = encodeUdf({ free, ...model });
    const map = await mapBytes(probeUdf, bytes, { trustBitmap: true });
    assert.equal(map.raw?.code, code);
    assert.deepEqual(map.used.toPairs(), [[0, bytes.length]]);
  });

test('raw: nothing says whether the volume was closed', async () => {
  const bytes = encodeUdf({ free });
  bytes.fill(0, INTEGRITY_BLOCK * 512, (INTEGRITY_BLOCK + 1) * 512);
  const found = await probeBytes(probeUdf, bytes);
  assert.equal(found.info.state, 'unknown');
  assert.equal((await found.mapUsed!({})).raw?.code, 'inconsistent');
});

test('raw: a partition that is cut off', async () => {
  const bytes = encodeUdf({ free });
  const map = await mapBytes(probeUdf, bytes.subarray(0, bytes.length - 21 * 512));
  assert.equal(map.raw?.code, 'inconsistent');
});

test('a partition without an account of its space is used as a whole, closed or not', async () => {
  const bytes = encodeUdf({ account: 'none', closed: false });
  const map = await mapBytes(probeUdf, bytes);
  assert.equal(map.raw, undefined);
  assert.deepEqual(map.used.toPairs(), [[0, bytes.length]]);
});

for (const [what, problem, model] of [
  ['another number of free blocks', /104 free blocks where the volume counts 105/, { freeError: 1 }],
  ['both a bitmap and a table', /both/, { account: 'both' }],
  ['a bitmap that calls itself free', /account of its free space free/, { free: [[ACCOUNT_BLOCK, 1]] }],
  ['a bitmap that calls the root free', /root of its files free/, { free: [[FILE_SET_BLOCK, 1]] }],
  ['a table with free blocks twice', /free bytes at block 40/, { account: 'table', free: [[40, 2], [40, 2]] }], // prettier-ignore
  ['a table with free blocks outside', /free bytes at block 999/, { account: 'table', free: [[999, 2]] }],
] as const satisfies [string, RegExp, UdfModel][])
  test(`not believed: ${what}`, async () => {
    await assert.rejects(mapBytes(probeUdf, encodeUdf({ free, ...model })), invalidStructure(problem));
  });

test('not believed: a table that goes on elsewhere', async () => {
  const bytes = encodeUdf({ free, account: 'table' });
  const table = bytes.subarray((PARTITION_BLOCK + ACCOUNT_BLOCK) * 512).subarray(0, 512);
  table.writeUInt32LE((3 << 30) >>> 0, 40);
  seal(table, 263, ACCOUNT_BLOCK);
  await assert.rejects(mapBytes(probeUdf, bytes), invalidStructure(/goes on elsewhere/));
});

test('not believed: a bitmap that is shorter than its partition, or has no sound tag', async () => {
  const bytes = encodeUdf({ free });
  const bitmap = bytes.subarray((PARTITION_BLOCK + ACCOUNT_BLOCK) * 512);
  bitmap.writeUInt32LE(999, 16);
  await assert.rejects(mapBytes(probeUdf, bytes), invalidStructure(/no sound tag/));
  seal(bitmap, 264, ACCOUNT_BLOCK, 8);
  await assert.rejects(mapBytes(probeUdf, bytes), invalidStructure(/999 bits for a partition of 1000/));
});

test('what ISO 9660 describes on the same disc is used', async () => {
  const bytes = encodeUdf({ free });
  const iso = bytes.subarray(32768, 32768 + 2048);
  // Its descriptors come before those of UDF; the volume ends behind the first free run.
  bytes.copyWithin(32768 + 2048, 32768, 32768 + 3 * 2048);
  iso.fill(0).writeUInt8(1);
  iso.write('CD001', 1, 'latin1');
  const blocks = 86;
  iso.writeUInt32LE(blocks, 80);
  iso.writeUInt32BE(blocks, 84);
  iso.set([0, 8, 8, 0], 128);
  const found = await probeBytes(probeUdf, bytes);
  assert.equal(found.info.details?.['iso9660'], true);
  const { used } = await found.mapUsed!({});
  assert.ok(used.equals(allBut(bytes, free).union(Extents.single(0, blocks * 2048))));
  assert.ok(!used.equals(allBut(bytes, free)));
});

test('something else is not taken for it', async () => {
  assert.equal(await probeUdf(memoryReader(new Uint8Array(64 * 1024))), undefined);
  assert.equal(await probeUdf(memoryReader(new Uint8Array(512))), undefined);
  const other = encodeUdf();
  other.write('NSR99', 32768 + 2048 + 1, 'latin1');
  assert.equal(await probeUdf(memoryReader(other)), undefined);
});

test('a cancel ends the reading', async () => {
  const found = await probeBytes(probeUdf, encodeUdf({ free }));
  await assert.rejects(found.mapUsed!({ signal: AbortSignal.abort() }), { code: 'job/cancelled' });
});

test('CRC-CCITT: the example of ECMA-167', () => {
  assert.equal(udfCrc(Buffer.from('706a77', 'hex')), 0x3299);
});

test('dstrings of both widths, and those that make no sense', () => {
  assert.equal(parseDstring(encodeDstring('Straße', 32)), 'Straße');
  assert.equal(parseDstring(encodeDstring('Ωμέγα', 32)), 'Ωμέγα');
  assert.equal(parseDstring(new Uint8Array(32)), '');
  assert.equal(parseDstring(Buffer.from('99414242420000000000000000000005', 'hex')), '');
  assert.equal(parseDstring(Buffer.from('084142ff', 'hex')), 'AB');
});

test('the UUID is made of the first characters of the volume set', () => {
  const uuid = (text: string): string | undefined => volumeSetUuid(encodeDstring(text, 128));
  assert.equal(uuid('6B034778EBB319C4LinuxUDF'), '6b034778ebb319c4');
  assert.equal(uuid('6b034778xyz'), '6b03477878797a00');
  assert.equal(uuid('Set of volumes'), Buffer.from('Set of v').toString('hex'));
  assert.equal(uuid('short'), undefined);
});
