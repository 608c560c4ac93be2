/** What tests of sizes, of growing and of shrinking begin with: disks, their images, and tools that are not what they seem. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { DiskPlan } from '../../src/engine/index.ts';
import { run } from '../support/command.ts';
import { attachLoop, scratchFolder } from '../support/scratch.ts';
import {
  makeLayout,
  readLayout,
  type LayoutDisk,
  type LayoutKind,
  type LayoutPartition,
} from './support-layout.ts';
import { permafrost, type CliResult } from './support.ts';

const EFI = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B';
const RESERVED = 'E3C9E316-0B5C-4DB8-817D-F92DF00215AE';
const RECOVERY = 'DE94BBA4-06D1-4D40-A16A-BFD50179D6AC';

/** Partitions as Windows makes them when it installs itself, but small. */
export const windowsParts = {
  efi: { kind: 'fat32', sizeMiB: 34, type: EFI },
  reserved: { kind: 'luks', sizeMiB: 1, type: RESERVED },
  system: { kind: 'ntfs', sizeMiB: 60, label: 'Windows' },
  recovery: { kind: 'ntfs', sizeMiB: 20, type: RECOVERY, label: 'Recovery' },
} as const satisfies Readonly<Record<string, LayoutPartition>>;

/** The same system partition where there is hardly room for it. */
export const smallEfi = { kind: 'fat16', sizeMiB: 12, type: EFI } as const satisfies LayoutPartition;

/** A GPT with a single partition; the disk has 8 MiB more than that unless `diskMiB` says otherwise. */
export function single(
  kind: LayoutKind,
  sizeMiB: number,
  { diskMiB = sizeMiB + 8, ...part }: Partial<LayoutPartition> & { readonly diskMiB?: number } = {},
): LayoutDisk {
  return { table: 'gpt', sizeMiB: diskMiB, partitions: [{ ...part, kind, sizeMiB }] };
}

export interface Made {
  /** Removed after the test. */
  readonly folder: string;
  /** The file of the disk, in it. */
  readonly source: string;
}

export async function madeDisk(t: TestContext, name: string, disk: LayoutDisk): Promise<Made> {
  const folder = await scratchFolder(t, name);
  return { folder, source: await makeLayout(join(folder, 'source.img'), disk) };
}

/** The disk, and the image "it" of it in a repository beside it. `change` comes before that. */
export async function imagedDisk(
  t: TestContext,
  name: string,
  disk: LayoutDisk,
  change?: (source: string) => Promise<void>,
): Promise<Made & { readonly repo: string }> {
  const made = await madeDisk(t, name, disk);
  await change?.(made.source);
  return { ...made, repo: await imageOf(made) };
}

/** Makes the image "it" of a disk. */
export async function imageOf({ folder, source }: Made): Promise<string> {
  const repo = join(folder, 'repository');
  await permafrost(['image', source, '--repo', repo, '--name', 'it']);
  return repo;
}

/** Runs `command` on the partition that comes as number `index` of `path`, from 0; the device is its last argument. */
export async function onPartition(
  t: TestContext,
  path: string,
  index: number,
  command: readonly [string, ...string[]],
): Promise<void> {
  const part = (await readLayout(path))[index]!;
  const place = ['--offset', String(part.start), '--sizelimit', String(part.size)];
  const { device, detach } = await attachLoop(t, path, place);
  await run(command[0], [...command.slice(1), device]);
  await detach();
}

/** Leaves the ext4 in the first partition of `path` as a power cut does. */
export const withoutShutDown = (t: TestContext, path: string): Promise<void> =>
  onPartition(t, path, 0, ['debugfs', '-w', '-R', 'ssv state 0']);

/** An environment in which resize2fs is this shell script; the real one is `REAL` in it. */
export async function withResize2fs(folder: string, script: string): Promise<{ PATH: string }> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const real = (await run('which', ['resize2fs'])).stdout.trim();
  await writeFile(join(bin, 'resize2fs'), `#!/bin/sh\n${script.replaceAll('REAL', real)}\n`);
  await chmod(join(bin, 'resize2fs'), 0o755);
  return { PATH: `${bin}:${process.env['PATH']!}` };
}

/** Damages the ext4 that a script of {@link withResize2fs} is given. */
export const damage = 'dd if=/dev/zero of="$1" bs=4096 count=600 seek=4 conv=notrunc status=none';

/** A folder in which 4 MiB are free. */
export async function tightFolder(folder: string): Promise<string> {
  const small = join(folder, 'small');
  await mkdir(small);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'permafrost-test', small]);
  return small;
}

/** The plan of the first disk that a command printed as JSON. */
export function planned({ events }: Pick<CliResult, 'events'>): DiskPlan {
  return (events.find(({ type }) => type === 'plan') as unknown as { disks: DiskPlan[] }).disks[0]!;
}

/** The size in bytes that a refusal asks for. */
export function neededBytes({ stderr }: Pick<CliResult, 'stderr'>): number {
  return Number(/and (\d+) are needed/.exec(stderr.replaceAll(/\s+/g, ' '))![1]);
}
