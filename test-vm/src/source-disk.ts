/**
 * Small disks like those that people have, as files: a partition table, FAT, ext4 and NTFS with files of their own, and
 * noise wherever no file is. Made, and later judged, with the usual tools, none of which needs root.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { noisyFile } from './files.ts';
import { runTool } from './tool.ts';

const MiB = 1 << 20;
const kinds = ['fat', 'ext4', 'ntfs'] as const;
type Kind = (typeof kinds)[number];

/** MiB of each partition; the first begins at 1 MiB, and 1 MiB stays free at the end. */
const sizesMiB: Readonly<Record<Kind, number>> = { fat: 20, ext4: 22, ntfs: 20 };
export const sourceDiskBytes = 64 * MiB;

export interface SourceDiskOptions {
  /** Names its files, and decides what is in them: two disks differ. */
  readonly name: string;
  readonly sectorSizeBytes?: 512 | 4096;
}

/** Makes such a disk of {@link sourceDiskBytes} at `path`. */
export async function makeSourceDisk(path: string, options: SourceDiskOptions): Promise<string> {
  const { name, sectorSizeBytes: sector = 512 } = options;
  const seed = createHash('sha256').update(name).digest().readUInt32LE();
  await noisyFile(path, sourceDiskBytes, seed);
  await writeTable(path, sector);
  const work = await mkdtemp(`${path}-work-`);
  try {
    for (const [index, kind] of kinds.entries()) {
      const files = join(work, kind);
      await makeFiles(files, `${name} ${kind}`, seed + index);
      const image = await noisyFile(join(work, `${kind}.img`), sizesMiB[kind] * MiB, seed + 10 + index);
      await makeFileSystem(kind, image, files, sector);
      const to = await open(path, 'r+');
      await to.write(await readFile(image), 0, sizesMiB[kind] * MiB, startOf(kind));
      await to.close();
    }
  } finally {
    await rm(work, { recursive: true });
  }
  return path;
}

const startOf = (kind: Kind): number =>
  MiB + kinds.slice(0, kinds.indexOf(kind)).reduce((sum, before) => sum + sizesMiB[before] * MiB, 0);

async function writeTable(path: string, sector: number): Promise<void> {
  // sfdisk takes a file's sectors for 512 bytes: it can write the MBR of a disk with larger ones, and no GPT of it.
  const types =
    sector === 512 ? { fat: 'U', ext4: 'L', ntfs: 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7' } : mbrTypes;
  const lines = kinds.map(
    (kind) => `start=${startOf(kind) / sector}, size=${(sizesMiB[kind] * MiB) / sector}, type=${types[kind]}`,
  );
  const label = sector === 512 ? 'gpt' : 'dos';
  await runTool(
    'sfdisk',
    ['--quiet', '--wipe', 'always', path],
    [`label: ${label}`, ...lines, ''].join('\n'),
  );
}

const mbrTypes = { fat: 'e', ext4: '83', ntfs: '7' } as const;

async function makeFiles(folder: string, name: string, seed: number): Promise<void> {
  await mkdir(folder);
  await writeFile(join(folder, 'whose.txt'), `${name}\n`);
  await writeFile(join(folder, 'letter.txt'), `${name} writes the same again and again.\n`.repeat(12000));
  await noisyFile(join(folder, 'picture.jpg'), 1 << 21, seed + 20);
}

async function makeFileSystem(kind: Kind, image: string, files: string, sector: number): Promise<void> {
  const names = await readdir(files);
  switch (kind) {
    case 'fat':
      await runTool('mkfs.fat', ['-S', String(sector), image]);
      await runTool('mcopy', ['-i', image, ...names.map((name) => join(files, name)), '::/']);
      return;
    case 'ext4':
      await runTool('mke2fs', [
        '-q',
        '-F',
        '-t',
        'ext4',
        '-b',
        '4096',
        '-E',
        'nodiscard',
        '-d',
        files,
        image,
      ]);
      return;
    case 'ntfs':
      await runTool('mkntfs', ['-q', '-Q', '-F', '-s', String(sector), '-c', '4096', image]);
      for (const name of names) await runTool('ntfscp', ['-q', image, join(files, name), name]);
  }
}

/** Where a partition of such a disk is, in bytes. */
export interface SourcePlace {
  readonly startBytes: number;
  readonly sizeBytes: number;
}

/** The partitions as the table on `path` has them, in their order; sectors of 512 bytes. */
export async function readSourcePlaces(path: string): Promise<SourcePlace[]> {
  const dump = JSON.parse(await runTool('sfdisk', ['--json', path])) as {
    partitiontable: { partitions: { start: number; size: number }[] };
  };
  return dump.partitiontable.partitions.map(({ start, size }) => ({
    startBytes: start * 512,
    sizeBytes: size * 512,
  }));
}

/**
 * What such a disk holds, for comparisons: its table, and the SHA-256 of every file. Throws where a checker finds
 * something, or a table or a file is not there. `places`: where its partitions are now, if they were moved.
 */
export async function describeSourceDisk(
  path: string,
  places?: readonly SourcePlace[],
): Promise<Readonly<Record<string, string>>> {
  const dump = await runTool('sfdisk', ['--dump', path]);
  const found: Record<string, string> = { table: dump.replaceAll(path, 'disk') };
  const work = await mkdtemp(`${path}-work-`);
  try {
    for (const [index, kind] of kinds.entries()) {
      const image = join(work, `${kind}.img`);
      const usual = { startBytes: startOf(kind), sizeBytes: sizesMiB[kind] * MiB };
      const { startBytes, sizeBytes } = places?.[index] ?? usual;
      const from = await open(path, 'r');
      const { buffer } = await from.read(Buffer.alloc(sizeBytes), 0, sizeBytes, startBytes);
      await from.close();
      await writeFile(image, buffer);
      for (const [name, bytes] of await readFiles(kind, image, join(work, kind)))
        found[`${kind}: ${name}`] = createHash('sha256').update(bytes).digest('hex');
    }
  } finally {
    await rm(work, { recursive: true });
  }
  return found;
}

async function readFiles(kind: Kind, image: string, folder: string): Promise<[string, Buffer][]> {
  await mkdir(folder);
  switch (kind) {
    case 'fat':
      await runTool('fsck.fat', ['-n', image]);
      await runTool('mcopy', ['-s', '-i', image, '::*', folder]);
      break;
    case 'ext4':
      await runTool('e2fsck', ['-f', '-n', image]);
      await runTool('debugfs', ['-R', `rdump / ${folder}`, image]);
      break;
    case 'ntfs':
      await runTool('ntfsfix', ['-n', image]);
      for (const name of ['whose.txt', 'letter.txt', 'picture.jpg'])
        await writeFile(join(folder, name), await readNtfsFile(image, name));
  }
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.sort().map(async (file) => [file.slice(folder.length + 1), await readFile(file)]));
}

async function readNtfsFile(image: string, name: string): Promise<Buffer> {
  // ntfscat writes to standard output only, and its bytes are no text.
  return Buffer.from(
    await runTool('bash', ['-o', 'pipefail', '-c', 'ntfscat -f "$1" "$2" | base64', 'bash', image, name]),
    'base64',
  );
}
