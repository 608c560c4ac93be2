/** A disk with the file systems that people have, device to device, looked at by the tools of each. */
import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../support/command.ts';
import { attachLoop, fillWithNoise, scratchFolder, sparseFile, treeDigest } from '../support/scratch.ts';
import { attachPartitioned, showPartitions } from './loop-partitions.ts';
import { permafrost } from './support.ts';

const MIB = 1024 * 1024;
const DISK_MIB = 400;
const files = join(import.meta.dirname, '../../src');

interface Kind {
  readonly number: number;
  readonly mkfs: readonly [string, ...string[]];
  readonly fsck: readonly [string, ...string[]];
  /** How it is mounted; FAT is read and written by mtools, for want of a driver. */
  readonly mount?: readonly string[];
}

const kinds: readonly Kind[] = [
  { number: 1, mkfs: ['mkfs.vfat', '-F', '32', '-n', 'ESP'], fsck: ['fsck.vfat', '-n'] },
  {
    number: 2,
    mkfs: ['mkfs.ntfs', '-q', '-Q', '-F', '-L', 'Windows'],
    fsck: ['ntfsfix', '-n'],
    mount: ['-t', 'ntfs-3g'],
  },
  { number: 3, mkfs: ['mkfs.ext4', '-q', '-L', 'root'], fsck: ['e2fsck', '-fn'], mount: ['-t', 'ext4'] },
];
const numbers = kinds.map(({ number }) => number);
const layout = [
  'label: gpt',
  'start=1MiB, size=100MiB, type=U',
  'size=140MiB, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7',
  'size=150MiB, type=L',
].join('\n');

async function fill({ mount }: Kind, part: string, folder: string): Promise<void> {
  if (mount === undefined) {
    await run('mcopy', ['-s', '-i', part, files, '::']);
    return;
  }
  await run('mount', [...mount, part, folder]);
  await run('cp', ['-r', files, folder]);
  await run('cp', [process.execPath, join(folder, 'program')]);
  await run('umount', [folder]);
}

async function digestOf({ mount }: Kind, part: string, folder: string): Promise<string> {
  if (mount === undefined) {
    const copy = join(folder, 'copy');
    await mkdir(copy);
    await run('mcopy', ['-s', '-i', part, '::src', copy]);
    const digest = await treeDigest(copy);
    await rm(copy, { recursive: true });
    return digest;
  }
  await run('mount', ['-o', 'ro', ...mount, part, folder]);
  const digest = await treeDigest(folder);
  await run('umount', [folder]);
  return digest;
}

test('FAT32, NTFS and ext4 arrive whole on two disks at once, one of them larger', async (t) => {
  const folder = await scratchFolder(t, 'clone-devices');
  const image = await sparseFile(join(folder, 'source.img'), DISK_MIB * MIB);
  await fillWithNoise(image, DISK_MIB * MIB, 3);
  await run('sfdisk', ['--quiet', '--wipe=always', image], { input: layout });
  const mountPoint = join(folder, 'mount');
  await mkdir(mountPoint);
  const device = await attachPartitioned(t, image, numbers);
  const trees: string[] = [];
  for (const kind of kinds) {
    const part = `${device}p${kind.number}`;
    const [mkfs, ...options] = kind.mkfs;
    await run(mkfs, [...options, part]);
    await fill(kind, part, mountPoint);
    trees.push(await digestOf(kind, part, mountPoint));
  }
  const targets: string[] = [];
  for (const [name, mib] of [
    ['a', DISK_MIB],
    ['b', DISK_MIB + 77],
  ] as const) {
    const path = await sparseFile(join(folder, `${name}.img`), mib * MIB);
    await fillWithNoise(path, mib * MIB, 9);
    targets.push((await attachLoop(t, path, ['--partscan'])).device);
  }
  const { report } = await permafrost(['clone', device, ...targets, '--yes', '--json']);
  assert.equal(report.outcome, 'done');
  assert.ok(report.sums['usedBytes']! < 380 * MIB, `${report.sums['usedBytes']} bytes used`);
  for (const target of targets) {
    assert.match((await run('sgdisk', ['-v', target])).stdout, /No problems found/);
    await showPartitions(t, target, numbers);
    for (const [i, kind] of kinds.entries()) {
      const part = `${target}p${kind.number}`;
      const [fsck, ...options] = kind.fsck;
      await run(fsck, [...options, part]);
      assert.equal(await digestOf(kind, part, mountPoint), trees[i], part);
    }
  }
});
