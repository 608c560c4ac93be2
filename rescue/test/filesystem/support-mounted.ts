/** Real file systems that the kernel mounts from image files, and what partclone makes of them. */
import { mkdir, open, readFile, realpath, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import type { TestContext } from 'node:test';
import { addBits } from '../../src/engine/base/bitmap.ts';
import { ExtentsBuilder, type Extents } from '../../src/engine/base/extents.ts';
import { run } from '../support/command.ts';
import { until } from '../support/patience.ts';
import { attachLoop, treeDigest } from '../support/scratch.ts';

export const MIB = 1024 * 1024;

export interface Mounted {
  readonly folder: string;
  readonly unmount: () => Promise<void>;
}

/** Mounts `image` at a new folder `<image>.mount`. Needs root. */
export async function mountImage(
  t: TestContext,
  image: string,
  options: readonly string[],
): Promise<Mounted> {
  const { device, detach } = await attachLoop(t, image);
  const folder = `${image}.mount`;
  await mkdir(folder, { recursive: true });
  await run('mount', [...options, device, folder]);
  return {
    folder,
    async unmount() {
      await run('umount', [folder]);
      await detach();
      await waitUntilReleased(device, image);
    },
  };
}

/**
 * Waits until nobody holds a loop device any more. A process elsewhere that was started in a mount namespace of its
 * own keeps a file system mounted that was unmounted here: it is written to until that process ends.
 */
export async function waitUntilReleased(device: string, image: string): Promise<void> {
  const path = await realpath(image);
  await until(`${device} is no longer mounted in another mount namespace`, async () => {
    const holding = await readFile(`/sys/block/${basename(device)}/loop/backing_file`, 'utf8').catch(
      () => '',
    );
    return holding.trimEnd() !== path;
  });
}

/** Digest of all files in `image`, mounted for it. */
export async function mountedDigest(
  t: TestContext,
  image: string,
  options: readonly string[],
): Promise<string> {
  const mounted = await mountImage(t, image, options);
  const digest = await treeDigest(mounted.folder);
  await mounted.unmount();
  return digest;
}

export async function copyImage(from: string, to: string): Promise<string> {
  await run('cp', ['--sparse=always', from, to]);
  return to;
}

/** What partclone's `tool` would save of `image`: the blocks, and the SHA-256 of the whole stream. */
export async function savedByPartclone(
  tool: string,
  image: string,
): Promise<{ readonly used: Extents; readonly sha256: string }> {
  const stream = `${image}.partclone`;
  await run(tool, ['-c', '-s', image, '-o', stream, '-L', `${stream}.log`]);
  const { stdout } = await run('sha256sum', [stream]);
  const file = await open(stream);
  // The format is described in partclone's IMAGE_FORMATS.md: a header of 110 bytes, then the bitmap.
  const header = Buffer.alloc(110);
  await file.read(header, 0, header.length, 0);
  const blockCount = Number(header.readBigUInt64LE(60));
  const bitmap = Buffer.alloc(Math.ceil(blockCount / 8));
  await file.read(bitmap, 0, bitmap.length, header.length);
  await file.close();
  const builder = new ExtentsBuilder();
  addBits(builder, bitmap, blockCount, header.readUInt32LE(84), 0);
  await Promise.all([rm(stream), rm(`${stream}.log`)]);
  return { used: builder.finish(), sha256: stdout.slice(0, 64) };
}

/** What `a` covers and `b` does not, both inside `sizeBytes`. */
export function minus(a: Extents, b: Extents, sizeBytes: number): Extents {
  const rest = new ExtentsBuilder();
  const outside = b.complement(sizeBytes);
  for (let i = 0; i < a.count; i++) rest.addAll(outside.slice(a.start(i), a.length(i)));
  return rest.finish();
}
