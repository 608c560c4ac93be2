/** The used bytes of clean ext2, ext3 and ext4 against e2fsprogs, the kernel and partclone. */
import { test } from 'node:test';
import { proveLayout, type Layout } from './support-ext.ts';

const harmless = [
  ...['inline_data', 'ea_inode', 'large_dir', 'mmp', 'metadata_csum_seed', 'orphan_file', 'stable_inodes'],
  ...['encrypt', 'verity', 'fast_commit'],
];

const layouts: readonly Layout[] = [
  { name: 'ext2 with blocks of 1 KiB', options: ['-t', 'ext2', '-b', '1024'] },
  { name: 'ext3 with blocks of 2 KiB', options: ['-t', 'ext3', '-b', '2048', '-g', '4096'] },
  { name: 'ext4 with blocks of 4 KiB', options: ['-t', 'ext4', '-b', '4096', '-g', '2048'] },
  {
    name: 'ext4 with blocks of 64 KiB',
    options: ['-t', 'ext4', '-b', '65536'],
    mountable: false,
    mebibytes: 256,
  },
  {
    name: 'bigalloc with clusters of 64 KiB',
    options: ['-t', 'ext4', '-b', '4096', '-O', 'bigalloc', '-C', '65536', '-g', '512'],
    mebibytes: 256,
    partclone: false,
  },
  {
    name: 'bigalloc with blocks of 1 KiB, whose superblock is in the second',
    options: ['-t', 'ext4', '-b', '1024', '-O', 'bigalloc', '-C', '16384', '-g', '1024'],
    partclone: false,
  },
  {
    name: 'meta_bg',
    options: ['-t', 'ext4', '-b', '1024', '-g', '2048', '-O', 'meta_bg,^resize_inode'],
    partclone: false,
  },
  {
    name: 'meta_bg without flex_bg',
    options: ['-t', 'ext4', '-b', '1024', '-g', '2048', '-O', 'meta_bg,^resize_inode,^flex_bg'],
    partclone: false,
  },
  {
    name: 'uninit_bg, small descriptors and no flex_bg',
    options: ['-t', 'ext4', '-b', '1024', '-O', 'uninit_bg,^metadata_csum,^64bit,^flex_bg'],
    partclone: false,
  },
  {
    name: 'metadata_csum with small descriptors',
    options: ['-t', 'ext4', '-b', '1024', '-O', '^64bit'],
    partclone: false,
  },
  {
    name: 'sparse_super2',
    options: ['-t', 'ext4', '-b', '1024', '-O', 'sparse_super2', '-E', 'num_backup_sb=2'],
    partclone: false,
  },
  {
    name: 'superblock copies in every group',
    options: ['-t', 'ext4', '-b', '1024', '-O', '^sparse_super,^resize_inode'],
    partclone: false,
  },
  {
    name: 'features that say nothing about allocation',
    options: ['-t', 'ext4', '-b', '4096', '-g', '4096', '-O', harmless.join(',')],
    partclone: false,
  },
  {
    name: 'more such features, which not every kernel has',
    options: ['-t', 'ext4', '-b', '4096', '-g', '4096', '-O', 'quota,project,casefold'],
    mountable: false,
    partclone: false,
  },
  {
    name: 'nearly full',
    options: ['-t', 'ext4', '-b', '1024', '-m', '0', '-O', '^has_journal'],
    mebibytes: 32,
    full: true,
    partclone: false,
  },
  { name: 'empty', options: ['-t', 'ext4', '-b', '1024'], fillBytes: 0, partclone: false },
];

for (const layout of layouts)
  test(`only what is used matters: ${layout.name}`, async (t) => {
    await proveLayout(t, layout);
  });
