/** Files read without mounting are what the system's own drivers and tools put there. Needs root. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, readlink, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { FileTree } from '../../src/engine/filesystem/file-tree.ts';
import type { FileSystemKind } from '../../src/engine/filesystem/file-system.ts';
import { readLogicalVolumes } from '../../src/engine/filesystem/lvm/logical-volumes.ts';
import { openFiles } from '../../src/engine/filesystem/open-files.ts';
import { run } from '../support/command.ts';
import { attachLoop, fileReader, noise, scratchFolder, sparseFile } from '../support/scratch.ts';
import { MIB, mountImage } from './support-mounted.ts';
import { makeVolume, mountVolume } from './support-ntfs-tools.ts';

/** A tree with what installed systems have: links of both kinds, long names, a directory of many, files of all sizes. */
async function makeTree(folder: string, options: { links: boolean }): Promise<void> {
  await mkdir(join(folder, 'boot/grub'), { recursive: true });
  await mkdir(join(folder, 'etc'));
  await mkdir(join(folder, 'many'));
  await writeFile(join(folder, 'etc/fstab'), 'UUID=1 / ext4 defaults 0 1\n');
  await writeFile(join(folder, 'boot/grub/grub.cfg'), 'menuentry\n'.repeat(3000));
  await writeFile(join(folder, 'empty'), '');
  await writeFile(join(folder, 'A name that is too long for eight and three.configuration'), 'long');
  await writeFile(join(folder, 'big.bin'), noise(3 * MIB + 123, 9));
  for (let i = 0; i < 250; i++) await writeFile(join(folder, 'many', `file-number-${i}`), `${i}`);
  if (!options.links) return;
  await symlink('../boot/grub/grub.cfg', join(folder, 'etc/relative'));
  await symlink('/etc/fstab', join(folder, 'etc/absolute'));
  await symlink(`/${'etc/../'.repeat(20)}etc/fstab`, join(folder, 'etc/long-link'));
  await symlink('round', join(folder, 'etc/round'));
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Everything below `folder` is in `tree` with the same content, and the directories have the same names. */
async function assertSame(tree: FileTree, folder: string, path = ''): Promise<void> {
  const names = await readdir(join(folder, path), { withFileTypes: true });
  const listed = await tree.list(path);
  assert.deepEqual(
    listed.filter((name) => !/^(\$|lost\+found|System Volume)/.test(name)).sort(),
    names
      .map(({ name }) => name)
      .filter((name) => !/^(lost\+found|System Volume)/.test(name))
      .sort(),
    path,
  );
  const here = await tree.below(path);
  for (const entry of names) {
    const below = `${path}/${entry.name}`;
    if (entry.isDirectory() && entry.name !== 'lost+found') await assertSame(tree, folder, below);
    else if (entry.isFile()) {
      const found = await here?.readFile(entry.name, 64 * MIB);
      assert.ok(found, below);
      assert.equal(digest(found), digest(await readFile(join(folder, below))), below);
    }
  }
}

async function assertLinks(tree: FileTree): Promise<void> {
  assert.equal(await tree.readText('/etc/absolute'), 'UUID=1 / ext4 defaults 0 1\n');
  assert.equal(await tree.readText('etc/long-link'), 'UUID=1 / ext4 defaults 0 1\n');
  assert.equal((await tree.readText('etc/relative'))?.length, 30000);
  assert.equal(await tree.readText('etc/round'), undefined);
  assert.equal(await tree.readText('etc/nothing'), undefined);
  assert.equal(await tree.readText('etc/fstab/x'), undefined);
  await assert.rejects(tree.readFile('big.bin', 1000), /structure\/invalid|more than the 1000/);
}

async function filesOf(t: TestContext, image: string, kind: FileSystemKind): Promise<FileTree> {
  const tree = await openFiles(await fileReader(t, image), kind);
  assert.ok(tree, `${kind} is not read`);
  return tree;
}

for (const [name, kind, args] of [
  ['ext2 with blocks of 1 KiB', 'ext2', ['-t', 'ext2', '-b', '1024']],
  ['ext3', 'ext3', ['-t', 'ext3']],
  ['ext4 with all checksums', 'ext4', ['-t', 'ext4', '-O', 'metadata_csum,64bit', '-b', '4096']],
] as const)
  test(`files of ${name}`, async (t) => {
    const folder = await scratchFolder(t, 'files');
    const tree = join(folder, 'tree');
    await makeTree(tree, { links: true });
    const image = await sparseFile(join(folder, 'image'), 64 * MIB);
    await run('mke2fs', ['-q', '-F', ...args, '-d', tree, image]);
    const files = await filesOf(t, image, kind);
    await assertSame(files, tree);
    await assertLinks(files);
  });

test('files of an ext4 whose journal was not replayed', async (t) => {
  const folder = await scratchFolder(t, 'files');
  const image = await sparseFile(join(folder, 'image'), 64 * MIB);
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', image]);
  const { folder: mounted, unmount } = await mountImage(t, image, ['-o', 'commit=1000']);
  await makeTree(mounted, { links: true });
  await run('sync', ['-f', mounted]);
  const copy = join(folder, 'copy');
  await run('cp', [image, copy]);
  await assertSame(await filesOf(t, copy, 'ext4'), mounted);
  await unmount();
});

for (const [width, sizeMib] of [
  ['12', 5],
  ['16', 32],
  ['32', 48],
] as const)
  test(`files of FAT${width}`, async (t) => {
    const folder = await scratchFolder(t, 'files');
    const tree = join(folder, 'tree');
    await makeTree(tree, { links: false });
    const image = await sparseFile(join(folder, 'image'), sizeMib * MIB);
    await run('mkfs.vfat', ['-F', width, '-s', width === '32' ? '1' : '4', image]);
    await run('mcopy', ['-s', '-i', image, ...(await readdir(tree)).map((name) => join(tree, name)), '::']);
    const files = await filesOf(t, image, `fat${width}`);
    await assertSame(files, tree);
    assert.equal((await files.readText('/BOOT/Grub/GRUB.CFG'))?.length, 30000);
  });

test('files of NTFS', async (t) => {
  const folder = await scratchFolder(t, 'files');
  const tree = join(folder, 'tree');
  await makeTree(tree, { links: false });
  const image = await makeVolume(join(folder, 'image'), { sizeBytes: 64 * MIB });
  const volume = await mountVolume(t, image);
  await run('cp', ['-r', `${tree}/.`, volume.folder]);
  await volume.unmount();
  const files = await filesOf(t, image, 'ntfs');
  await assertSame(files, tree);
  assert.equal((await files.readText('/BOOT/Grub/GRUB.CFG'))?.length, 30000);
});

for (const [name, options] of [
  ['plain', 'defaults'],
  ['packed with zlib', 'compress-force=zlib'],
  ['packed with Zstandard', 'compress-force=zstd'],
] as const)
  test(`files of Btrfs, ${name}, in a subvolume`, async (t) => {
    const folder = await scratchFolder(t, 'files');
    const image = await sparseFile(join(folder, 'image'), 200 * MIB);
    await run('mkfs.btrfs', ['-q', image]);
    const mounted = await mountImage(t, image, ['-o', options]);
    await run('btrfs', ['subvolume', 'create', join(mounted.folder, '@')]);
    await makeTree(join(mounted.folder, '@'), { links: true });
    const tree = join(folder, 'tree');
    await run('cp', ['-a', join(mounted.folder, '@'), tree]);
    await mounted.unmount();
    const files = await filesOf(t, image, 'btrfs');
    assert.deepEqual(await files.list('/'), ['@']);
    const below = await files.below('@');
    assert.ok(below);
    await assertSame(below, tree);
    await assertLinks(below);
  });

for (const [name, args] of [
  ['version 5', ['-m', 'crc=1']],
  ['version 5 with large directory blocks', ['-m', 'crc=1', '-n', 'size=16384']],
] as const)
  test(`files of XFS ${name}`, async (t) => {
    const folder = await scratchFolder(t, 'files');
    const image = await sparseFile(join(folder, 'image'), 320 * MIB);
    await run('mkfs.xfs', ['-q', ...args, image]);
    const mounted = await mountImage(t, image, []);
    await makeTree(mounted.folder, { links: true });
    await symlink(`/${'etc/../'.repeat(100)}etc/fstab`, join(mounted.folder, 'etc/longer-link'));
    // Holes and many pieces: an extent tree instead of a list.
    const pieces = await open(join(mounted.folder, 'pieces'), 'w');
    for (let i = 0; i < 200; i++) await pieces.write(noise(4096, i), 0, 4096, i * 8192);
    await pieces.close();
    const tree = join(folder, 'tree');
    await run('cp', ['-a', mounted.folder, tree]);
    await mounted.unmount();
    const files = await filesOf(t, image, 'xfs');
    await assertSame(files, tree);
    await assertLinks(files);
    assert.equal(await files.readText('etc/longer-link'), 'UUID=1 / ext4 defaults 0 1\n');
  });

/** The tree `folder` as mkfs.xfs takes it: kernels no longer mount version 4. */
async function prototype(folder: string): Promise<string> {
  const lines: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const name = entry.name.replaceAll(' ', '_');
    if (entry.isDirectory()) lines.push(`${name} d--755 0 0`, await prototype(path));
    else if (entry.isFile()) lines.push(`${name} ---644 0 0 ${path.replaceAll(' ', '_')}`);
    else lines.push(`${name} l--777 0 0 ${await readlink(path)}`);
  }
  return [...lines, '$'].join('\n');
}

test('files of XFS version 4', async (t) => {
  const folder = await scratchFolder(t, 'files');
  const tree = join(folder, 'tree');
  await makeTree(tree, { links: true });
  const long = 'A name that is too long for eight and three.configuration';
  await rename(join(tree, long), join(tree, long.replaceAll(' ', '_')));
  const image = await sparseFile(join(folder, 'image'), 320 * MIB);
  await writeFile(join(folder, 'proto'), `/\n0 0\nd--755 0 0\n${await prototype(tree)}\n`);
  await run('mkfs.xfs', ['-q', '-m', 'crc=0', '-p', join(folder, 'proto'), image]);
  const files = await filesOf(t, image, 'xfs');
  await assertSame(files, tree);
  await assertLinks(files);
});

test('files in a logical volume', async (t) => {
  const folder = await scratchFolder(t, 'files');
  const image = await sparseFile(join(folder, 'image'), 128 * MIB);
  const { device, detach } = await attachLoop(t, image);
  const lvm = (command: string, ...args: string[]): Promise<unknown> =>
    run('lvm', [
      command,
      '--devices',
      device,
      '--config',
      'global{locking_type=1 locking_dir="/run/lock/permafrost-test"} activation{udev_sync=0 udev_rules=0}',
      '--driverloaded',
      'n',
      '-qq',
      ...args,
    ]);
  await lvm('pvcreate', '-ff', '-y', device);
  await lvm('vgcreate', 'my-group', device);
  // A volume in two pieces: the second begins behind another one.
  await lvm('lvcreate', '-an', '-Zn', '-Wn', '-L', '24M', '-n', 'root', 'my-group');
  await lvm('lvcreate', '-an', '-Zn', '-Wn', '-L', '8M', '-n', 'between', 'my-group');
  await lvm('lvextend', '-L', '48M', 'my-group/root');
  await detach();

  const reader = await fileReader(t, image);
  const volumes = await readLogicalVolumes(reader);
  assert.deepEqual(volumes.map(({ mapperName }) => mapperName).sort(), [
    'my--group-between',
    'my--group-root',
  ]);
  const root = volumes.find(({ name }) => name === 'root')!;
  assert.equal(root.reader?.sizeBytes, 48 * MIB);
  const tree = join(folder, 'tree');
  await makeTree(tree, { links: true });
  const content = await sparseFile(join(folder, 'root'), 48 * MIB);
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', '-b', '1024', '-d', tree, content]);
  // As device mapper would: first 24 MiB, then behind the other volume; extents begin at 1 MiB.
  const place = (from: number, to: number, count: number): Promise<unknown> =>
    run('dd', [
      `if=${content}`,
      `of=${image}`,
      'bs=1M',
      `skip=${from}`,
      `seek=${to}`,
      `count=${count}`,
      'conv=notrunc',
      'status=none',
    ]);
  await place(0, 1, 24);
  await place(24, 1 + 24 + 8, 24);
  const files = await openFiles(root.reader, 'ext4');
  assert.ok(files);
  await assertSame(files, tree);
});
