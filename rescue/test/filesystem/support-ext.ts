/** Real ext file systems for tests: made by mke2fs, filled through the kernel or by mke2fs, checked by others. */
import assert from 'node:assert/strict';
import { chmod, link, mkdir, open, rm, statfs, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ExtentsBuilder, type Extents } from '../../src/engine/base/extents.ts';
import type { MapOptions, UsedMap } from '../../src/engine/filesystem/file-system.ts';
import { probeExt } from '../../src/engine/filesystem/ext/ext.ts';
import { run } from '../support/command.ts';
import {
  attachLoop,
  noise,
  overwriteUnused,
  scratchFolder,
  sparseFile,
  treeDigest,
} from '../support/scratch.ts';
import { recogniseImage } from './support-map.ts';
import { waitUntilReleased } from './support-mounted.ts';

export const MIB = 1024 * 1024;

/** Makes a file system of `sizeBytes` in a new file; `options` go to mke2fs. */
export async function makeExt(path: string, sizeBytes: number, options: readonly string[]): Promise<void> {
  await sparseFile(path, sizeBytes);
  await run('mke2fs', ['-q', '-F', ...options, path]);
}

export interface Mounted {
  readonly folder: string;
  readonly device: string;
  readonly unmount: () => Promise<void>;
}

/** Mounts the file system in `image` at a new folder `<image>.mount`. */
export async function mountExt(
  t: TestContext,
  image: string,
  options: readonly string[] = [],
): Promise<Mounted> {
  const { device, detach } = await attachLoop(t, image);
  const folder = `${image}.mount`;
  await mkdir(folder, { recursive: true });
  await run('mount', ['-t', 'ext4', ...options, device, folder]);
  return {
    folder,
    device,
    async unmount() {
      await run('umount', [folder]);
      await detach();
      await waitUntilReleased(device, image);
    },
  };
}

/** Digest of the tree in `image`: through the kernel, or by debugfs where blocks are larger than its pages. */
export async function imageDigest(t: TestContext, image: string, mountable: boolean): Promise<string> {
  if (mountable) {
    const mounted = await mountExt(t, image, ['-o', 'ro,noload']);
    const digest = await treeDigest(mounted.folder);
    await mounted.unmount();
    return digest;
  }
  const folder = `${image}.dump`;
  await mkdir(folder);
  await run('debugfs', ['-R', `rdump / ${folder}`, image]);
  const digest = await treeDigest(folder);
  await rm(folder, { recursive: true });
  return digest;
}

/** Puts `bytes` at `offset` of a new or existing file. */
async function writeAt(path: string, parts: readonly (readonly [number, Uint8Array])[]): Promise<void> {
  const file = await open(path, 'a+').then(async (created) => {
    await created.close();
    return open(path, 'r+');
  });
  for (const [offset, bytes] of parts) await file.write(bytes, 0, bytes.length, offset);
  await file.close();
}

/**
 * Fills `folder` with about `bytes` bytes of every sort of file: tiny, large, sparse, fragmented (every other
 * of many files removed again), links, deep and wide directories, and room that was used and freed.
 */
export async function fillTree(folder: string, bytes: number, seed = 1): Promise<void> {
  const piece = Math.floor(bytes / 4);
  await mkdir(join(folder, 'wide'));
  const wide = Math.min(300, Math.max(20, Math.floor(piece / 4096)));
  for (let i = 0; i < wide; i++)
    await writeFile(join(folder, 'wide', `file number ${i}`), noise((i * 37) % 4000, seed + i));
  let deep = folder;
  for (let i = 0; i < 8; i++) await mkdir((deep = join(deep, `level ${i}`)));
  await writeFile(join(deep, 'bottom'), noise(5000, seed + 1000));
  await writeFile(join(folder, 'large'), noise(piece, seed + 2000));
  await writeFile(join(folder, 'gone'), noise(Math.floor(piece / 2), seed + 2500));
  await writeAt(join(folder, 'sparse'), [
    [0, noise(3000, seed + 3000)],
    [5 * MIB + 123, noise(70_000, seed + 3001)],
    [40 * MIB, noise(1, seed + 3002)],
  ]);
  await mkdir(join(folder, 'fragmented'));
  const slices = Math.min(400, Math.floor(piece / 8192));
  for (let i = 0; i < slices; i++)
    await writeFile(join(folder, 'fragmented', `${i}`), noise(4096 + (i % 3) * 2048, seed + 4000 + i));
  await symlink('large', join(folder, 'short link'));
  await symlink('x'.repeat(900), join(folder, 'long link'));
  await link(join(folder, 'large'), join(folder, 'hard link'));
  await chmod(join(folder, 'large'), 0o640);
  for (let i = 0; i < slices; i += 2) await rm(join(folder, 'fragmented', `${i}`));
  await rm(join(folder, 'gone'));
  await writeFile(join(folder, 'into the gaps'), noise(Math.floor(piece / 6), seed + 9000));
}

/** Leaves only 100 KiB free. */
async function fillUp(folder: string): Promise<void> {
  await run('sync', ['-f', folder]);
  const { bavail, bsize } = await statfs(folder);
  await writeFile(join(folder, 'the rest'), noise(bavail * bsize - 100 * 1024, 77));
}

/** The map of a whole image file. */
export async function mapImage(t: TestContext, image: string, options: MapOptions = {}): Promise<UsedMap> {
  return (await recogniseImage(t, probeExt, image)).mapUsed!(options);
}

/** What is used by dumpe2fs's lists of free blocks: everything that is in none of them. */
export async function usedByDumpe2fs(image: string): Promise<Extents> {
  const { stdout } = await run('dumpe2fs', [image]);
  const header = (name: string): number => {
    const match = new RegExp(`^${name}: +(\\d+)`, 'm').exec(stdout);
    return match === null ? 0 : Number(match[1]);
  };
  const blockSize = header('Block size');
  const clusterBlocks = Math.max(1, header('Cluster size') / blockSize);
  const free = new ExtentsBuilder();
  for (const [, list] of stdout.matchAll(/^ {2}Free blocks: (.*)$/gm))
    for (const range of list!.split(', ').filter((text) => text !== '')) {
      const [first, last = first] = range.split('-').map(Number) as [number, number?];
      free.add(first * blockSize, (last - first + clusterBlocks) * blockSize);
    }
  return free.finish().complement(header('Block count') * blockSize);
}

/** SHA-256 of the stream that partclone would save. */
async function partcloneDigest(image: string): Promise<string> {
  const script = 'set -o pipefail; partclone.extfs -c -s "$1" -o - -L "$1.log" 2>/dev/null | sha256sum';
  const { stdout } = await run('bash', ['-c', script, 'partclone', image]);
  return stdout;
}

export async function copyImage(from: string, to: string): Promise<string> {
  await run('cp', ['--sparse=always', from, to]);
  return to;
}

export interface ProofOptions {
  /** Whether the kernel can mount it; default yes. If not, mke2fs fills it and debugfs reads it. */
  readonly mountable?: boolean;
  /** Whether partclone is asked, too; default yes. It cannot read bigalloc, and takes its time. */
  readonly partclone?: boolean;
}

/**
 * The central proof for a clean file system of `sizeBytes` in `image`: the map is exactly what e2fsprogs
 * calls used, and with noise in all other bytes the file system is sound, has the same files, and is the
 * same for partclone.
 */
export async function proveMap(
  t: TestContext,
  image: string,
  sizeBytes: number,
  { mountable = true, partclone = true }: ProofOptions = {},
): Promise<UsedMap> {
  const map = await mapImage(t, image);
  assert.equal(map.raw, undefined);
  assert.deepEqual(map.warnings, []);
  assert.deepEqual(map.used.toPairs(), (await usedByDumpe2fs(image)).toPairs());
  assert.ok(map.used.totalBytes < sizeBytes, 'something is free, or the proof is none');

  const digest = await imageDigest(t, image, mountable);
  const copy = await copyImage(image, `${image}.noise`);
  await overwriteUnused(copy, sizeBytes, map.used);
  await run('e2fsck', ['-f', '-n', copy]);
  assert.equal(await imageDigest(t, copy, mountable), digest);
  if (partclone) {
    const [original, overwritten] = await Promise.all([partcloneDigest(image), partcloneDigest(copy)]);
    assert.equal(overwritten, original);
  }
  await rm(copy);
  return map;
}

/** One way to make a file system, and how to prove the map of it. */
export interface Layout extends ProofOptions {
  readonly name: string;
  /** For mke2fs. */
  readonly options: readonly string[];
  /** Default 64. */
  readonly mebibytes?: number;
  /** How many bytes of files are written; default 8 MiB, 0 for none at all. */
  readonly fillBytes?: number;
  /** Whether the rest is filled up, too, but for 100 KiB. */
  readonly full?: boolean;
  /** For mount. */
  readonly mountOptions?: readonly string[];
}

/** Makes the file system of `layout`, fills it and proves its map; answers the image and the map. */
export async function proveLayout(
  t: TestContext,
  layout: Layout,
): Promise<{ readonly image: string; readonly map: UsedMap }> {
  const { options, mebibytes = 64, fillBytes = 8 * MIB, full = false } = layout;
  const { mountable = true, mountOptions = [] } = layout;
  const image = join(await scratchFolder(t, 'ext'), 'image');
  if (mountable) {
    await makeExt(image, mebibytes * MIB, options);
    if (fillBytes > 0) {
      const mounted = await mountExt(t, image, mountOptions);
      await fillTree(mounted.folder, fillBytes);
      if (full) await fillUp(mounted.folder);
      await mounted.unmount();
    }
  } else {
    const source = `${image}.source`;
    await mkdir(source);
    await fillTree(source, fillBytes);
    await makeExt(image, mebibytes * MIB, [...options, '-d', source]);
    // mke2fs does not count what it puts there for quotas.
    await run('e2fsck', ['-f', '-y', image], { accept: [0, 1] });
  }
  return { image, map: await proveMap(t, image, mebibytes * MIB, layout) };
}
