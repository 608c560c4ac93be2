/**
 * A disk like one that people have, as an image file: GPT, an EFI system partition, Linux, Windows, a camera's
 * exFAT partition and swap, with real files, and noise wherever no file is. Made with the tools that everyone
 * uses (sfdisk, mkfs.*, mtools, ntfs-3g, exfat-fuse), not with anything of Permafrost.
 */
import { constants } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import {
  changeFiles,
  makeBootFiles,
  makeCameraFiles,
  makeLinuxFiles,
  makeNews,
  makeWindowsFiles,
} from './demo-files.ts';
import { withMounted } from './demo-mount.ts';
import { noise } from './scratch.ts';

const MiB = 1024 * 1024;

export type DemoKind = 'fat32' | 'ext4' | 'ntfs' | 'exfat' | 'swap';

export interface DemoPartition {
  readonly number: number;
  readonly kind: DemoKind;
  readonly label: string;
  readonly startBytes: number;
  readonly sizeBytes: number;
}

export interface DemoDisk {
  readonly path: string;
  readonly sizeBytes: number;
  readonly partitions: readonly DemoPartition[];
}

const layout: readonly { kind: DemoKind; label: string; sizeMiB: number; type: string }[] = [
  { kind: 'fat32', label: 'ESP', sizeMiB: 100, type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B' },
  { kind: 'ext4', label: 'demo-root', sizeMiB: 420, type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4' },
  { kind: 'ntfs', label: 'Windows', sizeMiB: 230, type: 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7' },
  { kind: 'exfat', label: 'CAMERA', sizeMiB: 208, type: 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7' },
  { kind: 'swap', label: 'demo-swap', sizeMiB: 64, type: '0657FD6D-A4AB-43C4-84E5-0933C84B4F4F' },
];
const diskMiB = 1024;

/** Fills `path` (created if absent) with noise from `startMiB` to `endMiB`; another `seed`, other noise. */
export async function fillFile(path: string, startMiB: number, endMiB: number, seed: number): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT);
  const pool = noise(16 * MiB, seed);
  for (let at = startMiB * MiB; at < endMiB * MiB; at += pool.length) {
    for (let page = 0; page < pool.length; page += 65536) pool.writeUInt32LE((at + page) / 65536, page);
    await file.write(pool, 0, Math.min(pool.length, endMiB * MiB - at), at);
  }
  await file.close();
}

/** Copies a partition out of the disk into a file of its own. */
export async function extractPartition(disk: DemoDisk, part: DemoPartition, path: string): Promise<void> {
  const range = [`skip=${part.startBytes / MiB}`, `count=${part.sizeBytes / MiB}`];
  await run('dd', ['bs=1M', 'status=none', `if=${disk.path}`, `of=${path}`, ...range]);
}

async function insertPartition(disk: DemoDisk, part: DemoPartition, path: string): Promise<void> {
  await run('dd', [
    'bs=1M',
    'status=none',
    'conv=notrunc',
    `if=${path}`,
    `of=${disk.path}`,
    `seek=${part.startBytes / MiB}`,
  ]);
}

/** Copies what is in `folder` into the mounted `target`. */
async function copyInto(folder: string, target: string): Promise<void> {
  await run('cp', ['-r', `${folder}/.`, target]);
}

/** Makes the file system of one kind in the file `image`, with its files. */
async function fill(kind: DemoKind, label: string, image: string, work: string): Promise<void> {
  const files = join(work, `${kind}-files`);
  await mkdir(files);
  switch (kind) {
    case 'fat32':
      await makeBootFiles(files);
      await run('mkfs.fat', ['-F', '32', '-n', label, image]);
      for (const name of (await readdir(files)).sort())
        await run('mcopy', ['-s', '-i', image, join(files, name), '::/']);
      break;
    case 'ext4':
      await makeLinuxFiles(files);
      await run('mke2fs', [
        '-q',
        '-F',
        '-t',
        'ext4',
        '-b',
        '4096',
        '-L',
        label,
        '-E',
        'nodiscard,lazy_itable_init=0',
        '-d',
        files,
        image,
      ]);
      break;
    case 'ntfs':
      await makeWindowsFiles(files);
      await run('mkntfs', ['--quiet', '--quick', '--force', '--label', label, image]);
      await withMounted('ntfs', image, join(work, 'mount'), false, (mount) => copyInto(files, mount));
      break;
    case 'exfat':
      await makeCameraFiles(files);
      await run('mkfs.exfat', ['-L', label, image]);
      await withMounted('exfat', image, join(work, 'mount'), false, (mount) => copyInto(files, mount));
      break;
    case 'swap':
      await run('mkswap', ['--label', label, image]);
      break;
  }
  await rm(files, { recursive: true });
}

/** Makes the demo disk at `path`; `work` is a folder for 1 GB of files that are gone afterwards. */
export async function makeDemoDisk(path: string, work: string): Promise<DemoDisk> {
  await rm(path, { force: true });
  await fillFile(path, 0, 1, 1);
  let startMiB = 1;
  const partitions = layout.map(({ kind, label, sizeMiB }, index): DemoPartition => {
    const startBytes = startMiB * MiB;
    startMiB += sizeMiB;
    return { number: index + 1, kind, label, startBytes, sizeBytes: sizeMiB * MiB };
  });
  await fillFile(path, startMiB, diskMiB, 2);
  const disk: DemoDisk = { path, sizeBytes: diskMiB * MiB, partitions };
  const lines = layout.map(({ sizeMiB, type, label }) => `size=${sizeMiB}MiB, type=${type}, name="${label}"`);
  await run('sfdisk', ['--quiet', '--wipe', 'always', path], {
    input: ['label: gpt', ...lines, ''].join('\n'),
  });
  for (const part of partitions) {
    const image = join(work, `${part.kind}.img`);
    await fillFile(image, 0, part.sizeBytes / MiB, 10 + part.number);
    await fill(part.kind, part.label, image, work);
    await insertPartition(disk, part, image);
    await rm(image);
  }
  return disk;
}

/** Files of a Linux package get new versions, news come in, old letters go: what debugfs is told to do. */
async function linuxChanges(image: string, work: string): Promise<string[]> {
  const lib = '/usr/lib/prettier';
  const names = (await run('debugfs', ['-R', `ls -p ${lib}`, image])).stdout
    .split('\n')
    .map((line) => line.split('/'))
    .filter((fields) => fields[2]?.startsWith('10') === true)
    .map((fields) => fields[5]!)
    .sort()
    .slice(0, 6);
  const orders = [`cd ${lib}`];
  for (const name of names) {
    const copy = join(work, `package-${name}`);
    await run('debugfs', ['-R', `dump ${lib}/${name} ${copy}`, image]);
    const file = await open(copy, 'a');
    await file.write(`// upgraded, ${(await stat(copy)).size} bytes before\n`);
    await file.close();
    orders.push(`rm ${name}`, `write ${copy} ${name}`);
  }
  await makeNews(join(work, 'news'));
  orders.push('cd /home/ada', 'mkdir New', 'cd New');
  for (const name of await readdir(join(work, 'news')))
    orders.push(`write ${join(work, 'news', name)} ${name}`);
  return [
    ...orders,
    'cd ..',
    'rm letters/1981/letter-1.txt',
    'rmdir letters/1981',
    'rm photographs/IMG_0003.JPG',
  ];
}

/** A day passes: on every file system files are written anew, added and removed. */
export async function changeDemoDisk(disk: DemoDisk, work: string): Promise<void> {
  for (const part of disk.partitions) {
    if (part.kind === 'swap') continue;
    const image = join(work, `${part.kind}.img`);
    await extractPartition(disk, part, image);
    if (part.kind === 'fat32') {
      await makeNews(join(work, 'news'));
      await run('mcopy', ['-i', image, join(work, 'news/Tuesday.txt'), '::/NEWS.TXT']);
      await run('mcopy', ['-o', '-i', image, join(work, 'news/IMG_91.JPG'), '::/EFI/BOOT/BOOTX64.EFI']);
      await run('mdel', ['-i', image, '::/EFI/demo/grub.cfg']);
      await rm(join(work, 'news'), { recursive: true });
    } else if (part.kind === 'ext4') {
      const orders = await linuxChanges(image, work);
      await run('debugfs', ['-w', '-f', '-', image], { input: [...orders, ''].join('\n') });
    } else {
      await withMounted(part.kind, image, join(work, 'mount'), false, changeFiles);
    }
    await insertPartition(disk, part, image);
    await rm(image);
  }
  for (const name of await readdir(work)) await rm(join(work, name), { recursive: true });
}
