/** Disks with any layout of real file systems, and what outside tools say of the copies made of them. */
import assert from 'node:assert/strict';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import { Extents } from '../../src/engine/base/extents.ts';
import { inspectSource } from '../../src/engine/index.ts';
import { run } from '../support/command.ts';
import { attachLoop, noise, overwriteUnused, sparseFile, treeDigest } from '../support/scratch.ts';
import { spreadFiles, type SpreadKind } from './support-spread.ts';

export const MIB = 1024 * 1024;

export type LayoutKind = 'ext4' | 'fat16' | 'fat32' | 'ntfs' | 'btrfs' | 'xfs' | 'swap' | 'exfat' | 'luks';

export interface LayoutPartition {
  readonly kind: LayoutKind;
  readonly sizeMiB: number;
  /** Free space before it; at least 1 before the first and before logical ones. */
  readonly gapMiB?: number;
  readonly type?: string;
  readonly label?: string;
  /** Of ext4, and of clusters of FAT, in bytes; chosen by its size without. */
  readonly blockSize?: number;
  readonly logical?: boolean;
  /** Of ext4, NTFS, Btrfs and FAT: more files, all over it. */
  readonly spread?: boolean;
}

export interface LayoutDisk {
  readonly table: 'gpt' | 'dos';
  readonly sizeMiB: number;
  readonly partitions: readonly LayoutPartition[];
  readonly seed?: number;
}

/** What is in a partition that a test looks at, by its number. */
export interface TablePart {
  readonly number: number;
  readonly start: number;
  readonly size: number;
  readonly type: string;
  readonly uuid?: string;
  readonly name?: string;
}

/** Makes the disk in the file `path`, files in every file system, noise in all that none uses. */
export async function makeLayout(path: string, disk: LayoutDisk): Promise<string> {
  const { seed = 1 } = disk;
  await sparseFile(path, disk.sizeMiB * MIB);
  const lines: string[] = [];
  let at = 0;
  const places: { start: number; part: LayoutPartition; number: number }[] = [];
  const logicals = disk.partitions.filter(({ logical }) => logical === true);
  let number = 0;
  for (const [i, part] of disk.partitions.entries()) {
    const start = at + (part.gapMiB ?? (i === 0 || part.logical === true ? 1 : 0));
    if (part.logical === true && part === logicals[0]) {
      // Of the first only the MiB of its record is inside.
      const length = logicals.reduce(
        (sum, one, k) => sum + one.sizeMiB + (k === 0 ? 1 : (one.gapMiB ?? 1)),
        0,
      );
      number++;
      lines.push(`${number} : start=${(start - 1) * 2048}, size=${length * 2048}, type=5`);
      number = 4;
    }
    number++;
    const type = part.type ?? (disk.table === 'gpt' ? 'L' : part.kind === 'ntfs' ? '7' : '83');
    const name = disk.table === 'gpt' ? `, name=part${number}` : '';
    lines.push(`${number} : start=${start * 2048}, size=${part.sizeMiB * 2048}, type=${type}${name}`);
    places.push({ start, part, number });
    at = start + part.sizeMiB;
  }
  await run('sfdisk', ['--quiet', path], { input: [`label: ${disk.table}`, ...lines].join('\n') });
  for (const { start, part, number: own } of places) {
    const file = `${path}.p${own}`;
    await makeFileSystem(file, part, start, seed + own);
    await run('dd', [
      `if=${file}`,
      `of=${path}`,
      'bs=1M',
      `seek=${start}`,
      'conv=notrunc,sparse',
      'status=none',
    ]);
    await rm(file);
  }
  const { regions } = await inspectSource(path, { ranges: true });
  for (const { start, length, used } of regions)
    await overwriteUnused(path, length, Extents.fromPairs(used!), start, seed + 50);
  return path;
}

async function makeFileSystem(
  file: string,
  { kind, sizeMiB, label = 'small', blockSize, spread }: LayoutPartition,
  startMiB: number,
  seed: number,
): Promise<void> {
  await sparseFile(file, sizeMiB * MIB);
  const files = `${file}.files`;
  await mkdir(files);
  const fileBytes = Math.min(512 * 1024, Math.floor((sizeMiB * MIB) / 64));
  for (let i = 0; i < 12; i++)
    await writeFile(join(files, `file-${i}`), noise(fileBytes - i * 331, seed + i));
  const names = Array.from({ length: 12 }, (_, i) => join(files, `file-${i}`));
  const hidden = String(startMiB * 2048);
  if (kind === 'ext4') {
    const block = blockSize === undefined ? [] : ['-b', String(blockSize)];
    await run('mke2fs', ['-q', '-F', '-t', 'ext4', ...block, '-L', label, '-d', files, file]);
  } else if (kind === 'btrfs') await run('mkfs.btrfs', ['-q', '-L', label, '-r', files, file]);
  else if (kind === 'xfs') await run('mkfs.xfs', ['-q', '-L', label, file]);
  else if (kind === 'swap') await run('mkswap', [file]);
  else if (kind === 'exfat') await run('mkfs.exfat', [file]);
  else if (kind === 'luks') await writeFile(file, 'LUKS\xba\xbe', { encoding: 'latin1', flag: 'r+' });
  else if (kind === 'ntfs') {
    await run('mkfs.ntfs', [
      '-q',
      '-Q',
      '-F',
      '-p',
      hidden,
      '-H',
      '255',
      '-S',
      '63',
      '-s',
      '512',
      '-L',
      label,
      file,
    ]);
    for (const name of names) await run('ntfscp', ['-f', file, name, name.split('/').at(-1)!]);
  } else {
    const cluster = blockSize === undefined ? [] : ['-s', String(blockSize / 512)];
    await run('mkfs.vfat', ['-F', kind.slice(3), ...cluster, '-h', hidden, '-n', label.toUpperCase(), file]);
    await run('mcopy', ['-i', file, ...names, '::']);
  }
  await rm(files, { recursive: true });
  if (spread === true) await spreadFiles(file, kind as SpreadKind, sizeMiB * MIB, seed);
}

/** The table as sfdisk reads it; sizes in bytes. Fails unless it and, for a GPT, sgdisk find it whole. */
export async function readLayout(path: string, options: { sectorSize?: number } = {}): Promise<TablePart[]> {
  const { sectorSize = 512 } = options;
  await run('sfdisk', ['--verify', path]);
  const dump = JSON.parse((await run('sfdisk', ['--json', path])).stdout) as {
    partitiontable: {
      label: string;
      partitions: { node: string; start: number; size: number; type: string; uuid?: string; name?: string }[];
    };
  };
  if (dump.partitiontable.label === 'gpt')
    assert.match((await run('sgdisk', ['-v', path])).stdout, /No problems found/);
  return dump.partitiontable.partitions.map(({ node, start, size, ...rest }) => ({
    ...rest,
    number: Number(/(\d+)$/.exec(node)![1]),
    start: start * sectorSize,
    size: size * sectorSize,
  }));
}

/** Lets the file system's own check look at partition `part` of `path`, and digests all files in it. */
export async function checkContent(
  t: TestContext,
  path: string,
  part: Pick<TablePart, 'start' | 'size'>,
  kind: LayoutKind,
): Promise<{ files: string; fileSystemBytes?: number }> {
  const { device, detach } = await attachLoop(t, path, [
    ...['--offset', String(part.start), '--sizelimit', String(part.size)],
  ]);
  try {
    return await look(device, kind);
  } finally {
    await detach();
  }
}

async function look(device: string, kind: LayoutKind): Promise<{ files: string; fileSystemBytes?: number }> {
  switch (kind) {
    case 'ext4': {
      await run('e2fsck', ['-fn', device]);
      const { stdout } = await run('dumpe2fs', ['-h', device]);
      const field = (name: string): number => Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(stdout)![1]);
      const files = await mounted(device, ['-t', 'ext4', '-o', 'ro,noload']);
      return { files, fileSystemBytes: field('Block count') * field('Block size') };
    }
    case 'ntfs': {
      await run('ntfsfix', ['--no-action', device]);
      const { stdout } = await run('ntfsinfo', ['-m', '-f', device]);
      const field = (name: string): number => Number(new RegExp(`${name}: (\\d+)`).exec(stdout)![1]);
      const files = await mounted(device, ['-t', 'ntfs-3g', '-o', 'ro']);
      return {
        files,
        fileSystemBytes: field('Volume Size in Clusters') * field('Cluster Size'),
      };
    }
    case 'swap': {
      const { stdout } = await run('blkid', ['--probe', '--output', 'export', device]);
      const lastPage = await run('od', ['--skip-bytes=1028', '--read-bytes=4', '-An', '-tu4', device]);
      const identity = /^(UUID|TYPE|LABEL)=.*$/gm;
      return {
        files: stdout.match(identity)!.join(),
        fileSystemBytes: (Number(lastPage.stdout) + 1) * 4096,
      };
    }
    case 'btrfs': {
      await run('btrfs', ['check', '--readonly', device]);
      const { stdout } = await run('btrfs', ['inspect-internal', 'dump-super', device]);
      const files = await mounted(device, ['-t', 'btrfs', '-o', 'ro']);
      return { files, fileSystemBytes: Number(/^total_bytes\s+(\d+)/m.exec(stdout)![1]) };
    }
    case 'xfs': {
      await run('xfs_repair', ['-n', device]);
      const { stdout } = await run('xfs_db', ['-r', '-c', 'sb 0', '-c', 'p dblocks blocksize', device]);
      const [blocks, size] = [...stdout.matchAll(/= (\d+)/g)].map(([, value]) => Number(value));
      return {
        files: await mounted(device, ['-t', 'xfs', '-o', 'ro,nouuid,norecovery']),
        fileSystemBytes: blocks! * size!,
      };
    }
    case 'fat16':
    case 'fat32': {
      await run('fsck.fat', ['-n', device]);
      const files = await copiedByMtools(device);
      return { files, fileSystemBytes: await fatBytes(device) };
    }
    default: {
      const file = await open(device, 'r');
      const bytes = Buffer.alloc(4096);
      await file.read(bytes, 0, bytes.length, 0);
      await file.close();
      return { files: createHash('sha256').update(bytes).digest('hex') };
    }
  }
}

async function copiedByMtools(device: string): Promise<string> {
  const folder = `/tmp/permafrost-look-${process.pid}-${device.split('/').at(-1)!}`;
  await mkdir(folder);
  try {
    await run('mcopy', ['-s', '-n', '-i', device, '::', folder]);
    return await treeDigest(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function fatBytes(device: string): Promise<number> {
  const file = await open(device, 'r');
  const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
  await file.close();
  return (buffer.readUInt16LE(19) || buffer.readUInt32LE(32)) * buffer.readUInt16LE(11);
}

async function mounted(device: string, options: readonly string[]): Promise<string> {
  const folder = `/tmp/permafrost-look-${process.pid}-${device.split('/').at(-1)!}`;
  await mkdir(folder);
  try {
    await run('mount', [...options, device, folder]);
    return await treeDigest(folder);
  } finally {
    await run('umount', [folder], { accept: [0, 32] });
    await rm(folder, { recursive: true });
  }
}

/**
 * Every partition of `source` is on `target` with its files; the one numbered `grown` fills its new place, and so do those
 * in `shrunk`, which are smaller.
 */
export async function assertLayout(
  t: TestContext,
  source: string,
  target: string,
  kinds: readonly LayoutKind[],
  grown?: number,
  shrunk: readonly number[] = [],
): Promise<void> {
  const before = await readLayout(source);
  const after = await readLayout(target);
  const identity = ({ number, type, uuid, name }: TablePart): unknown[] => [number, type, uuid, name];
  assert.deepEqual(after.map(identity), before.map(identity));
  const content = before.filter(({ type }) => !['5', 'f'].includes(type));
  for (const [i, part] of content.entries()) {
    const there = after.find(({ number }) => number === part.number)!;
    const old = await checkContent(t, source, part, kinds[i]!);
    const now = await checkContent(t, target, there, kinds[i]!);
    assert.equal(now.files, old.files, `files of partition ${part.number}`);
    if (shrunk.includes(part.number)) {
      assert.ok(there.size < part.size, `size of partition ${part.number}`);
      assert.ok(now.fileSystemBytes! <= there.size, `${now.fileSystemBytes!} of ${there.size}`);
    } else if (part.number !== grown) assert.equal(there.size, part.size, `size of partition ${part.number}`);
    else {
      assert.ok(there.size > part.size);
      assert.ok(there.size - now.fileSystemBytes! < 64 * 1024, `${now.fileSystemBytes!} of ${there.size}`);
    }
  }
}

/** "Hidden sectors" of the boot sector at `start`. */
export async function hiddenSectors(path: string, start: number): Promise<number> {
  const file = await open(path, 'r');
  const bytes = Buffer.alloc(4);
  await file.read(bytes, 0, 4, start + 28);
  await file.close();
  return bytes.readUInt32LE(0);
}
