/** ISO 9660 as genisoimage and xorriso write it, against blkid, isosize and GRUB's driver. */
import assert from 'node:assert/strict';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { probeIso9660 } from '../../src/engine/filesystem/iso9660/iso9660.ts';
import { run } from '../support/command.ts';
import { noise, scratchFolder } from '../support/scratch.ts';
import { checkNames, makeTree, probeImage, proveUsed } from './support-grub.ts';

const MIB = 1024 * 1024;

interface Disc {
  readonly name: string;
  readonly program: string;
  readonly options: readonly string[];
}

const discs: readonly Disc[] = [
  { name: 'plain', program: 'genisoimage', options: ['-quiet', '-V', 'PLAIN_DISC'] },
  {
    name: 'Joliet with a long label',
    program: 'genisoimage',
    options: ['-quiet', '-J', '-r', '-V', 'A long label of a disc'],
  },
  {
    name: 'El Torito',
    program: 'genisoimage',
    options: ['-quiet', '-r', '-V', 'BOOT', '-b', 'boot.img', '-no-emul-boot'],
  },
  {
    name: 'xorriso',
    program: 'xorriso',
    options: ['-as', 'mkisofs', '-J', '-r', '-iso-level', '3', '-V', 'XO'],
  },
  {
    name: 'a hybrid with an appended partition',
    program: 'xorriso',
    options: ['-as', 'mkisofs', '-r', '-V', 'HYBRID', '-append_partition', '2', '0xef', 'BOOT'],
  },
];

async function makeDisc(t: TestContext, { program, options }: Disc): Promise<string> {
  const folder = await scratchFolder(t, 'iso');
  const tree = join(folder, 'tree');
  await mkdir(tree);
  await makeTree(tree, 20, MIB);
  await writeFile(join(tree, 'boot.img'), noise(2048, 6));
  const image = join(folder, 'disc');
  const all = options.map((option) => (option === 'BOOT' ? join(tree, 'boot.img') : option));
  await run(program, [...(program === 'genisoimage' ? options : all), '-o', image, tree]);
  return image;
}

async function isosize(image: string): Promise<number> {
  return Number((await run('isosize', [image])).stdout);
}

for (const disc of discs)
  test(`all of the volume is used, and nothing behind it is claimed: ${disc.name}`, async (t) => {
    const image = await makeDisc(t, disc);
    const size = await isosize(image);
    // A stick is larger than the disc that was written to it.
    await truncate(image, size + 3 * MIB);
    const examine = (path: string): Promise<unknown> => run('isoinfo', ['-d', '-i', path]);
    const { info, map } = await proveUsed(t, { image, prober: probeIso9660, examine });
    assert.equal(info.sizeBytes, size);
    assert.deepEqual(map.used.toPairs(), [[0, size]]);
    await checkNames(image, info);
  });

test('a later session that was written over the first makes the volume as long as both', async (t) => {
  const image = await makeDisc(t, discs[3]!);
  const first = await isosize(image);
  const tree = join(await scratchFolder(t, 'iso'), 'more');
  await mkdir(tree);
  await writeFile(join(tree, 'added'), noise(700_000, 8));
  await run('xorriso', ['-dev', image, '-map', join(tree, 'added'), '/added', '-commit']);
  const { info, map, reader } = await proveUsed(t, {
    image,
    prober: probeIso9660,
    examine: () => Promise.resolve(''),
  });
  assert.ok(info.sizeBytes! >= first + 700_000);
  assert.ok(map.used.covers(0, info.sizeBytes!));
  assert.ok(info.sizeBytes! <= reader.sizeBytes);
});

test('a disc that is cut off is raw', async (t) => {
  const image = await makeDisc(t, discs[0]!);
  await truncate(image, (await isosize(image)) - MIB);
  const { map, reader } = await probeImage(t, probeIso9660, image);
  assert.equal(map.raw?.code, 'inconsistent');
  assert.equal(map.used.totalBytes, reader.sizeBytes);
});
