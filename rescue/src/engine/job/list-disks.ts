/** The disks of this machine, what is on them, and why one may not be touched. Nothing is written. */
import { subReader } from '../base/block-reader.ts';
import { isPermafrostError } from '../base/errors.ts';
import { openSource } from '../device/device.ts';
import { readDiskLimits, type DiskLimit } from '../device/disk-limits.ts';
import { listDisks, type Disk } from '../device/disks.ts';
import { diskUse, type Use } from '../device/use.ts';
import type { FileSystemInfo } from '../filesystem/file-system.ts';
import { identifyRegion } from '../filesystem/probe-region.ts';
import { layoutRegions } from '../partition/layout.ts';
import { readTable } from '../partition/table.ts';

/** A region that may hold a file system. */
export interface ListedRegion {
  readonly name: string;
  readonly start: number;
  readonly length: number;
  readonly partitions: readonly number[];
  readonly fileSystem: Pick<FileSystemInfo, 'kind' | 'label' | 'uuid'>;
}

export interface ListedDisk {
  readonly disk: Disk;
  /** Why it may not be touched; empty if it may. */
  readonly uses: readonly Use[];
  readonly table?: string;
  /** The disk's GUID, or the signature of an MBR. */
  readonly diskId?: string;
  readonly regions: readonly ListedRegion[];
  /** What the disk itself hides, refuses or is about to lose; absent where nobody has asked it. */
  readonly limits?: readonly DiskLimit[];
  /** Why what is on it cannot be told. */
  readonly problem?: string;
}

/**
 * All disks, in the order of their names, but those that {@link isPartOfSystem} tells. A disk that cannot be read is
 * listed with its problem.
 */
export async function describeDisks(signal?: AbortSignal): Promise<ListedDisk[]> {
  const listed: ListedDisk[] = [];
  for (const disk of await listDisks()) {
    const uses = await diskUse(disk.path);
    try {
      const described = { disk, uses, ...(await contentsOf(disk.path, signal)) };
      if (!isPartOfSystem(described)) listed.push(described);
    } catch (error) {
      if (!isPermafrostError(error) || error.code === 'job/cancelled') throw error;
      listed.push({ disk, uses, regions: [], problem: error.message });
    }
  }
  return listed;
}

/** `listed` with the limits of each disk, all asked at once: seconds, where one does not answer. Throws `job/cancelled`. */
export function addLimits(listed: readonly ListedDisk[], signal?: AbortSignal): Promise<ListedDisk[]> {
  return Promise.all(
    listed.map(async (one) => ({
      ...one,
      limits: await readDiskLimits(one.disk, signal === undefined ? {} : { signal }),
    })),
  );
}

/** Files that the running system mounts its programs from: its own root where it has been started from a medium, packages. */
export function isPartOfSystem({ disk, uses, regions }: ListedDisk): boolean {
  return (
    disk.bus === 'loop' &&
    disk.readOnly &&
    uses.some(({ kind }) => kind === 'mounted') &&
    regions.every(({ fileSystem }) => fileSystem.kind === 'squashfs' || fileSystem.kind === 'erofs')
  );
}

async function contentsOf(
  path: string,
  signal?: AbortSignal,
): Promise<Pick<ListedDisk, 'table' | 'diskId' | 'regions'>> {
  const source = await openSource(path, { shared: true });
  try {
    const table = await readTable(source.reader);
    const regions: ListedRegion[] = [];
    for (const { kind, name, start, length, partitions } of layoutRegions(table, source.reader.sizeBytes)) {
      if (kind !== 'partition' && kind !== 'whole') continue;
      const view = subReader(source.reader, start, length, `${path} ${name}`);
      const { kind: content, label, uuid } = await identifyRegion(view, signal);
      const fileSystem = {
        kind: content,
        ...(label === undefined ? {} : { label }),
        ...(uuid === undefined ? {} : { uuid }),
      };
      regions.push({ name, start, length, partitions, fileSystem });
    }
    return { table: table.kind, ...('diskId' in table ? { diskId: table.diskId } : {}), regions };
  } finally {
    await source.close();
  }
}
