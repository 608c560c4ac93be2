/** Real Btrfs file systems for tests: made by mkfs.btrfs, filled through the kernel, checked by others. */
import assert from 'node:assert/strict';
import { rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ExtentsBuilder, type Extents } from '../../src/engine/base/extents.ts';
import { probeBtrfs } from '../../src/engine/filesystem/btrfs/btrfs.ts';
import type { FileSystem, UsedMap } from '../../src/engine/filesystem/file-system.ts';
import { run } from '../support/command.ts';
import { noise, overwriteUnused, scratchFolder, sparseFile, treeDigest } from '../support/scratch.ts';
import { fillTree } from './support-ext.ts';
import { recogniseImage } from './support-map.ts';
import { copyImage, MIB, minus, mountImage, savedByPartclone, type Mounted } from './support-mounted.ts';

/** Makes a file system of `sizeBytes` in a new file; `options` go to mkfs.btrfs. */
export async function makeBtrfs(
  path: string,
  sizeBytes: number,
  options: readonly string[],
): Promise<string> {
  await sparseFile(path, sizeBytes);
  await run('mkfs.btrfs', ['-q', '-K', ...options, path]);
  return path;
}

/** Mounts `image`. Copies have the same UUID, so the kernel must forget where it saw it before. */
export async function mountBtrfs(
  t: TestContext,
  image: string,
  options: readonly string[] = [],
): Promise<Mounted> {
  await run('btrfs', ['device', 'scan', '--forget'], { accept: [0, 1] });
  return mountImage(t, image, ['-t', 'btrfs', ...options]);
}

export function probeImage(t: TestContext, image: string): Promise<FileSystem> {
  return recogniseImage(t, probeBtrfs, image);
}

export async function mapImage(t: TestContext, image: string): Promise<UsedMap> {
  return (await probeImage(t, image)).mapUsed!({});
}

interface DumpedSpace {
  /** What is used on the device by btrfs-progs' dump of the trees. */
  readonly used: Extents;
  /** The same extents by logical address. */
  readonly logical: Extents;
}

/** What the dumps of chunk tree and extent tree by btrfs-progs list. */
export async function usedByDump(image: string): Promise<DumpedSpace> {
  const dump = async (...args: string[]): Promise<string> =>
    (await run('btrfs', ['inspect-internal', ...args, image])).stdout;
  const [superblock, chunkTree, extentTree] = await Promise.all([
    dump('dump-super'),
    dump('dump-tree', '-t', 'chunk'),
    dump('dump-tree', '-t', 'extent'),
  ]);
  const number = (name: string): number => Number(new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(superblock)![1]);
  const deviceBytes = number('dev_item.total_bytes');
  const chunks = chunkTree
    .split(/^\titem /m)
    .filter((text) => text.includes(' CHUNK_ITEM '))
    .map((text) => ({
      start: Number(/CHUNK_ITEM (\d+)\)/.exec(text)![1]),
      length: Number(/length (\d+)/.exec(text)![1]),
      copies: [...text.matchAll(/stripe \d+ devid 1 offset (\d+)/g)].map(([, offset]) => Number(offset)),
    }));
  const used = new ExtentsBuilder().add(0, MIB);
  for (const offset of [64 * MIB, 256 * 1024 * MIB]) if (offset + 4096 <= deviceBytes) used.add(offset, 4096);
  const logical = new ExtentsBuilder();
  // Items only: pointers, and the first keys that old items of tree blocks remember, can be of what is gone.
  const items = /^\titem \d+ key \((\d+) (EXTENT|METADATA)_ITEM (\d+)\)/gm;
  for (const [, start, kind, size] of extentTree.matchAll(items)) {
    const [at, length] = [Number(start), kind === 'EXTENT' ? Number(size) : number('nodesize')];
    const chunk = chunks.find((c) => at >= c.start && at < c.start + c.length)!;
    for (const copy of chunk.copies) used.add(copy + at - chunk.start, length);
    logical.add(at, length);
  }
  return { used: used.finish(), logical: logical.finish() };
}

export interface ProofOptions {
  /** Whether partclone is asked, too: it takes seconds. Default no. */
  readonly partclone?: boolean;
}

/**
 * The central proof for a clean file system in `image`: the map is exactly what btrfs-progs lists, and with
 * noise in all other bytes every tree and every checksum of data is sound in every copy, and all files equal.
 */
export async function proveMap(
  t: TestContext,
  image: string,
  { partclone = false }: ProofOptions = {},
): Promise<UsedMap> {
  const { info, mapUsed } = await probeImage(t, image);
  assert.equal(info.state, 'clean');
  const map = await mapUsed!({});
  assert.equal(map.raw, undefined);
  assert.deepEqual(map.warnings, []);
  const dumped = await usedByDump(image);
  assert.deepEqual(map.used.toPairs(), dumped.used.toPairs());
  const deviceBytes = info.sizeBytes!;
  assert.ok(map.used.totalBytes < deviceBytes, 'something is free, or the proof is none');
  const copy = await copyImage(image, `${image}.noise`);
  await overwriteUnused(copy, deviceBytes, map.used);
  await run('btrfs', ['check', '--readonly', '--check-data-csum', copy]);
  assert.equal(await dumpSupers(copy), await dumpSupers(image));
  const original = await mountBtrfs(t, image, ['-o', 'ro']);
  const digest = await treeDigest(original.folder);
  await original.unmount();
  const overwritten = await mountBtrfs(t, copy, ['-o', 'ro']);
  assert.equal(await treeDigest(overwritten.folder), digest);
  // A scrub reads all copies, where a check is content with one.
  const { stdout } = await run('btrfs', ['scrub', 'start', '-B', '-r', overwritten.folder]);
  assert.match(stdout, /no errors found/);
  await overwritten.unmount();
  if (partclone) await compareWithPartclone(image, copy, map.used, dumped.logical);
  await rm(copy);
  return map;
}

/** All copies of the superblock that there are. */
async function dumpSupers(image: string): Promise<string> {
  const { stdout } = await run('btrfs', ['inspect-internal', 'dump-super', '-a', '-f', image]);
  return stdout.replaceAll(image, '');
}

/**
 * partclone 0.3.23 marks extents at their logical addresses, too, as if they were places on the device, and
 * leaves out parts of the second copies: so its view is only compared where it is about the device.
 */
async function compareWithPartclone(
  image: string,
  copy: string,
  used: Extents,
  logical: Extents,
): Promise<void> {
  const { size } = await stat(image);
  const original = await savedByPartclone('partclone.btrfs', image);
  const overwritten = await savedByPartclone('partclone.btrfs', copy);
  assert.deepEqual(overwritten.used.toPairs(), original.used.toPairs());
  const blockSize = 65536;
  const known = used.union(logical).alignOutwards(blockSize, size);
  assert.equal(minus(original.used, known, size).totalBytes, 0, 'all that partclone saves is used');
}

export interface Layout extends ProofOptions {
  readonly name: string;
  /** For mkfs.btrfs. */
  readonly options?: readonly string[];
  readonly mountOptions?: readonly string[];
  /** Default 160, so that the second superblock lies amid block groups. */
  readonly mebibytes?: number;
  /** About how much is written; default 24 MiB. */
  readonly fillBytes?: number;
  /** Leave hardly anything free. */
  readonly full?: boolean;
  /** Beyond the generic files: done in the mounted file system. */
  readonly extra?: (folder: string) => Promise<void>;
  /** Done to the image after it was unmounted. */
  readonly after?: (image: string) => Promise<void>;
}

/** Makes the file system, fills it through the kernel, and proves its map. */
export async function proveLayout(t: TestContext, layout: Layout): Promise<UsedMap> {
  const folder = await scratchFolder(t, 'btrfs');
  const sizeBytes = (layout.mebibytes ?? 160) * MIB;
  const image = await makeBtrfs(join(folder, 'image'), sizeBytes, layout.options ?? []);
  const mounted = await mountBtrfs(t, image, layout.mountOptions);
  const fillBytes = layout.fillBytes ?? 24 * MIB;
  if (fillBytes > 0) await fillTree(mounted.folder, fillBytes);
  await layout.extra?.(mounted.folder);
  if (layout.full === true) await fillUp(mounted.folder);
  await mounted.unmount();
  await layout.after?.(image);
  return proveMap(t, image, layout);
}

/** Writes until the kernel says that it is full, then gives a little back. */
async function fillUp(folder: string): Promise<void> {
  await run('sync', ['-f', folder]);
  for (let i = 0; i < 64; i++) {
    const { bavail, bsize } = await statfs(folder);
    const bytes = Math.min(bavail * bsize, 8 * MIB);
    try {
      await writeFile(join(folder, `rest ${i}`), noise(Math.max(bytes, 65536), i));
      await run('sync', ['-f', folder]);
    } catch {
      await rm(join(folder, `rest ${i}`), { force: true });
      return;
    }
  }
}
