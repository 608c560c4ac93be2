import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attributes,
  encodeHfsplus,
  JOURNAL_BLOCK,
  type HfsplusModel,
  type Run,
} from '../../../../test/filesystem/support-hfsplus-model.ts';
import { invalidStructure, mapBytes, probeBytes } from '../../../../test/filesystem/support-map.ts';
import { memoryReader } from '../../base/block-reader.ts';
import { PermafrostError } from '../../base/errors.ts';
import { Extents } from '../../base/extents.ts';
import { probeHfsplus } from './hfsplus.ts';

/** Header, trees, bitmap and end of a volume with 1000 blocks of 512 bytes, and `used`, in blocks. */
function blocks(...used: Run[]): Extents {
  const own: Run[] = [[0, 3], [4, 2], [8, 2], [998, 2]]; // prettier-ignore
  return Extents.fromPairs([...own, ...used].map(([start, count]) => [start * 512, count * 512]));
}

test('the blocks of the bitmap are used, the first in the highest bit', async () => {
  const bytes = encodeHfsplus({ label: 'Gerät', used: [[100, 9], [990, 1]] }); // prettier-ignore
  const { info } = await probeBytes(probeHfsplus, bytes);
  assert.deepEqual(info, {
    kind: 'hfsplus',
    label: 'Gerät',
    // As blkid shows the volume identifier 0123456789abcdef.
    uuid: 'de53349f-21ad-3c08-9044-ae10cd9587d3',
    sizeBytes: 512_000,
    blockSize: 512,
    state: 'clean',
    details: { journaled: false },
  });
  const map = await mapBytes(probeHfsplus, bytes);
  assert.ok(map.used.equals(blocks([12, 1], [100, 9], [990, 1])));
});

test('HFSX is named as such', async () => {
  assert.equal((await probeBytes(probeHfsplus, encodeHfsplus({ signature: 'HX' }))).info.kind, 'hfsx');
});

test('large blocks: header and end are used although they fill no block', async () => {
  const map = await mapBytes(probeHfsplus, encodeHfsplus({ blockSize: 65536, totalBlocks: 30 }));
  assert.ok(map.used.covers(0, 65536));
  assert.ok(map.used.covers(29 * 65536, 65536));
});

test('the header and its copy are used even where the bitmap calls their blocks free', async () => {
  const bytes = encodeHfsplus({ freeError: 5 });
  bytes[12 * 512]! &= ~0xe0;
  bytes[12 * 512 + 124]! &= ~0x03;
  assert.ok((await mapBytes(probeHfsplus, bytes)).used.equals(blocks([12, 1])));
});

test('a bitmap in many pieces is read along the extents overflow file', async () => {
  // Twenty pieces of one block each, in no order; 512 bytes of bitmap each for 4096 blocks.
  const bitmapRuns = Array.from({ length: 20 }, (_, i): Run => [3000 - 7 * i, 1]);
  const model: HfsplusModel = { totalBlocks: 20 * 4096 - 5, bitmapRuns, used: [[70_000, 3]] };
  const map = await mapBytes(probeHfsplus, encodeHfsplus(model));
  assert.ok(map.used.covers(70_000 * 512, 3 * 512));
  assert.equal(map.used.totalBytes, (3 + 2 + 2 + 2 + 20 + 3) * 512);
});

test('an extents overflow file that lacks a piece is not believed', async () => {
  const bitmapRuns = Array.from({ length: 20 }, (_, i): Run => [3000 - 7 * i, 1]);
  const bytes = encodeHfsplus({ totalBlocks: 20 * 4096, bitmapRuns });
  // The second record of the bitmap: its file number becomes another one.
  const leaf = 4 * 512 + 512;
  const record = leaf + bytes.readUInt16BE(leaf + 512 - 2 * 3);
  assert.equal(bytes.readUInt32BE(record + 4), 6);
  bytes.writeUInt32BE(7, record + 4);
  await assert.rejects(mapBytes(probeHfsplus, bytes), invalidStructure(/no more extents of file 6/));
  bytes.writeUInt32BE(5, record + 4);
  await assert.rejects(
    mapBytes(probeHfsplus, bytes),
    invalidStructure(/no more extents of file 6 after block 16/),
  );
});

test('leaves that form a ring end', async () => {
  const bitmapRuns = Array.from({ length: 9 }, (_, i): Run => [300 - 7 * i, 1]);
  const bytes = encodeHfsplus({ totalBlocks: 9 * 4096, bitmapRuns });
  const leaf = 4 * 512 + 512;
  bytes.writeUInt32BE(1, leaf);
  bytes.writeUInt16BE(1, leaf + 10);
  await assert.rejects(mapBytes(probeHfsplus, bytes), invalidStructure(/lacks extents/));
});

for (const [what, code, model] of [
  ['not unmounted', 'dirty', { attributes: 0 }],
  ['mounted', 'dirty', { attributes: attributes.unmounted | attributes.mounted }],
  ['inconsistent', 'error-state', { attributes: attributes.unmounted | attributes.inconsistent }],
  ['a journal that could not be replayed', 'error-state', { lastMounted: 'FSK!' }],
] as const)
  test(`raw: ${what}`, async () => {
    const found = await probeBytes(probeHfsplus, encodeHfsplus(model));
    assert.equal(found.info.state, 'dirty');
    const map = await found.mapUsed!({});
    assert.equal(map.raw?.code, code);
    assert.equal(map.raw.trustedBytes, blocks([12, 1]).totalBytes);
    assert.deepEqual(map.used.toPairs(), [[0, 512_000]]);
    const trusted = await found.mapUsed!({ trustBitmap: true });
    assert.equal(trusted.raw?.code, code === 'dirty' ? undefined : code);
  });

test('an empty journal of either byte order is clean, one with changes is dirty', async () => {
  const journaled = { attributes: attributes.unmounted | attributes.journaled };
  for (const littleEndian of [true, false]) {
    const empty = { ...journaled, journal: { flags: 1, start: 512, end: 512, littleEndian } };
    assert.equal((await mapBytes(probeHfsplus, encodeHfsplus(empty))).raw, undefined);
    const full = { ...journaled, journal: { flags: 1, start: 512, end: 1024, littleEndian } };
    assert.equal((await mapBytes(probeHfsplus, encodeHfsplus(full))).raw?.code, 'dirty');
  }
});

for (const [what, code, journal] of [
  ['on another device', 'feature', { flags: 2, start: 0, end: 0 }],
  ['nowhere', 'inconsistent', { flags: 0, start: 0, end: 0 }],
  ['without its magic number', 'inconsistent', { flags: 1, start: 512, end: 512, magic: 1 }],
  ['that runs beyond its end', 'inconsistent', { flags: 1, start: 9999, end: 9999 }],
  ['not initialised', undefined, { flags: 5, start: 1, end: 2, magic: 0 }],
] as const)
  test(`a journal ${what}: ${code ?? 'clean'}`, async () => {
    const bytes = encodeHfsplus({ attributes: attributes.unmounted | attributes.journaled, journal });
    assert.equal((await mapBytes(probeHfsplus, bytes)).raw?.code, code);
  });

test('not believed: a journal outside the volume', async () => {
  const journal = { flags: 1, start: 512, end: 512 };
  const bytes = encodeHfsplus({ attributes: attributes.unmounted | attributes.journaled, journal });
  bytes.writeBigUInt64BE(511_000n, JOURNAL_BLOCK * 512 + 36);
  assert.equal((await mapBytes(probeHfsplus, bytes)).raw?.code, 'inconsistent');
});

test('not believed: another number of free blocks', async () => {
  const bytes = encodeHfsplus({ freeError: 1 });
  await assert.rejects(mapBytes(probeHfsplus, bytes), invalidStructure(/free blocks where/));
});

test('not believed: a bitmap that calls the catalog free', async () => {
  const bytes = encodeHfsplus({ used: [[200, 1]] });
  // Another block in its place keeps the count right.
  bytes[12 * 512 + 1]! &= ~0x40;
  bytes[12 * 512 + 26]! |= 0x80;
  await assert.rejects(mapBytes(probeHfsplus, bytes), invalidStructure(/own files as free, at block 8/));
});

test('not believed: runs outside the volume, an unknown version', async () => {
  const outside = encodeHfsplus();
  outside.writeUInt32BE(1000, 1024 + 112 + 16);
  await assert.rejects(probeBytes(probeHfsplus, outside), invalidStructure(/at block 1000/));
  const version = encodeHfsplus();
  version.writeUInt16BE(6, 1026);
  await assert.rejects(probeBytes(probeHfsplus, version), invalidStructure(/version 6/));
});

test('a volume that is cut off is raw', async () => {
  const bytes = encodeHfsplus().subarray(0, 511_000);
  assert.equal((await mapBytes(probeHfsplus, bytes)).raw?.code, 'inconsistent');
});

test('a name that cannot be read leaves the volume without one', async () => {
  const bytes = encodeHfsplus({ label: 'lost' });
  const whole = memoryReader(bytes);
  const reader = {
    ...whole,
    read: (offset: number, length: number) =>
      offset >= 8 * 512 && offset < 10 * 512
        ? Promise.reject(
            new PermafrostError('device/read-failed', {
              path: 'x',
              syscall: 'read',
              errno: 'EIO',
              offset,
              length,
            }),
          )
        : whole.read(offset, length),
  };
  const found = await probeHfsplus(reader);
  assert.equal(found?.info.label, undefined);
  assert.equal((await found!.mapUsed!({})).raw, undefined);
});

test('something else is not taken for it', async () => {
  assert.equal(await probeHfsplus(memoryReader(new Uint8Array(4096))), undefined);
  assert.equal(await probeHfsplus(memoryReader(new Uint8Array(1024))), undefined);
});

test('a cancel ends the reading', async () => {
  const found = await probeBytes(probeHfsplus, encodeHfsplus());
  await assert.rejects(found.mapUsed!({ signal: AbortSignal.abort() }), { code: 'job/cancelled' });
});
