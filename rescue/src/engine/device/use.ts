/** Why a disk must not be touched: what is mounted from it, swaps on it or holds it, however many layers up. */
import { asIs, type Said, say } from '../base/remarks.ts';
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  allDisks,
  backingFile,
  btrfsDevices,
  linkedNodes,
  nodeByPath,
  partitionsOf,
  wholeDisk,
  type BlockNode,
} from './block-node.ts';
import { readAllMounts, type Mount } from './mounts.ts';
import { printableText } from './printable-text.ts';
import { isProtected } from './protection.ts';
import { liveSystem, readNumber, readText, unescapeOctal, type System } from './system.ts';

/** One reason. `read-only` is none against reading; the protection of the rescue environment is no reason at all. */
export interface Use {
  readonly kind: 'mounted' | 'swap' | 'held' | 'attached' | 'read-only';
  /** Path of the disk, partition or file that is in use. */
  readonly what: string;
  /** Mount point, or path of the device that holds it; empty for swap and read-only. */
  readonly by: string;
  /** A clause that names both, for example `/dev/sda2 is mounted at /home`; printable. */
  readonly message: Said;
  /** `attached`: through a loop device that cannot write, so the file keeps still. */
  readonly isReadOnly?: boolean;
}

const MAX_DEPTH = 16;

/**
 * What uses the disk, partition or disk-image file at `path`: of a disk, its partitions too; of a partition,
 * its whole disk too. Empty if nothing does, or if `path` is neither.
 */
export async function diskUse(path: string, system: System = liveSystem): Promise<Use[]> {
  const finder = new UseFinder(system, await readAllMounts(system), await readSwaps(system));
  const node = await nodeByPath(system, path);
  if (node === undefined) return finder.file(path);
  const disk = await wholeDisk(system, node);
  const parts = node.partition === undefined ? await partitionsOf(system, disk) : [node];
  const uses: Use[] = [];
  for (const part of new Set([disk, ...parts])) uses.push(...(await finder.node(part, 0)));
  return uses;
}

/** Why the kernel refused to give `path` away, in words that follow "it is in use: ". */
export async function whyInUse(path: string, system: System = liveSystem): Promise<Said> {
  const uses = (await diskUse(path, system)).filter(({ kind }) => kind !== 'read-only');
  return uses.length === 0 ? say('use/open') : describeUses(uses);
}

/** The first few of `uses`, and how many more there are. */
export function describeUses(uses: readonly Use[]): Said {
  const shown = uses.slice(0, 3).map(({ message }) => message);
  const list = shown.join('; ');
  return uses.length <= 3 ? asIs(list) : say('list/more', { list, moreCount: uses.length - 3 });
}

/** Paths of swap areas (proc(5), /proc/swaps). */
async function readSwaps(system: System): Promise<string[]> {
  const text = (await readText(join(system.procRoot, 'swaps'))) ?? '';
  return text
    .split('\n')
    .slice(1)
    .map((line) => unescapeOctal(line.split(/\s/)[0]!))
    .filter((path) => path.startsWith('/'));
}

class UseFinder {
  readonly #system: System;
  readonly #mounts: readonly Mount[];
  readonly #swaps: readonly string[];

  constructor(system: System, mounts: readonly Mount[], swaps: readonly string[]) {
    this.#system = system;
    this.#mounts = mounts;
    this.#swaps = swaps;
  }

  /** Uses of exactly this node and of what is stacked on it. */
  async node(node: BlockNode, depth: number): Promise<Use[]> {
    const what = node.path;
    const uses: Use[] = (await this.#mountPoints(node)).map((by) => ({
      kind: 'mounted',
      what,
      by,
      message: say('use/mounted', { device: what, folder: printableText(by) }),
    }));
    for (const swap of this.#swaps) {
      if ((await nodeByPath(this.#system, swap))?.deviceNumber === node.deviceNumber)
        uses.push({ kind: 'swap', what, by: '', message: say('use/swap', { device: what }) });
    }
    if (depth < MAX_DEPTH) {
      for (const holder of await linkedNodes(this.#system, node, 'holders'))
        uses.push(await this.#stacked('held', what, holder, depth));
    }
    const isReadOnly = (await readNumber(join(node.folder, 'ro'))) === 1;
    if (isReadOnly && !(await isProtected(this.#system, node)))
      uses.push({ kind: 'read-only', what, by: '', message: say('use/read-only', { device: what }) });
    return uses;
  }

  /** Uses of a regular file: loop devices, FUSE file systems that have it open, swap. */
  async file(path: string): Promise<Use[]> {
    const same = await sameFile(path);
    if (same === undefined) return [];
    const uses: Use[] = [];
    for (const disk of await allDisks(this.#system)) {
      const file = await backingFile(disk);
      if (file === undefined || file.isDeleted || !(await same(file.path))) continue;
      uses.push(await this.#stacked('attached', path, disk, 0));
    }
    for (const { source, mountPoint: by } of this.#mounts) {
      if (source.startsWith('/') && (await same(source)))
        uses.push({
          kind: 'mounted',
          what: path,
          by,
          message: say('use/mounted', { device: path, folder: printableText(by) }),
        });
    }
    for (const swap of this.#swaps) {
      if (await same(swap))
        uses.push({ kind: 'swap', what: path, by: '', message: say('use/swap', { device: path }) });
    }
    return uses;
  }

  /** `what` is below the device `upper`: that, and what in turn uses `upper`. */
  async #stacked(kind: 'held' | 'attached', what: string, upper: BlockNode, depth: number): Promise<Use> {
    const parts = [upper, ...(await partitionsOf(this.#system, upper))];
    const above: Use[] = [];
    for (const part of parts) above.push(...(await this.node(part, depth + 1)));
    const name = printableText((await readText(join(upper.folder, 'dm/name'))) ?? '');
    const title = name === '' ? upper.path : `${upper.path} (${name})`;
    const [first] = above.filter((use) => use.kind !== 'read-only');
    const own = say(kind === 'held' ? 'use/held' : 'use/attached', { device: what, name: title });
    const isReadOnly = (await readNumber(join(upper.folder, 'ro'))) === 1;
    return {
      kind,
      what,
      by: upper.path,
      message: first === undefined ? own : asIs(`${own}; ${first.message}`),
      ...(kind === 'attached' ? { isReadOnly } : {}),
    };
  }

  async #mountPoints(node: BlockNode): Promise<string[]> {
    const family = await btrfsDevices(this.#system, node);
    const members = new Set([node, ...family].map(({ deviceNumber }) => deviceNumber));
    const points = new Set<string>();
    for (const mount of this.#mounts) {
      if (mount.deviceNumber === node.deviceNumber || (await this.#leadsTo(mount, node, members)))
        points.add(mount.mountPoint);
    }
    // A Btrfs that no mount is seen for is in use all the same: its devices are listed only while it is mounted.
    if (family.length > 0 && points.size === 0) points.add('a place not seen from here');
    return [...points];
  }

  /** Whether a mount without a device number of its own, or with further devices, is on `node`. */
  async #leadsTo(mount: Mount, node: BlockNode, family: ReadonlySet<string>): Promise<boolean> {
    const { fileSystem, source, options, deviceNumber } = mount;
    const several = fileSystem === 'bcachefs' ? source.split(':') : [source];
    const sources = deviceNumber.startsWith('0:') ? several : [];
    for (const path of [...sources, options.get('logdev'), options.get('rtdev')]) {
      if (path?.startsWith('/') !== true) continue;
      const found = (await nodeByPath(this.#system, path))?.deviceNumber;
      if (found === undefined) continue;
      if (found === node.deviceNumber || (fileSystem === 'btrfs' && family.has(found))) return true;
    }
    return false;
  }
}

/** Tells whether another path leads to the regular file at `path`; `undefined` if that is none. */
async function sameFile(path: string): Promise<((other: string) => Promise<boolean>) | undefined> {
  const own = await stat(path).catch(() => undefined);
  if (own?.isFile() !== true) return undefined;
  return async (other) => {
    const stats = await realpath(other)
      .then((real) => stat(real))
      .catch(() => undefined);
    return stats?.isFile() === true && stats.dev === own.dev && stats.ino === own.ino;
  };
}
