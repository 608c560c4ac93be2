/** More layouts, resized file systems and crashes of ext2, ext3 and ext4; see `ext.test.ts`. */
import assert from 'node:assert/strict';
import { open, rm, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../support/command.ts';
import { limitMs } from '../support/patience.ts';
import { noise, scratchFolder } from '../support/scratch.ts';
import { fillTree, makeExt, MIB, mountExt, proveLayout, proveMap, type Layout } from './support-ext.ts';
import { proveCrash, useAndReuse, writeSynced, type Crash } from './support-ext-crash.ts';

const ext4 = (...options: readonly string[]): string[] => ['-t', 'ext4', ...options];
const kib1 = (...options: readonly string[]): string[] => ext4('-b', '1024', ...options);
const kib4 = (...options: readonly string[]): string[] => ext4('-b', '4096', '-g', '2048', ...options);

const layouts: readonly Layout[] = [
  { name: 'ext2 of revision 0', options: ['-t', 'ext2', '-r', '0', '-b', '1024', '-I', '128'] },
  { name: 'ext2 with blocks of 4 KiB', options: ['-t', 'ext2', '-b', '4096', '-g', '2048'] },
  { name: 'ext3 with blocks of 1 KiB', options: ['-t', 'ext3', '-b', '1024'] },
  { name: 'ext4 with blocks of 2 KiB', options: ext4('-b', '2048', '-g', '2048') },
  { name: 'ext4 without a journal', options: kib1('-O', '^has_journal') },
  ...[8, 16, 32].map((kib) => ({
    name: `ext4 with blocks of ${kib} KiB`,
    options: ext4('-b', `${kib * 1024}`, '-g', '1024'),
    mountable: false,
    mebibytes: 128,
  })),
  {
    name: 'bigalloc with blocks of 64 KiB and clusters of 1 MiB',
    options: ext4('-b', '65536', '-O', 'bigalloc', '-C', '1048576', '-g', '256'),
    mountable: false,
    partclone: false,
    mebibytes: 1024,
  },
  {
    name: 'bigalloc without checksums',
    options: kib1('-O', 'bigalloc,^metadata_csum', '-C', '8192', '-g', '2048'),
    partclone: false,
  },
  { name: 'meta_bg', options: kib1('-g', '2048', '-O', 'meta_bg,^resize_inode') },
  { name: 'uninit_bg', options: kib1('-O', 'uninit_bg,^metadata_csum,^64bit,^flex_bg') },
  { name: 'no checksums at all', options: kib1('-O', '^uninit_bg,^metadata_csum') },
  { name: 'sparse_super2', options: kib1('-O', 'sparse_super2', '-E', 'num_backup_sb=2') },
  { name: 'sparse_super2 without copies', options: kib1('-O', 'sparse_super2', '-E', 'num_backup_sb=0') },
  { name: 'superblock copies in every group', options: kib1('-O', '^sparse_super,^resize_inode') },
  { name: 'metadata packed at the front', options: kib1('-E', 'packed_meta_blocks=1', '-G', '64') },
  { name: 'small flex groups', options: kib1('-G', '2') },
  { name: 'a stride that moves bitmaps about', options: kib1('-O', '^flex_bg', '-E', 'stride=16') },
  { name: 'large inodes, many of them', options: kib1('-I', '1024', '-i', '4096') },
  { name: 'group descriptors of 128 bytes', options: kib1('-E', 'desc_size=128') },
  { name: 'default settings on 1 GiB', options: ext4('-b', '4096'), mebibytes: 1024, fillBytes: 64 * MIB },
  { name: 'nearly full', options: kib4('-m', '0'), mebibytes: 48, full: true },
];

for (const layout of layouts)
  test(`only what is used matters: ${layout.name}`, { timeout: limitMs(300) }, async (t) => {
    await proveLayout(t, layout);
  });

test('blocks shared between files are used', async (t) => {
  const { image } = await proveLayout(t, { name: 'ext4', options: kib1(), partclone: false });
  await run('debugfs', ['-w', '-R', 'feature shared_blocks', image]);
  await proveMap(t, image, 64 * MIB, { partclone: false });
});

for (const [what, options] of [
  ['with room for descriptors', kib1('-E', 'resize=1048576')],
  ['without room for descriptors', kib1('-O', '^resize_inode')],
  ['with meta_bg', kib1('-g', '2048', '-O', 'meta_bg,^resize_inode')],
  ['without flex_bg', kib1('-O', '^flex_bg')],
  ['without checksums', kib1('-O', '^metadata_csum,uninit_bg')],
] as const)
  test(`only what is used matters after resizing ${what}`, { timeout: limitMs(300) }, async (t) => {
    const image = join(await scratchFolder(t, 'ext'), 'image');
    await makeExt(image, 40 * MIB, options);
    const mounted = await mountExt(t, image);
    await fillTree(mounted.folder, 6 * MIB);
    await mounted.unmount();

    await truncate(image, 150 * MIB);
    await run('e2fsck', ['-f', '-y', image], { accept: [0, 1] });
    await run('resize2fs', [image]);
    await proveMap(t, image, 150 * MIB);

    await run('resize2fs', [image, '70M']);
    await truncate(image, 70 * MIB);
    await proveMap(t, image, 70 * MIB);
  });

const crashes: readonly Crash[] = [
  { name: 'ext3, blocks of 4 KiB', options: ['-t', 'ext3', '-b', '4096', '-g', '2048', '-J', 'size=16'] },
  { name: 'no flex_bg', options: kib1('-O', '^flex_bg', '-J', 'size=16') },
  { name: 'small descriptors', options: kib1('-O', '^64bit', '-J', 'size=16') },
  {
    name: 'one checksum for each transaction',
    options: kib4('-O', '^metadata_csum', '-J', 'size=16'),
    mountOptions: ['-o', 'journal_checksum'],
  },
  {
    name: 'asynchronous commits',
    options: kib4('-J', 'size=16'),
    mountOptions: ['-o', 'journal_async_commit,data=writeback'],
  },
  {
    name: 'asynchronous commits with one checksum for each transaction',
    options: kib4('-O', '^metadata_csum', '-J', 'size=16'),
    mountOptions: ['-o', 'journal_async_commit,data=writeback'],
  },
  { name: 'clusters', options: kib1('-O', 'bigalloc', '-C', '8192', '-g', '2048', '-J', 'size=16') },
  { name: 'meta_bg', options: kib1('-g', '2048', '-O', 'meta_bg,^resize_inode', '-J', 'size=16') },
  { name: 'groups never used before', options: kib1('-O', 'uninit_bg,^metadata_csum', '-J', 'size=16') },
  { name: 'data written back late', options: kib4('-J', 'size=16'), mountOptions: ['-o', 'data=writeback'] },
  {
    name: 'a small journal that data went round several times',
    options: kib1('-J', 'size=8'),
    mountOptions: ['-o', 'data=journal'],
    async work(mounted) {
      for (let i = 0; i < 13; i++) {
        await rm(join(mounted.folder, `round ${i - 1}`), { force: true });
        await writeSynced(join(mounted.folder, `round ${i}`), noise(1_500_000, i));
      }
      await writeSynced(join(mounted.folder, 'last'), noise(1_500_000, 99));
    },
  },
  {
    name: 'a file that is deleted but still open',
    options: kib4('-O', 'orphan_file', '-J', 'size=16'),
    async work(mounted, _image, beforeUnmount) {
      const file = await open(join(mounted.folder, 'large'), 'r');
      beforeUnmount(() => file.close());
      await unlink(join(mounted.folder, 'large'));
      await useAndReuse(mounted);
    },
  },
];

for (const crash of crashes)
  test(`a journal is replayed in memory: ${crash.name}`, { timeout: limitMs(300) }, async (t) => {
    await proveCrash(t, crash);
  });

/** Growing a mounted file system takes a capability that root in a container may not have. */
const mayGrow = await run('sh', ['-c', 'grep CapEff /proc/self/status']).then(
  ({ stdout }) => (BigInt(`0x${stdout.trim().split(/\s+/).at(-1) ?? '0'}`) & (1n << 24n)) !== 0n,
);
const growing = { timeout: limitMs(300), skip: mayGrow ? false : 'needs CAP_SYS_RESOURCE' };

test(
  'only what is used matters after a mounted file system outgrew its table and got meta groups',
  growing,
  async (t) => {
    const image = join(await scratchFolder(t, 'ext'), 'image');
    await makeExt(image, 40 * MIB, kib1('-g', '512', '-O', '^resize_inode'));
    const mounted = await mountExt(t, image);
    await fillTree(mounted.folder, 6 * MIB);
    await truncate(image, 120 * MIB);
    await run('losetup', ['--set-capacity', mounted.device]);
    await run('resize2fs', [mounted.device]);
    await writeSynced(join(mounted.folder, 'after'), noise(3 * MIB, 5));
    await mounted.unmount();
    const { stdout } = await run('dumpe2fs', ['-h', image]);
    assert.match(stdout, /^First meta block group: +[1-9]/m);
    await proveMap(t, image, 120 * MIB);
  },
);

test('a journal is replayed in memory: growth while mounted', growing, async (t) => {
  await proveCrash(t, {
    name: 'growth while mounted',
    options: kib1('-E', 'resize=1048576', '-J', 'size=16'),
    mebibytes: 64,
    async work(mounted, image) {
      await truncate(image, 150 * MIB);
      await run('losetup', ['--set-capacity', mounted.device]);
      await run('resize2fs', [mounted.device]);
      for (let i = 0; i < 4; i++) await writeSynced(join(mounted.folder, `more ${i}`), noise(20 * MIB, i));
    },
  });
});
