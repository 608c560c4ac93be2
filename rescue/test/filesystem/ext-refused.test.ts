/** Real ext file systems whose bitmaps must not be believed: everything is used, and the plan can say why. */
import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { probeExt } from '../../src/engine/filesystem/ext/ext.ts';
import type { RawCode } from '../../src/engine/filesystem/file-system.ts';
import { run } from '../support/command.ts';
import { attachLoop, fileReader, scratchFolder, sparseFile } from '../support/scratch.ts';
import { copyImage, fillTree, makeExt, mapImage, MIB, mountExt, usedByDumpe2fs } from './support-ext.ts';
import { crashExt, writeSynced } from './support-ext-crash.ts';

const SIZE = 32 * MIB;

async function freshImage(t: TestContext, options: readonly string[]): Promise<string> {
  const image = join(await scratchFolder(t, 'ext'), 'image');
  await makeExt(image, SIZE, ['-b', '1024', ...options]);
  return image;
}

/** Everything is used for a reason of `code` that says `about`; only of an unclean one the bitmaps can be had. */
async function assertRaw(t: TestContext, image: string, code: RawCode, about: RegExp): Promise<void> {
  const { sizeBytes } = await fileReader(t, image);
  const map = await mapImage(t, image);
  assert.deepEqual(map.used.toPairs(), [[0, sizeBytes]]);
  assert.ok(map.raw !== undefined);
  assert.equal(map.raw.code, code);
  assert.match(map.raw.reason, about);
  const trusted = await mapImage(t, image, { trustBitmap: true });
  if (map.raw.trustedBytes === undefined || code !== 'dirty') {
    assert.equal(trusted.raw?.code, code);
    assert.equal(trusted.overridden, undefined);
    return;
  }
  assert.equal(trusted.raw, undefined);
  assert.deepEqual(trusted.overridden, map.raw);
  assert.equal(trusted.used.totalBytes, map.raw.trustedBytes);
  assert.ok(trusted.used.totalBytes < sizeBytes);
}

/** Changes fields of superblock or descriptors, in one go. */
async function debugfs(image: string, ...commands: readonly string[]): Promise<void> {
  const { stderr } = await run('debugfs', ['-w', '-f', '-', image], { input: `${commands.join('\n')}\n` });
  assert.doesNotMatch(stderr.replace(/^debugfs [^\n]*\n/, ''), /./, commands.join());
}

async function writeBytes(image: string, offset: number, bytes: readonly number[]): Promise<void> {
  const file = await open(image, 'r+');
  await file.write(Uint8Array.from(bytes), 0, bytes.length, offset);
  await file.close();
}

async function dumpe2fsNumber(
  image: string,
  pattern: RegExp,
  options: readonly string[] = [],
): Promise<number> {
  const match = pattern.exec((await run('dumpe2fs', [...options, image])).stdout);
  return Number(match?.[1]);
}

test('a mounted ext2 is dirty, and its bitmaps can be had if asked for', async (t) => {
  const image = await freshImage(t, ['-t', 'ext2']);
  const mounted = await mountExt(t, image);
  await fillTree(mounted.folder, 2 * MIB);
  await run('sync', ['-f', mounted.folder]);
  const copy = await copyImage(image, `${image}.copy`);
  await mounted.unmount();
  await assertRaw(t, copy, 'dirty', /not unmounted/);
  const trusted = await mapImage(t, copy, { trustBitmap: true });
  assert.deepEqual(trusted.used.toPairs(), (await usedByDumpe2fs(copy)).toPairs());
  assert.equal((await probeExt(await fileReader(t, copy)))?.info.state, 'dirty');
});

test('a recorded error is believed', async (t) => {
  const image = await freshImage(t, ['-t', 'ext4']);
  await debugfs(image, 'set_super_value state 3');
  await assertRaw(t, image, 'error-state', /recorded errors/);
});

test('a count of errors that were repaired is only a warning', async (t) => {
  const image = await freshImage(t, ['-t', 'ext4']);
  await debugfs(image, 'set_super_value error_count 5');
  const map = await mapImage(t, image);
  assert.equal(map.raw, undefined);
  assert.match(map.warnings.join(), /5 errors/);
});

test('free counts that differ from the bitmaps make it raw', async (t) => {
  const groups = await freshImage(t, ['-t', 'ext4']);
  await debugfs(groups, 'set_block_group 0 free_blocks_count 77', 'set_block_group 0 checksum calc');
  await assertRaw(t, groups, 'inconsistent', /group 0 has \d+ free clusters, not 77/);

  const uninitialised = await freshImage(t, ['-t', 'ext4']);
  await debugfs(uninitialised, 'set_block_group 1 free_blocks_count 78', 'set_block_group 1 checksum calc');
  await assertRaw(t, uninitialised, 'inconsistent', /group 1 should have \d+ free clusters, not 78/);

  const total = await freshImage(t, ['-t', 'ext4']);
  await debugfs(total, 'set_super_value free_blocks_count 79');
  await assertRaw(t, total, 'inconsistent', /superblock has 79 free blocks/);
});

test('what does not match its checksum makes it raw', async (t) => {
  const superblock = await freshImage(t, ['-t', 'ext4']);
  await writeBytes(superblock, 1024 + 0x88, [0x2f]); // The last mount point.
  await assertRaw(t, superblock, 'inconsistent', /superblock does not match/);
  assert.equal((await probeExt(await fileReader(t, superblock)))?.info.state, 'unknown');

  for (const options of [
    ['-t', 'ext4'],
    ['-t', 'ext4', '-O', 'uninit_bg,^metadata_csum'],
  ]) {
    const descriptor = await freshImage(t, options);
    await writeBytes(descriptor, 2048 + 0x10, [9]); // The directories of group 0.
    await assertRaw(t, descriptor, 'inconsistent', /descriptor.* does not match/);
  }

  for (const options of [
    ['-t', 'ext4'],
    ['-t', 'ext4', '-O', '^64bit'],
  ]) {
    const bitmap = await freshImage(t, options);
    const block = await dumpe2fsNumber(bitmap, /Block bitmap at (\d+)/);
    // One block less and one more: no count tells.
    await writeBytes(bitmap, block * 1024, [0xfe]);
    await writeBytes(bitmap, block * 1024 + 1000, [0x01]);
    await assertRaw(t, bitmap, 'inconsistent', /bitmap of group 0 does not match its checksum/);
  }
});

test('a journal inode that does not match its checksum makes it raw', async (t) => {
  const image = await freshImage(t, ['-t', 'ext4']);
  const table = await dumpe2fsNumber(image, /Inode table at (\d+)/);
  await writeBytes(image, table * 1024 + 7 * 256 + 0x10, [0x99]); // Its time of modification.
  await assertRaw(t, image, 'inconsistent', /ext inode 8.* does not match its checksum/);
});

test('metadata that the bitmap calls free makes it raw, but stays in the map', async (t) => {
  const image = await freshImage(t, ['-t', 'ext2']);
  const block = await dumpe2fsNumber(image, /Block bitmap at (\d+)/);
  const before = (await mapImage(t, image)).used.totalBytes;
  await writeBytes(image, block * 1024, [0xfe]); // The superblock itself.
  await writeBytes(image, block * 1024 + 1000, [0x01]);
  await assertRaw(t, image, 'inconsistent', /1024 bytes of metadata free/);
  // The superblock is used all the same, and one more is marked.
  assert.equal((await mapImage(t, image)).raw?.trustedBytes, before + 1024);
});

test('features that are not known or not supported make it raw', async (t) => {
  const image = await freshImage(t, ['-t', 'ext2']);
  const INCOMPAT = 1024 + 0x60;
  const RO_COMPAT = 1024 + 0x64;
  await writeBytes(image, INCOMPAT, [0x02, 0x00, 0x08, 0x00]);
  await assertRaw(t, image, 'feature', /unknown incompatible features 0x80000/);
  assert.equal((await mapImage(t, image)).raw?.trustedBytes, undefined);
  await writeBytes(image, INCOMPAT, [0x02, 0x10, 0x00, 0x00]);
  await assertRaw(t, image, 'feature', /not supported: dirdata/);
  await writeBytes(image, INCOMPAT, [0x02, 0x00, 0x00, 0x00]);
  await writeBytes(image, RO_COMPAT, [0x81, 0x00, 0x40, 0x00]);
  await assertRaw(t, image, 'feature', /read-only-compatible features 0x400000 and .*has_snapshot/);
  const info = (await probeExt(await fileReader(t, image)))?.info;
  assert.deepEqual((info?.details?.['features'] as string[]).slice(-3), [
    'sparse_super',
    'has_snapshot',
    'ro_compat 0x400000',
  ]);
});

test('a file system that is longer than what holds it is raw', async (t) => {
  const image = await freshImage(t, ['-t', 'ext4']);
  await run('truncate', ['-s', '-1024', image]);
  await assertRaw(t, image, 'inconsistent', /33554432 bytes and what holds it only 33553408/);
});

test('a check that was interrupted, by the record of multiple-mount protection, is dirty', async (t) => {
  const image = await freshImage(t, ['-t', 'ext4', '-O', 'mmp']);
  const block = await dumpe2fsNumber(image, /MMP block number: +(\d+)/);
  assert.deepEqual((await mapImage(t, image)).warnings, []);
  await writeBytes(image, block * 1024 + 4, [1, 0, 0, 0]);
  const mounted = await mapImage(t, image);
  assert.equal(mounted.raw, undefined);
  assert.match(mounted.warnings.join(), /has the file system mounted/);
  await writeBytes(image, block * 1024 + 4, [0x50, 0x4d, 0x4d, 0xe2]);
  await assertRaw(t, image, 'dirty', /check by .* was interrupted/);
});

test('a journal with fast commits is not replayed', async (t) => {
  const { image } = await crashExt(t, {
    name: 'fast commits',
    options: ['-t', 'ext4', '-b', '1024', '-O', 'fast_commit', '-J', 'size=16'],
  });
  await assertRaw(t, image, 'dirty', /fast commits/);
});

test('a journal that is not empty although all seems clean is not ignored', async (t) => {
  const { image } = await crashExt(t, { name: 'ext4', options: ['-t', 'ext4', '-b', '1024'] });
  await debugfs(image, 'feature -needs_recovery');
  await assertRaw(t, image, 'dirty', /journal is not empty/);
});

test('a damaged journal is not replayed', async (t) => {
  const { image } = await crashExt(t, { name: 'ext4', options: ['-t', 'ext4', '-b', '1024'] });
  const copy = await copyImage(image, `${image}.copy`);
  // The superblocks alone: bitmaps of what was cut off need not match their checksums yet.
  const journal = await dumpe2fsNumber(image, /^Journal start: +(\d+)/m, ['-h']);
  const { stdout } = await run('debugfs', ['-R', `bmap <8> ${journal}`, image]);
  await writeBytes(copy, Number(stdout) * 1024 + 20, [0xaa, 0xaa, 0xaa]);
  await assertRaw(t, copy, 'inconsistent', /damaged transaction/);

  await copyImage(image, copy);
  const superblock = await run('debugfs', ['-R', 'bmap <8> 0', image]);
  await writeBytes(copy, Number(superblock.stdout) * 1024 + 0x14, [0, 0, 0, 9]);
  await assertRaw(t, copy, 'inconsistent', /journal superblock/);
});

test('a journal on another device is named, and needed for a replay', async (t) => {
  const folder = await scratchFolder(t, 'ext');
  const journal = await sparseFile(join(folder, 'journal'), 8 * MIB);
  const image = await sparseFile(join(folder, 'image'), SIZE);
  await run('mke2fs', ['-q', '-F', '-b', '1024', '-O', 'journal_dev', '-L', 'the log', journal]);
  const loop = await attachLoop(t, journal);
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', '-b', '1024', '-J', `device=${loop.device}`, image]);

  const device = await probeExt(await fileReader(t, journal));
  assert.equal(device?.info.kind, 'ext-journal');
  assert.equal(device.info.label, 'the log');
  assert.equal(device.info.sizeBytes, 8 * MIB);
  assert.equal(device.mapUsed, undefined);

  const clean = await mapImage(t, image);
  assert.equal(clean.raw, undefined);
  assert.match(clean.warnings.join(), /another device/);
  assert.deepEqual(clean.used.toPairs(), (await usedByDumpe2fs(image)).toPairs());

  const mounted = await mountExt(t, image, ['-o', `journal_path=${loop.device}`]);
  await writeSynced(join(mounted.folder, 'file'), new Uint8Array(100_000));
  const copy = await copyImage(image, `${image}.copy`);
  await mounted.unmount();
  await assertRaw(t, copy, 'dirty', /journal is on another device/);
});
