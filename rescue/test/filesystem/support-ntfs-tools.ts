/** Makes, mounts and checks NTFS volumes with ntfs-3g's tools and partclone: none of this is our own code. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { UsedMap } from '../../src/engine/filesystem/file-system.ts';
import { probeNtfs } from '../../src/engine/filesystem/ntfs/ntfs.ts';
import { run } from '../support/command.ts';
import { until } from '../support/patience.ts';
import { fileReader, fillWithNoise, overwriteUnused, sparseFile, treeDigest } from '../support/scratch.ts';

export interface VolumeOptions {
  readonly sizeBytes: number;
  readonly clusterSize?: number;
  readonly sectorSize?: number;
  /** Files are compressed where the mount option says so too. */
  readonly compressed?: boolean;
  readonly label?: string;
}

/** A freshly made volume in the file `path`, whose free space is full of noise. */
export async function makeVolume(path: string, options: VolumeOptions): Promise<string> {
  await sparseFile(path, options.sizeBytes);
  await fillWithNoise(path, options.sizeBytes);
  await run('mkfs.ntfs', [
    '-q',
    '-Q',
    '-F',
    ...['-p', '0', '-H', '255', '-S', '63'],
    ...['-s', String(options.sectorSize ?? 512)],
    ...(options.clusterSize === undefined ? [] : ['-c', String(options.clusterSize)]),
    ...(options.compressed === true ? ['-C'] : []),
    ...(options.label === undefined ? [] : ['-L', options.label]),
    path,
  ]);
  return path;
}

export interface Mount {
  readonly folder: string;
  /** Takes it off and waits until the driver has written everything. */
  unmount: () => Promise<void>;
  /** Ends the driver as a power cut would: what it has not written is lost. */
  cutOff: () => Promise<void>;
}

/** Mounts `image` with ntfs-3g on a new folder beside it. */
export async function mountVolume(t: TestContext, image: string, options = ''): Promise<Mount> {
  const folder = `${image}.${Math.random().toString(36).slice(2, 8)}`;
  await mkdir(folder);
  const all = ['no_detach', 'streams_interface=windows', ...(options === '' ? [] : [options])];
  const driver = spawn('ntfs-3g', ['-o', all.join(','), image, folder], { stdio: 'ignore' });
  const ended = once(driver, 'exit');
  t.after(async () => {
    driver.kill('SIGKILL');
    await run('umount', ['-l', folder], { accept: [0, 1, 32] });
  });
  await until(`ntfs-3g mounts ${image}`, () => {
    assert.equal(driver.exitCode, null, `ntfs-3g did not mount ${image}`);
    return isMounted(folder);
  });
  return {
    folder,
    async unmount() {
      await run('umount', [folder]);
      await ended;
      await rm(folder, { recursive: true });
    },
    async cutOff() {
      driver.kill('SIGKILL');
      await ended;
      await run('umount', ['-l', folder], { accept: [0, 1, 32] });
    },
  };
}

async function isMounted(folder: string): Promise<boolean> {
  return (await readFile('/proc/self/mountinfo', 'utf8')).includes(` ${folder} `);
}

/** Mounts `image`, lets `work` change it and unmounts it. */
export async function changeVolume(
  t: TestContext,
  image: string,
  work: (folder: string) => Promise<void>,
  options = '',
): Promise<void> {
  const mount = await mountVolume(t, image, options);
  await work(mount.folder);
  await mount.unmount();
}

/** All files of `image` as ntfs-3g reads them, and the named streams `streams` (`path:name`). */
export async function readTree(
  t: TestContext,
  image: string,
  streams: readonly string[] = [],
): Promise<string> {
  const mount = await mountVolume(t, image, 'ro');
  const lines = [await treeDigest(mount.folder)];
  for (const stream of streams) {
    const content = await readFile(join(mount.folder, stream));
    lines.push(`s ${stream} ${createHash('sha256').update(content).digest('hex')}`);
  }
  await mount.unmount();
  return lines.join('\n');
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path);
  for await (const chunk of file.createReadStream()) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** What partclone takes from `image`: its stream's hash, and the bytes of the clusters in it. */
export async function readWithPartclone(image: string): Promise<{ hash: string; usedBytes: number }> {
  const output = `${image}.partclone`;
  await run('partclone.ntfs', ['-c', '-s', image, '-o', output, '-F', '-L', '/dev/null']);
  const hash = await hashFile(output);
  const file = await open(output);
  const { buffer } = await file.read(Buffer.alloc(110), 0, 110, 0);
  await file.close();
  await rm(output);
  return { hash, usedBytes: Number(buffer.readBigUInt64LE(68)) * buffer.readUInt32LE(84) };
}

/**
 * What ntfsclone takes from `image`, as a hash. ntfsclone goes through all files and refuses a volume whose
 * bitmap does not agree with them: it is the strictest check of NTFS that there is outside Windows.
 */
export async function readWithNtfsclone(image: string): Promise<string> {
  const output = `${image}.ntfsclone`;
  await run('ntfsclone', ['-q', '-s', '-o', output, image]);
  const hash = await hashFile(output);
  await rm(output);
  return hash;
}

/** ntfsfix without writing: $MFT, $MFTMirr, the boot sector and its backup. */
export async function checkVolume(image: string): Promise<void> {
  const { stdout } = await run('ntfsfix', ['-n', image]);
  assert.match(stdout, /alternate boot sector\.\.\. OK/);
  assert.match(stdout, /was processed successfully/);
}

/** ntfs-3g's own opinion: 0 usable, 14 hibernated, 15 not cleanly unmounted. */
export async function probeWithNtfs3g(image: string): Promise<number> {
  return (await run('ntfs-3g.probe', ['--readwrite', image], { accept: [0, 12, 13, 14, 15, 16, 19] })).code;
}

/** Our map of the volume in the file `image`. */
export async function readMap(t: TestContext, image: string): Promise<UsedMap> {
  const map = await (await probeNtfs(await fileReader(t, image)))?.mapUsed?.({});
  assert.ok(map);
  return map;
}

/**
 * Overwrites with noise whatever our map of `image` does not cover, in a copy, and proves that no outside tool
 * sees a difference; and that the map is no larger than partclone's but for boot sectors.
 */
export async function proveMap(
  t: TestContext,
  image: string,
  streams: readonly string[] = [],
): Promise<UsedMap> {
  const { size } = await stat(image);
  const map = await readMap(t, image);
  assert.equal(map.raw, undefined, map.raw?.reason);
  assert.deepEqual(map.warnings, []);
  const copy = `${image}.copy`;
  await copyFile(image, copy);
  await overwriteUnused(copy, size, map.used);
  const [original, overwritten] = await Promise.all([readWithPartclone(image), readWithPartclone(copy)]);
  assert.equal(overwritten.hash, original.hash, 'partclone reads something else');
  assert.equal(
    await readWithNtfsclone(copy),
    await readWithNtfsclone(image),
    'ntfsclone reads something else',
  );
  await checkVolume(copy);
  assert.equal(await readTree(t, copy, streams), await readTree(t, image, streams));
  const info = (await probeNtfs(await fileReader(t, image)))?.info;
  const allowance = 8192 + (info?.blockSize ?? 0) + 4096;
  assert.ok(
    map.used.totalBytes <= original.usedBytes + allowance,
    `${map.used.totalBytes} bytes are used, partclone finds ${original.usedBytes}`,
  );
  await rm(copy);
  return map;
}
