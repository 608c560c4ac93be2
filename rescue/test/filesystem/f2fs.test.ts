/**
 * The used bytes of F2FS against f2fs-tools, GRUB's driver and what a kernel wrote. Volumes made here are filled
 * by sload.f2fs; journals, compact summaries and aged free space come from committed images.
 */
import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { probeF2fs } from '../../src/engine/filesystem/f2fs/f2fs.ts';
import { run } from '../support/command.ts';
import { scratchFolder } from '../support/scratch.ts';
import {
  checkF2fs,
  dumpedFiles,
  dumpedUse,
  editCheckpoint,
  makeF2fs,
  proveLayout,
  savedByPartclone,
} from './support-f2fs.ts';
import { checkNames, probeImage, proveUsed, unpackFixture } from './support-grub.ts';

const MIB = 1024 * 1024;

for (const layout of [
  { name: 'defaults', options: ['-l', 'Größe 1'] },
  { name: 'a large NAT bitmap', options: ['-i'], grub: false },
])
  test(`only what is used matters: ${layout.name}`, (t) => proveLayout(t, layout));

// The sload.f2fs of Debian 12 makes volumes with extra attributes that its own fsck.f2fs finds wrong.
const features = ['extra_attr', 'inode_checksum', 'inode_crtime', 'flexible_inline_xattr', 'quota'];
features.push('project_quota', 'sb_checksum', 'compression', 'encrypt', 'verity', 'lost_found');

test('features that say nothing about blocks leave the map as exact as it was', async (t) => {
  const image = join(await scratchFolder(t, 'f2fs'), 'image');
  await makeF2fs(image, 64 * MIB, ['-O', features.join(',')]);
  const readFiles = (): Promise<string> => Promise.resolve('');
  const { info, map } = await proveUsed(t, { image, prober: probeF2fs, examine: checkF2fs, readFiles });
  assert.equal((info.details?.['features'] as string[]).length, features.length);
  assert.ok(map.used.equals(await dumpedUse(image)));
});

for (const [name, reading] of [
  ['f2fs-aged', {}],
  ['f2fs-whole', {}],
  ['f2fs-promised', { readFiles: dumpedFiles }],
] as const)
  test(`only what is used matters: ${name}, filled by a kernel`, async (t) => {
    const { image, sums } = await unpackFixture(await scratchFolder(t, 'f2fs'), name);
    const { info, map } = await proveUsed(t, {
      image,
      sums,
      prober: probeF2fs,
      examine: checkF2fs,
      ...reading,
    });
    await checkNames(image, info);
    assert.ok(map.used.equals(await dumpedUse(image)));
    if (name === 'f2fs-aged') assert.ok(map.used.totalBytes <= (await savedByPartclone(image)));
  });

test('files fsynced after the checkpoint of a clean unmount make the volume dirty', async (t) => {
  const { image, sums } = await unpackFixture(await scratchFolder(t, 'f2fs'), 'f2fs-fsynced');
  const { stdout } = await run('dump.f2fs', ['-d', '1', image]);
  assert.match(stdout, /checkpoint state = .*\bunmount/, 'the flag alone would call it clean');
  assert.match(sums, / \.\/late$/m);
  const { info, map, reader } = await probeImage(t, probeF2fs, image);
  assert.equal(info.state, 'dirty');
  assert.equal(map.raw?.code, 'dirty');
  assert.deepEqual(map.used.toPairs(), [[0, reader.sizeBytes]]);
});

test('a volume that was mounted when the power went is raw, and what its table says can be had', async (t) => {
  const { image } = await unpackFixture(await scratchFolder(t, 'f2fs'), 'f2fs-crashed');
  const { info, map } = await probeImage(t, probeF2fs, image);
  assert.equal(info.state, 'dirty');
  assert.equal(map.raw?.code, 'dirty');
  const trusted = await probeImage(t, probeF2fs, image, { trustBitmap: true });
  assert.equal(trusted.map.raw, undefined);
  assert.equal(trusted.map.overridden?.code, 'dirty');
  assert.ok(trusted.map.used.equals(await dumpedUse(image)));
  assert.equal(map.raw.trustedBytes, trusted.map.used.totalBytes);
});

test('what the checkpoint admits makes the volume raw', async (t) => {
  const folder = await scratchFolder(t, 'f2fs');
  const { image } = await unpackFixture(folder, 'f2fs-whole');
  const cases: [number, string][] = [
    [0x8, 'error-state'],
    [0x10, 'error-state'],
    [0x800, 'error-state'],
    [0x1000, 'dirty'],
    [0x4000, 'error-state'],
    [0x8000, 'feature'],
  ];
  for (const [flag, code] of cases) {
    const copy = join(folder, `flag-${flag}`);
    await copyFile(image, copy);
    await editCheckpoint(copy, (block) => block.writeUInt32LE(block.readUInt32LE(132) | flag, 132));
    const { map } = await probeImage(t, probeF2fs, copy);
    assert.equal(map.raw?.code, code, `flag ${flag}`);
    const trusted = await probeImage(t, probeF2fs, copy, { trustBitmap: true });
    assert.equal(trusted.map.raw?.code, code === 'dirty' ? undefined : code, `flag ${flag}, trusted`);
  }
});

test('the older checkpoint counts where the newer one is torn', async (t) => {
  const { image } = await unpackFixture(await scratchFolder(t, 'f2fs'), 'f2fs-aged');
  const { stdout } = await run('dump.f2fs', ['-d', '1', image]);
  const newer = /^checkpoint_ver\s*\[0x([0-9a-f]+)/m.exec(stdout)?.[1];
  await editCheckpoint(image, (block) => block.fill(0, 0, 8));
  const after = await run('dump.f2fs', ['-d', '1', image]);
  assert.notEqual(/^checkpoint_ver\s*\[0x([0-9a-f]+)/m.exec(after.stdout)?.[1], newer);
  const { info, map } = await probeImage(t, probeF2fs, image);
  if (info.state === 'clean') assert.ok(map.used.equals(await dumpedUse(image)));
  else assert.equal(map.raw?.code, 'dirty');
});
