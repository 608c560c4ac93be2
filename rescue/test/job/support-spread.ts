/** File systems with files at both ends and everywhere between, so that making them smaller must move some. */
import { mkdir, rm, rmdir, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../support/command.ts';
import { noise } from '../support/scratch.ts';

/** Files that fill this share of its free space, of which every fourth stays. */
const FILES = 48;
const SHARE = { ext4: 0.75, ntfs: 0.75, btrfs: 0.4, fat16: 0.7, fat32: 0.7 };

export type SpreadKind = keyof typeof SHARE;

/** Puts files into the file system in `file`, which has `sizeBytes`: through a mount, or into FAT with mtools. */
export async function spreadFiles(
  file: string,
  kind: SpreadKind,
  sizeBytes: number,
  seed: number,
): Promise<void> {
  const folder = `${file}.mounted`;
  await mkdir(folder);
  const isFat = kind.startsWith('fat');
  let bytes = Math.floor((sizeBytes * SHARE[kind]) / FILES);
  const name = (i: number): string => (i % 3 === 0 ? `spread-${i}` : `of ${i % 3}/spread-${i}`);
  const put = async (i: number): Promise<void> => {
    const content = noise(bytes - i * 77, seed + i);
    const path = join(folder, isFat ? 'content' : name(i));
    await writeFile(path, content);
    if (isFat) await run('mcopy', ['-i', file, path, `::${name(i)}`]);
  };
  const remove = (i: number): Promise<unknown> =>
    isFat ? run('mdel', ['-i', file, `::${name(i)}`]) : rm(join(folder, name(i)));
  if (kind === 'ntfs') await run('ntfs-3g', [file, folder]);
  else if (!isFat) await run('mount', ['-o', 'loop', '-t', kind, file, folder]);
  try {
    if (!isFat) {
      const { bavail, bsize } = await statfs(folder);
      bytes = Math.floor((bavail * bsize * SHARE[kind]) / FILES);
    }
    for (const sub of ['of 1', 'of 2'])
      await (isFat ? run('mmd', ['-i', file, `::${sub}`]) : mkdir(join(folder, sub)));
    for (let i = 0; i < FILES; i++) await put(i);
    if (!isFat) await run('sync', ['-f', folder]);
    for (let i = 0; i < FILES; i++) if (i % 4 !== 3) await remove(i);
  } finally {
    if (!isFat) await run('umount', [folder]);
    await (isFat ? rm(folder, { recursive: true }) : rmdir(folder));
  }
}
