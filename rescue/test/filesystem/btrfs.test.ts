/** The used bytes of clean Btrfs against btrfs-progs, the kernel and partclone. */
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../support/command.ts';
import { limitMs } from '../support/patience.ts';
import { noise } from '../support/scratch.ts';
import { MIB } from './support-mounted.ts';
import { proveLayout, type Layout } from './support-btrfs.ts';

/** Subvolumes, snapshots, shared extents of which a part is used, holes, and blocks that were never written. */
async function share(folder: string): Promise<void> {
  const path = (name: string): string => join(folder, name);
  await run('btrfs', ['subvolume', 'create', path('subvolume')]);
  await run('cp', ['--reflink=always', path('large'), path('subvolume/shared')]);
  await run('btrfs', ['subvolume', 'snapshot', '-r', path('subvolume'), path('snapshot')]);
  await run('btrfs', ['subvolume', 'snapshot', path('subvolume'), path('gone soon')]);
  await run('xfs_io', [
    '-f',
    '-c',
    'falloc 0 3m',
    '-c',
    'fpunch 1m 300k',
    '-c',
    'pwrite 2m 10k',
    path('preallocated'),
  ]);
  await run('xfs_io', ['-c', `reflink ${path('large')} 0 64k 128k`, path('preallocated')]);
  await writeFile(path('subvolume/shared'), noise(70_000, 5), { flag: 'r+' });
  await truncate(path('subvolume/shared'), 123_456);
  await run('btrfs', ['subvolume', 'delete', '-c', path('gone soon')]);
}

const layouts: readonly Layout[] = [
  { name: 'what mkfs.btrfs makes by itself', extra: share, partclone: true },
  { name: 'metadata in one copy', options: ['-m', 'single', '-d', 'single'] },
  { name: 'data in two copies', options: ['-m', 'dup', '-d', 'dup'], mebibytes: 256, fillBytes: 12 * MIB },
  { name: 'data and metadata together, nodes of 4 KiB', options: ['--mixed', '-n', '4096'], extra: share },
  { name: 'nodes of 64 KiB', options: ['-n', '65536'] },
  {
    name: 'no feature that can be left out',
    options: ['-O', '^no-holes,^skinny-metadata', '-R', '^free-space-tree'],
    mountOptions: ['-o', 'nospace_cache'],
  },
  { name: 'compressed', mountOptions: ['-o', 'compress-force=zstd'], extra: share },
  { name: 'nearly full', options: ['--mixed'], mebibytes: 64, full: true },
  { name: 'empty', fillBytes: 0 },
];
for (const layout of layouts) {
  test(`maps exactly what is used: ${layout.name}`, { timeout: limitMs(300) }, async (t) => {
    await proveLayout(t, layout);
  });
}

test(
  'maps exactly what is used: with a small part of its data left',
  { timeout: limitMs(300) },
  async (t) => {
    await proveLayout(t, {
      name: 'emptied',
      fillBytes: 40 * MIB,
      extra: (folder) =>
        run('bash', ['-c', 'rm -r "$1"/large "$1"/wide "$1"/"hard link"', 'rm', folder]).then(
          () => undefined,
        ),
    });
  },
);
