/** The proof that a real exFAT volume's map is neither too small nor too large, for any layout. */
import assert from 'node:assert/strict';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { run } from '../support/command.ts';
import { attachLoop, fillWithNoise, scratchFolder, sparseFile, treeDigest } from '../support/scratch.ts';
import { makeFiles, mapImage, MiB, overwrittenCopy, partcloneDigest, partcloneUsed } from './support-fat.ts';

export interface ExfatVolumeLayout {
  readonly what: string;
  readonly sizeBytes: number;
  readonly sectorSize?: number;
  /** Options of mkfs.exfat. */
  readonly options: readonly string[];
  /** How much of the volume is filled, in percent. */
  readonly fill: number;
}

/** Mounts `image` through a loop device for as long as `use` takes. */
export async function mounted<T>(
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

/** Makes the volume on a disk of noise (as far as that is affordable) and fills it. */
export async function makeExfatVolume(
  t: TestContext,
  layout: ExfatVolumeLayout,
): Promise<{ image: string; digest: string }> {
  const folder = await scratchFolder(t, 'exfat');
  const image = await sparseFile(join(folder, 'image'), layout.sizeBytes);
  await fillWithNoise(image, Math.min(layout.sizeBytes, 300 * MiB));
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

/** Used bytes as dump.exfat counts them, and where the cluster heap begins. */
export async function dumpExfat(
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

/**
 * With every byte that our map calls unused overwritten, fsck.exfat is content, the FUSE driver reads every file
 * back, and partclone.exfat stores the same stream; and the map is what dump.exfat and partclone count.
 */
export async function proveExfatMap(t: TestContext, layout: ExfatVolumeLayout): Promise<void> {
  const { image, digest } = await makeExfatVolume(t, layout);
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
  assert.equal(await mounted(t, copy, { sectorSize, readOnly: true }, (mount) => treeDigest(mount)), digest);
  const [used, before, after] = await Promise.all([
    partcloneUsed('partclone.exfat', image),
    partcloneDigest('partclone.exfat', image),
    partcloneDigest('partclone.exfat', copy),
  ]);
  assert.equal(after, before);
  // partclone does not store what lies behind the last cluster.
  const heapEnd = heapOffset + heapBytes;
  assert.deepEqual(map.used.slice(0, heapEnd).toPairs(), used.slice(0, heapEnd).toPairs());
}
