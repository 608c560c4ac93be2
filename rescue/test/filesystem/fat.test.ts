/**
 * Real FAT volumes on a disk that was full of noise: with every byte that our map calls unused overwritten,
 * fsck.vfat is content, mtools reads every file back, and partclone.vfat stores the same stream.
 */
import assert from 'node:assert/strict';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../support/command.ts';
import { scratchFolder, sparseFile } from '../support/scratch.ts';
import { fatDigest, fsckFat, mapImage, MiB, overwrittenCopy } from './support-fat.ts';
import { makeFatVolume, proveFatMap, type FatVolumeLayout } from './support-fat-proof.ts';

const layouts: readonly FatVolumeLayout[] = [
  {
    what: 'a floppy disk',
    kind: 'fat12',
    sizeBytes: 1474560,
    options: ['-f', '1440'],
    fill: 60,
    mformat: true,
  },
  {
    what: 'FAT12, clusters of 2 KiB',
    kind: 'fat12',
    sizeBytes: 4 * MiB,
    options: ['-F', '12'],
    fill: 50,
    fragmented: true,
  },
  {
    what: 'FAT12, sectors of 4 KiB',
    kind: 'fat12',
    sizeBytes: 8 * MiB,
    options: ['-F', '12', '-S', '4096', '-s', '1'],
    fill: 95,
  },
  {
    what: 'FAT16, clusters of 2 KiB',
    kind: 'fat16',
    sizeBytes: 32 * MiB,
    options: ['-F', '16', '-s', '4'],
    fill: 50,
    fragmented: true,
  },
  {
    what: 'FAT16, one table, clusters of 512 bytes',
    kind: 'fat16',
    sizeBytes: 16 * MiB,
    options: ['-F', '16', '-s', '1', '-f', '1'],
    fill: 1,
  },
  {
    what: 'FAT16, sectors of 1 KiB, spare sectors',
    kind: 'fat16',
    sizeBytes: 40 * MiB + 7168,
    options: ['-F', '16', '-S', '1024', '-s', '8', '-a'],
    fill: 95,
    fragmented: true,
  },
  {
    what: 'FAT16, clusters of 16 KiB',
    kind: 'fat16',
    sizeBytes: 96 * MiB,
    options: ['-F', '16', '-s', '32', '-R', '9'],
    fill: 30,
    fragmented: true,
  },
  {
    what: 'FAT32, clusters of 512 bytes',
    kind: 'fat32',
    sizeBytes: 48 * MiB,
    options: ['-F', '32', '-s', '1'],
    fill: 40,
    fragmented: true,
  },
  {
    what: 'FAT32, sectors of 4 KiB, nearly empty',
    kind: 'fat32',
    sizeBytes: 272 * MiB,
    options: ['-F', '32', '-S', '4096', '-s', '1'],
    fill: 2,
  },
];

for (const layout of layouts) {
  test(`${layout.what}: only what is unused is left out`, async (t) => {
    await proveFatMap(t, layout);
  });
}

test('the proof has teeth: with one used cluster overwritten as well, files differ', async (t) => {
  const image = await makeFatVolume(t, layouts[3]!);
  const digest = await fatDigest(t, image);
  const { map, sizeBytes } = await mapImage(t, image);
  const { dataOffset, usedClusters, clusterBytes } = await fsckFat(image);
  const victim = dataOffset + Math.floor(usedClusters / 3) * clusterBytes;
  assert.ok(map.used.covers(victim, clusterBytes));
  const rest = victim + clusterBytes;
  const without = map.used.slice(0, victim).union(map.used.slice(rest, sizeBytes - rest));
  const copy = await overwrittenCopy(image, sizeBytes, without);
  assert.notEqual(await fatDigest(t, copy), digest);
});

test('FAT32 with few clusters is FAT32, as for fsck.vfat, Linux and Windows', async (t) => {
  const folder = await scratchFolder(t, 'fat');
  const image = await sparseFile(join(folder, 'image'), 32 * MiB);
  await run('mkfs.vfat', ['-F', '32', '-s', '8', image]);
  const { info, map } = await mapImage(t, image);
  assert.equal(info.kind, 'fat32');
  const { clusters, usedClusters, clusterBytes, dataOffset } = await fsckFat(image);
  assert.ok(clusters < 65525);
  const behind = 32 * MiB - dataOffset - clusters * clusterBytes;
  assert.equal(map.used.totalBytes, dataOffset + usedClusters * clusterBytes + behind);
});

test('clusters that mkfs.vfat was told are bad are left out', async (t) => {
  const folder = await scratchFolder(t, 'fat');
  const image = await sparseFile(join(folder, 'image'), 64 * MiB);
  // The list counts in blocks of 1 KiB.
  await writeFile(join(folder, 'bad'), '30000\n30001\n40000\n');
  await run('mkfs.vfat', ['-F', '32', '-s', '2', '-l', join(folder, 'bad'), image]);
  const { map } = await mapImage(t, image);
  assert.equal(map.raw, undefined);
  assert.match(map.warnings.join(), /marks [234] clusters as bad/);
  for (const block of [30000, 30001, 40000]) assert.ok(!map.used.touches(block * 1024, 1024));
});

test('a volume on a whole disk with the table that mkfs.vfat puts over it is read', async (t) => {
  const folder = await scratchFolder(t, 'fat');
  const image = await sparseFile(join(folder, 'image'), 64 * MiB);
  await run('mkfs.vfat', ['-F', '32', '--mbr=y', image]);
  assert.notDeepEqual((await readFile(image)).subarray(446, 462), Buffer.alloc(16));
  const { info, map } = await mapImage(t, image);
  assert.equal(info.kind, 'fat32');
  assert.equal(map.raw, undefined);
});

test('a disk that was one FAT volume and was partitioned since is not taken for FAT', async (t) => {
  const folder = await scratchFolder(t, 'fat');
  const image = await sparseFile(join(folder, 'image'), 64 * MiB);
  await run('mkfs.vfat', ['-F', '32', '--mbr=n', image]);
  assert.equal((await mapImage(t, image)).info.kind, 'fat32');
  await run('sfdisk', ['--no-reread', '--wipe', 'never', image], {
    input: 'label: dos\nstart=2048, type=83\n',
  });
  assert.notEqual((await mapImage(t, image)).info.kind, 'fat32');
});

/** Where Windows and Linux note that a volume is in use. */
const stateBytes: readonly [string, number][] = [
  ['12', 0x25],
  ['16', 0x25],
  ['32', 0x41],
];
for (const [width, offset] of stateBytes) {
  test(`FAT${width} not cleanly unmounted: raw, with the size it would have`, async (t) => {
    const folder = await scratchFolder(t, 'fat');
    const image = await sparseFile(join(folder, 'image'), (width === '12' ? 8 : 64) * MiB);
    await run('mkfs.vfat', ['-F', width, image]);
    const clean = await mapImage(t, image);
    assert.equal(clean.map.raw, undefined);
    const file = await open(image, 'r+');
    await file.write(Buffer.from([1]), 0, 1, offset);
    await file.close();
    // The outside judge calls it dirty as well.
    const { stdout } = await run('fsck.vfat', ['-n', image], { accept: [0, 1] });
    assert.match(stdout, /dirty bit/i);
    const { info, map, sizeBytes } = await mapImage(t, image);
    assert.equal(info.state, 'dirty');
    assert.equal(map.raw?.code, 'dirty');
    assert.equal(map.raw.trustedBytes, clean.map.used.totalBytes);
    assert.deepEqual(map.used.toPairs(), [[0, sizeBytes]]);
    const trusted = await mapImage(t, image, { trustBitmap: true });
    assert.ok(trusted.map.used.equals(clean.map.used));
    // After the remedy it is clean again.
    await run('fsck.vfat', ['-a', image], { accept: [0, 1] });
    assert.ok((await mapImage(t, image)).map.used.equals(clean.map.used));
  });
}
