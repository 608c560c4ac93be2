/** Btrfs that is not clean, or not alone, or was worked on by its tools: raw where it must be, and only there. */
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run } from '../support/command.ts';
import { limitMs } from '../support/patience.ts';
import { attachLoop, scratchFolder, sparseFile } from '../support/scratch.ts';
import { makeBtrfs, mapImage, mountBtrfs, probeImage, proveLayout, proveMap } from './support-btrfs.ts';
import { fillTree } from './support-ext.ts';
import { copyImage, MIB } from './support-mounted.ts';

/** Asserts that all of `image` is taken, for `code`; returns the reason. */
async function assertRaw(t: TestContext, image: string, code: string): Promise<string> {
  const { used, raw } = await mapImage(t, image);
  assert.equal(raw?.code, code);
  assert.deepEqual(used.toPairs(), [[0, (await stat(image)).size]]);
  return raw.reason;
}

test(
  'after a loss of power it is raw only where a file was fsynced',
  { timeout: limitMs(300) },
  async (t) => {
    const folder = await scratchFolder(t, 'btrfs');
    const image = await makeBtrfs(join(folder, 'image'), 160 * MIB, []);
    const mounted = await mountBtrfs(t, image, ['-o', 'commit=300']);
    await fillTree(mounted.folder, 8 * MIB);
    await run('sync', ['-f', mounted.folder]);
    const committed = await copyImage(image, join(folder, 'committed'));
    await run('xfs_io', ['-f', '-c', 'pwrite 0 100k', '-c', 'fsync', join(mounted.folder, 'late')]);
    const cut = await copyImage(image, join(folder, 'cut'));
    await mounted.unmount();

    // A commit is all or nothing: without a log there is nothing else that counts.
    await proveMap(t, committed);

    assert.equal((await probeImage(t, cut)).info.state, 'dirty');
    const { stdout } = await run('btrfs', ['inspect-internal', 'dump-super', cut]);
    assert.doesNotMatch(stdout, /^log_root\s+0$/m);
    await assertRaw(t, cut, 'dirty');
    const again = await mountBtrfs(t, cut);
    assert.equal((await stat(join(again.folder, 'late'))).size, 100 * 1024);
    await again.unmount();
    await proveMap(t, cut);
  },
);

test('over two devices it is raw on both', { timeout: limitMs(300) }, async (t) => {
  const folder = await scratchFolder(t, 'btrfs');
  const images = await Promise.all([0, 1].map((i) => sparseFile(join(folder, `${i}`), 160 * MIB)));
  const loops = await Promise.all(images.map((image) => attachLoop(t, image)));
  await run('mkfs.btrfs', ['-q', '-K', '-m', 'raid1', '-d', 'raid0', ...loops.map(({ device }) => device)]);
  for (const { detach } of loops) await detach();
  for (const image of images) assert.match(await assertRaw(t, image, 'feature'), /spans 2 devices/);
});

test('a device that was added and removed again leaves a map', { timeout: limitMs(300) }, async (t) => {
  const folder = await scratchFolder(t, 'btrfs');
  const image = await makeBtrfs(join(folder, 'image'), 160 * MIB, []);
  const other = await sparseFile(join(folder, 'other'), 160 * MIB);
  const { device, detach } = await attachLoop(t, other);
  const mounted = await mountBtrfs(t, image);
  await fillTree(mounted.folder, 8 * MIB);
  await run('btrfs', ['device', 'add', '-K', device, mounted.folder]);
  await run('sync', ['-f', mounted.folder]);
  assert.match(
    await assertRaw(t, await copyImage(image, join(folder, 'both')), 'feature'),
    /spans 2 devices/,
  );
  await run('btrfs', ['device', 'remove', device, mounted.folder]);
  await mounted.unmount();
  await detach();
  await proveMap(t, image);
});

test('a read-only seed and a second UUID change nothing', { timeout: limitMs(300) }, async (t) => {
  const folder = await scratchFolder(t, 'btrfs');
  const image = await makeBtrfs(join(folder, 'image'), 160 * MIB, ['-L', 'Photos']);
  const mounted = await mountBtrfs(t, image);
  await fillTree(mounted.folder, 8 * MIB);
  await mounted.unmount();
  await run('btrfstune', ['-f', '-S', '1', image]);
  await proveMap(t, image);
  await run('btrfstune', ['-f', '-S', '0', image]);
  const uuid = '01234567-89ab-4cde-8f01-23456789abcd';
  await run('btrfstune', ['-f', '-M', uuid, image]);
  const { info } = await probeImage(t, image);
  assert.equal(info.uuid, uuid);
  assert.equal(info.label, 'Photos');
  await proveMap(t, image);
});

test('a file system smaller than its device says so', { timeout: limitMs(300) }, async (t) => {
  const map = await proveLayout(t, {
    name: 'shrunk',
    mebibytes: 320,
    fillBytes: 8 * MIB,
    extra: (folder) => run('btrfs', ['filesystem', 'resize', '280m', folder]).then(() => undefined),
  });
  assert.ok(map.used.end(map.used.count - 1) <= 280 * MIB);
});
