/** Mutated FAT volumes: a map, a reason why not, or our own error; soon, and in little memory. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { probeFat } from '../../src/engine/filesystem/fat/fat.ts';
import { copyIn, fsckFat, makeFiles, MiB } from '../filesystem/support-fat.ts';
import { run } from '../support/command.ts';
import { scratchFolder, sparseFile } from '../support/scratch.ts';
import { fuzzRegion } from './support-region.ts';

for (const [width, sizeBytes, iterations] of [
  ['12', 2 * MiB, 1000],
  ['16', 6 * MiB, 1000],
  ['32', 36 * MiB, 200],
] as const) {
  test(`mutated FAT${width}`, async (t) => {
    const folder = await scratchFolder(t, 'fuzz');
    const path = await sparseFile(join(folder, 'image'), sizeBytes);
    await run('mkfs.vfat', ['-F', width, '-s', '1', '-n', 'FUZZ', path]);
    await makeFiles(join(folder, 'files'), MiB / 2, 1);
    await copyIn(path, join(folder, 'files'));
    const { dataOffset } = await fsckFat(path);
    const fatOffset = width === '32' ? 32 * 512 : 512;
    const outcome = await fuzzRegion({
      image: await readFile(path),
      areas: [
        [0, 90],
        [0, 512],
        [fatOffset, 64],
        [fatOffset, 2048],
        [fatOffset, dataOffset - fatOffset],
        [dataOffset, 2048],
      ],
      prober: probeFat,
      iterations,
    });
    t.diagnostic(JSON.stringify(outcome));
    for (const [kind, count] of Object.entries(outcome)) assert.ok(count > 0, `no mutation was ${kind}`);
  });
}
