/** What it takes to find the used bytes of large, full and scattered file systems of 1 TiB. */
import assert from 'node:assert/strict';
import { opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run } from '../support/command.ts';
import { limitMs } from '../support/patience.ts';
import { scratchFolder, sparseFile } from '../support/scratch.ts';
import type { Measured } from './measure-map.ts';
import { makeBtrfs, mountBtrfs } from './support-btrfs.ts';
import { needsFsck } from './support-hfsplus.ts';
import { HOLES, largeKinds, makeHostile, makeLarge, TIB } from './support-large.ts';
import { MIB, mountImage } from './support-mounted.ts';
import { makeXfs } from './support-xfs.ts';

/** For slow machines. */
const factor = Number(process.env['PERMAFROST_TIMEOUT_FACTOR'] ?? 1);
const measure = join(import.meta.dirname, 'measure-map.ts');

async function measureMap(t: TestContext, image: string): Promise<Measured> {
  const { stdout } = await run(process.execPath, [measure, image], { timeoutMs: 600_000 });
  t.diagnostic(stdout);
  return JSON.parse(stdout) as Measured;
}

/** Finds the used bytes in at most 2 s for each 100,000 extents and with at most 64 MiB. */
async function assertQuick(t: TestContext, image: string, leastExtents: number): Promise<void> {
  const measured = await measureMap(t, image);
  assert.equal(measured.raw, false);
  assert.ok(measured.extents >= leastExtents, `${measured.extents} extents`);
  // Time of the processor, since other tests may take the rest.
  assert.ok(measured.cpuMs <= (factor * 2000 * measured.extents) / 100_000, `${measured.cpuMs} ms`);
  assert.ok(measured.memoryBytes <= 64 * MIB, `${measured.memoryBytes} bytes`);
}

for (const kind of largeKinds)
  test(
    `a full ${kind} with ${HOLES} holes takes at most 2 s for 100,000 extents and 64 MiB`,
    { timeout: limitMs(900), skip: kind === 'HFS+' ? needsFsck : false },
    async (t) => {
      const image = await makeLarge(kind, join(await scratchFolder(t, 'large'), 'image'));
      await assertQuick(t, image, HOLES - 1000);
    },
  );

test(
  'a full ext4 with 130,000 holes takes at most 2 s for 100,000 extents and 64 MiB',
  { timeout: limitMs(900) },
  async (t) => {
    const image = await sparseFile(join(await scratchFolder(t, 'large'), 'image'), TIB);
    await run('mkfs.ext4', ['-q', '-F', '-m', '0', '-N', '100000', image]);
    const mounted = await mountImage(t, image, ['-t', 'ext4']);
    const holes = Array.from({ length: 130_000 }, (_, i) => `fpunch ${i * 7 * MIB} ${4096 * (1 + (i % 3))}`);
    await run('xfs_io', ['-f', join(mounted.folder, 'full')], {
      input: ['falloc 0 1000g', ...holes, 'quit', ''].join('\n'),
      timeoutMs: 600_000,
    });
    await mounted.unmount();
    await assertQuick(t, image, 130_000);
  },
);

test(
  'a bitmap of nothing but holes is refused, in bounded memory',
  { timeout: limitMs(900), skip: needsFsck },
  async (t) => {
    const image = await makeHostile(join(await scratchFolder(t, 'large'), 'image'));
    const measured = await measureMap(t, image);
    assert.equal(measured.raw, true);
    assert.deepEqual([measured.extents, measured.usedBytes], [1, TIB]);
    assert.ok(measured.memoryBytes <= 1024 * MIB, `${measured.memoryBytes} bytes`);
  },
);

test('a full XFS with 200,000 holes takes at most 4 s and 64 MiB', { timeout: limitMs(900) }, async (t) => {
  const folder = await scratchFolder(t, 'large');
  const image = await makeXfs(join(folder, 'image'), TIB, []);
  const mounted = await mountImage(t, image, ['-t', 'xfs']);
  const full = join(mounted.folder, 'full');
  const holes = Array.from({ length: 200_000 }, (_, i) => `fpunch ${i * 5 * MIB} ${4096 * (1 + (i % 3))}`);
  await run('xfs_io', ['-f', full], {
    input: ['falloc 0 1010g', ...holes, 'quit', ''].join('\n'),
    timeoutMs: 600_000,
  });
  await mounted.unmount();
  await assertQuick(t, image, 199_000);
});

test(
  'a Btrfs with 50,000 files among gaps takes at most 2 s for 100,000 extents and 64 MiB',
  { timeout: limitMs(900) },
  async (t) => {
    const folder = await scratchFolder(t, 'large');
    const image = await makeBtrfs(join(folder, 'image'), TIB, []);
    const mounted = await mountBtrfs(t, image);
    const script = Array.from({ length: 100_000 }, (_, i) => [
      `open -f ${join(mounted.folder, String(i))}`,
      `falloc 0 ${8 * MIB + 4096 * (i % 3)}`,
      'close',
    ]).flat();
    await run('xfs_io', [], { input: [...script, 'quit', ''].join('\n'), timeoutMs: 600_000 });
    for await (const { name } of await opendir(mounted.folder))
      if (Number(name) % 2 === 1) await rm(join(mounted.folder, name));
    await mounted.unmount();
    await assertQuick(t, image, 30_000);
  },
);
