/** What other tools say of a volume of HFS Plus. */
import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { probeHfsplus } from '../../src/engine/filesystem/hfsplus/hfsplus.ts';
import { run } from '../support/command.ts';
import { fillWithNoise, scratchFolder, sparseFile } from '../support/scratch.ts';
import { partcloneBytes, proveUsed } from './support-grub.ts';

const MIB = 1024 * 1024;

const hasFsck = await run('fsck.hfsplus', ['-h'], { accept: [0, 1, 2, 64] }).then(
  () => true,
  () => false,
);

/** Why a test that needs hfsprogs is left out, `false` if it need not be. */
export const needsFsck = hasFsck ? false : 'hfsprogs (Debian: non-free) is not installed';

/** The stream that partclone makes of `image`, and how much it calls used. */
export async function partclone(
  image: string,
  blockSize: number,
): Promise<{ stream: Buffer; savedBytes: number }> {
  const path = `${image}.partclone`;
  await rm(path, { force: true });
  const args = ['-c', '-F', '-s', image, '-L', `${image}.log`, '-O', path];
  const { stdout, stderr } = await run('partclone.hfsplus', args);
  return { stream: await readFile(path), savedBytes: partcloneBytes(stdout + stderr, blockSize) };
}

export interface Examined {
  readonly stream: Buffer;
  readonly savedBytes: number;
  readonly fsck: string;
}

/** What partclone saves and what fsck.hfsplus, where it is installed, says. Fails if it finds blocks wrong. */
export async function examineHfsplus(image: string): Promise<Examined> {
  const header = (await readFile(image)).subarray(1024, 1536);
  const saved = await partclone(image, header.readUInt32BE(40));
  if (!hasFsck) return { ...saved, fsck: '' };
  // On HFSX it wants counts of folders that others do not keep (exit code 8): nothing of blocks.
  const fsck = await run('fsck.hfsplus', ['-f', '-n', image], { accept: [0, 8] });
  assert.match(fsck.stdout, /Checking volume bitmap\.\n\*\* Checking volume information\./);
  if (fsck.code !== 0) assert.match(fsck.stdout, /folder ?count/i);
  return { ...saved, fsck: fsck.stdout.replaceAll(/\*\* \/.*/g, '') };
}

/** Makes an empty volume in noise and proves its map. */
export async function proveEmpty(t: TestContext, options: readonly string[]): Promise<void> {
  const image = join(await scratchFolder(t, 'hfs'), 'image');
  await sparseFile(image, 32 * MIB);
  await fillWithNoise(image, 32 * MIB, 3);
  await run('mkfs.hfsplus', [...options, image]);
  const proof = { image, prober: probeHfsplus, examine: examineHfsplus };
  const readFiles = (): Promise<string> => Promise.resolve('');
  const { info, map, examined } = await proveUsed(t, { ...proof, readFiles });
  assert.equal(info.sizeBytes, 32 * MIB);
  assert.ok(map.used.totalBytes <= examined.savedBytes + 2 * info.blockSize!);
}
