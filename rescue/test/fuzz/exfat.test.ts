/** Mutated exFAT volumes: a map, a reason why not, or our own error; soon, and in little memory. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { bootChecksum } from '../../src/engine/filesystem/exfat/boot-region.ts';
import { probeExfat } from '../../src/engine/filesystem/exfat/exfat.ts';
import { encodeExfat } from '../filesystem/support-fat-model.ts';
import { MiB } from '../filesystem/support-fat.ts';
import { run } from '../support/command.ts';
import { scratchFolder, sparseFile } from '../support/scratch.ts';
import { fuzzRegion } from './support-region.ts';

function seal(image: Buffer): void {
  const sum = bootChecksum(image.subarray(0, 11 * 512));
  for (let at = 11 * 512; at < 12 * 512; at += 4) image.writeUInt32LE(sum, at);
}

test('mutated exFAT from mkfs.exfat', async (t) => {
  const folder = await scratchFolder(t, 'fuzz');
  const path = await sparseFile(join(folder, 'image'), 6 * MiB);
  await run('mkfs.exfat', ['-c', '512', '-L', 'fuzz', path]);
  const image = await readFile(path);
  const fat = image.readUInt32LE(80) * 512;
  const heap = image.readUInt32LE(88) * 512;
  const root = heap + (image.readUInt32LE(96) - 2) * 512;
  const outcome = await fuzzRegion({
    image,
    areas: [
      [64, 56],
      [0, 512],
      [fat, 256],
      [root, 128],
      [heap, 1024],
    ],
    prober: probeExfat,
    iterations: 800,
    seal,
  });
  t.diagnostic(JSON.stringify(outcome));
  for (const kind of ['mapped', 'raw', 'refused', 'notMine'] as const) assert.ok(outcome[kind] > 0, kind);
});

test('mutated exFAT with a scattered bitmap', async (t) => {
  const volume = encodeExfat({ clusters: 3 * 512 * 8, bitmapClusters: [40, 9, 41], used: [4000, 5000] });
  const outcome = await fuzzRegion({
    image: volume.bytes,
    areas: [
      [64, 56],
      [volume.fatOffset, 200],
      [volume.clusterAt(volume.rootCluster), 128],
      ...volume.bitmapClusters.map((cluster) => [volume.clusterAt(cluster), 16] as const),
    ],
    prober: probeExfat,
    iterations: 800,
    seal,
  });
  t.diagnostic(JSON.stringify(outcome));
  for (const kind of ['mapped', 'raw', 'refused'] as const) assert.ok(outcome[kind] > 0, kind);
});
