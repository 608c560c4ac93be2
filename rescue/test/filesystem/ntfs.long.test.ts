import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { noise, scratchFolder } from '../support/scratch.ts';
import { changeVolume, makeVolume, proveMap, type VolumeOptions } from './support-ntfs-tools.ts';
import { fillFolder, mixedStreams, thinOut, writeMixedTree } from './support-ntfs-trees.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('the map of an NTFS volume', { concurrency: 2 }, () => {
  const layouts: VolumeOptions[] = [
    ...[1, 2, 8, 16, 32, 128, 256, 512, 1024].map((size) => ({
      sizeBytes: Math.max(48, size / 8) * MIB + 512 * size,
      clusterSize: size * KIB,
    })),
    ...[1024, 2048].map((sectorSize) => ({ sizeBytes: 48 * MIB, clusterSize: 4096, sectorSize })),
    { sizeBytes: 64 * MIB, clusterSize: 65536, sectorSize: 4096 },
  ];
  for (const options of layouts)
    it(`with clusters of ${options.clusterSize} bytes in sectors of ${options.sectorSize ?? 512} holds everything that other tools see`, async (t) => {
      const image = await makeVolume(join(await scratchFolder(t, 'ntfs'), 'image'), options);
      await changeVolume(t, image, (folder) => writeMixedTree(folder, 8 * MIB));
      await proveMap(t, image, mixedStreams);
    });

  for (const clusterSize of [512, 4096, 65536])
    it(`that was filled, thinned out and filled again, with clusters of ${clusterSize} bytes, holds everything`, async (t) => {
      const options = { sizeBytes: 64 * MIB, clusterSize };
      const image = await makeVolume(join(await scratchFolder(t, 'ntfs'), 'image'), options);
      await changeVolume(t, image, async (folder) => {
        const sizeOf = (i: number): number => (0.5 + (i % 5)) * Math.max(clusterSize, 8 * KIB);
        const data = join(folder, 'data');
        const count = await fillFolder(data, 10_000, sizeOf);
        assert.ok(count < 10_000);
        await thinOut(data, count);
        await fillFolder(join(folder, 'tiny'), 4000, (i) => i % 200);
        await fillFolder(join(folder, 'more'), 2000, (i) => (i % 11) * 5 * KIB);
        // Whatever is left, in as many pieces as there are gaps.
        await writeFile(join(folder, 'last'), noise(30 * MIB, 4)).catch(() => undefined);
      });
      const map = await proveMap(t, image);
      assert.ok(map.used.totalBytes > 0.9 * options.sizeBytes);
    });
});
