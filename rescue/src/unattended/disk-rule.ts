/** Which disk a job file means. Anything that is not certain is an error, before anything is written. */
import { resolve } from 'node:path';
import { asIs, describeIdentity, PermafrostError, say, type listDisks } from '../engine/index.ts';
import type { DiskRule } from './job-file.ts';

export type Disks = Awaited<ReturnType<typeof listDisks>>;

/** A disk that a rule names. */
export interface FoundDisk {
  readonly path: string;
  /** For people: path, model, serial, size. */
  readonly name: string;
  /** The same for the same disk whatever its path is at the time. */
  readonly key: string;
}

/** The disk that `rule` names among `disks`. Throws `job-file/disk`. */
export function findDisk(rule: DiskRule, disks: Disks): FoundDisk {
  const path = resolveDisk(rule, disks);
  const disk = disks.find((candidate) => candidate.path === path);
  if (disk === undefined) return { path, name: path, key: path };
  return { path, name: describeIdentity({ kind: 'device', ...disk }), key: diskKey(disk) };
}

/** As {@link FoundDisk.key}, of a device. */
export function diskKey(disk: {
  readonly serial?: string;
  readonly wwn?: string;
  readonly sizeBytes: number;
}): string {
  return JSON.stringify([disk.serial?.trim() ?? '', disk.wwn?.trim() ?? '', disk.sizeBytes]);
}

/** The path of the disk that `rule` names among `disks`. Throws `job-file/disk`. */
export function resolveDisk(rule: DiskRule, disks: Disks): string {
  if (rule === 'only-disk' || rule === 'largest') return builtIn(rule, disks);
  if ('file' in rule) return notAName(rule.file, disks);
  const [key, wanted] = 'serial' in rule ? (['serial', rule.serial] as const) : (['wwn', rule.wwn] as const);
  const found = disks.filter((disk) => disk[key]?.trim() === wanted.trim());
  const words = key === 'wwn' ? say('rule/wwn', { wwn: wanted }) : say('rule/serial', { serial: wanted });
  if (found.length === 1) return found[0]!.path;
  throw new PermafrostError('job-file/disk', {
    rule: words,
    problem: found.length === 0 ? say('place/absent') : say('disk/several', { list: paths(found) }),
  });
}

/** A disk-image file, or a link that says which disk it is; what the kernel calls a disk now is none of both. */
function notAName(file: string, disks: Disks): string {
  const path = resolve(file);
  if (disks.every((disk) => disk.path !== path && disk.partitions.every((part) => part.path !== path)))
    return file;
  throw new PermafrostError('job-file/disk', {
    rule: asIs(file),
    problem: say('disk/name'),
  });
}

/** What is outside of the machine, or of another one. */
const outside: ReadonlySet<string> = new Set(['usb', 'firewire', 'iscsi', 'fibre-channel', 'nbd']);

function builtIn(rule: 'only-disk' | 'largest', disks: Disks): string {
  const candidates = disks.filter((disk) => !disk.removable && !disk.isVirtual && !outside.has(disk.bus));
  const words = say(`rule/${rule}`);
  const most = Math.max(...candidates.map(({ sizeBytes }) => sizeBytes));
  const found = rule === 'only-disk' ? candidates : candidates.filter(({ sizeBytes }) => sizeBytes === most);
  if (found.length === 1) return found[0]!.path;
  throw new PermafrostError('job-file/disk', {
    rule: words,
    problem:
      found.length === 0
        ? say('disk/none-built-in')
        : say('disk/many-built-in', { diskCount: found.length, list: paths(found) }),
  });
}

function paths(disks: Disks): string {
  return disks.map(({ path }) => path).join(', ');
}
