/** Real FAT volumes that take too long for every day: large ones, and ones at the limits of their kind. */
import { test } from 'node:test';
import { MiB } from './support-fat.ts';
import { proveFatMap, type FatVolumeLayout } from './support-fat-proof.ts';

const layouts: readonly FatVolumeLayout[] = [
  {
    what: 'FAT16 of 2 GiB, clusters of 32 KiB',
    kind: 'fat16',
    sizeBytes: 2047 * MiB,
    options: ['-F', '16', '-s', '64'],
    fill: 5,
    fragmented: true,
  },
  {
    what: 'FAT32, clusters of 4 KiB, nearly full',
    kind: 'fat32',
    sizeBytes: 300 * MiB,
    options: ['-F', '32', '-s', '8'],
    fill: 95,
    fragmented: true,
  },
  {
    what: 'FAT32 of 4.5 GiB, clusters of 64 KiB',
    kind: 'fat32',
    sizeBytes: 4608 * MiB,
    options: ['-F', '32', '-s', '128', '-f', '1'],
    fill: 5,
    fragmented: true,
  },
  {
    what: 'FAT32 of 1 GiB, sectors of 4 KiB, clusters of 8 KiB',
    kind: 'fat32',
    sizeBytes: 1024 * MiB,
    options: ['-F', '32', '-S', '4096', '-s', '2'],
    fill: 20,
    fragmented: true,
  },
];

for (const layout of layouts) {
  test(`${layout.what}: only what is unused is left out`, async (t) => {
    await proveFatMap(t, layout);
  });
}
