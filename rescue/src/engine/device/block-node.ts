/** Block devices as sysfs shows them (kernel documentation, ABI/stable/sysfs-block): who is part of whom. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readNumber, readText, type System } from './system.ts';

/** A whole disk or a partition. */
export interface BlockNode {
  /** The kernel's name, for example `sda1`, `cciss!c0d0`. */
  readonly name: string;
  /** For example `/dev/sda1`. */
  readonly path: string;
  /** `major:minor`. */
  readonly deviceNumber: string;
  /** Its folder in sysfs. */
  readonly folder: string;
  /** Number of a partition. */
  readonly partition?: number;
}

/** The device `major:minor`. */
export function nodeByNumber(system: System, deviceNumber: string): Promise<BlockNode | undefined> {
  return nodeAt(system, join(system.sysRoot, 'dev/block', deviceNumber));
}

/** The device that the node at `path` (or where a link there leads) stands for. */
export async function nodeByPath(system: System, path: string): Promise<BlockNode | undefined> {
  let real: string;
  let rdev: bigint | undefined;
  try {
    real = await realpath(path);
    const stats = await stat(real, { bigint: true });
    rdev = stats.isBlockDevice() ? stats.rdev : undefined;
  } catch {
    return undefined;
  }
  if (rdev !== undefined) return nodeByNumber(system, formatDeviceNumber(rdev));
  // Trees made for tests have no device nodes: there the name stands for the device.
  const isDeviceName = system.devRoot !== '/dev' && real.startsWith(`${system.devRoot}/`);
  if (!isDeviceName) return undefined;
  const name = real.slice(system.devRoot.length + 1).replaceAll('/', '!');
  return nodeAt(system, join(system.sysRoot, 'class/block', name));
}

/** `major:minor` of a device number as stat(2) gives it. */
export function formatDeviceNumber(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

/** The device whose folder in sysfs a link at `path` leads to. */
export async function nodeAt(system: System, path: string): Promise<BlockNode | undefined> {
  let folder: string;
  try {
    folder = await realpath(path);
  } catch {
    return undefined;
  }
  const deviceNumber = await readText(join(folder, 'dev'));
  if (deviceNumber === undefined) return undefined;
  const partition = await readNumber(join(folder, 'partition'));
  const name = basename(folder);
  return {
    name,
    path: join(system.devRoot, name.replaceAll('!', '/')),
    deviceNumber,
    folder,
    ...(partition === undefined ? {} : { partition }),
  };
}

/** The disk that a node is, or is a partition of. */
export async function wholeDisk(system: System, node: BlockNode): Promise<BlockNode> {
  if (node.partition === undefined) return node;
  return (await nodeAt(system, dirname(node.folder))) ?? node;
}

/** The partitions of a disk that the kernel knows, by number. */
export async function partitionsOf(system: System, disk: BlockNode): Promise<BlockNode[]> {
  const names = (await list(disk.folder)).filter((name) => name.startsWith(disk.name));
  const nodes = await Promise.all(names.map((name) => nodeAt(system, join(disk.folder, name))));
  return nodes
    .filter((node) => node?.partition !== undefined)
    .map((node) => node!)
    .sort((a, b) => a.partition! - b.partition!);
}

/** The devices that a node is made of (`slaves`), or that are made of it (`holders`): dm, md, bcache. */
export async function linkedNodes(
  system: System,
  node: BlockNode,
  kind: 'slaves' | 'holders',
): Promise<BlockNode[]> {
  const folder = join(node.folder, kind);
  const nodes = await Promise.all((await list(folder)).map((name) => nodeAt(system, join(folder, name))));
  return nodes.filter((found) => found !== undefined);
}

/** The file behind a loop device, as the kernel names it. */
export async function backingFile(
  node: BlockNode,
): Promise<{ readonly path: string; readonly isDeleted: boolean } | undefined> {
  const text = await readText(join(node.folder, 'loop/backing_file'));
  if (text === undefined || text === '') return undefined;
  const isDeleted = text.endsWith(' (deleted)');
  return { path: isDeleted ? text.slice(0, -' (deleted)'.length) : text, isDeleted };
}

/** All disks (not partitions) that the kernel has, by name. */
export async function allDisks(system: System): Promise<BlockNode[]> {
  const folder = join(system.sysRoot, 'block');
  const names = (await list(folder)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const nodes = await Promise.all(names.map((name) => nodeAt(system, join(folder, name))));
  return nodes.filter((node) => node !== undefined);
}

/** The devices of the mounted Btrfs file system that `member` belongs to, itself included; none if it is in none. */
export async function btrfsDevices(system: System, member: BlockNode): Promise<BlockNode[]> {
  const root = join(system.sysRoot, 'fs/btrfs');
  for (const uuid of await list(root)) {
    const folder = join(root, uuid, 'devices');
    const nodes = await Promise.all((await list(folder)).map((name) => nodeAt(system, join(folder, name))));
    const devices = nodes.filter((node) => node !== undefined);
    if (devices.some(({ deviceNumber }) => deviceNumber === member.deviceNumber)) return devices;
  }
  return [];
}

async function list(folder: string): Promise<string[]> {
  return readdir(folder).then(
    (names) => names.sort(),
    () => [],
  );
}
