import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeExfat,
  pointerEntry,
  type ExfatModel,
  type ExfatVolume,
} from '../../../../test/filesystem/support-fat-model.ts';
import { memoryReader } from '../../base/block-reader.ts';
import { isPermafrostError } from '../../base/errors.ts';
import type { FileSystem, MapOptions, UsedMap } from '../file-system.ts';
import { probeExfat, probeExfatBackup } from './exfat.ts';

const model: ExfatModel = { clusters: 300, used: [10, 11, 12, 200, 301], label: 'Größe' };

async function probe(volume: ExfatVolume): Promise<FileSystem> {
  const found = await probeExfat(memoryReader(volume.bytes));
  assert.ok(found);
  return found;
}

async function map(volume: ExfatVolume, options: MapOptions = {}): Promise<UsedMap> {
  return (await probe(volume)).mapUsed!(options);
}

async function rawReason(volume: ExfatVolume): Promise<string> {
  const { raw, used } = await map(volume);
  assert.ok(raw, 'not raw');
  assert.deepEqual(used.toPairs(), [[0, volume.bytes.length]]);
  return `${raw.code}: ${raw.reason}`;
}

test('everything before the cluster heap, the allocated clusters and the rest behind the heap are used', async () => {
  const volume = encodeExfat({ ...model, spareSectors: 5 });
  const { info } = await probe(volume);
  assert.deepEqual(info, {
    kind: 'exfat',
    label: 'Größe',
    uuid: '1234-ABCD',
    sizeBytes: volume.bytes.length,
    blockSize: 512,
    state: 'clean',
    details: { revision: '1.00', sectorSize: 512 },
  });
  const { used, raw } = await map(volume);
  assert.equal(raw, undefined);
  const at = volume.heapOffset;
  assert.deepEqual(used.toPairs(), [
    [0, at + 3 * 512],
    [at + 8 * 512, 3 * 512],
    [at + 198 * 512, 512],
    [at + 299 * 512, 512 + 5 * 512],
  ]);
});

test('sectors of 4096 bytes and clusters of several sectors', async () => {
  const volume = encodeExfat({ ...model, sectorShift: 12, clusterShift: 3 });
  const { used } = await map(volume);
  assert.equal(used.totalBytes, volume.heapOffset + 8 * 32768);
  assert.ok(used.covers(volume.clusterAt(301), 32768));
});

test('a bitmap whose clusters lie scattered is read in the order of its chain', async () => {
  const clusters = 3 * 512 * 8;
  const volume = encodeExfat({ clusters, bitmapClusters: [40, 9, 41], used: [4000, 5000, 12000] });
  const { used } = await map(volume);
  for (const cluster of [4000, 5000, 12000, 40, 9, 41])
    assert.ok(used.covers(volume.clusterAt(cluster), 512));
  assert.equal(used.totalBytes, volume.heapOffset + 8 * 512);
});

test('bits behind the last cluster mean nothing', async () => {
  const volume = encodeExfat({ ...model, clusters: 301 });
  const before = await map(volume);
  volume.bytes[volume.clusterAt(2) + 37]! |= 0xe0;
  assert.ok((await map(volume)).used.equals(before.used));
});

test('the dirty flag makes it raw with both sizes, and --trust-bitmap overrides that', async () => {
  const clean = (await map(encodeExfat(model))).used;
  const volume = encodeExfat({ ...model, flags: 2 });
  assert.equal((await probe(volume)).info.state, 'dirty');
  const { raw } = await map(volume);
  assert.equal(raw?.code, 'dirty');
  assert.equal(raw.trustedBytes, clean.totalBytes);
  assert.match(raw.remedy!, /chkdsk/);
  const trusted = await map(volume, { trustBitmap: true });
  assert.ok(trusted.used.equals(clean));
  assert.equal(trusted.overridden?.code, 'dirty');
});

test('a recorded failure of the medium is an error state', async () => {
  assert.match(await rawReason(encodeExfat({ ...model, flags: 4 })), /^error-state/);
});

test('two allocation tables or two bitmaps (TexFAT) are raw', async () => {
  assert.match(await rawReason(encodeExfat({ ...model, fatCount: 2 })), /^feature: .*TexFAT/);
  const second = pointerEntry(0x81, 20, 38);
  second[1] = 1;
  assert.match(await rawReason(encodeExfat({ ...model, extraEntries: [second] })), /^feature: .*TexFAT/);
});

test('an unknown critical entry in the root directory is raw, files and benign entries are not', async () => {
  const entry = (type: number): Buffer => Buffer.alloc(32).fill(type, 0, 1);
  const known = [0x85, 0xc0, 0xc1, 0xa0, 0xe0, 0x05, 0x01, 0xa1].map(entry);
  assert.equal((await map(encodeExfat({ ...model, extraEntries: known }))).raw, undefined);
  assert.match(await rawReason(encodeExfat({ ...model, extraEntries: [entry(0x84)] })), /^feature.*0x84/);
});

test('a volume GUID is shown', async () => {
  const entry = Buffer.alloc(32).fill(0xa0, 0, 1);
  Buffer.from('33221100554477668899aabbccddeeff', 'hex').copy(entry, 6);
  const { info } = await probe(encodeExfat({ ...model, extraEntries: [entry] }));
  assert.equal(info.details?.['volumeGuid'], '00112233-4455-6677-8899-aabbccddeeff');
});

test('one wrong byte in the boot region makes it raw, and the backup is judged', async () => {
  const volume = encodeExfat(model);
  volume.bytes[3 * 512 + 100]! ^= 1;
  assert.match(
    await rawReason(volume),
    /inconsistent: .*checksum of its boot region is wrong.*backup is sound/,
  );
  volume.bytes[15 * 512 + 100]! ^= 1;
  assert.match(await rawReason(volume), /backup is no better/);
});

test('the flags and the percentage in use are no part of the checksum', async () => {
  const volume = encodeExfat(model);
  volume.bytes[112] = 77;
  volume.bytes[106] = 8;
  assert.equal((await map(volume)).raw, undefined);
});

test('a volume with only its backup boot region is named and raw', async () => {
  for (const sectorShift of [9, 12]) {
    const volume = encodeExfat({ ...model, sectorShift });
    assert.equal((await probeExfatBackup(memoryReader(volume.bytes)))?.info.kind, 'exfat');
    volume.bytes.fill(0, 0, 512);
    const reader = memoryReader(volume.bytes);
    assert.equal(await probeExfat(reader), undefined);
    assert.match((await (await probeExfatBackup(reader))!.mapUsed!({})).raw!.reason, /backup is sound/);
    volume.bytes.fill(0, 12 << sectorShift, (12 << sectorShift) + 1);
    assert.equal(await probeExfatBackup(reader), undefined);
  }
});

/** What is written into the boot sector, and why it is raw then. */
const contradictions: readonly [string, (v: ExfatVolume) => unknown, RegExp][] = [
  ['an impossible sector size', (v) => v.bytes.writeUInt8(13, 108), /sector or cluster size/],
  ['an impossible cluster size', (v) => v.bytes.writeUInt8(17, 109), /sector or cluster size/],
  ['no signature', (v) => v.bytes.writeUInt16LE(0, 510), /no signature/],
  ['the fields of FAT', (v) => v.bytes.writeUInt16LE(512, 11), /fields of a FAT volume/],
  ['an unknown revision', (v) => v.bytes.writeUInt16LE(0x0200, 104), /revision 2.00/],
  ['three tables', (v) => v.bytes.writeUInt8(3, 110), /3 allocation tables/],
  ['an active table that is missing', (v) => v.bytes.writeUInt16LE(1, 106), /active allocation table/],
  ['an impossible length', (v) => v.bytes.writeBigUInt64LE(2n ** 63n, 72), /length is impossible/],
  ['no clusters', (v) => v.bytes.writeUInt32LE(0, 92), /0 clusters/],
  ['a table in the boot region', (v) => v.bytes.writeUInt32LE(23, 80), /boot regions/],
  ['a small table', (v) => v.bytes.writeUInt32LE(1, 84), /too small/],
  ['clusters in the table', (v) => v.bytes.writeUInt32LE(25, 88), /lie in the allocation table/],
  ['too many clusters', (v) => v.bytes.writeUInt32LE(301, 92), /do not fit/],
  ['a root directory outside', (v) => v.bytes.writeUInt32LE(302, 96), /root directory is at cluster 302/],
];
for (const [what, change, reason] of contradictions) {
  test(`a volume with ${what} is named and raw`, async () => {
    const volume = encodeExfat(model);
    change(volume);
    volume.seal();
    const text = await rawReason(volume);
    assert.match(text, /^inconsistent/);
    assert.match(text, reason);
  });
}

test('a larger volume than the region is raw', async () => {
  const { bytes } = encodeExfat(model);
  const found = await probeExfat(memoryReader(bytes.subarray(0, bytes.length - 512)));
  assert.equal((await found!.mapUsed!({})).raw?.code, 'inconsistent');
});

/** What is damaged behind the boot region, and what the map's reading says then. */
const damages: readonly [string, (v: ExfatVolume) => unknown, RegExp][] = [
  ['a bitmap that calls itself free', (v) => v.setUsed(2, false), /its own clusters free/],
  [
    'a bitmap that calls the up-case table free',
    (v) => v.setUsed(v.upcaseCluster, false),
    /up-case table free/,
  ],
  [
    'a bitmap that calls the root directory free',
    (v) => v.setUsed(v.rootCluster, false),
    /root directory free/,
  ],
  ['no bitmap', (v) => v.bytes.writeUInt8(1, v.clusterAt(v.rootCluster) + 32), /no allocation bitmap/],
  ['no up-case table', (v) => v.bytes.writeUInt8(2, v.clusterAt(v.rootCluster) + 64), /no up-case table/],
  ['a short bitmap', (v) => v.bytes.writeUInt8(37, v.clusterAt(v.rootCluster) + 56), /too small for 300/],
  [
    'an endless bitmap',
    (v) => v.bytes.writeBigUInt64LE(2n ** 40n, v.clusterAt(v.rootCluster) + 56),
    /larger than the volume/,
  ],
  [
    'a bitmap chain that ends early',
    (v) => v.bytes.writeBigUInt64LE(1024n, v.clusterAt(v.rootCluster) + 56),
    /ends after 1/,
  ],
];
for (const [what, change, reason] of damages) {
  test(`a volume with ${what} is refused`, async () => {
    const volume = encodeExfat(model);
    change(volume);
    await assert.rejects(map(volume), (error) => {
      assert.ok(isPermafrostError(error, 'structure/invalid'));
      assert.match(error.message, reason);
      return true;
    });
  });
}

test('a bitmap chain that leads round in a circle or leaves the volume is refused', async () => {
  for (const [next, reason] of [
    [2, /in a circle/],
    [0, /leads to cluster 0/],
    [302, /leads to cluster 302/],
  ] as const) {
    const volume = encodeExfat(model);
    volume.setEntry(2, next);
    volume.bytes.writeBigUInt64LE(1024n, volume.clusterAt(volume.rootCluster) + 56);
    await assert.rejects(map(volume), reason);
  }
});

test('a root directory without an end is named and raw', async () => {
  const volume = encodeExfat(model);
  volume.setEntry(volume.rootCluster, 0);
  volume.bytes.fill(0x05, volume.clusterAt(volume.rootCluster), volume.clusterAt(volume.rootCluster) + 512);
  assert.match(await rawReason(volume), /^inconsistent.*leads to cluster 0/);
  volume.setEntry(volume.rootCluster, volume.rootCluster);
  assert.match(await rawReason(volume), /^inconsistent.*in a circle/);
});

test('not exFAT: anything else', async () => {
  assert.equal(await probeExfat(memoryReader(new Uint8Array(0))), undefined);
  assert.equal(await probeExfat(memoryReader(new Uint8Array(4096))), undefined);
  const { bytes } = encodeExfat(model);
  bytes.write('NTFS    ', 3);
  assert.equal(await probeExfat(memoryReader(bytes)), undefined);
});

test('a cancel ends the reading of the bitmap', async () => {
  const found = await probe(encodeExfat(model));
  await assert.rejects(found.mapUsed!({ signal: AbortSignal.abort() }), (error) =>
    isPermafrostError(error, 'job/cancelled'),
  );
});
