/**
 * What tools other than Permafrost say of the demo disk: whether its file systems are sound, what files are on
 * them, and what partclone reads of them. Two equal answers mean two equal disks, as far as anyone can see.
 */
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../rescue/test/support/command.ts';
import {
  extractPartition,
  type DemoDisk,
  type DemoKind,
  type DemoPartition,
} from '../rescue/test/support/demo-disk.ts';
import { withMounted } from '../rescue/test/support/demo-mount.ts';
import { treeDigest } from '../rescue/test/support/scratch.ts';

/** What is known of one partition; `files` and `stream` are undefined for swap. */
export interface PartitionProof {
  readonly partition: DemoPartition;
  /** The file system checker, and what it said if it found fault. */
  readonly checker: string;
  readonly fault: string | undefined;
  /** Path → kind, size and SHA-256 of everything in it. */
  readonly files: ReadonlyMap<string, string>;
  /** SHA-256 of what partclone saves of it (of swap: of its header). */
  readonly stream: string;
}

export interface DiskProof {
  /** The partition table as sfdisk prints it. */
  readonly table: string;
  readonly partitions: readonly PartitionProof[];
}

const checkers: Readonly<Record<DemoKind, readonly string[]>> = {
  fat32: ['fsck.fat', '-n'],
  ext4: ['e2fsck', '-fn'],
  ntfs: ['ntfsresize', '--info', '--force', '--no-progress-bar'], // Checks every cluster's owner against the bitmap.
  exfat: ['fsck.exfat', '-n'],
  swap: ['swaplabel'],
};

const partclones = {
  fat32: 'partclone.fat',
  ext4: 'partclone.extfs',
  ntfs: 'partclone.ntfs',
  exfat: 'partclone.exfat',
};

async function readFiles(kind: DemoKind, image: string, work: string): Promise<string> {
  const out = join(work, `${kind}-out`);
  if (kind === 'swap') return '';
  if (kind === 'ntfs' || kind === 'exfat') return withMounted(kind, image, out, true, treeDigest);
  await mkdir(out);
  if (kind === 'fat32') await run('mcopy', ['-s', '-n', '-i', image, '::*', out]);
  else await run('debugfs', ['-R', `rdump / ${out}`, image]);
  const digest = await treeDigest(out);
  await rm(out, { recursive: true });
  return digest;
}

/** The SHA-256 of what partclone writes when it saves the used blocks. */
async function partcloneDigest(program: string, image: string, work: string): Promise<string> {
  const log = join(work, `${program}.log`);
  const child = spawn(program, ['-c', '-s', image, '-o', '-', '-L', log], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, LC_ALL: 'C', TERM: 'dumb' },
  });
  const hash = createHash('sha256');
  child.stdout.on('data', (bytes: Buffer) => hash.update(bytes));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${program} failed:\n${await readFile(log, 'utf8').catch(() => '')}`);
  await rm(log, { force: true });
  return hash.digest('hex');
}

async function provePartition(
  disk: DemoDisk,
  partition: DemoPartition,
  work: string,
): Promise<PartitionProof> {
  const { kind } = partition;
  const image = join(work, `${kind}.img`);
  await extractPartition(disk, partition, image);
  const [checker = '', ...options] = checkers[kind];
  const check = await run(checker, [...options, image], {
    accept: Array.from({ length: 128 }, (_, code) => code),
  });
  const fault = check.code === 0 ? undefined : `exit ${check.code}: ${check.stdout}${check.stderr}`;
  const lines = (await readFiles(kind, image, work)).split('\n').filter((line) => line !== '');
  const files = new Map(
    lines.map((line) => {
      const [, type = '', path = '', rest = ''] = /^(.) (.*?)((?: \d+ [0-9a-f]{64})?)$/.exec(line) ?? [];
      return [path, type + rest];
    }),
  );
  const stream =
    kind === 'swap'
      ? createHash('sha256')
          .update((await readFile(image)).subarray(0, 4096))
          .digest('hex')
      : await partcloneDigest(partclones[kind], image, work);
  await rm(image);
  return { partition, checker: [checker, ...options].join(' '), fault, files, stream };
}

/** Asks all of them; `work` is a folder with 1 GB free. */
export async function proveDisk(disk: DemoDisk, work: string): Promise<DiskProof> {
  const table = (await run('sfdisk', ['--dump', disk.path])).stdout;
  const partitions: PartitionProof[] = [];
  for (const partition of disk.partitions) partitions.push(await provePartition(disk, partition, work));
  return { table, partitions };
}

/** The first few paths at which two trees differ; none if they are the same. */
export function differingFiles(
  expected: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string, string>,
): string[] {
  const paths = new Set([...expected.keys(), ...actual.keys()]);
  return [...paths].filter((path) => expected.get(path) !== actual.get(path)).slice(0, 5);
}
