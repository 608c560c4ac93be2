/** Real F2FS volumes for tests: made by mkfs.f2fs, filled by sload.f2fs, looked at by fsck.f2fs and dump.f2fs. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { addBits } from '../../src/engine/base/bitmap.ts';
import { ExtentsBuilder, type Extents } from '../../src/engine/base/extents.ts';
import { f2fsCrc } from '../../src/engine/filesystem/f2fs/crc.ts';
import { probeF2fs } from '../../src/engine/filesystem/f2fs/f2fs.ts';
import { run } from '../support/command.ts';
import { fillWithNoise, scratchFolder, sparseFile } from '../support/scratch.ts';
import { checkNames, makeTree, partcloneBytes, proveUsed } from './support-grub.ts';

const MIB = 1024 * 1024;

/** Makes a volume in a new file that was full of noise. */
export async function makeF2fs(path: string, sizeBytes: number, options: readonly string[]): Promise<void> {
  await sparseFile(path, sizeBytes);
  await fillWithNoise(path, sizeBytes, 99);
  await run('mkfs.f2fs', ['-q', '-f', '-t', '0', ...options, path]);
}

/** Fails if fsck.f2fs finds anything to repair. */
export async function checkF2fs(image: string): Promise<string> {
  const { stdout } = await run('fsck.f2fs', ['--dry-run', image]);
  assert.match(stdout, /SIT valid block bitmap checking +\[Ok/);
  assert.doesNotMatch(stdout, /\[Fail\]|ASSERT|Error/);
  return stdout.replace(/.*(Fail|Done: .*|time).*/g, '');
}

/** The used bytes as dump.f2fs reads the volume: what is not in the main area, and its valid blocks. */
export async function dumpedUse(image: string): Promise<Extents> {
  const folder = await mkdtemp(join(dirname(image), 'dump-'));
  const { stdout } = await run('dump.f2fs', ['-d', '1', '-s', '0~-1', image], { cwd: folder });
  const text = await readFile(join(folder, 'dump_sit'), 'utf8');
  await rm(folder, { recursive: true });
  const field = (name: string): number => {
    const value = new RegExp(`^${name}\\s*\\[0x.*: (\\d+)\\]`, 'm').exec(stdout)?.[1];
    assert.ok(value !== undefined, `${name} in ${stdout}`);
    return Number(value);
  };
  const mainBlock = field('main_blkaddr');
  const mainEnd = mainBlock + field('segment_count_main') * 512;
  const builder = new ExtentsBuilder().add(0, mainBlock * 4096);
  let segments = 0;
  for (const [, segment, map] of text.matchAll(/^segno:\s*(\d+)\s.*\n\n((?: {2}[0-9a-f ]+\n)+)/gm)) {
    const bits = Buffer.from(map!.replace(/\s/g, ''), 'hex');
    assert.equal(bits.length, 64);
    addBits(builder, bits, 512, 4096, (mainBlock + Number(segment) * 512) * 4096, { order: 'msb' });
    segments++;
  }
  assert.ok(segments > 0, text);
  return builder.add(mainEnd * 4096, (field('block_count') - mainEnd) * 4096).finish();
}

/** SHA-256 and name of every file of `image`, as dump.f2fs extracts them: it knows all features. */
export async function dumpedFiles(image: string): Promise<string> {
  const folder = await mkdtemp(join(dirname(image), 'dump-'));
  await run('dump.f2fs', ['-n', '0~-1', image], { cwd: folder });
  const nat = await readFile(join(folder, 'dump_nat'), 'utf8');
  const lines: string[] = [];
  for (const [, node, inode] of nat.matchAll(/^nid:\s*(\d+)\sino:\s*(\d+)\s/gm)) {
    if (node !== inode) continue;
    await run('dump.f2fs', ['-i', `0x${Number(inode).toString(16)}`, image], { cwd: folder, input: 'y\n' });
    const out = join(folder, 'lost_found');
    for (const name of await readdir(out).catch(() => [])) {
      const content = await readFile(join(out, name));
      lines.push(`${createHash('sha256').update(content).digest('hex')} ${name}`);
    }
    await rm(out, { recursive: true, force: true });
  }
  await rm(folder, { recursive: true });
  assert.ok(lines.length > 0, nat);
  return lines.sort().join('\n');
}

/** Bytes that partclone would save: whole segments, so this is a bound and no more. */
export async function savedByPartclone(image: string): Promise<number> {
  const out = ['-L', `${image}.log`, '-O', `${image}.partclone`];
  const { stdout, stderr } = await run('partclone.f2fs', ['-c', '-F', '-s', image, ...out]);
  return partcloneBytes(stdout + stderr, 4096);
}

export interface Layout {
  readonly name: string;
  /** For mkfs.f2fs. */
  readonly options: readonly string[];
  readonly mebibytes?: number;
  readonly fileCount?: number;
  readonly largeMiB?: number;
  /** Whether GRUB and partclone know the layout; if not, dump.f2fs reads the files. Default true. */
  readonly grub?: boolean;
}

/** Makes, fills and proves a volume of `layout`: see {@link proveUsed}. */
export async function proveLayout(t: TestContext, layout: Layout): Promise<void> {
  const { options, mebibytes = 96, fileCount = 40, largeMiB = 3, grub = true } = layout;
  const folder = await scratchFolder(t, 'f2fs');
  const image = join(folder, 'image');
  await makeF2fs(image, mebibytes * MIB, options);
  await mkdir(join(folder, 'tree'));
  await makeTree(join(folder, 'tree'), fileCount, largeMiB * MIB);
  await run('sload.f2fs', ['-f', join(folder, 'tree'), image]);
  const reading = grub ? {} : { readFiles: dumpedFiles };
  const { info, map } = await proveUsed(t, { image, prober: probeF2fs, examine: checkF2fs, ...reading });
  await checkNames(image, info);
  assert.ok(map.used.equals(await dumpedUse(image)));
  if (grub) assert.ok(map.used.totalBytes <= (await savedByPartclone(image)));
}

/** Changes the newer checkpoint of `image`, both of its blocks, and makes its checksum right again. */
export async function editCheckpoint(image: string, edit: (block: Buffer) => void): Promise<void> {
  const file = await open(image, 'r+');
  const read = async (block: number): Promise<Buffer> => {
    const bytes = Buffer.alloc(4096);
    await file.read(bytes, 0, 4096, block * 4096);
    return bytes;
  };
  const superblock = (await read(0)).subarray(1024);
  const packs = [superblock.readUInt32LE(76), superblock.readUInt32LE(76) + 512];
  const versions = await Promise.all(packs.map(async (block) => (await read(block)).readBigUInt64LE(0)));
  const pack = versions[1]! > versions[0]! ? packs[1]! : packs[0]!;
  const blocks = (await read(pack)).readUInt32LE(136);
  for (const block of [pack, pack + blocks - 1]) {
    const bytes = await read(block);
    edit(bytes);
    const offset = bytes.readUInt32LE(164);
    bytes.writeUInt32LE(f2fsCrc(bytes.subarray(0, offset)), offset);
    await file.write(bytes, 0, 4096, block * 4096);
  }
  await file.close();
}
