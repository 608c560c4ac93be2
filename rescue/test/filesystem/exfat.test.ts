/**
 * Real exFAT volumes on a disk that was full of noise, filled through FUSE: with every byte that our map calls
 * unused overwritten, fsck.exfat is content, all files read back, and partclone.exfat stores the same stream.
 */
import assert from 'node:assert/strict';
import { mkdir, open as openFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run } from '../support/command.ts';
import {
  attachLoop,
  fillWithNoise,
  noise,
  scratchFolder,
  sparseFile,
  treeDigest,
} from '../support/scratch.ts';
import { makeFiles, mapImage, MiB, overwrittenCopy, partcloneDigest, partcloneUsed } from './support-fat.ts';

interface Layout {
  readonly what: string;
  readonly sizeBytes: number;
  readonly sectorSize?: number;
  /** Options of mkfs.exfat. */
  readonly options: readonly string[];
  /** How much of the volume is filled, in percent. */
  readonly fill: number;
}

const layouts: readonly Layout[] = [
  { what: 'clusters of 512 bytes', sizeBytes: 24 * MiB, options: ['-c', '512'], fill: 50 },
  { what: 'clusters of 4 KiB, nearly full', sizeBytes: 48 * MiB, options: ['-c', '4K'], fill: 95 },
  { what: 'sectors of 4 KiB', sizeBytes: 64 * MiB, sectorSize: 4096, options: ['-c', '32K'], fill: 30 },
  {
    what: 'the bitmap beside the table',
    sizeBytes: 64 * MiB + 5 * 512,
    options: ['--pack-bitmap'],
    fill: 20,
  },
  { what: 'clusters of 1 MiB, nearly empty', sizeBytes: 128 * MiB, options: ['-c', '1M'], fill: 4 },
];

/** Mounts `image` through a loop device for as long as `use` takes. */
async function mounted<T>(
  t: TestContext,
  image: string,
  options: { readonly sectorSize?: number; readonly readOnly?: boolean },
  use: (folder: string, device: string) => Promise<T>,
): Promise<T> {
  const { device, detach } = await attachLoop(t, image, ['--sector-size', String(options.sectorSize ?? 512)]);
  const folder = `${image}-mount`;
  await mkdir(folder, { recursive: true });
  await run('mount.exfat-fuse', [...(options.readOnly === true ? ['-o', 'ro'] : []), device, folder]);
  try {
    return await use(folder, device);
  } finally {
    await run('umount', [folder]);
    // For a block device, umount waits until the FUSE daemon has written everything out.
    await run('blockdev', ['--flushbufs', device]);
    await detach();
  }
}

async function makeVolume(t: TestContext, layout: Layout): Promise<{ image: string; digest: string }> {
  const folder = await scratchFolder(t, 'exfat');
  const image = await sparseFile(join(folder, 'image'), layout.sizeBytes);
  await fillWithNoise(image, layout.sizeBytes);
  const { sectorSize = 512 } = layout;
  const { device, detach } = await attachLoop(t, image, ['--sector-size', String(sectorSize)]);
  // The label's letters need a locale that has them.
  await run('mkfs.exfat', ['-L', 'Größe', ...layout.options, device], { env: { LC_ALL: 'C.UTF-8' } });
  await detach();
  const room = Math.floor(((layout.sizeBytes - 4 * MiB) * layout.fill) / 100);
  const digest = await mounted(t, image, { sectorSize }, async (mount) => {
    await makeFiles(join(mount, 'first'), Math.floor(room * 0.5), 1);
    for (const name of await readdir(join(mount, 'first'))) {
      const files = (await readdir(join(mount, 'first', name))).sort();
      for (const file of files.filter((_, i) => i % 2 === 0)) await rm(join(mount, 'first', name, file));
    }
    await makeFiles(join(mount, 'zweite Ordnung'), Math.floor(room * 0.44), 2);
    return treeDigest(mount);
  });
  return { image, digest };
}

async function fsck(image: string): Promise<string> {
  const { stdout } = await run('fsck.exfat', ['-n', image]);
  assert.match(stdout, /: clean\./);
  return stdout.replaceAll(image, 'image');
}

/** Used clusters as dump.exfat counts them, and where the cluster heap begins. */
async function dumpExfat(
  image: string,
): Promise<{ usedBytes: number; heapOffset: number; heapBytes: number }> {
  const { stdout } = await run('dump.exfat', [image]);
  const number = (name: string): number => {
    const at = stdout.indexOf(name);
    assert.ok(at >= 0, `dump.exfat does not say ${name}`);
    return Number(/:\s+(\d+)/.exec(stdout.slice(at))?.[1]);
  };
  const clusterBytes = number('Cluster size');
  return {
    usedBytes: (number('Total Clusters') - number('Free Clusters')) * clusterBytes,
    heapOffset: number('Cluster Heap Offset') * 2 ** number('Sector Size Bits'),
    heapBytes: number('Total Clusters') * clusterBytes,
  };
}

for (const layout of layouts) {
  test(`exFAT, ${layout.what}: only what is unused is left out`, async (t) => {
    const { image, digest } = await makeVolume(t, layout);
    const report = await fsck(image);
    const { info, map, sizeBytes } = await mapImage(t, image);
    assert.equal(map.raw, undefined);

    const { stdout } = await run('blkid', ['-p', '-o', 'export', image]);
    assert.equal(info.kind, 'exfat');
    assert.equal(info.label, 'Größe');
    assert.match(stdout, new RegExp(`^UUID=${info.uuid!}$`, 'm'));
    const { usedBytes, heapOffset, heapBytes } = await dumpExfat(image);
    assert.equal(map.used.totalBytes, usedBytes + sizeBytes - heapBytes);
    assert.ok(map.used.covers(0, heapOffset));

    const copy = await overwrittenCopy(image, sizeBytes, map.used);
    assert.equal((await fsck(copy)).replaceAll('-copy', ''), report);
    const { sectorSize = 512 } = layout;
    assert.equal(
      await mounted(t, copy, { sectorSize, readOnly: true }, (mount) => treeDigest(mount)),
      digest,
    );
    const [used, before, after] = await Promise.all([
      partcloneUsed('partclone.exfat', image),
      partcloneDigest('partclone.exfat', image),
      partcloneDigest('partclone.exfat', copy),
    ]);
    assert.equal(after, before);
    // partclone does not store what lies behind the last cluster.
    const heapEnd = heapOffset + heapBytes;
    assert.deepEqual(map.used.slice(0, heapEnd).toPairs(), used.slice(0, heapEnd).toPairs());
  });
}

test('exFAT: the proof has teeth: with one used cluster overwritten as well, files differ', async (t) => {
  const { image, digest } = await makeVolume(t, layouts[1]!);
  const { map, sizeBytes } = await mapImage(t, image);
  const { heapOffset } = await dumpExfat(image);
  const victim = heapOffset + 5 * MiB;
  assert.ok(map.used.covers(victim, 4096));
  const rest = victim + 4096;
  const without = map.used.slice(0, victim).union(map.used.slice(rest, sizeBytes - rest));
  const copy = await overwrittenCopy(image, sizeBytes, without);
  assert.notEqual(await mounted(t, copy, { readOnly: true }, (mount) => treeDigest(mount)), digest);
});

test('exFAT cut off while mounted: raw, with the size that its bitmap says', async (t) => {
  const folder = await scratchFolder(t, 'exfat');
  const image = await sparseFile(join(folder, 'image'), 32 * MiB);
  await run('mkfs.exfat', ['-c', '4K', image]);
  const clean = await mapImage(t, image);
  assert.equal(clean.info.state, 'clean');
  const cut = `${image}-cut`;
  await mounted(t, image, {}, async (mount, device) => {
    await using file = await openFile(join(mount, 'file'), 'w');
    await file.write(noise(3 * MiB, 5));
    await run('dd', [`if=${device}`, `of=${cut}`, 'bs=1M']);
  });
  const { info, map, sizeBytes } = await mapImage(t, cut);
  assert.equal(info.state, 'dirty');
  assert.equal(map.raw?.code, 'dirty');
  assert.match(map.raw.remedy!, /fsck\.exfat/);
  assert.deepEqual(map.used.toPairs(), [[0, sizeBytes]]);
  assert.ok(map.raw.trustedBytes! >= clean.map.used.totalBytes);
  assert.ok(map.raw.trustedBytes! < sizeBytes);
  const { map: trusted } = await mapImage(t, cut, { trustBitmap: true });
  assert.equal(trusted.overridden?.code, 'dirty');
  assert.equal(trusted.used.totalBytes, map.raw.trustedBytes);

  // After a proper unmount it is clean again.
  const after = await mapImage(t, image);
  assert.equal(after.info.state, 'clean');
  assert.ok(after.map.used.totalBytes >= clean.map.used.totalBytes + 3 * MiB);
});

test('exFAT whose main boot region is damaged is raw, and fsck.exfat brings it back from the backup', async (t) => {
  const folder = await scratchFolder(t, 'exfat');
  const image = await sparseFile(join(folder, 'image'), 32 * MiB);
  await run('mkfs.exfat', [image]);
  const { map: before } = await mapImage(t, image);
  await run('dd', ['if=/dev/urandom', `of=${image}`, 'bs=512', 'count=1', 'seek=3', 'conv=notrunc']);
  const damaged = await mapImage(t, image);
  assert.equal(damaged.info.kind, 'exfat');
  assert.equal(damaged.map.raw?.code, 'inconsistent');
  assert.match(damaged.map.raw.reason, /backup is sound/);
  await run('fsck.exfat', ['-y', image], { accept: [0, 1] });
  assert.ok((await mapImage(t, image)).map.used.equals(before.used));
});
