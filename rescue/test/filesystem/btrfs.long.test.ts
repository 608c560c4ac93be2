/** More layouts of clean Btrfs against btrfs-progs, the kernel and partclone. */
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../support/command.ts';
import { limitMs } from '../support/patience.ts';
import { scratchFolder, sparseFile } from '../support/scratch.ts';
import { mountBtrfs, proveLayout, proveMap, type Layout } from './support-btrfs.ts';
import { fillTree } from './support-ext.ts';
import { MIB, mountImage } from './support-mounted.ts';

/** Moves all chunks to other profiles. */
const convert =
  (data: string, metadata: string) =>
  async (folder: string): Promise<void> => {
    // With all of the files still to be written, the kernel sees no room for the move.
    await run('sync', ['-f', folder]);
    const profiles = [`-dconvert=${data}`, `-mconvert=${metadata}`, `-sconvert=${metadata}`];
    await run('btrfs', ['balance', 'start', '-f', ...profiles, folder]);
  };

const layouts: readonly Layout[] = [
  { name: 'checksums by XXH64', options: ['--csum', 'xxhash'], partclone: true },
  { name: 'checksums by SHA-256', options: ['--csum', 'sha256'], partclone: true },
  { name: 'checksums by BLAKE2b', options: ['--csum', 'blake2'], partclone: true },
  { name: 'nodes of 8 KiB', options: ['-n', '8192'], partclone: true },
  { name: 'nodes of 32 KiB', options: ['-n', '32768'], partclone: true },
  { name: 'quotas', options: ['-R', 'quota'] },
  { name: 'compressed by LZO', mountOptions: ['-o', 'compress-force=lzo'] },
  { name: 'without copy on write', mountOptions: ['-o', 'nodatacow'] },
  { name: 'a free-space cache', options: ['-R', '^free-space-tree'], mountOptions: ['-o', 'space_cache=v1'] },
  { name: 'turned from two copies to one', mebibytes: 512, extra: convert('single', 'single') },
  {
    name: 'turned from one copy to two',
    mebibytes: 512,
    options: ['-m', 'single'],
    extra: convert('dup', 'dup'),
  },
  { name: 'RAID0 over one device', mebibytes: 512, extra: convert('raid0', 'raid0') },
  {
    name: 'profiles side by side',
    mebibytes: 640,
    extra: async (folder) => {
      await run('btrfs', ['balance', 'start', '-dconvert=dup,limit=1', folder]);
      await fillTree(await subfolder(folder), 24 * MIB, 9);
    },
  },
  { name: '1 GiB, nearly full', mebibytes: 1024, fillBytes: 200 * MIB, full: true },
];

async function subfolder(folder: string): Promise<string> {
  const path = join(folder, 'second');
  await run('mkdir', [path]);
  return path;
}

for (const layout of layouts) {
  test(`maps exactly what is used: ${layout.name}`, { timeout: limitMs(300) }, async (t) => {
    await proveLayout(t, layout);
  });
}

test('maps exactly what is used: converted from ext4', { timeout: limitMs(300) }, async (t) => {
  const folder = await scratchFolder(t, 'btrfs');
  const image = await sparseFile(join(folder, 'image'), 512 * MIB);
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', image]);
  const ext = await mountImage(t, image, ['-t', 'ext4']);
  await fillTree(ext.folder, 40 * MIB);
  await ext.unmount();
  await run('btrfs-convert', [image]);
  await proveMap(t, image);
  const mounted = await mountBtrfs(t, image);
  await run('btrfs', ['subvolume', 'delete', '-c', join(mounted.folder, 'ext2_saved')]);
  await run('btrfs', ['balance', 'start', '--full-balance', mounted.folder]);
  await mounted.unmount();
  await proveMap(t, image);
});
