/** Real FAT and exFAT volumes: made, filled through mtools or FUSE, overwritten where unused, judged by fsck. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ExtentsBuilder, type Extents } from '../../src/engine/base/extents.ts';
import {
  probeRegion,
  type ProbeOptions,
  type RegionContent,
} from '../../src/engine/filesystem/probe-region.ts';
import { run } from '../support/command.ts';
import { fileReader, noise, overwriteUnused } from '../support/scratch.ts';

export const MiB = 1024 * 1024;

/** What the engine says of an image. */
export async function mapImage(
  t: TestContext,
  image: string,
  options: ProbeOptions = {},
): Promise<RegionContent & { sizeBytes: number }> {
  const reader = await fileReader(t, image);
  return { ...(await probeRegion(reader, options)), sizeBytes: reader.sizeBytes };
}

/** Files of noise, about `totalBytes` of them: many small ones, a few large, folders, long names. */
export async function makeFiles(folder: string, totalBytes: number, seed: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  let left = totalBytes;
  for (let i = 0; left > 0; i++) {
    const below = join(folder, `folder ${Math.floor(i / 12)}`);
    await mkdir(below, { recursive: true });
    // Sizes round 1/4 to 1/400 of the whole, never a multiple of a cluster for long.
    const size = Math.min(left, 1 + Math.floor((totalBytes / [400, 130, 60, 4, 300, 35][i % 6]!) * 1.01) + i);
    await writeFile(
      join(below, `a file with a long name, number ${seed}-${i}.bin`),
      noise(size, seed * 1000 + i),
    );
    left -= size;
  }
}

/** Copies what is in `folder` to the root of a FAT image. */
export async function copyIn(image: string, folder: string): Promise<void> {
  const names = (await readdir(folder)).map((name) => join(folder, name));
  await run('mcopy', ['-s', '-Q', '-i', image, ...names, '::'], { env: { MTOOLS_SKIP_CHECK: '1' } });
}

/** Deletes every second file below each of the image's folders, which leaves holes. */
export async function deleteEverySecond(image: string, folder: string): Promise<void> {
  const victims: string[] = [];
  for (const name of await readdir(folder)) {
    const files = (await readdir(join(folder, name))).sort();
    victims.push(...files.filter((_, i) => i % 2 === 0).map((file) => `::${name}/${file}`));
  }
  await run('mdel', ['-i', image, ...victims], { env: { MTOOLS_SKIP_CHECK: '1' } });
}

/** Path and SHA-256 of every file of a FAT image, as mtools reads it. */
export async function fatDigest(t: TestContext, image: string): Promise<string> {
  const folder = await mkdtemp(`${image}-out-`);
  t.after(() => rm(folder, { recursive: true, force: true }));
  await run('mcopy', ['-s', '-Q', '-n', '-i', image, '::*', folder], { env: { MTOOLS_SKIP_CHECK: '1' } });
  const { stdout } = await run('sh', ['-c', 'find . -type f -print0 | sort -z | xargs -0 -r sha256sum'], {
    cwd: folder,
  });
  await rm(folder, { recursive: true, force: true });
  return stdout;
}

/** What fsck.vfat counts, with the volume sound: used and all clusters, their size, and where they begin. */
export async function fsckFat(image: string): Promise<{
  usedClusters: number;
  clusters: number;
  clusterBytes: number;
  dataOffset: number;
}> {
  const { stdout } = await run('fsck.vfat', ['-n', '-v', image]);
  const number = (pattern: RegExp): number => {
    const match = pattern.exec(stdout);
    assert.ok(match, `fsck.vfat does not say ${String(pattern)}:\n${stdout}`);
    return Number(match[1]);
  };
  assert.doesNotMatch(stdout, /dirty bit|FATs differ|Reclaim|summary wrong/i);
  return {
    usedClusters: number(/files, (\d+)\/\d+ clusters/),
    clusters: number(/files, \d+\/(\d+) clusters/),
    clusterBytes: number(/(\d+) bytes per cluster/),
    dataOffset: number(/Data area starts at byte (\d+)/),
  };
}

/** A copy of `image` whose every byte outside `used` is noise. */
export async function overwrittenCopy(image: string, sizeBytes: number, used: Extents): Promise<string> {
  const copy = `${image}-copy`;
  await run('cp', ['--sparse=always', image, copy]);
  await overwriteUnused(copy, sizeBytes, used);
  return copy;
}

/** SHA-256 of a file. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** SHA-256 of the stream that partclone (`program` as in `partclone.vfat`) stores of a device or image. */
export async function partcloneDigest(program: string, source: string): Promise<string> {
  const output = `${source}.partclone`;
  // Without -q it waits for its progress display.
  await run(program, ['-c', '-q', '-F', '-L', `${output}.log`, '-s', source, '-O', output]);
  const digest = await fileDigest(output);
  await rm(output);
  return digest;
}

/** The bytes that partclone takes as used, from its ddrescue map. */
export async function partcloneUsed(program: string, source: string): Promise<Extents> {
  const output = `${source}.domain`;
  await run(program, ['-D', '-q', '-F', '-L', `${output}.log`, '-s', source, '-O', output]);
  const used = new ExtentsBuilder();
  for (const line of (await readFile(output, 'utf8')).split('\n')) {
    const [, start, length] = /^(0x[0-9A-F]+) +(0x[0-9A-F]+) +\+$/.exec(line) ?? [];
    if (start !== undefined && length !== undefined) used.add(Number(start), Number(length));
  }
  return used.finish();
}
