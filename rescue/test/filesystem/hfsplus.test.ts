/**
 * The used bytes of HFS Plus and HFSX against partclone, fsck.hfsplus (where it is installed: Debian has it in
 * non-free), GRUB's driver and what a kernel wrote: no tool of Debian's main archive makes or fills such a
 * volume, so that they come from committed images, and one from xorriso.
 */
import assert from 'node:assert/strict';
import { copyFile, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { probeHfsplus } from '../../src/engine/filesystem/hfsplus/hfsplus.ts';
import { run } from '../support/command.ts';
import { scratchFolder } from '../support/scratch.ts';
import { checkNames, makeTree, probeImage, proveUsed, unpackFixture } from './support-grub.ts';
import { examineHfsplus, needsFsck, partclone, proveEmpty } from './support-hfsplus.ts';

const MIB = 1024 * 1024;

for (const [name, kind] of [
  ['hfsplus-filled', 'hfsplus'],
  ['hfsplus-512', 'hfsplus'],
  ['hfsx-journaled', 'hfsx'],
] as const)
  test(`only what is used matters: ${name}`, async (t) => {
    const { image, sums } = await unpackFixture(await scratchFolder(t, 'hfs'), name);
    const { info, map, examined } = await proveUsed(t, {
      image,
      sums,
      prober: probeHfsplus,
      examine: examineHfsplus,
    });
    assert.equal(info.kind, kind);
    await checkNames(image, info);
    assert.ok(map.used.count > 3);
    assert.ok(map.used.totalBytes <= examined.savedBytes + 2 * info.blockSize!);
  });

test('a volume inside an image of a disc is mapped as it is on a disk', async (t) => {
  const folder = await scratchFolder(t, 'hfs');
  await mkdir(join(folder, 'tree'));
  await makeTree(join(folder, 'tree'), 10, MIB);
  const disc = join(folder, 'disc.iso');
  await run('xorriso', [
    '-as',
    'mkisofs',
    '-hfsplus',
    '-V',
    'HYBRID',
    '-r',
    '-o',
    disc,
    join(folder, 'tree'),
  ]);
  const { stdout } = await run('xorriso', ['-indev', disc, '-report_system_area', 'plain']);
  const [, start, size] = /^APM start and size : +2 +(\d+) +(\d+)/m.exec(stdout)!.map(Number);
  const image = join(folder, 'image');
  await run('dd', [`if=${disc}`, `of=${image}`, 'bs=512', `skip=${start}`, `count=${size}`]);
  const { info, map } = await probeImage(t, probeHfsplus, image);
  assert.equal(info.sizeBytes, size! * 512);
  assert.equal(map.raw, undefined);
  const { savedBytes } = await partclone(image, 2048);
  assert.ok(map.used.totalBytes <= savedBytes + 2 * 2048);
  await checkNames(disc, info, start! * 512);
});

test('a volume that was mounted when the power went is raw', async (t) => {
  const { image } = await unpackFixture(await scratchFolder(t, 'hfs'), 'hfsplus-crashed');
  const { info, map } = await probeImage(t, probeHfsplus, image);
  assert.equal(info.state, 'dirty');
  assert.equal(map.raw?.code, 'dirty');
  const { map: trusted } = await probeImage(t, probeHfsplus, image, { trustBitmap: true });
  // The kernel writes the count of free blocks late, so that even this need not add up.
  assert.ok(trusted.overridden !== undefined || trusted.raw !== undefined);
});

/** Writes `bytes` at `offset` of a copy of `image`. */
async function changed(image: string, offset: number, bytes: Uint8Array): Promise<string> {
  const copy = `${image}.changed`;
  await copyFile(image, copy);
  const file = await open(copy, 'r+');
  await file.write(bytes, 0, bytes.length, offset);
  await file.close();
  return copy;
}

test('a journal that is not empty, or elsewhere, makes the volume raw', async (t) => {
  const { image } = await unpackFixture(await scratchFolder(t, 'hfs'), 'hfsx-journaled');
  const { info, reader } = await probeImage(t, probeHfsplus, image);
  assert.equal(info.state, 'clean');
  assert.equal(info.details?.['journaled'], true);
  const header = Buffer.from(await reader.read(1024, 512));
  const infoOffset = header.readUInt32BE(12) * header.readUInt32BE(40);
  const block = Buffer.from(await reader.read(infoOffset, 512));
  const journalOffset = Number(block.readBigUInt64BE(36));
  const journal = Buffer.from(await reader.read(journalOffset, 512));
  // What mkfs.hfsplus leaves is a journal that waits for its first mount: write what that mount would.
  block.writeUInt32BE(1, 0);
  const started = await changed(image, infoOffset, block);
  journal.writeUInt32LE(0x4a4e4c78, 0);
  journal.writeUInt32LE(0x12345678, 4);
  journal.writeBigUInt64LE(512n, 8);
  journal.writeBigUInt64LE(512n, 16);
  journal.writeBigUInt64LE(block.readBigUInt64BE(44), 24);
  const empty = await changed(started, journalOffset, journal);
  assert.equal((await probeImage(t, probeHfsplus, empty)).map.raw, undefined);

  journal.writeBigUInt64LE(8192n, 16);
  const full = await probeImage(t, probeHfsplus, await changed(started, journalOffset, journal));
  assert.equal(full.info.state, 'dirty');
  assert.equal(full.map.raw?.code, 'dirty');
  assert.ok(full.map.raw.trustedBytes! < full.reader.sizeBytes / 2);

  block.writeUInt32BE(2, 0);
  const elsewhere = await probeImage(t, probeHfsplus, await changed(image, infoOffset, block));
  assert.equal(elsewhere.map.raw?.code, 'feature');
});

test('a bitmap that contradicts the volume header is no map', async (t) => {
  const { image } = await unpackFixture(await scratchFolder(t, 'hfs'), 'hfsplus-filled');
  const { reader } = await probeImage(t, probeHfsplus, image);
  const header = Buffer.from(await reader.read(1024, 512));
  const bitmap = header.readUInt32BE(128) * header.readUInt32BE(40);
  const bits = Buffer.from(await reader.read(bitmap, 1));
  assert.equal(bits[0], 0xff);
  const broken = await changed(image, bitmap, Buffer.from([0xfe]));
  await assert.rejects(probeImage(t, probeHfsplus, broken), { code: 'structure/invalid' });
});

test('an empty volume with a journal, in noise', { skip: needsFsck }, (t) =>
  proveEmpty(t, ['-J', '-v', 'Tagebuch']),
);
