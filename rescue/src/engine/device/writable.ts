/**
 * Sets protected disks writable for as long as somebody needs it, and read-only again after the last one, even if
 * that one was killed. Disks that nobody protects are left as they are.
 */
import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { native, type NativeError } from 'blockdev-native';
import { PermafrostError } from '../base/errors.ts';
import { ownIdentity } from '../base/process-identity.ts';
import { linkedNodes, nodeAt, nodeByPath, partitionsOf, wholeDisk, type BlockNode } from './block-node.ts';
import { readAllMounts } from './mounts.ts';
import { hasProtectionNote } from './protection.ts';
import { liveSystem, readNumber, readText, type System } from './system.ts';
import {
  journaledDisks,
  readEntry,
  removeEntry,
  sortHolders,
  withJournal,
  writeEntry,
  type Holder,
} from './writable-journal.ts';

const execute = promisify(execFile);
const MAX_DEPTH = 16;

/** A disk that may be written until it is released. */
export interface Writable {
  /** Protects it again, unless others still need it. Idempotent. */
  release(): Promise<void>;
}

export interface WritableOptions {
  /** Where the caller is going to mount it: after a crash it is unmounted there first. */
  readonly mountPoint?: string;
}

/**
 * Makes the disk, or partition, at `path` (or what it is made of) writable if it is the rescue environment that
 * keeps it read-only; otherwise does nothing. Throws `device/read-only` if it stays so.
 */
export async function acquireWritable(
  path: string,
  options: WritableOptions = {},
  system: System = liveSystem,
): Promise<Writable> {
  const node = await nodeByPath(system, path);
  const disks = node === undefined ? [] : await protectedDisks(system, node);
  const holder: Holder = { ...(await ownIdentity()), id: randomUUID(), ...options };
  const taken: BlockNode[] = [];
  let releasing: Promise<void> | undefined;
  const release = async (): Promise<void> => {
    for (const disk of taken) await letGo(system, disk.name, holder.id);
  };
  try {
    for (const disk of disks) {
      taken.push(disk);
      await take(system, disk, holder);
    }
    if (node !== undefined && (await readNumber(join(node.folder, 'ro'))) === 1)
      throw new PermafrostError('device/read-only', { device: path });
  } catch (error) {
    await release();
    throw error;
  }
  return { release: () => (releasing ??= release()) };
}

/** Protects again what processes that are gone left writable, unmounting what they had mounted. */
export async function recoverWritable(system: System = liveSystem): Promise<void> {
  for (const name of await journaledDisks(system)) await letGo(system, name);
}

/** The whole disks with a note that `node` is, is on, or is made of. */
async function protectedDisks(system: System, node: BlockNode, depth = 0): Promise<BlockNode[]> {
  if (depth > MAX_DEPTH) return [];
  const disk = await wholeDisk(system, node);
  const below = await linkedNodes(system, disk, 'slaves');
  const deeper = await Promise.all(below.map((part) => protectedDisks(system, part, depth + 1)));
  const found = [...((await hasProtectionNote(system, disk)) ? [disk] : []), ...deeper.flat()];
  return found.filter(({ name }, i) => found.findIndex((other) => other.name === name) === i);
}

function take(system: System, disk: BlockNode, holder: Holder): Promise<void> {
  return withJournal(system, async () => {
    const sequence = (await readText(join(disk.folder, 'diskseq'))) ?? '';
    const earlier = await readEntry(system, disk.name);
    // An entry of another disk that had the name speaks of nothing any more.
    const { holders, partitions } = earlier.sequence === sequence ? earlier : { holders: [], partitions: [] };
    const entry = { sequence, partitions, holders: [...holders, holder] };
    // Before the deed: whoever comes after a crash must find it.
    await writeEntry(system, disk.name, entry);
    await setReadOnly(disk, false);
    const stubborn: BlockNode[] = [];
    for (const part of await partitionsOf(system, disk))
      if ((await readNumber(join(part.folder, 'ro'))) === 1) stubborn.push(part);
    if (stubborn.length === 0) return;
    const names = new Set([...partitions, ...stubborn.map(({ name }) => name)]);
    await writeEntry(system, disk.name, { ...entry, partitions: [...names] });
    for (const part of stubborn) await setReadOnly(part, false);
  });
}

/** Takes the holder `id`, and all whose process is gone, from the entry of `name`; the last one protects the disk. */
function letGo(system: System, name: string, id?: string): Promise<void> {
  return withJournal(system, async () => {
    const entry = await readEntry(system, name);
    const { alive, gone } = await sortHolders(entry.holders.filter((holder) => holder.id !== id));
    for (const { mountPoint } of gone) if (mountPoint !== undefined) await unmount(mountPoint);
    const disk = await nodeAt(system, join(system.sysRoot, 'class/block', name));
    const isSame = disk !== undefined && (await readText(join(disk.folder, 'diskseq'))) === entry.sequence;
    if (!isSame) return removeEntry(system, name);
    if (alive.length > 0) return writeEntry(system, name, { ...entry, holders: alive });
    // A file system that somebody mounted meanwhile would lose what it has not written yet: the next one tries again.
    if (await isMountedWritable(system, disk)) return writeEntry(system, name, { ...entry, holders: [] });
    const partitions = await partitionsOf(system, disk);
    for (const part of partitions) if (entry.partitions.includes(part.name)) await setReadOnly(part, true);
    await setReadOnly(disk, true);
    await removeEntry(system, name);
  });
}

/** Throws `device/failed`; a disk that is gone is none any more. */
async function setReadOnly({ path, deviceNumber }: BlockNode, readOnly: boolean): Promise<void> {
  try {
    const file = await native.open(path);
    try {
      if (file.isBlockDevice && file.deviceNumber === deviceNumber) await file.setReadOnly(readOnly);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code = 'unknown', syscall = 'open' } = error as Partial<NativeError>;
    if (readOnly && ['ENOENT', 'ENXIO', 'ENODEV', 'ENOMEDIUM'].includes(code)) return;
    throw new PermafrostError('device/failed', { path, syscall, errno: code }, { cause: error });
  }
}

async function unmount(mountPoint: string): Promise<void> {
  try {
    await execute('umount', [mountPoint]);
  } catch {
    // A program that still has a file open there, or nothing is mounted: detach what there is.
    await execute('umount', ['-l', mountPoint]).catch(() => undefined);
  }
}

async function isMountedWritable(system: System, disk: BlockNode): Promise<boolean> {
  const numbers = new Set([disk, ...(await partitionsOf(system, disk))].map((node) => node.deviceNumber));
  for (const { deviceNumber, source, options } of await readAllMounts(system)) {
    if (!options.has('rw')) continue;
    if (numbers.has(deviceNumber)) return true;
    // Btrfs and FUSE have device numbers of their own.
    if (!deviceNumber.startsWith('0:') || !source.startsWith('/')) continue;
    const node = await nodeByPath(system, source);
    if (node !== undefined && numbers.has(node.deviceNumber)) return true;
  }
  return false;
}
