/**
 * What a disk with a partition table belongs to as a whole. RAID metadata and the database of dynamic disks lie
 * behind the last partition, or beside the table at the start; the partition table is then that of the array.
 */
import { cachedReader, type BlockReader } from '../base/block-reader.ts';
import { isPermafrostError, throwIfCancelled, type PermafrostError } from '../base/errors.ts';
import type { FileSystemInfo, RawReason } from './file-system.ts';
import { kindTitles } from './kind-titles.ts';
import type { ProberEntry } from './named/signature.ts';
import { probers } from './probers.ts';

/** Bytes of a disk. */
export interface DiskExtent {
  readonly start: number;
  readonly length: number;
}

export interface DiskContainer {
  /** Absent where it could not be read whether there is one. */
  readonly info?: FileSystemInfo;
  /** Why no partition of the disk can be taken at its word. */
  readonly reason: RawReason;
}

/**
 * Containers that leave room for a partition table. Not LVM2: it does not take partitioned disks for its own,
 * so that a label beside a table is always a left-over.
 */
const kinds: ReadonlySet<string> = new Set(['md', 'ldm', 'bcache']);

/**
 * Looks for a container outside of `partitions`, ascending: what lies in a partition is that partition's. Throws
 * `job/cancelled` and failures other than of reading.
 */
export async function findDiskContainer(
  reader: BlockReader,
  partitions: readonly DiskExtent[],
  signal?: AbortSignal,
): Promise<DiskContainer | undefined> {
  const outside = cachedReader(blankedReader(reader, partitions));
  let unreadable: PermafrostError | undefined;
  for (const entry of probers.filter(({ kind, role }) => role === 'container' && kinds.has(kind))) {
    throwIfCancelled(signal);
    try {
      const info = await recognise(entry, outside);
      if (info !== undefined) return describeContainer(info);
    } catch (error) {
      if (!isPermafrostError(error, 'device/read-failed')) throw error;
      unreadable ??= error;
    }
  }
  if (unreadable === undefined) return undefined;
  const reason = `whether the disk belongs to a RAID array cannot be told: ${unreadable.message}`;
  return { reason: { code: 'unreadable', reason } };
}

/** The container that `info`, found on a disk, says that the disk is part of. */
export function describeContainer(info: FileSystemInfo): DiskContainer {
  const { kind, label, details = {} } = info;
  const facts = [
    label === undefined ? undefined : `“${label}”`,
    details['version'] === undefined ? undefined : `version ${String(details['version'])}`,
    details['level'] === undefined ? undefined : `level ${String(details['level'])}`,
    details['members'] === undefined ? undefined : `${String(details['members'])} members`,
  ].filter((fact) => fact !== undefined);
  const known = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
  const reason = `the disk as a whole is a ${kindTitles[kind]}${known}: what its partitions hold is known only there`;
  return { info, reason: { code: 'unsupported', reason } };
}

/** A damaged container is one, too. */
async function recognise(entry: ProberEntry, reader: BlockReader): Promise<FileSystemInfo | undefined> {
  try {
    return (await entry.probe(reader))?.info;
  } catch (error) {
    if (!isPermafrostError(error, 'structure/invalid')) throw error;
    return { kind: entry.kind, state: 'unknown' };
  }
}

/** `reader` with zeros in `extents`, ascending, which are not read. */
function blankedReader(reader: BlockReader, extents: readonly DiskExtent[]): BlockReader {
  return {
    ...reader,
    async read(offset, length) {
      const end = offset + length;
      const inside = extents.filter(({ start, length: n }) => start < end && start + n > offset);
      if (inside.length === 0) return reader.read(offset, length);
      const bytes = new Uint8Array(length);
      let at = offset;
      for (const { start, length: n } of [...inside, { start: end, length: 0 }]) {
        if (start > at) bytes.set(await reader.read(at, start - at), at - offset);
        at = Math.max(at, start + n);
      }
      return bytes;
    },
  };
}
