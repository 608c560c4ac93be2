/** Disks of a virtual machine: which bus they are on, who they are, and what is wrong with them. */

export const buses = ['ahci', 'nvme', 'virtio', 'scsi', 'usb'] as const;
/** `sd` is a card on a PCI controller, as eMMC is: there from the start, and its size is a power of two. */
export type Bus = (typeof buses)[number] | 'sd';

export interface Disk {
  /** Also the name of the device towards QEMU: letters, digits, dashes. */
  readonly name: string;
  /** The file that holds its bytes. */
  readonly path: string;
  readonly bus: Bus;
  /** What the disk says its serial number is; none if empty. Default: the name in capitals. Not for `sd`. */
  readonly serial?: string;
  readonly format?: 'raw' | 'qcow2';
  readonly sectorSizeBytes?: 512 | 4096;
  /** The firmware's order; 0 is first. */
  readonly bootIndex?: number;
  readonly readOnly?: boolean;
  /** Sectors that cannot be read, by the offset of any of their bytes. */
  readonly unreadable?: readonly { readonly offsetBytes: number; readonly once?: boolean }[];
  readonly bytesPerSecond?: number;
  /** A file that receives every write and flush in their order (the format of Linux's dm-log-writes). */
  readonly writeLog?: string;
}

/** JSON that QEMU takes on its command line and over QMP alike. */
export interface DiskParts {
  readonly objects: readonly object[];
  readonly blockdevs: readonly object[];
  readonly device: object;
}

/** Where a disk is attached; PCI devices need a slot of their own, AHCI disks a port. */
export interface Place {
  readonly slot: string;
  readonly port: number;
}

export function diskParts(disk: Disk, place: Place): DiskParts {
  const { name } = disk;
  const objects: object[] = [];
  const readOnly = disk.readOnly ?? false;
  const file = { driver: 'file', filename: disk.path, discard: 'unmap', cache: { 'no-flush': true } };
  let node: Record<string, unknown> = { ...file, 'read-only': readOnly };
  if (disk.unreadable !== undefined) {
    const errors = disk.unreadable.map(({ offsetBytes, once = false }) => {
      return { event: 'read_aio', errno: 5, sector: Math.floor(offsetBytes / 512), once };
    });
    node = { driver: 'blkdebug', image: node, 'inject-error': errors };
  }
  node = { driver: disk.format ?? 'raw', file: node, 'read-only': readOnly };
  if (disk.writeLog !== undefined) {
    const log = { driver: 'file', filename: disk.writeLog };
    node = { driver: 'blklogwrites', file: node, log, 'log-sector-size': 512 };
  }
  if (disk.bytesPerSecond !== undefined) {
    const group = `${name}-speed`;
    objects.push({ 'qom-type': 'throttle-group', id: group, limits: { 'bps-total': disk.bytesPerSecond } });
    node = { driver: 'throttle', 'throttle-group': group, file: node };
  }
  return { objects, blockdevs: [{ ...node, 'node-name': `${name}-node` }], device: device(disk, place) };
}

/** What the guest sees as the disk's serial number. */
export function serialOf({ bus, name, serial = name.toUpperCase() }: Disk): string {
  // QEMU's cards all have this one.
  return bus === 'sd' ? '0xdeadbeef' : serial;
}

function device(disk: Disk, place: Place): object {
  const { name, sectorSizeBytes: size = 512 } = disk;
  const serial = serialOf(disk);
  const common = {
    id: name,
    drive: `${name}-node`,
    ...(serial === '' ? {} : { serial }),
    ...(disk.bootIndex === undefined ? {} : { bootindex: disk.bootIndex }),
    ...(size === 512 ? {} : { logical_block_size: size, physical_block_size: size }),
  };
  switch (disk.bus) {
    case 'ahci':
      if (size !== 512) throw new Error(`${name}: an AHCI disk of QEMU has sectors of 512 bytes`);
      return { driver: 'ide-hd', bus: `ide.${place.port}`, ...common };
    case 'nvme':
      // QEMU insists on a serial number here.
      return { driver: 'nvme', bus: place.slot, ...common, serial: serial === '' ? ' ' : serial };
    case 'virtio':
      return { driver: 'virtio-blk-pci', bus: place.slot, ...common };
    case 'scsi':
      return { driver: 'scsi-hd', bus: 'scsi.0', ...common };
    case 'usb':
      return { driver: 'usb-storage', bus: 'xhci.0', ...common };
    case 'sd':
      if (size !== 512) throw new Error(`${name}: an SD card has sectors of 512 bytes`);
      return { driver: 'sd-card', bus: 'sd-bus', id: name, drive: `${name}-node` };
  }
}
