/**
 * The boot configuration data of Windows: which entries there are and which disks and partitions they name. After
 * Microsoft's BCD reference (object and element types, device data). All fields are little-endian.
 */
import { Fields } from '../base/fields.ts';
import { parseHive } from './registry-hive.ts';

/** A partition that an entry names. */
export interface BcdDevice {
  /** For example `device` or `osdevice`. */
  readonly element: string;
  readonly style: 'gpt' | 'mbr';
  /** GPT: the partition's GUID. */
  readonly partitionId?: string;
  /** MBR: where the partition begins, in bytes. */
  readonly partitionStart?: number;
  /** GPT: the disk's GUID; MBR: its signature, 8 hexadecimal digits. */
  readonly diskId: string;
  /** Where the partition and the disk are named in the file, in bytes. */
  readonly partitionOffset: number;
  readonly diskOffset: number;
}

export interface BcdEntry {
  /** The object's GUID in braces. */
  readonly id: string;
  readonly kind: 'boot-manager' | 'windows' | 'other';
  readonly description?: string;
  /** For example `\Windows\system32\winload.efi`. */
  readonly path?: string;
  readonly devices: readonly BcdDevice[];
}

const BOOT_MANAGER = 0x10100002;
const OS_LOADER = 0x10200003;
const elements = {
  description: '12000004',
  path: '12000002',
  device: '11000001',
  osDevice: '21000001',
} as const;
const PARTITION_DEVICE = 6;

/** The entries of the store `bytes`. Throws `structure/invalid` if it is none. */
export function parseBcd(bytes: Uint8Array): BcdEntry[] {
  const root = parseHive(bytes);
  const objects = root.subkeys().find(({ name }) => name.toLowerCase() === 'objects');
  if (objects === undefined) return new Fields(bytes, 'BCD store').fail('has no objects');
  return objects.subkeys().map((object) => {
    const keys = object.subkeys();
    const description = keys.find(({ name }) => name === 'Description');
    const type = description?.values().find(({ name }) => name === 'Type')?.data;
    const entryType = type === undefined || type.length < 4 ? 0 : new Fields(type, 'BCD type').u32(0);
    const devices: BcdDevice[] = [];
    const texts: Record<string, string> = {};
    for (const element of keys.find(({ name }) => name === 'Elements')?.subkeys() ?? []) {
      const value = element.values().find(({ name }) => name === 'Element');
      if (value === undefined) continue;
      if (element.name === elements.description || element.name === elements.path) {
        texts[element.name] = new Fields(value.data, 'BCD text').utf16(0, value.data.length);
        continue;
      }
      // Elements of devices are those whose type begins so, in whatever class of entries.
      if (element.name.charAt(1) !== '1') continue;
      const device = parseDevice(
        new Fields(value.data, 'BCD device'),
        value.offset,
        elementName(element.name),
      );
      if (device !== undefined) devices.push(device);
    }
    const text = texts[elements.description];
    const path = texts[elements.path];
    return {
      id: object.name,
      kind: entryType === BOOT_MANAGER ? 'boot-manager' : entryType === OS_LOADER ? 'windows' : 'other',
      ...(text === undefined ? {} : { description: text }),
      ...(path === undefined ? {} : { path }),
      devices,
    };
  });
}

function elementName(type: string): string {
  if (type === elements.device) return 'device';
  if (type === elements.osDevice) return 'osdevice';
  return type;
}

/** A partition on a disk; `undefined` for other kinds, which name no identifiers or name them in their own way. */
function parseDevice(f: Fields, offset: number, element: string): BcdDevice | undefined {
  // Behind the GUID of the options.
  const at = 16;
  if (f.length < at + 72 || f.u32(at) !== PARTITION_DEVICE) return undefined;
  const style = f.u32(at + 36);
  const place = { element, partitionOffset: offset + at + 16, diskOffset: offset + at + 40 };
  if (style === 0) return { ...place, style: 'gpt', partitionId: f.guid(at + 16), diskId: f.guid(at + 40) };
  if (style !== 1) return undefined;
  return {
    ...place,
    style: 'mbr',
    partitionStart: f.u64(at + 16),
    diskId: f
      .u32(at + 40)
      .toString(16)
      .padStart(8, '0'),
  };
}
