/** Trees that look like /sys, /proc, /run and /dev to the engine, made of plain files and links. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { TestContext } from 'node:test';
import type { System } from '../../src/engine/device/system.ts';
import { scratchFolder } from '../support/scratch.ts';

export interface FakeDisk {
  /** `major:minor`. */
  readonly number: string;
  /** Folder below /sys, for example `devices/pci0000:00/…/block/sda`; default that of a virtual device. */
  readonly at?: string;
  /** Attributes below that folder; `size` is in sectors of 512 bytes. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Partitions by name. */
  readonly partitions?: Readonly<
    Record<
      string,
      { readonly number: string; readonly partition: number; readonly start: number; readonly size: number }
    >
  >;
  /** Names of devices that it is made of. */
  readonly slaves?: readonly string[];
}

export interface FakeOptions {
  readonly disks: Readonly<Record<string, FakeDisk>>;
  readonly mounts?: readonly string[];
  readonly swaps?: readonly string[];
  /** Files below /run. */
  readonly run?: Readonly<Record<string, string>>;
  /** Members of mounted Btrfs file systems by UUID. */
  readonly btrfs?: Readonly<Record<string, readonly string[]>>;
}

export type FakeSystem = System & { readonly root: string };

/** A system with these disks; `{root}` in mounts, swaps and attributes stands for the scratch folder. */
export async function fakeSystem(t: TestContext, options: FakeOptions): Promise<FakeSystem> {
  const root = await scratchFolder(t, 'system');
  const system = {
    root,
    sysRoot: join(root, 'sys'),
    procRoot: join(root, 'proc'),
    runRoot: join(root, 'run'),
    devRoot: join(root, 'dev'),
    stateRoot: join(root, 'run/permafrost'),
  };
  const fill = (text: string): string => text.replaceAll('{root}', root);
  const folders = new Map<string, string>();

  const node = async (name: string, number: string, folder: string): Promise<void> => {
    folders.set(name, folder);
    await put(join(folder, 'dev'), `${number}\n`);
    await link(join(system.sysRoot, 'dev/block', number), folder);
    await link(join(system.sysRoot, 'class/block', name), folder);
    await put(join(system.devRoot, name.replaceAll('!', '/')), '');
  };
  for (const [name, disk] of Object.entries(options.disks)) {
    const folder = join(system.sysRoot, disk.at ?? `devices/virtual/block/${name}`);
    await node(name, disk.number, folder);
    await link(join(system.sysRoot, 'block', name), folder);
    for (const [file, content] of Object.entries(disk.files ?? {}))
      await put(join(folder, file), typeof content === 'string' ? fill(content) : content);
    for (const [part, { number, partition, start, size }] of Object.entries(disk.partitions ?? {})) {
      await node(part, number, join(folder, part));
      await put(join(folder, part, 'partition'), String(partition));
      await put(join(folder, part, 'start'), String(start));
      await put(join(folder, part, 'size'), String(size));
      await put(join(folder, part, 'ro'), '0');
    }
  }
  for (const [name, { slaves = [] }] of Object.entries(options.disks)) {
    for (const slave of slaves) {
      await link(join(folders.get(name)!, 'slaves', slave), folders.get(slave)!);
      await link(join(folders.get(slave)!, 'holders', name), folders.get(name)!);
    }
  }
  for (const [uuid, members] of Object.entries(options.btrfs ?? {})) {
    for (const member of members)
      await link(join(system.sysRoot, 'fs/btrfs', uuid, 'devices', member), folders.get(member)!);
  }
  await put(join(system.procRoot, 'self/mountinfo'), fill((options.mounts ?? []).join('\n')));
  await put(join(system.procRoot, 'swaps'), fill(['Filename Type', ...(options.swaps ?? [])].join('\n')));
  for (const [path, text] of Object.entries(options.run ?? {})) await put(join(system.runRoot, path), text);
  return system;
}

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

async function link(path: string, target: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await symlink(relative(dirname(path), target), path);
}
