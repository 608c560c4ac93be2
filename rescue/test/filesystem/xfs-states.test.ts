/** XFS that is not clean, or not alone, or was worked on by its tools: raw where it must be, and only there. */
import assert from 'node:assert/strict';
import { stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../support/command.ts';
import { limitMs } from '../support/patience.ts';
import { attachLoop, noise, scratchFolder, sparseFile } from '../support/scratch.ts';
import { fillTree } from './support-ext.ts';
import { copyImage, MIB, mountedDigest, mountImage } from './support-mounted.ts';
import {
  logStateByLogprint,
  makeXfs,
  mapImage,
  probeImage,
  proveLogStates,
  proveMap,
} from './support-xfs.ts';

const MOUNT = ['-t', 'xfs', '-o', 'nouuid'];

/** Asserts that all of `image` is taken, for `code`. */
async function assertRaw(
  t: Parameters<typeof mapImage>[0],
  image: string,
  code: string,
): Promise<{ readonly reason: string; readonly trustedBytes?: number }> {
  const { used, raw } = await mapImage(t, image);
  assert.equal(raw?.code, code);
  assert.deepEqual(used.toPairs(), [[0, (await stat(image)).size]]);
  return raw;
}

test(
  'after a loss of power it is raw, and clean again once it was mounted',
  { timeout: limitMs(300) },
  async (t) => {
    const folder = await scratchFolder(t, 'xfs');
    const image = await makeXfs(join(folder, 'image'), 64 * MIB, []);
    const mounted = await mountImage(t, image, MOUNT);
    await fillTree(mounted.folder, 12 * MIB);
    await run('sync', ['-f', mounted.folder]);
    const cut = await copyImage(image, join(folder, 'cut'));
    await writeFile(join(mounted.folder, 'late'), noise(5000, 3));
    await run('xfs_io', ['-x', '-c', 'shutdown -f', mounted.folder]);
    await mounted.unmount();
    for (const dirty of [cut, image]) {
      assert.equal(await logStateByLogprint(dirty), 'DIRTY');
      const { trustedBytes } = await assertRaw(t, dirty, 'dirty');
      assert.ok(trustedBytes === undefined || trustedBytes < 64 * MIB);
      await mountedDigest(t, dirty, MOUNT);
      await proveMap(t, dirty);
    }
  },
);

test(
  'the log is clean after every unmount, wherever its head comes to lie',
  { timeout: limitMs(300) },
  async (t) => {
    assert.ok((await proveLogStates(t, 8)) >= 2, 'the log went round');
  },
);

test('a log that its tools cleared is clean', { timeout: limitMs(300) }, async (t) => {
  const folder = await scratchFolder(t, 'xfs');
  const image = await makeXfs(join(folder, 'image'), 64 * MIB, []);
  const mounted = await mountImage(t, image, MOUNT);
  await fillTree(mounted.folder, 6 * MIB);
  await run('xfs_io', ['-x', '-c', 'shutdown -f', mounted.folder]);
  await mounted.unmount();
  await assertRaw(t, image, 'dirty');
  await run('xfs_repair', ['-L', '-f', image]);
  await proveMap(t, image);
});

test('a new UUID and a new label change nothing', { timeout: limitMs(300) }, async (t) => {
  const folder = await scratchFolder(t, 'xfs');
  const image = await makeXfs(join(folder, 'image'), 64 * MIB, []);
  const mounted = await mountImage(t, image, MOUNT);
  await fillTree(mounted.folder, 3 * MIB);
  await mounted.unmount();
  const before = await probeImage(t, image);
  const { device, detach } = await attachLoop(t, image);
  await run('xfs_admin', ['-U', 'generate', '-L', 'Photos', device]);
  await detach();
  const { info } = await probeImage(t, image);
  assert.notEqual(info.uuid, before.info.uuid);
  assert.equal(info.label, 'Photos');
  assert.ok((info.details!['features'] as readonly string[]).includes('metauuid'));
  const { stdout } = await run('xfs_db', ['-r', '-c', 'uuid', image]);
  assert.ok(stdout.includes(info.uuid!));
  await proveMap(t, image);
});

test('a file system that grew keeps its smaller groups', { timeout: limitMs(300) }, async (t) => {
  const folder = await scratchFolder(t, 'xfs');
  const image = await makeXfs(join(folder, 'image'), 48 * MIB, []);
  await truncate(image, 90 * MIB + 4096);
  const mounted = await mountImage(t, image, MOUNT);
  await run('xfs_growfs', [mounted.folder]);
  await fillTree(mounted.folder, 16 * MIB);
  await mounted.unmount();
  assert.equal((await probeImage(t, image)).info.sizeBytes! / 4096, Math.floor((90 * MIB) / 4096) + 1);
  await proveMap(t, image);
});

test('with its log or its real-time section elsewhere it is raw', { timeout: limitMs(300) }, async (t) => {
  const folder = await scratchFolder(t, 'xfs');
  const other = await sparseFile(join(folder, 'other'), 64 * MIB);
  const log = await makeXfs(join(folder, 'log'), 64 * MIB, ['-l', `logdev=${other},size=16m`]);
  assert.match((await assertRaw(t, log, 'feature')).reason, /log is on another device/);
  await sparseFile(other, 64 * MIB);
  const realtime = await makeXfs(join(folder, 'realtime'), 64 * MIB, ['-r', `rtdev=${other}`]);
  assert.match((await assertRaw(t, realtime, 'feature')).reason, /real-time/);
});

test(
  'with a repair to be done or a feature of the future it is raw',
  { timeout: limitMs(300) },
  async (t) => {
    const folder = await scratchFolder(t, 'xfs');
    const image = await makeXfs(join(folder, 'image'), 64 * MIB, []);
    assert.equal((await mapImage(t, image)).raw, undefined);
    const { stdout } = await run('xfs_db', ['-r', '-c', 'sb 0', '-c', 'p features_incompat', image]);
    const features = Number(stdout.split('=')[1]);
    const set = (bit: number): Promise<unknown> =>
      run('xfs_db', ['-x', '-c', 'sb 0', '-c', `write -d features_incompat ${features | bit}`, image]);
    await set(0x10);
    await assertRaw(t, image, 'error-state');
    await run('xfs_repair', ['-f', image]);
    await proveMap(t, image);
    await set(0x10000);
    assert.match((await assertRaw(t, image, 'feature')).reason, /0x10000/);
  },
);
