/** Fills mounted NTFS volumes with files: fragmented, sparse, small, many, until nothing fits any more. */
import assert from 'node:assert/strict';
import { mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { noise } from '../support/scratch.ts';

function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOSPC';
}

/** Writes files of `sizeOf(i)` bytes until `count` of them are there or the volume is full; how many there are. */
export async function fillFolder(
  folder: string,
  count: number,
  sizeOf: (i: number) => number,
): Promise<number> {
  await mkdir(folder, { recursive: true });
  for (let i = 0; i < count; i++) {
    try {
      await writeFile(join(folder, `f${i}`), noise(sizeOf(i), i + 1));
    } catch (error) {
      if (isFull(error)) return i;
      throw error;
    }
  }
  return count;
}

/** Removes every other file that {@link fillFolder} wrote: the free space is in pieces then. */
export async function thinOut(folder: string, count: number): Promise<void> {
  for (let i = 0; i < count; i += 2) await rm(join(folder, `f${i}`), { force: true });
}

/** Data at both ends and in the middle of a file of `sizeBytes`, holes between. */
export async function writeSparse(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'w');
  for (const at of [0, Math.floor(sizeBytes / 2), sizeBytes - 5000])
    await file.write(noise(5000, at + 1), 0, 5000, at);
  await file.close();
}

/** Throws unless the sparse file, and with `compressed` the compressible one, take less space than they have bytes. */
export async function assertSmall(folder: string, compressed: boolean): Promise<void> {
  const paths = [join(folder, 'folder', 'Überschrift', '深い', 'sparse')];
  if (compressed) paths.push(join(folder, 'text'));
  for (const path of paths) {
    const { blocks, size } = await stat(path);
    assert.ok(blocks * 512 < size, `${path} of ${size} bytes takes ${blocks * 512}`);
  }
}

/** The streams that {@link writeMixedTree} writes beside the files. */
export const mixedStreams: readonly string[] = [
  'folder/plain.txt:note',
  'folder/plain.txt:large',
  'folder/big:note',
];

/** Files of every kind, in about `budgetBytes`. */
export async function writeMixedTree(folder: string, budgetBytes: number): Promise<void> {
  const inside = join(folder, 'folder', 'Überschrift', '深い');
  await mkdir(inside, { recursive: true });
  await writeFile(join(folder, 'folder', 'plain.txt'), 'resident');
  await writeFile(join(folder, 'folder', 'empty'), '');
  const count = await fillFolder(join(folder, 'many'), 300, (i) => (i * 37) % 3000);
  await thinOut(join(folder, 'many'), count);
  const fragments = await fillFolder(join(folder, 'holes'), 60, () => Math.floor(budgetBytes / 400));
  await thinOut(join(folder, 'holes'), fragments);
  await writeFile(join(folder, 'folder', 'big'), noise(Math.floor(budgetBytes / 4), 99));
  await writeSparse(join(inside, 'sparse'), budgetBytes);
  await writeFile(
    join(folder, 'text'),
    'A line that compresses well. '.repeat(Math.floor(budgetBytes / 300)),
  );
  await writeFile(join(folder, 'folder', 'plain.txt:note'), 'a named stream');
  await writeFile(join(folder, 'folder', 'plain.txt:large'), noise(Math.floor(budgetBytes / 50), 5));
  await writeFile(join(folder, 'folder', 'big:note'), 'another');
}
