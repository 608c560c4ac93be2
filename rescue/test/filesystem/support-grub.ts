/**
 * Volumes that the kernel here may not mount, read by GRUB's file-system drivers through FUSE, and the committed
 * images (fixtures/make.sh) that another kernel filled.
 */
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { BlockReader } from '../../src/engine/base/block-reader.ts';
import type { FileSystemInfo, MapOptions, Prober, UsedMap } from '../../src/engine/filesystem/file-system.ts';
import { run } from '../support/command.ts';
import { fileReader, noise, overwriteUnused, treeDigest } from '../support/scratch.ts';

const fixtures = join(import.meta.dirname, 'fixtures');

/** Unpacks a committed image into `folder`; `sums` is the list its maker took of its files. */
export async function unpackFixture(folder: string, name: string): Promise<{ image: string; sums: string }> {
  const image = join(folder, `${name}.img`);
  await run('zstd', ['-q', '-d', '--long=27', join(fixtures, `${name}.img.zst`), '-o', image]);
  return { image, sums: await readFile(join(fixtures, `${name}.sha256`), 'utf8') };
}

/** Runs `look` on the files of `image` as GRUB sees them. */
export async function withTree<T>(image: string, look: (folder: string) => Promise<T>): Promise<T> {
  const folder = `${image}.mount`;
  await mkdir(folder, { recursive: true });
  await run('grub-mount', [image, folder]);
  try {
    return await look(folder);
  } finally {
    await run('umount', [folder]);
  }
}

/** Fails unless every file named in `sums` is below `folder` with the content it had. */
export async function checkSums(folder: string, sums: string): Promise<void> {
  assert.match(sums, /^[0-9a-f]{64} {2}\.\//);
  await run('sha256sum', ['--check', '--quiet', '--strict'], { cwd: folder, input: sums });
}

/** Fails unless `files`, lines of hash and name, has all files of `sums`, whose folders are ignored. */
export function checkListed(files: string, sums: string): void {
  const listed = new Set(files.split('\n'));
  const wanted = sums.trim().split('\n');
  for (const line of wanted) {
    const [hash, path] = line.split('  ');
    assert.ok(listed.has(`${hash} ${basename(path!)}`), line);
  }
}

export interface Probed {
  readonly reader: BlockReader;
  readonly info: FileSystemInfo;
  readonly map: UsedMap;
}

/** What `prober` says of the file `image`. */
export async function probeImage(
  t: TestContext,
  prober: Prober,
  image: string,
  options: MapOptions = {},
  sectorSize = 512,
): Promise<Probed> {
  const reader = await fileReader(t, image, sectorSize);
  const found = await prober(reader);
  assert.ok(found?.mapUsed, `${image} is not recognised`);
  return { reader, info: found.info, map: await found.mapUsed(options) };
}

export interface Proof<T> {
  readonly image: string;
  readonly prober: Prober;
  readonly sectorSize?: number;
  /** Sums of the files, where they are known from elsewhere. */
  readonly sums?: string;
  /** Names and content of all files in an image as text; GRUB's drivers read them if this is not given. */
  readonly readFiles?: (image: string) => Promise<string>;
  /** Has the standard tools look at an image; what it returns must be the same before and after. */
  readonly examine: (image: string) => Promise<T>;
}

/**
 * The central proof: in a copy of the image all bytes outside the map become noise, and nobody notices: not the
 * tools, not a reader of the files, not the parser.
 */
export async function proveUsed<T>(
  t: TestContext,
  proof: Proof<T>,
): Promise<Probed & { readonly examined: T }> {
  const { image, prober, sums } = proof;
  const original = await probeImage(t, prober, image, {}, proof.sectorSize);
  assert.equal(original.map.raw, undefined);
  assert.equal(original.info.state, 'clean');
  const copy = `${image}.copy`;
  await copyFile(image, copy);
  await overwriteUnused(copy, original.reader.sizeBytes, original.map.used);

  const examined = await proof.examine(image);
  assert.deepEqual(await proof.examine(copy), examined);
  const readFiles = proof.readFiles ?? ((path: string) => withTree(path, treeDigest));
  if (sums === undefined) assert.equal(await readFiles(copy), await readFiles(image));
  else if (proof.readFiles === undefined) await withTree(copy, (folder) => checkSums(folder, sums));
  else checkListed(await readFiles(copy), sums);

  const again = await probeImage(t, prober, copy, {}, proof.sectorSize);
  assert.deepEqual(again.info, original.info);
  assert.ok(again.map.used.equals(original.map.used));
  return { ...original, examined };
}

export interface BlkidInfo {
  readonly type: string | undefined;
  readonly label: string | undefined;
  readonly uuid: string | undefined;
}

/** What blkid calls the content of `image`. */
export async function blkid(image: string, offsetBytes = 0): Promise<BlkidInfo> {
  const { stdout } = await run('blkid', ['-p', '-O', String(offsetBytes), '-o', 'udev', image]);
  const field = (name: string): string | undefined => {
    const value = new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)?.[1];
    if (value === undefined) return undefined;
    // Escapes stand for bytes of the UTF-8 text around them.
    const bytes = Buffer.from(value).toString('latin1');
    const plain = bytes.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
      Buffer.from(hex, 'hex').toString('latin1'),
    );
    return Buffer.from(plain, 'latin1').toString('utf8');
  };
  return { type: field('ID_FS_TYPE'), label: field('ID_FS_LABEL_ENC'), uuid: field('ID_FS_UUID_ENC') };
}

/** Fails unless `info` has the label and the UUID that blkid shows. */
export async function checkNames(image: string, info: FileSystemInfo, offsetBytes = 0): Promise<void> {
  const { label, uuid } = await blkid(image, offsetBytes);
  assert.deepEqual({ label: info.label, uuid: info.uuid }, { label, uuid });
}

/** Bytes that partclone would save. */
export function partcloneBytes(log: string, blockSize: number): number {
  const blocks = /Space in use:.*= (\d+) Blocks/.exec(log)?.[1];
  assert.ok(blocks !== undefined, log);
  return Number(blocks) * blockSize;
}

/** A tree of files of many sizes, with folders, a link, a sparse file and `largeBytes` in one file. */
export async function makeTree(folder: string, fileCount: number, largeBytes: number): Promise<void> {
  await mkdir(join(folder, 'a folder/in a folder'), { recursive: true });
  for (let i = 0; i < fileCount; i++) {
    const name = i % 3 === 0 ? `a folder/${i}` : i % 3 === 1 ? `file ${'x'.repeat(i % 90)}${i}` : `n${i}`;
    await writeFile(join(folder, name), noise((i * 7919) % 70_000, i + 1));
  }
  await writeFile(join(folder, 'large'), noise(largeBytes, 4711));
  await writeFile(join(folder, 'empty'), '');
  await run('truncate', ['-s', '5M', join(folder, 'sparse')]);
  await run('dd', [
    'if=/dev/urandom',
    `of=${join(folder, 'sparse')}`,
    'bs=1000',
    'seek=3000',
    'count=3',
    'conv=notrunc',
  ]);
  await run('ln', ['-s', 'a folder/0', join(folder, 'link')]);
}
