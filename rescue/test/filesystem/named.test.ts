/**
 * Names, labels and UUIDs agree with blkid on what real tools make, on superblocks kept from tools that are not
 * needed here, and on ones written from the documentation. And however often a region was formatted before,
 * what is left of that is never taken for what it holds now.
 */
import assert from 'node:assert/strict';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { FileSystemKind } from '../../src/engine/filesystem/file-system.ts';
import { run } from '../support/command.ts';
import { noise, scratchFolder, sparseFile } from '../support/scratch.ts';
import { mapImage, MiB } from './support-fat.ts';
import { encodeBitlocker, encodeMd1, type NamedRegion } from './support-named-encoders.ts';
import { fixtures, models } from './support-named-model.ts';

async function blkid(image: string): Promise<Partial<Record<string, string>>> {
  const { stdout } = await run('blkid', ['-p', '-o', 'export', image], { accept: [0, 2] });
  const pairs = stdout
    .split('\n')
    .map((line) => [line.split('=')[0]!, line.slice(line.indexOf('=') + 1)] as const);
  // The shell quoting of -o export.
  return Object.fromEntries(pairs.map(([name, value]) => [name, value.replaceAll('\\', '')]));
}

async function writeRegion(t: TestContext, region: NamedRegion): Promise<string> {
  const image = await sparseFile(join(await scratchFolder(t, 'named'), 'image'), region.sizeBytes);
  await writePieces(image, region.pieces);
  return image;
}

async function writePieces(image: string, pieces: NamedRegion['pieces']): Promise<void> {
  const file = await open(image, 'r+');
  for (const [offset, bytes] of pieces) await file.write(bytes, 0, bytes.length, offset);
  await file.close();
}

for (const region of [...fixtures, ...models]) {
  if (region.blkid === undefined) continue;
  test(`blkid takes ${region.what} for the same`, async (t) => {
    const image = await writeRegion(t, region);
    const outside = await blkid(image);
    const { info } = await mapImage(t, image);
    assert.equal(outside['TYPE'], region.blkid);
    assert.equal(info.kind, region.kind);
    // blkid shows no UUID of BitLocker and none of a VMFS extent.
    if (outside['UUID'] !== undefined && region.kind !== 'bitlocker')
      assert.equal(info.uuid, outside['UUID']);
    // Of md, a label is the array's name.
    if (outside['LABEL'] !== undefined) assert.equal(info.label, outside['LABEL']);
  });
}

test('cryptsetup reads the same GUID and protectors from BitLocker', async (t) => {
  for (const toGo of [false, true]) {
    const image = await writeRegion(t, encodeBitlocker(toGo, [0x0100, 0x0500, 0x0800]));
    const { stdout } = await run('cryptsetup', ['bitlkDump', image]);
    const { info } = await mapImage(t, image);
    assert.match(stdout, new RegExp(`GUID:\\s+${info.uuid!}`, 'i'));
    assert.deepEqual(info.details?.['protectors'], ['TPM', 'TPM and PIN', 'recovery password']);
    for (const protector of ['TPM', 'TPM and PIN', 'recovery passphrase'])
      assert.match(stdout, new RegExp(`VMK protected with ${protector}`));
    assert.match(stdout, /aes-xts|xts-plain64/);
    assert.equal(info.details['encryption'], 'AES-128-XTS');
  }
});

/** Something that real tools put into a region of {@link SIZE}. */
interface Maker {
  readonly kind: FileSystemKind;
  readonly what: string;
  readonly make: (image: string, scratch: string) => Promise<unknown>;
  /** What is shown of it and equals what blkid shows. */
  readonly shows: readonly ('label' | 'uuid')[];
}

/** mkfs.xfs makes nothing smaller than 300 MiB. */
const SIZE = 320 * MiB;
const both = ['label', 'uuid'] as const;

async function someFiles(scratch: string): Promise<string> {
  const folder = join(scratch, 'files');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'file'), noise(100_000, 1));
  return folder;
}

/** Writes the file that `tool` makes over the start of the image, as dd does with a stick. */
async function putFile(image: string, file: string): Promise<void> {
  await run('dd', [`if=${file}`, `of=${image}`, 'bs=1M', 'conv=notrunc']);
}

const makers: readonly Maker[] = [
  {
    kind: 'ext4',
    what: 'mkfs.ext4',
    shows: both,
    make: (i) => run('mkfs.ext4', ['-q', '-F', '-L', 'name', i]),
  },
  { kind: 'xfs', what: 'mkfs.xfs', shows: both, make: (i) => run('mkfs.xfs', ['-q', '-f', '-L', 'name', i]) },
  {
    kind: 'btrfs',
    what: 'mkfs.btrfs',
    shows: both,
    make: (i) => run('mkfs.btrfs', ['-q', '-f', '-L', 'name', i]),
  },
  {
    kind: 'f2fs',
    what: 'mkfs.f2fs',
    shows: both,
    make: (i) => run('mkfs.f2fs', ['-q', '-f', '-l', 'name', i]),
  },
  {
    kind: 'ntfs',
    what: 'mkfs.ntfs',
    shows: both,
    make: (i) => run('mkfs.ntfs', ['-q', '-Q', '-F', '-L', 'name', i]),
  },
  {
    kind: 'fat16',
    what: 'mkfs.vfat -F 16',
    shows: both,
    make: (i) => run('mkfs.vfat', ['-F', '16', '-n', 'NAME', i]),
  },
  {
    kind: 'fat32',
    what: 'mkfs.vfat -F 32',
    shows: both,
    make: (i) => run('mkfs.vfat', ['-F', '32', '-n', 'NAME', i]),
  },
  { kind: 'exfat', what: 'mkfs.exfat', shows: both, make: (i) => run('mkfs.exfat', ['-L', 'name', i]) },
  { kind: 'swap', what: 'mkswap', shows: both, make: (i) => run('mkswap', ['-L', 'name', i]) },
  { kind: 'udf', what: 'mkudffs', shows: [], make: (i) => run('mkudffs', ['-b', '512', '-l', 'name', i]) },
  { kind: 'hfs', what: 'hformat', shows: ['label'], make: (i) => run('hformat', ['-f', '-l', 'name', i]) },
  { kind: 'minix', what: 'mkfs.minix -1', shows: [], make: (i) => run('mkfs.minix', ['-1', i, '60000']) },
  { kind: 'minix', what: 'mkfs.minix -2', shows: [], make: (i) => run('mkfs.minix', ['-2', i]) },
  { kind: 'minix', what: 'mkfs.minix -3', shows: [], make: (i) => run('mkfs.minix', ['-3', i]) },
  { kind: 'luks', what: 'cryptsetup, LUKS1', shows: ['uuid'], make: (i) => makeLuks(i, ['--type', 'luks1']) },
  {
    kind: 'luks',
    what: 'cryptsetup, LUKS2',
    shows: both,
    make: (i) => makeLuks(i, ['--type', 'luks2', '--label', 'name']),
  },
  {
    kind: 'iso9660',
    what: 'genisoimage',
    shows: both,
    async make(image, scratch) {
      const file = join(scratch, 'iso');
      await run('genisoimage', ['-quiet', '-V', 'NAME', '-o', file, await someFiles(scratch)]);
      await putFile(image, file);
    },
  },
  {
    kind: 'squashfs',
    what: 'mksquashfs',
    shows: [],
    async make(image, scratch) {
      const file = join(scratch, 'squashfs');
      await run('mksquashfs', [await someFiles(scratch), file, '-quiet', '-no-progress', '-noappend']);
      await putFile(image, file);
    },
  },
  {
    kind: 'erofs',
    what: 'mkfs.erofs',
    shows: ['uuid'],
    async make(image, scratch) {
      const file = join(scratch, 'erofs');
      await run('mkfs.erofs', ['--quiet', file, await someFiles(scratch)]);
      await putFile(image, file);
    },
  },
];

function makeLuks(image: string, options: readonly string[]): Promise<unknown> {
  const cheap = ['--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'];
  return run('cryptsetup', ['-q', 'luksFormat', ...cheap, ...options, image, '-'], { input: 'secret' });
}

async function emptyImage(scratch: string): Promise<string> {
  const image = await sparseFile(join(scratch, 'image'), SIZE);
  await run('chmod', ['600', image]);
  return image;
}

for (const maker of makers) {
  test(`what ${maker.what} makes is named as blkid names it`, async (t) => {
    const scratch = await scratchFolder(t, 'named');
    const image = await emptyImage(scratch);
    await maker.make(image, scratch);
    const { info } = await mapImage(t, image);
    const outside = await blkid(image);
    assert.equal(info.kind, maker.kind);
    for (const field of maker.shows) {
      assert.ok(outside[field.toUpperCase()]);
      assert.equal(info[field], outside[field.toUpperCase()]);
    }
  });
}

test('a hybrid of ISO 9660, UDF and HFS on a disc is one disc, not three file systems in conflict', async (t) => {
  const scratch = await scratchFolder(t, 'named');
  const image = join(scratch, 'image');
  await run('genisoimage', ['-quiet', '-udf', '-hfs', '-V', 'NAME', '-o', image, await someFiles(scratch)]);
  const { info, map } = await mapImage(t, image);
  assert.ok(['udf', 'iso9660', 'hfs'].includes(info.kind), info.kind);
  assert.notEqual(map.raw?.code, 'inconsistent');
});

test('ext4 in a RAID1 with its superblock at the end: the member is raw, not taken for ext4', async (t) => {
  const scratch = await scratchFolder(t, 'named');
  const image = await emptyImage(scratch);
  const member = encodeMd1(0, SIZE);
  await run('mkfs.ext4', ['-q', '-F', image, String((SIZE - MiB) / 1024)]);
  assert.equal((await mapImage(t, image)).info.kind, 'ext4');
  await writePieces(image, member.pieces);
  assert.equal((await blkid(image))['TYPE'], 'linux_raid_member');
  const { info, map } = await mapImage(t, image);
  assert.equal(info.kind, 'md');
  assert.deepEqual(map.used.toPairs(), [[0, SIZE]]);
});

for (const earlier of makers) {
  test(`what is left of ${earlier.what} is never taken for what is there now`, async (t) => {
    const scratch = await scratchFolder(t, 'named');
    const before = await emptyImage(scratch);
    await earlier.make(before, scratch);
    const image = `${before}-again`;
    const unneeded: string[] = [];
    for (const later of makers.filter(({ kind }) => kind !== earlier.kind)) {
      await run('cp', ['--sparse=always', before, image]);
      await later.make(image, scratch);
      const { info, map } = await mapImage(t, image);
      if (map.raw === undefined) assert.equal(info.kind, later.kind, later.what);
      else {
        assert.deepEqual(map.used.toPairs(), [[0, SIZE]]);
        if (map.raw.code === 'inconsistent') unneeded.push(later.what);
      }
    }
    if (unneeded.length > 0) t.diagnostic(`raw because of it: ${unneeded.join(', ')}`);
  });
}
