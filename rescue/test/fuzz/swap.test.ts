/** Mutated swap headers: a map, a reason why not, or our own error; soon, and in little memory. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { probeSwap } from '../../src/engine/filesystem/swap.ts';
import { MiB } from '../filesystem/support-fat.ts';
import { run } from '../support/command.ts';
import { scratchFolder, sparseFile } from '../support/scratch.ts';
import { fuzzRegion } from './support-region.ts';

for (const pageSize of [4096, 65536]) {
  test(`mutated swap with pages of ${pageSize} bytes`, async (t) => {
    const path = await sparseFile(join(await scratchFolder(t, 'fuzz'), 'image'), MiB);
    await run('chmod', ['600', path]);
    await run('mkswap', ['-p', String(pageSize), '-L', 'fuzz', path]);
    const outcome = await fuzzRegion({
      image: await readFile(path),
      areas: [
        [1024, 8],
        [1024, 64],
        [pageSize - 10, 10],
        [0, 1024],
      ],
      prober: probeSwap,
      iterations: 800,
    });
    t.diagnostic(JSON.stringify(outcome));
    for (const kind of ['mapped', 'raw', 'notMine'] as const) assert.ok(outcome[kind] > 0, kind);
  });
}
