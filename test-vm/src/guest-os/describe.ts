/**
 * What is on a disk with the small Linux, as tools of others see it: its table, and the SHA-256 of every file in every
 * file system, each of which a checker has to be content with. No root, nothing is mounted.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../tool.ts';
import { layouts, type FileSystemPlace, type LayoutName } from './layouts.ts';

interface Partition {
  readonly start: number;
  readonly size: number;
}

/** By their numbers. */
async function readPartitions(disk: string, sectorSize: number): Promise<Map<number, Partition>> {
  const options = [
    '--sector-size',
    String(sectorSize),
    '--raw',
    '--noheadings',
    '--output',
    'NR,START,SECTORS',
  ];
  const lines = (await runTool('partx', [...options, disk])).trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [number, start, size] = line.split(' ').map(Number);
      // It counts in sectors of 512 bytes, whatever the disk has.
      return [number!, { start: start! * 512, size: size! * 512 }];
    }),
  );
}

/** The table as text, found well by those who made it; sfdisk reads a file with sectors of 512 bytes alone. */
async function readTable(disk: string, sectorSize: number): Promise<string> {
  if (sectorSize === 512) {
    await runTool('sfdisk', ['--verify', disk]);
    return (await runTool('sfdisk', ['--dump', disk])).replaceAll(disk, 'disk');
  }
  return (await runTool('fdisk', ['-b', String(sectorSize), '-l', disk])).replaceAll(disk, 'disk');
}

async function copyOut(disk: string, start: number, size: number, to: string): Promise<void> {
  const file = await open(to, 'w');
  try {
    for await (const piece of createReadStream(disk, {
      start,
      end: start + size - 1,
      highWaterMark: 1 << 20,
    }))
      await file.write(piece as Buffer);
  } finally {
    await file.close();
  }
}

/** For each kind: checks the file system and unpacks its files into the new folder `to`. */
const readers: Readonly<Record<FileSystemPlace['kind'], (image: string, to: string) => Promise<void>>> = {
  async ext4(image, to) {
    await runTool('e2fsck', ['-f', '-n', image]);
    await runTool('debugfs', ['-R', `rdump / ${to}`, image]);
  },
  async btrfs(image, to) {
    await runTool('btrfs', ['check', '--readonly', image]);
    await runTool('btrfs', ['restore', image, to]);
  },
  async fat(image, to) {
    await runTool('fsck.fat', ['-n', image]);
    await runTool('mcopy', ['-s', '-i', image, '::*', to]);
  },
};

/**
 * Everything about `disk`, whose sectors have `sectorSize` bytes, by names that say what; two disks with the same
 * content give the same, but for `table` where they are of different sizes.
 */
export async function describeDisk(
  disk: string,
  name: LayoutName,
  sectorSize = 512,
): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  found['table'] = await readTable(disk, sectorSize);
  const partitions = await readPartitions(disk, sectorSize);
  const work = await mkdtemp(`${disk}-work-`);
  try {
    for (const { partition: number, kind } of layouts[name].fileSystems) {
      const { start, size } = partitions.get(number)!;
      const [image, files] = [join(work, `${number}.img`), join(work, String(number))];
      await copyOut(disk, start, size, image);
      await mkdir(files);
      await readers[kind](image, files);
      for (const entry of await readdir(files, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath, entry.name);
        const sum = createHash('sha256')
          .update(await readFile(path))
          .digest('hex');
        found[`partition ${number}: ${path.slice(files.length)}`] = sum;
      }
    }
  } finally {
    await rm(work, { recursive: true });
  }
  return found;
}
