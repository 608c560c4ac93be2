/** Model, serial and WWN of a disk from sysfs, without udev. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { printableText } from './printable-text.ts';

export interface DiskAttributes {
  readonly model?: string;
  readonly serial?: string;
  readonly wwn?: string;
}

/** What the kernel knows of the disk that the device `major:minor` is or is a part of; nothing where it knows nothing. */
export async function readDiskAttributes(deviceNumber: string, sysRoot = '/sys'): Promise<DiskAttributes> {
  let node: string;
  try {
    node = await realpath(join(sysRoot, 'dev/block', deviceNumber));
  } catch {
    return {};
  }
  const isPartition = await stat(join(node, 'partition')).then(
    () => true,
    () => false,
  );
  const disk = isPartition ? dirname(node) : node;
  const model = await firstText(disk, ['device/model', 'device/name']);
  const serial = (await firstText(disk, ['device/serial', 'serial'])) ?? (await readUnitSerial(disk));
  const wwn = await firstText(disk, ['wwid', 'device/wwid']);
  return {
    ...(model === undefined ? {} : { model }),
    ...(serial === undefined ? {} : { serial }),
    ...(wwn === undefined ? {} : { wwn }),
  };
}

async function firstText(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const text = await readFile(join(folder, name), 'utf8').then(printableText, () => '');
    if (text !== '') return text;
  }
  return undefined;
}

/** The unit serial number page of SCSI and ATA disks (SPC-4, 7.8.15): two bytes of length at 2, text at 4. */
async function readUnitSerial(disk: string): Promise<string | undefined> {
  const page = await readFile(join(disk, 'device/vpd_pg80')).catch(() => Buffer.alloc(0));
  if (page.length < 4) return undefined;
  const text = printableText(page.subarray(4, 4 + page.readUInt16BE(2)).toString('latin1'));
  return text === '' ? undefined : text;
}
