/** The disks of this machine, from sysfs alone. */
import { join } from 'node:path';
import { allDisks, backingFile, partitionsOf, type BlockNode } from './block-node.ts';
import { attributesOf, type DiskAttributes } from './disk-attributes.ts';
import { printableText } from './printable-text.ts';
import { isProtected } from './protection.ts';
import { liveSystem, readNumber, readText, type System } from './system.ts';

/** How a disk is attached; `virtual` for what no rule knows. */
export type Bus =
  | 'sata'
  | 'nvme'
  | 'usb'
  | 'mmc'
  | 'virtio'
  | 'sas'
  | 'fibre-channel'
  | 'iscsi'
  | 'scsi'
  | 'xen'
  | 'pmem'
  | 'firewire'
  | 'floppy'
  | 'loop'
  | 'dm'
  | 'md'
  | 'nbd'
  | 'virtual';

/** A partition as the kernel sees it, which need not be what the table on the disk says now. */
export interface DiskPartition {
  readonly number: number;
  /** For example `/dev/sda1`. */
  readonly path: string;
  /** `major:minor`. */
  readonly deviceNumber: string;
  /** In bytes from the start of the disk. */
  readonly start: number;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
}

export interface Disk extends DiskAttributes {
  /** For example `/dev/sda`. */
  readonly path: string;
  /** `major:minor`. */
  readonly deviceNumber: string;
  /** 0 where a disk reports nothing, as some do that have failed. */
  readonly sizeBytes: number;
  readonly sectorSize: number;
  readonly physicalSectorSize: number;
  readonly bus: Bus;
  /** Made of files or other disks (loop, dm, md), or without a known bus. */
  readonly isVirtual: boolean;
  readonly removable: boolean;
  /** Unknown where the kernel does not say. */
  readonly rotational?: boolean;
  /** For good, as by a write-protect switch. */
  readonly readOnly: boolean;
  /** Kept read-only by the rescue environment until a confirmed job needs to write to it. */
  readonly isProtected: boolean;
  /** Changes whenever another disk takes the device number. */
  readonly diskSequence?: number;
  /** The file behind a loop device; printable. */
  readonly backingFile?: string;
  /** In the order of their numbers. */
  readonly partitions: readonly DiskPartition[];
}

/** sysfs counts in these whatever the disk's sectors are. */
const SYSFS_SECTOR_BYTES = 512;

/**
 * All disks that hold something or should: no memory disks, no loop devices without a file, no drives and card
 * readers without a medium, no hidden paths of a multipath disk. In the order of their names.
 */
export async function listDisks(system: System = liveSystem): Promise<Disk[]> {
  const disks: Disk[] = [];
  for (const node of await allDisks(system)) {
    if (/^z?ram\d/.test(node.name)) continue;
    if ((await readNumber(join(node.folder, 'hidden'))) === 1) continue;
    const disk = await readDisk(system, node);
    const hasMedia = disk.removable || disk.isVirtual || /^(sr|fd)\d/.test(node.name);
    if (disk.sizeBytes > 0 || !hasMedia) disks.push(disk);
  }
  return disks;
}

/** A disk as sysfs describes it. */
export async function readDisk(system: System, node: BlockNode): Promise<Disk> {
  const number = (name: string): Promise<number | undefined> => readNumber(join(node.folder, name));
  const bus = busOf(node.folder.slice(system.sysRoot.length), node.name);
  const sectorSize = (await number('queue/logical_block_size')) ?? SYSFS_SECTOR_BYTES;
  const rotational = await number('queue/rotational');
  const diskSequence = await number('diskseq');
  const backing = await backingFile(node);
  const partitions = await partitionsOf(system, node);
  const isProtectedNow = await isProtected(system, node);
  return {
    path: node.path,
    deviceNumber: node.deviceNumber,
    ...(await attributesOf(system, node)),
    sizeBytes: ((await number('size')) ?? 0) * SYSFS_SECTOR_BYTES,
    sectorSize,
    physicalSectorSize: (await number('queue/physical_block_size')) ?? sectorSize,
    bus,
    isVirtual: ['loop', 'dm', 'md', 'virtual'].includes(bus),
    // The kernel calls a card in a reader of the machine's own what it calls flash that is soldered in.
    removable:
      (await number('removable')) === 1 ||
      /^SD/.test((await readText(join(node.folder, 'device/type'))) ?? ''),
    ...(rotational === undefined ? {} : { rotational: rotational === 1 }),
    readOnly: (await number('ro')) === 1 && !isProtectedNow,
    isProtected: isProtectedNow,
    ...(diskSequence === undefined ? {} : { diskSequence }),
    ...(backing === undefined ? {} : { backingFile: printableText(backing.path) }),
    partitions: await Promise.all(partitions.map((part) => readPartition(part, isProtectedNow))),
  };
}

async function readPartition(node: BlockNode, isProtectedDisk: boolean): Promise<DiskPartition> {
  const { path, deviceNumber, folder } = node;
  const sectors = async (name: string): Promise<number> => (await readNumber(join(folder, name))) ?? 0;
  return {
    number: node.partition!,
    path,
    deviceNumber,
    start: (await sectors('start')) * SYSFS_SECTOR_BYTES,
    sizeBytes: (await sectors('size')) * SYSFS_SECTOR_BYTES,
    readOnly: (await readText(join(folder, 'ro'))) === '1' && !isProtectedDisk,
  };
}

/** By what stands in the path of the device below `/sys`; the outermost bus that a person plugs in comes first. */
const busPatterns: readonly (readonly [RegExp, Bus])[] = [
  [/\/usb\d+\//, 'usb'],
  [/\/fw\d+[./]/, 'firewire'],
  [/\/nvme/, 'nvme'],
  [/\/ata\d+\//, 'sata'],
  [/\/mmc_host\//, 'mmc'],
  [/\/session\d+\//, 'iscsi'],
  [/\/rport-/, 'fibre-channel'],
  [/\/end_device-/, 'sas'],
  [/\/virtio\d+\//, 'virtio'],
  [/\/vbd-/, 'xen'],
  [/\/(ndbus|namespace)\d/, 'pmem'],
  [/\/host\d+\//, 'scsi'],
];
const busNames: readonly (readonly [RegExp, Bus])[] = [
  [/^loop\d/, 'loop'],
  [/^dm-\d/, 'dm'],
  [/^md\d|^md_/, 'md'],
  [/^nbd\d/, 'nbd'],
  [/^fd\d/, 'floppy'],
];

/** The bus of the device `name` at `path` (below sysfs). */
export function busOf(path: string, name: string): Bus {
  const named = busNames.find(([pattern]) => pattern.test(name));
  return named?.[1] ?? busPatterns.find(([pattern]) => pattern.test(path))?.[1] ?? 'virtual';
}
