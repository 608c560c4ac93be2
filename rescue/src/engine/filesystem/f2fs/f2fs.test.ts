import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  editPack,
  editSuperblock,
  encodeF2fs,
  flagsOf,
  modelUuid,
  packBlocks,
  segmentStart,
  TAIL_BYTES,
  type F2fsModel,
} from '../../../../test/filesystem/support-f2fs-model.ts';
import { invalidStructure, mapBytes, probeBytes } from '../../../../test/filesystem/support-map.ts';
import { memoryReader } from '../../base/block-reader.ts';
import { Extents } from '../../base/extents.ts';
import { probeF2fs } from './f2fs.ts';

const segments: F2fsModel['segments'] = {
  0: { valid: [[0, 3], [5, 1], [511, 1]], log: 3 }, // prettier-ignore
  1: { valid: [[0, 100]], log: 4 },
  3: { valid: [[7, 2]] },
};

/** What {@link segments} use: everything before the main area, the valid blocks, and the rest behind it. */
function expected(valid: F2fsModel['segments'] = segments, mainSegments = 4): Extents {
  const pairs: [number, number][] = [[0, segmentStart(0)]];
  for (const [segment, model] of Object.entries(valid)) {
    for (const [start, count] of model.valid)
      pairs.push([segmentStart(Number(segment)) + start * 4096, count * 4096]);
  }
  return Extents.fromPairs([...pairs, [segmentStart(mainSegments), TAIL_BYTES]]);
}

async function used(model: F2fsModel): Promise<Extents> {
  const map = await mapBytes(probeF2fs, encodeF2fs(model));
  assert.equal(map.raw, undefined);
  return map.used;
}

test('the metadata and the valid blocks are used, the first block in the highest bit', async () => {
  const { info } = await probeBytes(probeF2fs, encodeF2fs({ segments, label: 'Etikett' }));
  assert.deepEqual(info, {
    kind: 'f2fs',
    label: 'Etikett',
    uuid: modelUuid,
    sizeBytes: segmentStart(4) + TAIL_BYTES,
    blockSize: 4096,
    state: 'clean',
    details: { features: [] },
  });
  assert.ok((await used({ segments })).equals(expected()));
});

test('each block of the table is read from its current copy', async () => {
  const spread: F2fsModel['segments'] = {
    3: { valid: [[1, 2]] },
    60: { valid: [[3, 4]] },
    115: { valid: [[5, 6]] },
  };
  const model: F2fsModel = { mainSegments: 120, segments: spread, copyOf: (block) => (block === 1 ? 1 : 0) };
  assert.ok((await used(model)).equals(expected(spread, 120)));
});

test('an entry of the journal counts, not the one of the table', async () => {
  const journal: F2fsModel['journal'] = [[2, { valid: [[9, 9]] }], [1, { valid: [[4, 1]], log: 4 }]]; // prettier-ignore
  const result = expected({ ...segments, ...Object.fromEntries(journal) });
  for (const flags of [flagsOf.unmounted, flagsOf.unmounted | flagsOf.compact])
    assert.ok((await used({ segments, journal, flags })).equals(result), `flags ${flags}`);
});

test('the versions of the table are found behind a large NAT bitmap and in a payload', async () => {
  const copyOf = (): 1 => 1;
  const flags = flagsOf.unmounted | flagsOf.largeNat;
  assert.ok((await used({ segments, copyOf, flags })).equals(expected()));
  assert.ok((await used({ segments, copyOf, payloadBlocks: 1 })).equals(expected()));
});

test('the newer pack counts, wherever it is', async () => {
  assert.ok((await used({ segments, newer: 0 })).equals(expected()));
  assert.ok((await used({ segments, newer: 1 })).equals(expected()));
});

test('a torn pack leaves the other one; two leave an error', async () => {
  const bytes = encodeF2fs({ segments, newer: 1 });
  bytes[packBlocks[0] * 4096 + 20]! ^= 1;
  assert.ok((await mapBytes(probeF2fs, bytes)).used.equals(expected()));
  bytes[packBlocks[1] * 4096 + 20]! ^= 1;
  const found = await probeBytes(probeF2fs, bytes);
  assert.equal(found.info.state, 'unknown');
  await assert.rejects(found.mapUsed!({}), invalidStructure(/wrong checksum/));
});

test('a newer pack that makes no sense is not passed over for the older one', async () => {
  const bytes = encodeF2fs({ segments, newer: 1 });
  editPack(bytes, packBlocks[1], (block) => block.writeUInt32LE(8, 156));
  await assert.rejects(mapBytes(probeF2fs, bytes), invalidStructure(/8 bytes of SIT versions/));
});

test('blocks that are promised to files and have no address are no contradiction', async () => {
  assert.ok((await used({ segments, promised: 1000 })).equals(expected()));
});

for (const [what, problem, model] of [
  ['fewer blocks than are valid', /where the checkpoint counts/, { segments, promised: -1 }],
  ['another number of nodes', /105 nodes where the checkpoint counts 106/, { segments, nodeError: 1 }],
  ['an entry that miscounts', /miscounts/, { segments: { 0: { valid: [[0, 3]], claimed: 2 } } }],
  ['an entry that counts none', /miscounts/, { segments: { 0: { valid: [[0, 3]], claimed: 0 } } }],
  ['an entry of no log', /log 6/, { segments: { 0: { valid: [[0, 3]], log: 6 } } }],
  ['a journal entry of no segment', /names segment 4/, { segments, journal: [[4, { valid: [] }]] }],
  ['a segment twice in the journal', /twice/, { segments, journal: [[2, { valid: [] }], [2, { valid: [] }]] }], // prettier-ignore
] as const)
  test(`not believed: ${what}`, async () => {
    await assert.rejects(mapBytes(probeF2fs, encodeF2fs(model)), invalidStructure(problem));
  });

test('not believed: a journal with more entries than it has room for', async () => {
  const bytes = encodeF2fs({ segments, flags: flagsOf.unmounted | flagsOf.compact });
  bytes.writeUInt16LE(7, (packBlocks[0] + 1) * 4096 + 507);
  await assert.rejects(mapBytes(probeF2fs, bytes), invalidStructure(/7 entries/));
});

test('not believed: summaries that are not where they belong', async () => {
  const bytes = encodeF2fs({ segments });
  editPack(bytes, packBlocks[0], (block) => block.writeUInt32LE(2, 140));
  await assert.rejects(mapBytes(probeF2fs, bytes), invalidStructure(/summaries at block 2/));
});

test('nodes written after the checkpoint make a volume dirty that was cleanly unmounted', async () => {
  const bytes = encodeF2fs({ segments });
  // Block 100 of segment 1, where the log of ordinary nodes goes on; the version's lower half decides.
  bytes.writeUInt32LE(7, segmentStart(1) + 100 * 4096 + 4096 - 12);
  const found = await probeBytes(probeF2fs, bytes);
  assert.equal(found.info.state, 'dirty');
  const map = await found.mapUsed!({});
  assert.equal(map.raw?.code, 'dirty');
  assert.equal(map.raw.trustedBytes, expected().totalBytes);
  assert.ok((await found.mapUsed!({ trustBitmap: true })).used.equals(expected()));
});

for (const [what, code, change] of [
  ['unknown features', 'feature', (s: Buffer) => s.writeUInt32LE(0x10000, 2180)],
  ['zones', 'feature', (s: Buffer) => s.writeUInt32LE(0x2, 2180)],
  ['several devices', 'feature', (s: Buffer) => s.write('/dev/sdz', 2201)],
  ['errors noted by the kernel', 'error-state', (s: Buffer) => (s[2794] = 4)],
  ['a reason to stop noted by the kernel', 'error-state', (s: Buffer) => (s[2763 + 3] = 1)],
  ['blocks of 16 KiB', 'feature', (s: Buffer) => { s.writeUInt32LE(14, 16); s.writeUInt32LE(5, 12); }], // prettier-ignore
] as const)
  test(`raw, and nothing overrides that: ${what}`, async () => {
    const bytes = encodeF2fs({ segments });
    editSuperblock(bytes, change);
    const map = await mapBytes(probeF2fs, bytes, { trustBitmap: true });
    assert.equal(map.raw?.code, code);
    assert.deepEqual(map.used.toPairs(), [[0, bytes.length]]);
  });

test('shutdowns that were asked for are no errors', async () => {
  const bytes = encodeF2fs({ segments });
  editSuperblock(bytes, (superblock) => (superblock[2762] = 3));
  assert.equal((await mapBytes(probeF2fs, bytes)).raw, undefined);
});

test('a first superblock that does not add up leaves the second; two that contradict leave an error', async () => {
  const bytes = encodeF2fs({ segments, features: 0x800 });
  bytes.writeUInt32LE(1, 1024 + 68);
  assert.ok((await mapBytes(probeF2fs, bytes)).used.equals(expected()), 'its checksum is wrong');
  bytes.writeUInt32LE(1, 4096 + 1024 + 68);
  await assert.rejects(probeBytes(probeF2fs, bytes), invalidStructure(/wrong checksum/));

  const other = encodeF2fs({ segments });
  other.writeUInt32LE(0x8, 4096 + 1024 + 2180);
  await assert.rejects(probeBytes(probeF2fs, other), invalidStructure(/contradicts its copy/));
});

test('a volume that is cut off is raw', async () => {
  const bytes = encodeF2fs({ segments });
  const map = await mapBytes(probeF2fs, bytes.subarray(0, bytes.length - 4096));
  assert.equal(map.raw?.code, 'inconsistent');
});

test('something else is not taken for it', async () => {
  assert.equal(await probeF2fs(memoryReader(new Uint8Array(64 * 1024))), undefined);
  assert.equal(await probeF2fs(memoryReader(new Uint8Array(512))), undefined);
});

test('a cancel ends the reading', async () => {
  const found = await probeBytes(probeF2fs, encodeF2fs({ segments }));
  await assert.rejects(found.mapUsed!({ signal: AbortSignal.abort() }), { code: 'job/cancelled' });
});
