/** Real exFAT volumes that take too long for every day: large ones, and the largest clusters there are. */
import { test } from 'node:test';
import { proveExfatMap, type ExfatVolumeLayout } from './support-exfat-proof.ts';
import { MiB } from './support-fat.ts';

const layouts: readonly ExfatVolumeLayout[] = [
  { what: 'clusters of 32 MiB', sizeBytes: 2560 * MiB, options: ['-c', '32M'], fill: 1 },
  { what: '3 GiB, clusters of 4 KiB', sizeBytes: 3072 * MiB + 512, options: ['-c', '4K'], fill: 20 },
];

for (const layout of layouts) {
  test(`exFAT, ${layout.what}: only what is unused is left out`, async (t) => {
    await proveExfatMap(t, layout);
  });
}
