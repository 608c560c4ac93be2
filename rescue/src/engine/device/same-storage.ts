/** Whether two paths lead to bytes that one job must not read and write, or write twice, at the same time. */
import { stat } from 'node:fs/promises';
import { layersOf } from './holding-disk.ts';
import { nodeByPath, wholeDisk } from './block-node.ts';
import { liveSystem } from './system.ts';

/**
 * Whether `a` and `b` are the same disk, partition or file by whatever name, one is a part of the other or made of
 * it, or both are partitions of one disk, whose table they share.
 */
export async function shareStorage(a: string, b: string): Promise<boolean> {
  const [keyA, keyB, below, under] = await Promise.all([keyOf(a), keyOf(b), keysBelow(a), keysBelow(b)]);
  if (below.has(keyB) || under.has(keyA)) return true;
  const [diskA, diskB] = await Promise.all([diskOfPartition(a), diskOfPartition(b)]);
  return diskA !== undefined && diskA === diskB;
}

async function keysBelow(path: string): Promise<ReadonlySet<string>> {
  return new Set(await Promise.all([path, ...(await layersOf(path))].map(keyOf)));
}

/** Device number of the disk whose partition `path` is. */
async function diskOfPartition(path: string): Promise<string | undefined> {
  const node = await nodeByPath(liveSystem, path);
  if (node?.partition === undefined) return undefined;
  return (await wholeDisk(liveSystem, node)).deviceNumber;
}

/** Whether `path` is, or is a part of, one of the whole disks or disk-image files `disks`. */
export async function isAmong(path: string, disks: readonly string[]): Promise<boolean> {
  const own = await Promise.all((await layersOf(path)).map(keyOf));
  const others = await Promise.all(disks.map(keyOf));
  return own.some((key) => others.includes(key));
}

/** The same for two paths exactly if they lead to the same device or file. */
async function keyOf(path: string): Promise<string> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  if (stats === undefined) return path;
  return stats.isBlockDevice() ? `device ${stats.rdev}` : `file ${stats.dev} ${stats.ino}`;
}
