/** The used bytes of clean XFS against xfsprogs, the kernel and partclone. */
import { copyFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../support/command.ts';
import { limitMs } from '../support/patience.ts';
import { noise } from '../support/scratch.ts';
import { proveLayout, type Layout } from './support-xfs.ts';

const MIB = 1024 * 1024;

/** Shared blocks, holes, blocks that were never written, and room taken after the end. */
async function share(folder: string): Promise<void> {
  await run('cp', ['--reflink=always', join(folder, 'large'), join(folder, 'shared')]);
  const file = join(folder, 'preallocated');
  await run('xfs_io', ['-f', '-c', 'falloc 0 3m', '-c', 'fpunch 1m 300k', '-c', 'pwrite 2m 10k', file]);
  await run('xfs_io', ['-f', '-c', 'falloc -k 0 2m', join(folder, 'beyond its end')]);
  await run('xfs_io', ['-c', `reflink ${join(folder, 'large')} 0 64k 128k`, file]);
  await writeFile(join(folder, 'shared'), noise(70_000, 5), { flag: 'r+' });
  await copyFile(join(folder, 'large'), join(folder, 'cut'));
  await truncate(join(folder, 'cut'), 12345);
}

const layouts: readonly Layout[] = [
  {
    name: 'what mkfs.xfs makes by itself',
    options: [],
    mebibytes: 320,
    fillBytes: 24 * MIB,
    extra: share,
    partclone: true,
  },
  {
    name: 'every feature that it can switch on',
    options: ['-m', 'rmapbt=1,reflink=1,bigtime=1,inobtcount=1', '-i', 'sparse=1,nrext64=1,size=1024'],
    extra: share,
  },
  {
    name: 'no feature that can be left out',
    options: ['-m', 'finobt=0,rmapbt=0,reflink=0,bigtime=0,inobtcount=0', '-i', 'sparse=0'],
  },
  {
    name: 'blocks of 1 KiB in 5 groups',
    options: ['-b', 'size=1024', '-d', 'agcount=5'],
    mebibytes: 80,
    fillBytes: 16 * MIB,
    extra: share,
  },
  { name: 'sectors of 4096 bytes', options: ['-s', 'size=4096', '-l', 'sectsize=4096'] },
  { name: 'a log in stripes', options: ['-l', 'su=256k'], mebibytes: 128, fillBytes: 16 * MIB },
  { name: 'a short last group', options: ['-d', 'agsize=20m'] },
  { name: 'nearly full', options: ['-b', 'size=1024'], mebibytes: 32, full: true },
  { name: 'empty', options: [], fillBytes: 0 },
  {
    name: 'version 4 with blocks of 512 bytes',
    options: ['-m', 'crc=0', '-b', 'size=512'],
    reader: 'grub',
    fillBytes: 6 * MIB,
  },
];
for (const layout of layouts) {
  test(`maps exactly what is used: ${layout.name}`, { timeout: limitMs(300) }, async (t) => {
    await proveLayout(t, layout);
  });
}
