/** What is mounted where: /proc/<pid>/mountinfo as in proc(5). */
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readText, unescapeOctal, type System } from './system.ts';

export interface Mount {
  readonly id: number;
  /** `major:minor` of the file system; major 0 where it has no device of its own. */
  readonly deviceNumber: string;
  readonly mountPoint: string;
  /** For example `ext4`, `fuse.sshfs`. */
  readonly fileSystem: string;
  /** What was mounted: a device, a share, or any word. */
  readonly source: string;
  /** Options of the file system; a flag has the value `''`. */
  readonly options: ReadonlyMap<string, string>;
}

/** The mounts in the text of a mountinfo file, in mount order; lines that make no sense are left out. */
export function parseMountInfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [front, back] = split(line, ' - ');
    const [id, , deviceNumber, , mountPoint] = front.split(' ');
    // The source may be empty, so blanks are not joined.
    const [fileSystem, source, options] = back.split(' ');
    if (mountPoint === undefined || source === undefined || deviceNumber === undefined) return [];
    return {
      id: Number(id),
      deviceNumber,
      mountPoint: unescapeOctal(mountPoint),
      fileSystem: unescapeOctal(fileSystem!),
      source: unescapeOctal(source),
      options: new Map(
        (options ?? '').split(',').map((option) => {
          const [key, value] = split(option, '=');
          return [key, unescapeOctal(value)];
        }),
      ),
    };
  });
}

function split(text: string, by: string): [string, string] {
  const at = text.indexOf(by);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + by.length)];
}

/** The mounts that this process sees. */
export async function readMounts(system: System): Promise<Mount[]> {
  return parseMountInfo((await readText(join(system.procRoot, 'self/mountinfo'))) ?? '');
}

/** The mounts that this process or the first one sees: another namespace may hold what this one does not see. */
export async function readAllMounts(system: System): Promise<Mount[]> {
  const own = await readMounts(system);
  const first = parseMountInfo((await readText(join(system.procRoot, '1/mountinfo'))) ?? '');
  const key = ({ deviceNumber, mountPoint, source }: Mount): string =>
    [deviceNumber, mountPoint, source].join('\0');
  const seen = new Set(own.map(key));
  return [...own, ...first.filter((mount) => !seen.has(key(mount)))];
}

/** Not offered by Node; the same on all architectures that Node runs on. */
const O_PATH = 0o10000000;

/**
 * The mount that `path` (which must exist) lies on, by the kernel's own account: neither device numbers nor
 * longest prefixes tell it where file systems share devices or are mounted over each other.
 */
export async function mountOf(system: System, path: string): Promise<Mount | undefined> {
  const mounts = await readMounts(system);
  const file = await open(path, O_PATH).catch(() => undefined);
  if (file !== undefined) {
    try {
      const info = await readText(join(system.procRoot, 'self/fdinfo', String(file.fd)));
      const id = /^mnt_id:\s*(\d+)$/m.exec(info ?? '')?.[1];
      if (id !== undefined) return mounts.find((mount) => mount.id === Number(id));
    } finally {
      await file.close();
    }
  }
  return mountByPrefix(mounts, resolve(path));
}

/** The mount whose mount point is the longest prefix of `path`, the last one where several are the same. */
function mountByPrefix(mounts: readonly Mount[], path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const folder = mount.mountPoint === '/' ? '/' : `${mount.mountPoint}/`;
    if (!`${path}/`.startsWith(folder)) continue;
    if (best === undefined || mount.mountPoint.length >= best.mountPoint.length) best = mount;
  }
  return best;
}
