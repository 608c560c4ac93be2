/**
 * Who a disk is. A path like /dev/sda says nothing: it can be another disk after the next boot or hot-plug.
 * Model, serial, WWN and size are what people and checks go by.
 */
import { type Said, say } from '../base/remarks.ts';

export interface DiskIdentity {
  readonly kind: 'device' | 'file';
  readonly path: string;
  readonly model?: string;
  readonly serial?: string;
  readonly wwn?: string;
  readonly sizeBytes: number;
  /** Logical sector size in bytes; 512 for files. */
  readonly sectorSize: number;
  /** `major:minor` of a device. */
  readonly deviceNumber?: string;
  /** The kernel's count of disks that have appeared: changes when another one takes the same name. */
  readonly diskSequence?: number;
  /** Of a file: changes when another one takes its path. */
  readonly inode?: string;
}

/** One line for people: path, model, serial, size. */
export function describeIdentity({ path, model, serial, sizeBytes }: DiskIdentity): string {
  const facts = [model, serial === undefined ? undefined : `serial ${serial}`, `${sizeBytes} bytes`];
  return `${path} (${facts.filter((fact) => fact !== undefined).join(', ')})`;
}

/** Sector size of the tables on a disk, in bytes: its own, and of a file, which has none, that of what was put on it. */
export function tableSectorSize({ kind, sectorSize }: DiskIdentity, ofContent: number): number {
  return kind === 'device' ? sectorSize : ofContent;
}

/** What differs between a disk as it was planned for and as it is now; undefined if it is the same. */
export function identityProblem(planned: DiskIdentity, now: DiskIdentity): Said | undefined {
  const keys = [
    'kind',
    'serial',
    'wwn',
    'model',
    'sizeBytes',
    'sectorSize',
    'deviceNumber',
    'diskSequence',
    'inode',
  ] as const;
  for (const key of keys) {
    if (planned[key] !== now[key])
      return say('changed/fact', { fact: names[key], from: text(planned[key]), to: text(now[key]) });
  }
  return undefined;
}

const names = {
  kind: say('fact/kind'),
  serial: say('fact/serial'),
  wwn: 'WWN',
  model: say('fact/model'),
  sizeBytes: say('fact/size'),
  sectorSize: say('fact/sector-size'),
  deviceNumber: say('fact/device-number'),
  diskSequence: say('fact/order'),
  inode: 'inode',
} as const;

function text(value: string | number | undefined): string {
  return value === undefined ? 'not known' : String(value);
}

/**
 * What a person must type before a disk is overwritten: the last 4 characters of the serial; size and path where
 * there is none that tells disks apart, or where one of `others`, the other disks of the machine, ends alike.
 */
export function confirmationText(
  { serial, sizeBytes, path }: DiskIdentity,
  others: readonly Pick<DiskIdentity, 'path' | 'serial'>[] = [],
): string {
  const end = endOf(serial);
  const isUnique = others.every((other) => other.path === path || endOf(other.serial) !== end);
  return end === undefined || !isUnique ? `${sizeBytes} ${path}` : end;
}

/** Makers of bridges and card readers leave such in all of their devices. */
const placeholder = /^(.)\1*$|^0*123456789|^0*12345678$|^abcdef|^none$|^n\/a$|^serial/i;

/** The last 4 characters of a serial that can tell disks apart. */
function endOf(serial: string | undefined): string | undefined {
  const compact = serial?.replaceAll(/\s/g, '') ?? '';
  return compact.length < 4 || placeholder.test(compact) ? undefined : compact.slice(-4);
}
