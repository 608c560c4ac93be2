/**
 * Who a disk is. A path like /dev/sda says nothing: it can be another disk after the next boot or hot-plug.
 * Model, serial, WWN and size are what people and checks go by.
 */

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
}

/** One line for people: path, model, serial, size. */
export function describeIdentity({ path, model, serial, sizeBytes }: DiskIdentity): string {
  const facts = [model, serial === undefined ? undefined : `serial ${serial}`, `${sizeBytes} bytes`];
  return `${path} (${facts.filter((fact) => fact !== undefined).join(', ')})`;
}

/** What differs between a disk as it was planned for and as it is now; undefined if it is the same. */
export function identityProblem(planned: DiskIdentity, now: DiskIdentity): string | undefined {
  const keys = [
    'kind',
    'serial',
    'wwn',
    'model',
    'sizeBytes',
    'sectorSize',
    'deviceNumber',
    'diskSequence',
  ] as const;
  for (const key of keys) {
    if (planned[key] !== now[key])
      return `its ${names[key]} was ${text(planned[key])} and is now ${text(now[key])}`;
  }
  return undefined;
}

const names = {
  kind: 'kind',
  serial: 'serial',
  wwn: 'WWN',
  model: 'model',
  sizeBytes: 'size',
  sectorSize: 'sector size',
  deviceNumber: 'device number',
  diskSequence: 'place in the order of appearance',
} as const;

function text(value: string | number | undefined): string {
  return value === undefined ? 'not known' : String(value);
}

/**
 * What a person must type before a disk is overwritten: the last 4 characters of the serial, or size and path
 * where there is none.
 */
export function confirmationText({ serial, sizeBytes, path }: DiskIdentity): string {
  const end = serial?.replaceAll(/\s/g, '').slice(-4) ?? '';
  return end === '' ? `${sizeBytes} ${path}` : end;
}
