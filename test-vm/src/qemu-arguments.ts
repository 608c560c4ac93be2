/** A machine as arguments for QEMU: pure, so that the command can be shown to people too. */
import { diskParts, type Disk } from './disks.ts';
import type { Accelerator } from './accelerator.ts';

export const media = ['cd', 'usb', 'none'] as const;
export type Medium = (typeof media)[number];

/**
 * QEMU 7.2 emulates several processors in threads that see each other's changes of code too late: a kernel that patches
 * itself while it runs, as Linux does, then dies of "Oops: int3", one start in some dozens.
 */
const defaultProcessors: Readonly<Record<Accelerator, number>> = { kvm: 2, tcg: 1 };

export interface Hardware {
  readonly accelerator: Accelerator;
  readonly memoryMB: number;
  /** Default: {@link defaultProcessors}. */
  readonly processors?: number | undefined;
  /** Of the firmware, which includes `-machine`. */
  readonly firmware: readonly string[];
  readonly medium: Medium;
  /** The file of the disc, or of the stick (qcow2). */
  readonly mediumPath: string;
  readonly disks: readonly Disk[];
  /** Whether disks can come later: free PCI slots, USB and SCSI. */
  readonly hotPlug: boolean;
  readonly network: 'none' | 'user' | { readonly group: string };
  /** More arguments, as they are. */
  readonly more: readonly string[];
}

/** Sockets on which QEMU calls us. */
export interface Sockets {
  readonly qmp: string;
  readonly serial: string;
  readonly agent: string;
  readonly job: string;
  readonly events: string;
}

/** Slots that are left free for disks that come later. */
const freeSlots = 6;
/** Port 0 of the chipset's own AHCI is the disc drive's. */
const ahciPorts = 5;

export function hardwareArguments(hardware: Hardware): string[] {
  const { accelerator, medium, disks, hotPlug } = hardware;
  const processors = hardware.processors ?? defaultProcessors[accelerator];
  const slotted = disks.filter(({ bus }) => bus === 'nvme' || bus === 'virtio');
  const slots = slotted.length + (hotPlug ? freeSlots : 0);
  const needsUsb = hotPlug || medium === 'usb' || disks.some(({ bus }) => bus === 'usb');
  const needsScsi = hotPlug || disks.some(({ bus }) => bus === 'scsi');
  const ahci = disks.filter(({ bus }) => bus === 'ahci');
  if (ahci.length > ahciPorts) throw new Error(`at most ${ahciPorts} AHCI disks`);
  const list = [
    ...['-accel', accelerator, '-cpu', accelerator === 'kvm' ? 'host' : 'qemu64'],
    ...hardware.firmware,
    ...['-m', String(hardware.memoryMB), '-smp', String(processors)],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-vga', 'std', '-rtc', 'base=utc'],
    ...(needsUsb ? ['-device', 'qemu-xhci,id=xhci,p2=8,p3=8'] : []),
    ...(needsScsi ? ['-device', 'virtio-scsi-pci,id=scsi'] : []),
    ...(disks.some(({ bus }) => bus === 'sd') ? ['-device', 'sdhci-pci'] : []),
    ...Array.from({ length: slots }, (_, slot) => [
      '-device',
      `pcie-root-port,id=slot${slot},chassis=${slot + 1}`,
    ]).flat(),
    ...mediumArguments(medium, hardware.mediumPath),
  ];
  for (const disk of disks) {
    const place = { slot: `slot${slotted.indexOf(disk)}`, port: ahci.indexOf(disk) + 1 };
    const parts = diskParts(disk, place);
    for (const object of parts.objects) list.push('-object', JSON.stringify(object));
    for (const blockdev of parts.blockdevs) list.push('-blockdev', JSON.stringify(blockdev));
    list.push('-device', JSON.stringify(parts.device));
  }
  const { network } = hardware;
  if (network !== 'none') {
    const backend = network === 'user' ? 'user' : `socket,mcast=${network.group},localaddr=127.0.0.1`;
    list.push('-netdev', `${backend},id=net`, '-device', 'virtio-net-pci,netdev=net,romfile=');
  }
  return [...list, ...hardware.more];
}

function mediumArguments(medium: Medium, path: string): string[] {
  if (medium === 'none') return [];
  // The id is also what a later `eject` names.
  const [format, device] =
    medium === 'cd'
      ? ['raw', 'ide-cd,bus=ide.0']
      : ['qcow2', 'usb-storage,bus=xhci.0,serial=STICK-WITH-THE-SYSTEM'];
  const file = { driver: 'file', filename: path };
  const node = { driver: format, 'node-name': 'medium-node', 'read-only': medium === 'cd', file };
  return ['-blockdev', JSON.stringify(node), '-device', `${device},id=medium,drive=medium-node,bootindex=0`];
}

export function socketArguments(sockets: Sockets): string[] {
  const call = (id: string, path: string): string[] => ['-chardev', `socket,id=${id},path=${path}`];
  const port = (id: string): string[] => ['-device', `virtserialport,chardev=${id},name=permafrost.${id}`];
  return [
    ...call('qmp', sockets.qmp),
    ...['-mon', 'chardev=qmp,mode=control'],
    ...call('serial', sockets.serial),
    ...['-serial', 'chardev:serial'],
    ...['-device', 'virtio-serial-pci'],
    ...call('agent', sockets.agent),
    ...port('agent'),
    ...call('job', sockets.job),
    ...port('job'),
    ...call('events', sockets.events),
    ...port('events'),
  ];
}

/** The command line for a person: the serial port is the terminal, Ctrl-A X leaves, and the screen is a window. */
export function commandForPeople(hardware: Hardware): string {
  const list = hardwareArguments(hardware);
  const display = list.indexOf('-display');
  list.splice(display, 2);
  const quote = (word: string): string =>
    /^[\w./:=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
  return ['qemu-system-x86_64', ...list, '-serial', 'mon:stdio'].map(quote).join(' ');
}
