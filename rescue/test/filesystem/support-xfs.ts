/** Real XFS file systems for tests: made by mkfs.xfs, filled through the kernel or by mkfs.xfs, checked by others. */
import assert from 'node:assert/strict';
import { mkdir, open, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ExtentsBuilder, type Extents } from '../../src/engine/base/extents.ts';
import type { FileSystem, UsedMap } from '../../src/engine/filesystem/file-system.ts';
import { probeXfs } from '../../src/engine/filesystem/xfs/xfs.ts';
import { run } from '../support/command.ts';
import { noise, overwriteUnused, scratchFolder, sparseFile, treeDigest } from '../support/scratch.ts';
import { fillTree } from './support-ext.ts';
import { withTree } from './support-grub.ts';
import { recogniseImage } from './support-map.ts';
import { copyImage, MIB, minus, mountedDigest, mountImage, savedByPartclone } from './support-mounted.ts';

const MOUNT_READ_ONLY = ['-t', 'xfs', '-o', 'ro,norecovery,nouuid'];

/** Makes a file system of `sizeBytes` in a new file; `options` go to mkfs.xfs. */
export async function makeXfs(path: string, sizeBytes: number, options: readonly string[]): Promise<string> {
  await sparseFile(path, sizeBytes);
  // Newer versions want 300 MiB at least; small ones make fast tests.
  const { stdout, stderr } = await run('mkfs.xfs', ['--unsupported'], { accept: [1, 2] });
  const small = /unrecognized option|invalid option/.test(stdout + stderr) ? [] : ['--unsupported'];
  await run('mkfs.xfs', ['-q', '-K', ...small, ...options, path]);
  return path;
}

export function probeImage(t: TestContext, image: string): Promise<FileSystem> {
  return recogniseImage(t, probeXfs, image);
}

export async function mapImage(t: TestContext, image: string): Promise<UsedMap> {
  return (await probeImage(t, image)).mapUsed!({});
}

/** Fields that xfs_db finds at each of several places (`sb 0`, `agf 1`, …): name to value, place by place. */
async function readFields(
  image: string,
  places: readonly string[],
  names: readonly string[],
): Promise<ReadonlyMap<string, string>[]> {
  const marked = places.flatMap((place) => ['-c', place, '-c', `p ${names.join(' ')}`, '-c', 'echo next']);
  const { stdout } = await run('xfs_db', ['-r', ...marked, image]);
  return stdout
    .split(/^next $/m)
    .slice(0, places.length)
    .map(
      (text) => new Map([...text.matchAll(/^(\w+)\S* = (.*)$/gm)].map(([, name, value]) => [name!, value!])),
    );
}

const numbers = (fields: ReadonlyMap<string, string>, ...names: string[]): number[] =>
  names.map((name) => Number(fields.get(name)));

/** What is used by xfs_db: everything that its walk of the free space does not list, and what is set aside. */
export async function usedByXfsDb(image: string): Promise<Extents> {
  const names = ['blocksize', 'agblocks', 'dblocks', 'agcount'];
  const [sb] = await readFields(image, ['sb 0'], names);
  const [blockSize, agBlocks, blockCount, agCount] = numbers(sb!, ...names) as [
    number,
    number,
    number,
    number,
  ];
  const { stdout } = await run('xfs_db', ['-r', '-c', 'freesp -d', image]);
  const free = new ExtentsBuilder();
  for (const [, ag, block, count] of stdout.matchAll(/^ +(\d+) +(\d+) +(\d+)$/gm))
    free.add((Number(ag) * agBlocks + Number(block)) * blockSize, Number(count) * blockSize);
  const setAside = new ExtentsBuilder();
  const groups = [...Array(agCount).keys()];
  const headers = await readFields(
    image,
    groups.map((ag) => `agf ${ag}`),
    ['flfirst', 'fllast', 'flcount'],
  );
  const lists = await readFields(
    image,
    groups.map((ag) => `agfl ${ag}`),
    ['bno'],
  );
  for (const ag of groups) {
    const [first, last, count] = numbers(headers[ag]!, 'flfirst', 'fllast', 'flcount') as [
      number,
      number,
      number,
    ];
    const slots = [...lists[ag]!.get('bno')!.matchAll(/\d+:(\d+|null)/g)].map(([, block]) => Number(block));
    for (let i = 0, slot = first; i < count; i++, slot = (slot + 1) % slots.length) {
      setAside.add((ag * agBlocks + slots[slot]!) * blockSize, blockSize);
      if (i === count - 1) assert.equal(slot, last);
    }
  }
  return free
    .finish()
    .complement(blockCount * blockSize)
    .union(setAside.finish());
}

/** The round of the log's first block, counted from 1: how often it was written over, and once more. */
async function logRound(image: string): Promise<number> {
  const names = ['blocksize', 'logstart', 'agblocks', 'agblklog'];
  const [sb] = await readFields(image, ['sb 0'], names);
  const [blockSize, start, agBlocks, agBlockLog] = numbers(sb!, ...names) as [number, number, number, number];
  const block = Math.floor(start / 2 ** agBlockLog) * agBlocks + (start % 2 ** agBlockLog);
  const file = await open(image);
  const words = Buffer.alloc(8);
  await file.read(words, 0, 8, block * blockSize);
  await file.close();
  // A record's header has its magic first.
  return words.readUInt32BE(words.readUInt32BE(0) === 0xfeedbabe ? 4 : 0);
}

/** `CLEAN` or `DIRTY`, as xfs_logprint finds the log. */
export async function logStateByLogprint(image: string): Promise<string> {
  const { stdout } = await run('xfs_logprint', ['-t', image], { accept: [0, 1] });
  return /state: <(\w+)>/.exec(stdout)?.[1] ?? stdout;
}

/** Asserts that map and log state of `image` are what xfsprogs find. */
export async function assertLikeXfsprogs(t: TestContext, image: string): Promise<UsedMap> {
  const { info, mapUsed } = await probeImage(t, image);
  assert.equal(info.state.toUpperCase(), await logStateByLogprint(image));
  const map = await mapUsed!({});
  assert.equal(map.raw, undefined);
  assert.deepEqual(map.used.toPairs(), (await usedByXfsDb(image)).toPairs());
  return map;
}

export interface ProofOptions {
  /** What can read the files; default `kernel`. Without the kernel, mkfs.xfs writes them. */
  readonly reader?: 'kernel' | 'grub' | 'none';
  /** Whether partclone is asked, too: it takes seconds. Default only where the kernel is not. */
  readonly partclone?: boolean;
}

async function filesDigest(t: TestContext, image: string, reader: 'kernel' | 'grub'): Promise<string> {
  if (reader === 'kernel') return mountedDigest(t, image, MOUNT_READ_ONLY);
  const digest = await withTree(image, treeDigest);
  assert.ok(digest.split('\n').length > 100, 'GRUB sees the files');
  return digest;
}

/**
 * The central proof for a clean file system in `image`: the map is exactly what xfsprogs calls used, and with
 * noise in all other bytes the file system is sound, has the same files, and is the same for partclone.
 */
export async function proveMap(
  t: TestContext,
  image: string,
  { reader = 'kernel', partclone = reader !== 'kernel' }: ProofOptions = {},
): Promise<UsedMap> {
  const map = await assertLikeXfsprogs(t, image);
  assert.deepEqual(map.warnings, []);
  const { size: sizeBytes } = await stat(image);
  assert.ok(map.used.totalBytes < sizeBytes, 'something is free, or the proof is none');
  const copy = await copyImage(image, `${image}.noise`);
  await overwriteUnused(copy, sizeBytes, map.used);
  await run('xfs_repair', ['-n', '-f', copy]);
  if (reader !== 'none')
    assert.equal(await filesDigest(t, copy, reader), await filesDigest(t, image, reader));
  if (partclone) {
    const original = await savedByPartclone('partclone.xfs', image);
    assert.equal((await savedByPartclone('partclone.xfs', copy)).sha256, original.sha256);
    assert.equal(minus(original.used, map.used, sizeBytes).totalBytes, 0, 'all that partclone saves is used');
    // What partclone leaves out is what is set aside for the trees: a few blocks a group.
    const more = map.used.totalBytes - original.used.totalBytes;
    const [sb] = await readFields(image, ['sb 0'], ['agcount', 'blocksize']);
    const [groups, blockSize] = numbers(sb!, 'agcount', 'blocksize') as [number, number];
    assert.ok(more <= groups * 24 * blockSize, `${more} bytes more`);
  }
  await rm(copy);
  return map;
}

export interface Layout extends ProofOptions {
  readonly name: string;
  /** For mkfs.xfs. */
  readonly options: readonly string[];
  /** Default 64. */
  readonly mebibytes?: number;
  /** About how much is written; default a third of the size. */
  readonly fillBytes?: number;
  /** Leave hardly anything free. */
  readonly full?: boolean;
  /** Beyond the generic files: done in the mounted file system. */
  readonly extra?: (folder: string) => Promise<void>;
}

/** Makes the file system, fills it through the kernel or mkfs.xfs, and proves its map. */
export async function proveLayout(t: TestContext, layout: Layout): Promise<UsedMap> {
  const folder = await scratchFolder(t, 'xfs');
  const sizeBytes = (layout.mebibytes ?? 64) * MIB;
  const fillBytes = layout.fillBytes ?? Math.floor(sizeBytes / 3);
  const image = join(folder, 'image');
  if ((layout.reader ?? 'kernel') !== 'kernel') {
    await makeFilledXfs(folder, image, sizeBytes, { options: layout.options, fillBytes });
    return proveMap(t, image, layout);
  }
  await makeXfs(image, sizeBytes, layout.options);
  const mounted = await mountImage(t, image, ['-t', 'xfs']);
  if (fillBytes > 0) await fillTree(mounted.folder, fillBytes);
  await layout.extra?.(mounted.folder);
  if (layout.full === true) await fillUp(mounted.folder);
  await mounted.unmount();
  return proveMap(t, image, layout);
}

/** Leaves only about 200 KiB free. */
async function fillUp(folder: string): Promise<void> {
  await run('sync', ['-f', folder]);
  const { bavail, bsize } = await statfs(folder);
  await writeFile(join(folder, 'the rest'), noise(Math.max(0, bavail * bsize - 200 * 1024), 77));
}

/**
 * A file system that this kernel need not know, with files from mkfs.xfs's own prototype. Then every other of
 * many small files loses its inode and xfs_repair collects the blocks: so free space has many holes.
 */
async function makeFilledXfs(
  folder: string,
  image: string,
  sizeBytes: number,
  { options, fillBytes }: { readonly options: readonly string[]; readonly fillBytes: number },
): Promise<void> {
  const files = join(folder, 'files');
  await mkdir(files);
  const count = 600;
  const lines = ['/dev/null', '0 0', 'd--755 0 0'];
  for (let i = 0; i < count; i++) {
    const bytes = i === 0 ? fillBytes / 2 : (fillBytes / 2 / count) * (0.5 + (i % 10) / 10);
    await writeFile(join(files, `f${i}`), noise(Math.floor(bytes), i));
    lines.push(`f${i} ---644 0 0 ${join(files, `f${i}`)}`);
  }
  const prototype = join(folder, 'prototype');
  await writeFile(prototype, [...lines, '$', ''].join('\n'));
  await makeXfs(image, sizeBytes, [...options, '-p', prototype]);
  const { stdout } = await run('xfs_db', ['-r', '-c', 'blockget -n', '-c', 'ncheck', image]);
  const doomed = [...stdout.matchAll(/^ *(\d+) f(\d+)$/gm)]
    .filter(([, , number]) => Number(number) % 2 === 1)
    .map(([, inode]) => inode!);
  assert.equal(doomed.length, count / 2);
  const kill = doomed.flatMap((inode) => ['-c', `inode ${inode}`, '-c', 'write -d core.mode 0']);
  await run('xfs_db', ['-x', ...kill, image]);
  await run('xfs_repair', ['-f', image]);
  await run('xfs_repair', ['-n', '-f', image]);
  await rm(files, { recursive: true });
}

/**
 * Works on a small file system in `sessions` mounts. After each unmount log and map must be what xfsprogs
 * find; a copy made while it was mounted must not pass for clean where it is not. Returns the round of the log.
 */
export async function proveLogStates(t: TestContext, sessions: number): Promise<number> {
  const folder = await scratchFolder(t, 'xfs');
  const image = await makeXfs(join(folder, 'image'), 64 * MIB, []);
  for (let session = 0; session < sessions; session++) {
    const mounted = await mountImage(t, image, ['-t', 'xfs']);
    const files = join(mounted.folder, `${session}`);
    await mkdir(files);
    for (let i = 0; i < 900 + session * 61; i++) {
      await writeFile(join(files, `${i}`), 'x'.repeat(i % 7));
      if (i % 50 === 49) await run('sync', ['-f', mounted.folder]);
    }
    await rm(files, { recursive: true });
    await run('sync', ['-f', mounted.folder]);
    const cut = await copyImage(image, join(folder, 'cut'));
    await mounted.unmount();
    if ((await logStateByLogprint(cut)) === 'DIRTY')
      assert.notEqual((await probeImage(t, cut)).info.state, 'clean', `session ${session}`);
    await assertLikeXfsprogs(t, image);
  }
  return logRound(image);
}
