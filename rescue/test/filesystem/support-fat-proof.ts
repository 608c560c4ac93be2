/** The proof that a real FAT volume's map is neither too small nor too large, for any layout. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { run } from '../support/command.ts';
import { fillWithNoise, scratchFolder, sparseFile } from '../support/scratch.ts';
import {
  copyIn,
  deleteEverySecond,
  fatDigest,
  fsckFat,
  makeFiles,
  mapImage,
  MiB,
  overwrittenCopy,
  partcloneDigest,
  partcloneUsed,
} from './support-fat.ts';

export interface FatVolumeLayout {
  readonly what: string;
  readonly kind: 'fat12' | 'fat16' | 'fat32';
  readonly sizeBytes: number;
  /** Options of mkfs.vfat; of mformat for a floppy disk. */
  readonly options: readonly string[];
  /** How much of the volume is filled, in percent. */
  readonly fill: number;
  /** Files are deleted and others written into the holes. */
  readonly fragmented?: boolean;
  readonly mformat?: boolean;
}

/** Makes the volume on a disk of noise (as far as that is affordable) and fills it. */
export async function makeFatVolume(t: TestContext, layout: FatVolumeLayout): Promise<string> {
  const folder = await scratchFolder(t, 'fat');
  const image = await sparseFile(join(folder, 'image'), layout.sizeBytes);
  await fillWithNoise(image, Math.min(layout.sizeBytes, 300 * MiB));
  if (layout.mformat === true) await run('mformat', ['-i', image, ...layout.options, '-v', 'PROOF', '::']);
  else await run('mkfs.vfat', ['-n', 'PROOF', ...layout.options, image]);
  const { clusters, clusterBytes } = await fsckFat(image);
  const room = Math.floor((clusters * clusterBytes * layout.fill) / 100);
  if (layout.fragmented === true) {
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    await makeFiles(first, Math.floor(room * 0.5), 1);
    await copyIn(image, first);
    await deleteEverySecond(image, first);
    await makeFiles(second, Math.floor(room * 0.44), 2);
    await copyIn(image, second);
  } else {
    const files = join(folder, 'files');
    await makeFiles(files, Math.floor(room * 0.96), 1);
    await copyIn(image, files);
  }
  return image;
}

/**
 * With every byte that our map calls unused overwritten, fsck.vfat is content, mtools reads every file back, and
 * partclone.vfat stores the same stream; and the map is no larger than what fsck.vfat and partclone count.
 */
export async function proveFatMap(t: TestContext, layout: FatVolumeLayout): Promise<void> {
  const image = await makeFatVolume(t, layout);
  const digest = await fatDigest(t, image);
  const { info, map, sizeBytes } = await mapImage(t, image);
  assert.equal(map.raw, undefined);
  assert.deepEqual(map.warnings, []);

  // By name like blkid, in size exactly what fsck counts.
  const { stdout } = await run('blkid', ['-p', '-o', 'export', image]);
  const outside = Object.fromEntries(stdout.split('\n').map((line) => line.split('=', 2))) as Record<
    string,
    string
  >;
  assert.equal(info.kind, layout.kind);
  assert.equal(info.kind.toUpperCase(), outside['VERSION']);
  assert.equal(info.uuid, outside['UUID']);
  assert.equal(info.label, 'PROOF');
  assert.equal(outside['LABEL'], 'PROOF');
  const { usedClusters, clusters, clusterBytes, dataOffset } = await fsckFat(image);
  assert.equal(info.blockSize, clusterBytes);
  const behind = sizeBytes - dataOffset - clusters * clusterBytes;
  assert.equal(map.used.totalBytes, dataOffset + usedClusters * clusterBytes + behind);

  const copy = await overwrittenCopy(image, sizeBytes, map.used);
  assert.equal((await fsckFat(copy)).usedClusters, usedClusters);
  assert.equal(await fatDigest(t, copy), digest);
  // partclone 0.3.23 takes FAT12's entries for 16 bits wide: what it says of FAT12 means nothing.
  if (layout.kind !== 'fat12') {
    const [used, before, after] = await Promise.all([
      partcloneUsed('partclone.vfat', image),
      partcloneDigest('partclone.vfat', image),
      partcloneDigest('partclone.vfat', copy),
    ]);
    assert.equal(after, before);
    // Of the sectors behind the last cluster partclone stores some, all or none.
    const end = sizeBytes - behind;
    assert.deepEqual(map.used.slice(0, end).toPairs(), used.slice(0, end).toPairs());
  }
}
