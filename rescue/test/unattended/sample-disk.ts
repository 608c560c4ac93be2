/** A built-in disk as the machine lists it. */
import type { Disks } from '../../src/unattended/disk-rule.ts';

export function sampleDisk(path: string, more: Partial<Disks[number]> = {}): Disks[number] {
  return {
    path,
    deviceNumber: '8:0',
    sizeBytes: 1e9,
    sectorSize: 512,
    physicalSectorSize: 512,
    bus: 'sata',
    isVirtual: false,
    removable: false,
    readOnly: false,
    isProtected: false,
    partitions: [],
    ...more,
  };
}
