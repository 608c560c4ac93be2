/** A place on a disk of this machine: the file system with a label or UUID, mounted. */
import { asIs, isPermafrostError, type ListedDisk, say, type Writable } from '../engine/index.ts';
import { makePlaceFolder } from './place-folder.ts';
import type { DiskPlaceRule } from './place-schema.ts';
import type { PlaceSystem } from './place-system.ts';
import { untouchedOptions } from './read-unmounted.ts';
import type { MountedPlace, PlaceProblem } from './repository-rule.ts';
import { SAFE_OPTIONS } from './share-mount.ts';

const MOUNT_LIMIT_MS = 300_000; // a journal may have to be replayed from a slow disk

/** Mounts it, or says why not; `untouched` so that no byte of the disk changes. */
export async function mountDisk(
  rule: DiskPlaceRule,
  system: PlaceSystem,
  untouched: boolean,
  signal?: AbortSignal,
): Promise<MountedPlace | PlaceProblem> {
  const found = devicesOf(rule, await system.describeDisks(signal));
  const [first] = found;
  if (first === undefined) return { problem: say('place/absent'), final: false };
  if (found.length > 1)
    return {
      problem: say('place/several', { list: found.map(({ name }) => name).join(', ') }),
      final: true,
    };
  const { device, kind } = first;
  if (device === undefined)
    return {
      problem: say('place/not-mounted', { problem: say('place/no-device', { name: first.name }) }),
      final: true,
    };
  const folder = await makePlaceFolder(system.run);
  const { mountPoint } = folder;
  let writable: Writable | undefined;
  const letGo = async (): Promise<void> => {
    await folder.remove();
    await writable?.release();
  };
  try {
    let options = SAFE_OPTIONS;
    try {
      if (untouched) options = untouchedOptions(kind);
      else writable = await system.acquireWritable(device, { mountPoint });
    } catch (error) {
      // A write-protected stick can hold the images that a restore reads.
      if (!isPermafrostError(error, 'device/read-only')) throw error;
      options = `ro,${SAFE_OPTIONS}`;
    }
    const { code, problem } = await system.run(
      { program: 'mount', args: ['-o', options, device, mountPoint], limitMs: MOUNT_LIMIT_MS },
      signal,
    );
    if (code === 0) {
      folder.mounted();
      return { mountPoint, release: letGo };
    }
    await letGo();
    return {
      problem: say('place/not-mounted', { problem: asIs(mountProblem(problem, mountPoint)) }),
      final: true,
    };
  } catch (error) {
    await letGo();
    throw error;
  }
}

/** What `mount` said, without what says nothing to the person who reads it. */
function mountProblem(said: string, mountPoint: string): string {
  return said
    .replaceAll(mountPoint, '')
    .replace(/dmesg\(1\) may have more information after failed mount system call\.?/, '')
    .replace(/^mount:[\s:]*/, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

interface FoundDevice {
  /** Absent where the kernel has made none for the partition. */
  readonly device?: string;
  /** Its path, or what stands for it. */
  readonly name: string;
  /** Kind of its file system. */
  readonly kind: string;
}

/** Devices with the file systems that `rule` can mean. */
function devicesOf(rule: DiskPlaceRule, disks: readonly ListedDisk[]): FoundDevice[] {
  const [key, wanted] = 'label' in rule ? (['label', rule.label] as const) : (['uuid', rule.uuid] as const);
  const same = (value: string | undefined): boolean =>
    key === 'uuid' ? value?.toLowerCase() === wanted.toLowerCase() : value === wanted;
  return disks.flatMap(({ disk, regions }) => {
    const isMedium = regions.some(({ fileSystem }) => fileSystem.kind === 'iso9660');
    return regions
      .filter(({ fileSystem }) => same(fileSystem[key]))
      .filter(({ fileSystem: { kind }, length }) => {
        // The stick that the machine started from bears the same label as the one for images, and can be both.
        if (isMedium && kind.startsWith('fat') && length <= LARGEST_BOOT_PARTITION_BYTES) return false;
        return kind !== 'iso9660';
      })
      .map(({ partitions: [number], fileSystem: { kind } }) => {
        const path =
          number === undefined ? disk.path : disk.partitions.find((one) => one.number === number)?.path;
        return {
          kind,
          name: path ?? `partition ${number} of ${disk.path}`,
          ...(path === undefined ? {} : { device: path }),
        };
      });
  });
}

const LARGEST_BOOT_PARTITION_BYTES = 64 * 1024 * 1024;
