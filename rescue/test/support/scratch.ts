/** Scratch folders, sparse files, noise and loop devices that are gone when the test ends. */
import { createHash } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, lstat, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Extents } from '../../src/engine/base/extents.ts';
import { checkRange, type BlockReader } from '../../src/engine/base/block-reader.ts';
import { run } from './command.ts';

/** A folder that is removed after the test; mounts below it are taken off first. */
export async function scratchFolder(t: TestContext, name = 'test'): Promise<string> {
  const folder = await mkdtemp(join(process.env['PERMAFROST_SCRATCH'] ?? tmpdir(), `permafrost-${name}-`));
  t.after(async () => {
    await unmountBelow(folder);
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((mount) => mount.startsWith(`${folder}/`))
    .reverse();
  for (const mount of mounts) await run('umount', ['-l', mount], { accept: [0, 32] });
}

/** Creates a sparse file of `sizeBytes`. */
export async function sparseFile(path: string, sizeBytes: number): Promise<string> {
  const file = await open(path, 'w');
  await file.truncate(sizeBytes);
  await file.close();
  return path;
}

/** Deterministic noise that does not compress; 32-bit xorshift seeded by `seed`. */
export function noise(length: number, seed: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (seed * 2654435761 + 88675123) >>> 0 || 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    words[i] = state;
  }
  return Buffer.from(words.buffer, 0, length);
}

/** Overwrites a whole file or device with noise. */
export async function fillWithNoise(path: string, sizeBytes: number, seed = 1): Promise<void> {
  const file = await open(path, 'r+');
  const piece = 4 * 1024 * 1024;
  for (let at = 0; at < sizeBytes; at += piece) {
    const bytes = noise(Math.min(piece, sizeBytes - at), seed + at / piece);
    await file.write(bytes, 0, bytes.length, at);
  }
  await file.close();
}

/** Overwrites with noise every byte of `path` (of `sizeBytes`, from `start`) that `used` does not cover. */
export async function overwriteUnused(
  path: string,
  sizeBytes: number,
  used: Extents,
  start = 0,
  seed = 7,
): Promise<void> {
  const unused = used.complement(sizeBytes);
  const file = await open(path, 'r+');
  const pool = noise(4 * 1024 * 1024, seed);
  for (let i = 0; i < unused.count; i++) {
    for (let at = unused.start(i); at < unused.end(i); at += pool.length) {
      await file.write(pool, 0, Math.min(pool.length, unused.end(i) - at), start + at);
    }
  }
  await file.close();
}

/** A reader over a file or device through the page cache; closed after the test. */
export async function fileReader(t: TestContext, path: string, sectorSize = 512): Promise<BlockReader> {
  const file = await open(path, 'r');
  t.after(() => file.close());
  const { size } = await file.stat();
  const reader: BlockReader = {
    name: path,
    sizeBytes: size,
    sectorSize,
    async read(offset, length) {
      checkRange(reader, offset, length);
      const bytes = new Uint8Array(length);
      const { bytesRead } = await file.read(bytes, 0, length, offset);
      if (bytesRead !== length) throw new Error(`short read of ${path}`);
      return bytes;
    },
  };
  return reader;
}

/** Attaches `path` to a free loop device, detached after the test (or by the returned `detach`). Needs root. */
export async function attachLoop(
  t: TestContext,
  path: string,
  options: readonly string[] = [],
): Promise<{ device: string; detach: () => Promise<void> }> {
  const { stdout } = await run('losetup', ['--find', '--show', ...options, path]);
  const device = stdout.trim();
  // The kernel keeps a loop device's read-only flag from whoever had it before.
  if (!options.includes('--read-only')) await run('blockdev', ['--setrw', device]);
  let attached = true;
  const detach = async (): Promise<void> => {
    if (!attached) return;
    attached = false;
    await run('losetup', ['--detach', device]);
  };
  t.after(detach);
  return { device, detach };
}

/** Path, kind, size, link target and SHA-256 of everything below `folder`, sorted: equal trees give equal text. */
export async function treeDigest(folder: string): Promise<string> {
  const lines: string[] = [];
  const walk = async (relative: string): Promise<void> => {
    const names = (await readdir(join(folder, relative))).sort();
    for (const name of names) {
      const path = join(relative, name);
      const full = join(folder, path);
      const stat = await lstat(full);
      if (stat.isDirectory()) {
        lines.push(`d ${path}`);
        await walk(path);
      } else if (stat.isSymbolicLink()) lines.push(`l ${path} ${await readlink(full)}`);
      else if (stat.isFile())
        lines.push(
          `f ${path} ${stat.size} ${createHash('sha256')
            .update(await readFile(full))
            .digest('hex')}`,
        );
      else lines.push(`o ${path} ${stat.mode}`);
    }
  };
  await walk('');
  return lines.join('\n');
}
