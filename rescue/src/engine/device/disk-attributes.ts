/**
 * Model, serial and WWN of a disk from sysfs, without udev; udev's database only where sysfs has nothing.
 * SCSI pages as in SPC-4: 7.8.15 "Unit Serial Number", 7.8.5 "Device Identification".
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nodeByNumber, wholeDisk, type BlockNode } from './block-node.ts';
import { printableText } from './printable-text.ts';
import { liveSystem, readText, unescapeOctal, type System } from './system.ts';

/** Printable, never empty. */
export interface DiskAttributes {
  readonly model?: string;
  readonly serial?: string;
  readonly wwn?: string;
}

/** What the kernel knows of the disk that the device `major:minor` is or is a part of; nothing where it knows nothing. */
export async function readDiskAttributes(
  deviceNumber: string,
  system: System = liveSystem,
): Promise<DiskAttributes> {
  const node = await nodeByNumber(system, deviceNumber);
  return node === undefined ? {} : attributesOf(system, await wholeDisk(system, node));
}

/** As {@link readDiskAttributes}, of a whole disk. */
export async function attributesOf(system: System, disk: BlockNode): Promise<DiskAttributes> {
  const udev = await readUdev(system, disk);
  const model = (await readModel(disk)) ?? printable(udev.get('ID_MODEL')?.replaceAll('_', ' '));
  const serial =
    (await firstText(disk, ['device/serial', 'serial'])) ??
    (await readUnitSerial(disk)) ??
    (await readUsbSerial(disk)) ??
    printable(udev.get('ID_SERIAL_SHORT'));
  const wwn =
    (await readWwid(disk)) ??
    (await readDesignator(disk)) ??
    udevWwn(printable(udev.get('ID_WWN_WITH_EXTENSION')));
  return {
    ...(model === undefined ? {} : { model }),
    ...(serial === undefined ? {} : { serial }),
    ...(wwn === undefined ? {} : { wwn }),
  };
}

/** `text` made printable; `undefined` if nothing is left. */
function printable(text: string | undefined): string | undefined {
  const clean = printableText(text ?? '');
  return clean === '' ? undefined : clean;
}

async function firstText(disk: BlockNode, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const text = printable(await readText(join(disk.folder, name)));
    if (text !== undefined) return text;
  }
  return undefined;
}

/** SCSI's vendor field holds `ATA` for disks behind libata and a word like `Generic` in many USB bridges. */
async function readModel(disk: BlockNode): Promise<string | undefined> {
  const model = await firstText(disk, ['device/model', 'device/name', 'dm/name']);
  const vendor = await firstText(disk, ['device/vendor']);
  const isName = vendor !== undefined && vendor !== 'ATA' && !vendor.startsWith('0x');
  return model !== undefined && isName && !model.startsWith(vendor) ? `${vendor} ${model}` : model;
}

async function readPage(disk: BlockNode, name: string): Promise<Buffer> {
  const page = await readFile(join(disk.folder, 'device', name)).catch(() => Buffer.alloc(0));
  if (page.length < 4) return Buffer.alloc(0);
  return page.subarray(4, 4 + page.readUInt16BE(2));
}

async function readUnitSerial(disk: BlockNode): Promise<string | undefined> {
  return printable((await readPage(disk, 'vpd_pg80')).toString('latin1'));
}

/** A bridge that answers no page still has the serial number of its own USB device, some folders up. */
async function readUsbSerial(disk: BlockNode): Promise<string | undefined> {
  if (!disk.folder.includes('/usb')) return undefined;
  for (let folder = dirname(disk.folder); folder.includes('/usb'); folder = dirname(folder)) {
    if ((await readText(join(folder, 'idVendor'))) !== undefined)
      return printable(await readText(join(folder, 'serial')));
  }
  return undefined;
}

/** Names that are unique in the world; `t10.…` is only vendor, model and serial once more. */
async function readWwid(disk: BlockNode): Promise<string | undefined> {
  const wwid = await firstText(disk, ['wwid', 'device/wwid']);
  return wwid !== undefined && /^(naa|eui|uuid|nvme)\./.test(wwid) ? wwid : undefined;
}

/** The first NAA or EUI-64 designator of the logical unit. */
async function readDesignator(disk: BlockNode): Promise<string | undefined> {
  const page = await readPage(disk, 'vpd_pg83');
  for (let at = 0; at + 4 <= page.length;) {
    const association = (page[at + 1]! >>> 4) & 3;
    const type = page[at + 1]! & 15;
    const length = page[at + 3]!;
    const id = page.subarray(at + 4, at + 4 + length);
    const isWhole = id.length === length && length > 0;
    if (association === 0 && isWhole && type === 3) return `naa.${id.toString('hex')}`;
    if (association === 0 && isWhole && type === 2) return `eui.${id.toString('hex')}`;
    at += 4 + length;
  }
  return undefined;
}

function udevWwn(text: string | undefined): string | undefined {
  if (text?.startsWith('0x') !== true) return text;
  return `naa.${text.slice(2)}`;
}

/** Properties of a device in udev's database: lines `E:KEY=value`. */
async function readUdev(system: System, disk: BlockNode): Promise<Map<string, string>> {
  const text = (await readText(join(system.runRoot, 'udev/data', `b${disk.deviceNumber}`))) ?? '';
  const entries = text.split('\n').flatMap((line): [string, string][] => {
    const found = /^E:([A-Z0-9_]+)=(.*)$/.exec(line);
    return found === null ? [] : [[found[1]!, unescapeOctal(found[2]!)]];
  });
  return new Map(entries);
}
