import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  directoryEntry,
  encodeFat,
  type FatModel,
  type FatVolume,
} from '../../../../test/filesystem/support-fat-model.ts';
import { memoryReader, type BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError, PermafrostError } from '../../base/errors.ts';
import type { FileSystem, MapOptions, UsedMap } from '../file-system.ts';
import { hasPartitionTable } from './boot-sector.ts';
import { probeFat } from './fat.ts';

const small: Record<12 | 16 | 32, FatModel> = {
  12: { width: 12, clusters: 100, sectorsPerCluster: 4 },
  16: { width: 16, clusters: 5000 },
  32: { width: 32, clusters: 66000 },
};
const widths = [12, 16, 32] as const;

async function probe(volume: FatVolume): Promise<FileSystem> {
  const found = await probeFat(memoryReader(volume.bytes));
  assert.ok(found);
  return found;
}

async function map(volume: FatVolume, options: MapOptions = {}): Promise<UsedMap> {
  return (await probe(volume)).mapUsed!(options);
}

/** The clusters (by number) that a map calls used. */
function clustersOf(volume: FatVolume, used: UsedMap['used']): number[] {
  const { dataOffset, clusterBytes, bytes } = volume;
  const count = Math.floor((bytes.length - dataOffset) / clusterBytes);
  const all = Array.from({ length: count }, (_, i) => i + 2);
  return all.filter((cluster) => used.covers(dataOffset + (cluster - 2) * clusterBytes, clusterBytes));
}

async function rawReason(volume: FatVolume): Promise<string> {
  const { raw, used } = await map(volume);
  assert.ok(raw, 'not raw');
  assert.deepEqual(used.toPairs(), [[0, volume.bytes.length]]);
  return `${raw.code}: ${raw.reason}`;
}

for (const width of widths) {
  const end = 2 ** Math.min(width, 28) - 1;

  test(`FAT${width}: everything before the clusters, the clusters that are not free, and the rest are used`, async () => {
    const entries = { 3: 4, 4: 90, 90: end, 91: end - 7, 99: end, 101: end };
    const volume = encodeFat({ ...small[width], spareSectors: 3, sectorsPerCluster: 4, entries });
    const { info } = await probe(volume);
    assert.equal(info.kind, `fat${width}`);
    assert.equal(info.uuid, '1234-ABCD');
    assert.equal(info.sizeBytes, volume.bytes.length);
    assert.equal(info.blockSize, 2048);
    assert.equal(info.state, 'clean');
    const { used, raw, warnings } = await map(volume);
    assert.equal(raw, undefined);
    assert.deepEqual(warnings, []);
    assert.ok(used.covers(0, volume.dataOffset));
    assert.ok(used.covers(volume.bytes.length - 3 * 512, 3 * 512));
    const own = width === 32 ? [2] : [];
    assert.deepEqual(clustersOf(volume, used), [...own, 3, 4, 90, 91, 99, 101]);
    assert.equal(used.totalBytes, volume.dataOffset + (6 + own.length) * 2048 + 3 * 512);
  });

  test(`FAT${width}: the last cluster has its entry`, async () => {
    for (const clusters of [small[width].clusters, small[width].clusters + 1]) {
      const volume = encodeFat({ ...small[width], clusters, entries: { [clusters + 1]: end } });
      assert.equal(clustersOf(volume, (await map(volume)).used).at(-1), clusters + 1);
    }
  });

  test(`FAT${width}: a bad cluster holds no data and is left out, with a warning`, async () => {
    const volume = encodeFat({ ...small[width], entries: { 5: end - 8, 6: end } });
    const { used, warnings } = await map(volume);
    assert.deepEqual(
      clustersOf(volume, used).filter((cluster) => cluster > 2),
      [6],
    );
    assert.match(warnings.join(), /1 clusters as bad/);
  });

  test(`FAT${width}: what is used in any copy of the table is used, with a warning`, async () => {
    const volume = encodeFat({ ...small[width], fatCount: 3, entries: { 9: end } });
    volume.setEntry(0, 9, 0);
    volume.setEntry(2, 50, end);
    volume.setEntry(1, 60, end - 8);
    volume.setEntry(2, 60, end);
    const { used, warnings } = await map(volume);
    assert.deepEqual(
      clustersOf(volume, used).filter((cluster) => cluster > 2),
      [9, 50, 60],
    );
    assert.match(warnings.join(), /differ/);
  });

  test(`FAT${width}: one table is enough`, async () => {
    const volume = encodeFat({ ...small[width], fatCount: 1, entries: { 9: end } });
    assert.equal((await map(volume)).raw, undefined);
  });

  test(`FAT${width}: an entry that leads to a free cluster makes it raw`, async () => {
    const volume = encodeFat({ ...small[width], entries: { 9: 77 } });
    await assert.rejects(map(volume), /leads to cluster 77, which is free/);
  });

  test(`FAT${width}: an entry that leads out of the volume makes it raw`, async () => {
    for (const value of [1, small[width].clusters + 2]) {
      const volume = encodeFat({ ...small[width], entries: { 9: value } });
      await assert.rejects(map(volume), (error) => isPermafrostError(error, 'structure/invalid'));
    }
  });

  test(`FAT${width}: the state byte makes it dirty, and --trust-bitmap overrides that`, async () => {
    const volume = encodeFat({ ...small[width], entries: { 9: end } });
    const clean = await map(volume);
    volume.bytes[width === 32 ? 65 : 37] = 1;
    assert.equal((await probe(volume)).info.state, 'dirty');
    const { raw } = await map(volume);
    assert.equal(raw?.code, 'dirty');
    assert.equal(raw.trustedBytes, clean.used.totalBytes);
    assert.match(raw.remedy!, /chkdsk/);
    const trusted = await map(volume, { trustBitmap: true });
    assert.ok(trusted.used.equals(clean.used));
    assert.equal(trusted.overridden?.code, 'dirty');
  });

  test(`FAT${width}: a wanted surface scan is an error state`, async () => {
    const volume = encodeFat(small[width]);
    volume.bytes[width === 32 ? 65 : 37] = 3;
    assert.match(await rawReason(volume), /^error-state/);
  });

  test(`FAT${width}: sectors of 4096 bytes`, async () => {
    const volume = encodeFat({ ...small[width], sectorSize: 4096, entries: { 9: end } });
    const { used } = await map(volume);
    assert.equal(used.totalBytes, volume.dataOffset + volume.clusterBytes * (width === 32 ? 2 : 1));
  });
}

for (const [width, clean, error] of [
  [16, 0x8000, 0x4000],
  [32, 0x08000000, 0x04000000],
] as const) {
  test(`FAT${width}: the flags in the second entry of any copy count`, async () => {
    const end = width === 16 ? 0xffff : 0x0fffffff;
    for (const copy of [0, 1]) {
      const volume = encodeFat(small[width]);
      volume.setEntry(copy, 1, end & ~clean);
      assert.match(await rawReason(volume), /^dirty/);
      volume.setEntry(copy, 1, end & ~error);
      assert.match(await rawReason(volume), /^error-state/);
    }
  });
}

test('FAT32: with mirroring off the active copy has the flags, and all copies are still united', async () => {
  const volume = encodeFat({ ...small[32], entries: { 9: 0x0fffffff } });
  volume.bytes.writeUInt16LE(0x81, 40);
  volume.setEntry(0, 1, 0);
  volume.setEntry(1, 9, 0);
  const { used, raw } = await map(volume);
  assert.equal(raw, undefined);
  assert.deepEqual(clustersOf(volume, used), [2, 9]);
  volume.bytes.writeUInt16LE(0x82, 40);
  assert.match(await rawReason(volume), /active table 2 does not exist/);
});

test('FAT32: a free root directory makes it raw', async () => {
  const volume = encodeFat(small[32]);
  volume.setEntry(0, 2, 0);
  volume.setEntry(1, 2, 0);
  await assert.rejects(map(volume), /root directory's cluster 2 is free/);
});

test('FAT32: the upper four bits of an entry mean nothing', async () => {
  const volume = encodeFat({ ...small[32], entries: { 8: 0xf0000000, 9: 0xffffffff, 10: 0xfffffff7 } });
  assert.deepEqual(clustersOf(volume, (await map(volume)).used), [2, 9]);
});

test('the number of clusters decides between FAT12 and FAT16, with Windows and the specification agreeing', async () => {
  const kind = async (clusters: number, width: 12 | 16): Promise<string> =>
    (await probe(encodeFat({ width, clusters }))).info.kind;
  assert.equal(await kind(4084, 12), 'fat12');
  assert.equal(await kind(4087, 16), 'fat16');
  const disputed = encodeFat({ width: 16, clusters: 4086 });
  assert.equal((await map(disputed)).raw, undefined);
  disputed.bytes.write('FAT     ', 54);
  assert.match(await rawReason(disputed), /FAT12 or FAT16/);
});

test('FAT32 may have few clusters, as mkfs.vfat -F 32 makes it', async () => {
  const volume = encodeFat({ width: 32, clusters: 100 });
  assert.equal((await probe(volume)).info.kind, 'fat32');
  assert.equal((await map(volume)).raw, undefined);
});

/** What is changed in a sound volume, and why it is raw then. */
const contradictions: readonly [string, 12 | 16 | 32, (v: FatVolume) => unknown, RegExp][] = [
  ['too small a table', 16, (v) => v.bytes.writeUInt16LE(1, 22), /too small for/],
  ['a type of its own', 16, (v) => v.bytes.write('FAT12', 54), /calls itself FAT12/],
  ['an odd root directory', 16, (v) => v.bytes.writeUInt16LE(63, 17), /ends within a sector/],
  ['a newer version', 32, (v) => v.bytes.writeUInt16LE(1, 42), /unknown version 0.1/],
  ['the root directory of FAT16', 32, (v) => v.bytes.writeUInt16LE(16, 17), /root directory of FAT16/],
  ['a root directory outside', 32, (v) => v.bytes.writeUInt32LE(66002, 44), /root directory is at cluster/],
  ['no root directory', 32, (v) => v.bytes.writeUInt32LE(0, 44), /root directory is at cluster 0/],
  ['FSInfo outside', 32, (v) => v.bytes.writeUInt16LE(32, 48), /information sector 32/],
  ['its backup outside', 32, (v) => v.bytes.writeUInt16LE(99, 50), /backup boot sector 99/],
  ['another medium in its tables', 16, (v) => v.setEntry(1, 0, 0xfff0), /do not begin as tables do/],
];
for (const [what, width, change, reason] of contradictions) {
  test(`a FAT${width} volume with ${what} is named and raw`, async () => {
    const volume = encodeFat(small[width]);
    change(volume);
    assert.equal((await probe(volume)).info.kind, `fat${width}`);
    const text = await rawReason(volume);
    assert.match(text, /^inconsistent/);
    assert.match(text, reason);
  });
}

test('a volume larger than its region is raw', async () => {
  const { bytes } = encodeFat(small[16]);
  const found = await probeFat(memoryReader(bytes.subarray(0, bytes.length - 512)));
  assert.equal((await found!.mapUsed!({})).raw?.code, 'inconsistent');
});

test('a region that ends within the tables is raw or unknown, never a crash', async () => {
  const { bytes } = encodeFat(small[16]);
  for (const length of [0, 511, 512, 600, 1024, 2048]) {
    const found = await probeFat(memoryReader(bytes.subarray(0, length)));
    if (found !== undefined) assert.equal((await found.mapUsed!({})).raw?.code, 'inconsistent');
  }
});

test('the label is that of the root directory, else that of the boot sector', async () => {
  const fat16 = encodeFat({ ...small[16], label: 'BOOTLABEL' });
  assert.equal((await probe(fat16)).info.label, 'BOOTLABEL');
  const entries = [
    directoryEntry('\xe5LDLABEL', 0x08),
    directoryEntry('LONG NAME', 0x0f),
    directoryEntry('FILE    TXT', 0x20),
    directoryEntry('FOLDER', 0x18),
    directoryEntry('GR\x99\xe1E 5', 0x08),
  ];
  Buffer.concat(entries).copy(fat16.bytes, fat16.rootOffset);
  assert.equal((await probe(fat16)).info.label, 'GRÖßE 5');
  assert.equal((await probe(encodeFat(small[16]))).info.label, undefined);
});

test('the label of FAT32 may lie in any cluster of the root directory', async () => {
  const volume = encodeFat({ ...small[32], entries: { 2: 20, 20: 0x0fffffff } });
  const { bytes, dataOffset } = volume;
  for (let at = 0; at < 512; at += 32) directoryEntry(`FILE${at}`, 0x20).copy(bytes, dataOffset + at);
  directoryEntry('SECOND', 0x08).copy(bytes, dataOffset + 18 * 512);
  assert.equal((await probe(volume)).info.label, 'SECOND');
});

test('a root directory that leads round in a circle has no label and no end is waited for', async () => {
  const volume = encodeFat({ ...small[32], entries: { 2: 20, 20: 2 }, label: 'FALLBACK' });
  const { bytes, dataOffset } = volume;
  for (const cluster of [2, 20])
    for (let at = 0; at < 512; at += 32)
      directoryEntry('FILE', 0x20).copy(bytes, dataOffset + (cluster - 2) * 512 + at);
  assert.equal((await probe(volume)).info.label, 'FALLBACK');
});

test('a root directory that cannot be read costs the label only', async () => {
  const volume = encodeFat({ ...small[16], label: 'FALLBACK' });
  const memory = memoryReader(volume.bytes);
  const failing: BlockReader = {
    ...memory,
    read(offset, length) {
      if (offset < volume.dataOffset && offset + length > volume.rootOffset) {
        const details = { path: 'x', syscall: 'read', errno: 'EIO', offset, length };
        return Promise.reject(new PermafrostError('device/read-failed', details));
      }
      return memory.read(offset, length);
    },
  };
  const found = await probeFat(failing);
  assert.equal(found!.info.label, 'FALLBACK');
  assert.equal((await found!.mapUsed!({})).raw, undefined);
});

test('a cancel ends the reading of the tables', async () => {
  const found = await probe(encodeFat(small[32]));
  await assert.rejects(found.mapUsed!({ signal: AbortSignal.abort() }), (error) =>
    isPermafrostError(error, 'job/cancelled'),
  );
});

/** A sector that must not be taken for FAT, though all around it is a FAT volume. */
const others: readonly [string, (bytes: Buffer) => unknown][] = [
  [
    'a partition table over what was a volume',
    (b) => {
      b[446 + 4] = 0x83;
      b.writeUInt32LE(2048, 446 + 8);
      b.writeUInt32LE(4096, 446 + 12);
    },
  ],
  ['an NTFS boot sector', (b) => b.fill(0, 14, 21).write('NTFS    ', 3)],
  ['an exFAT boot sector', (b) => b.fill(0, 11, 64).write('EXFAT   ', 3)],
  ['zeros', (b) => b.fill(0, 0, 512)],
  ['noise without a table', (b) => b.fill(0, 512, 1024 * 64).fill(0, 54, 62)],
  ['no sectors per cluster', (b) => b.writeUInt8(0, 13)],
  ['three sectors per cluster', (b) => b.writeUInt8(3, 13)],
  ['sectors of 520 bytes', (b) => b.writeUInt16LE(520, 11)],
  ['no reserved sector', (b) => b.writeUInt16LE(0, 14)],
  ['no tables', (b) => b.writeUInt8(0, 16)],
  ['a medium byte that does not exist', (b) => b.writeUInt8(0xf1, 21)],
];
for (const [what, change] of others) {
  test(`not FAT: ${what}`, async () => {
    const { bytes } = encodeFat(small[16]);
    assert.ok(await probeFat(memoryReader(bytes)));
    change(bytes);
    assert.equal(await probeFat(memoryReader(bytes)), undefined);
  });
}

test('the table that dosfstools puts over a volume on a whole disk does not hide the volume', () => {
  const { bytes } = encodeFat(small[16]);
  bytes[446 + 4] = 0x0e;
  bytes.writeUInt32LE(bytes.length / 512, 446 + 12);
  assert.equal(hasPartitionTable(bytes.subarray(0, 512)), false);
});
