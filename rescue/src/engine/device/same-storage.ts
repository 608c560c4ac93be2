/** Whether two paths lead to bytes that one job must not read and write, or write twice, at the same time. */
import { keyOf } from './device.ts';
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
