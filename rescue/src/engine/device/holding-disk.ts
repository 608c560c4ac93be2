/**
 * Which disks a folder's bytes are on, through mounts, device mapper, RAID, loop devices, Btrfs, overlays and
 * FUSE. What cannot be resolved is an error: a repository on the very disk that is imaged or overwritten must
 * not slip through.
 */
import { type Said, say } from '../base/remarks.ts';
import { realpath, stat } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { basename, isAbsolute } from 'node:path';
import { PermafrostError } from '../base/errors.ts';
import {
  backingFile,
  btrfsDevices,
  linkedNodes,
  nodeByNumber,
  nodeByPath,
  wholeDisk,
  type BlockNode,
} from './block-node.ts';
import { mountOf, type Mount } from './mounts.ts';
import { liveSystem, type System } from './system.ts';

/** A stack of devices and files deeper than this is a mistake or a trap. */
const MAX_DEPTH = 16;

const inMemory = new Set(['tmpfs', 'ramfs', 'rootfs', 'devtmpfs']);
const onNetwork = new Set([
  'nfs',
  'nfs4',
  'cifs',
  'smb3',
  'smbfs',
  '9p',
  'virtiofs',
  'vboxsf',
  'fuse.vmhgfs-fuse',
  'ceph',
  'afs',
  'lustre',
  'glusterfs',
  'fuse.glusterfs',
  'fuse.ceph',
  'fuse.sshfs',
  'fuse.rclone',
  'fuse.s3fs',
  'fuse.davfs',
  'davfs',
  'fuse.curlftpfs',
  'fuse.gcsfuse',
  'fuse.geesefs',
]);
/** File systems whose source is the folder that really holds the files. */
const onFolder = new Set(['fuse.bindfs', 'fuse.gocryptfs', 'fuse.encfs', 'fuse.cryfs', 'ecryptfs']);

/**
 * Paths of everything that holds `path` (an existing file or folder): whole disks such as `/dev/sda`, the loop,
 * dm and md devices on the way, and the files behind loop devices. Empty for network shares and memory. Throws
 * `repository/unresolved`, with `path` as the repository, where that cannot be found out.
 */
export async function disksHolding(path: string, system: System = liveSystem): Promise<string[]> {
  const walk = new Walk(system, path);
  await walk.path(path, 0);
  return [...walk.found];
}

/**
 * Paths of all that the disk (or partition, or disk-image file) at `path` is: itself, its whole disk, what that
 * is made of, and the file behind a loop device, but not what holds that file.
 */
export async function layersOf(path: string, system: System = liveSystem): Promise<string[]> {
  const node = await nodeByPath(system, path);
  if (node === undefined) return [await realpath(path).catch(() => path)];
  const walk = new Walk(system, path, true);
  await walk.node(node, 0);
  return [...walk.found];
}

class Walk {
  readonly found = new Set<string>();
  readonly #system: System;
  readonly #repository: string;
  /** The file behind a loop device counts, but not what is below it. */
  readonly #stopsAtFiles: boolean;
  readonly #visited = new Set<string>();

  constructor(system: System, repository: string, stopsAtFiles = false) {
    this.#system = system;
    this.#repository = repository;
    this.#stopsAtFiles = stopsAtFiles;
  }

  #fail(problem: Said): never {
    throw new PermafrostError('repository/unresolved', { repository: this.#repository, problem });
  }

  async path(path: string, depth: number): Promise<void> {
    if (depth > MAX_DEPTH) this.#fail(say('holding/endless'));
    const mount = await mountOf(this.#system, path);
    if (mount === undefined) this.#fail(say('holding/no-mount', { path }));
    await this.#mount(mount, depth + 1);
  }

  async #mount(mount: Mount, depth: number): Promise<void> {
    const { fileSystem, source, deviceNumber, mountPoint } = mount;
    if (inMemory.has(fileSystem)) return;
    if (onNetwork.has(fileSystem)) {
      const { options } = mount;
      // The address tells what a name hides.
      if (isServedHere(source) || isOwnAddress(options.get('addr')))
        this.#fail(say('holding/own-share', { folder: mountPoint }));
      return;
    }
    if (fileSystem === 'overlay') return this.#overlay(mount, depth);
    const node = await this.#device(mount);
    if (node !== undefined) {
      const devices = fileSystem === 'btrfs' ? await btrfsDevices(this.#system, node) : [node];
      if (devices.length === 0) this.#fail(say('holding/btrfs', { folder: mountPoint }));
      for (const device of devices) await this.node(device, depth);
      return this.#extraDevices(mount, depth);
    }
    if (!deviceNumber.startsWith('0:')) this.#fail(say('holding/sysfs', { device: deviceNumber }));
    if (fileSystem === 'bcachefs' && source.includes(':'))
      return this.#paths(source.split(':'), mount, depth);
    const kind = isAbsolute(source) ? await kindOf(source) : undefined;
    if (kind === 'file' && fileSystem.startsWith('fuse')) return this.#file(source, depth);
    if (kind === 'folder' && onFolder.has(fileSystem) && source !== mountPoint)
      return this.path(source, depth);
    this.#fail(say('holding/type', { folder: mountPoint, fileSystem, source }));
  }

  /** The block device of a mount; Btrfs and FUSE have device numbers of their own, but a source. */
  async #device({ deviceNumber, source }: Mount): Promise<BlockNode | undefined> {
    const numbered = deviceNumber.startsWith('0:')
      ? undefined
      : await nodeByNumber(this.#system, deviceNumber);
    if (numbered !== undefined || !isAbsolute(source)) return numbered;
    return nodeByPath(this.#system, source);
  }

  /** XFS keeps its log, and files of its realtime part, on devices of their own. */
  async #extraDevices(mount: Mount, depth: number): Promise<void> {
    const extra = ['logdev', 'rtdev'].flatMap((key) => mount.options.get(key) ?? []);
    await this.#paths(extra, mount, depth);
  }

  async #paths(paths: readonly string[], { mountPoint }: Mount, depth: number): Promise<void> {
    for (const path of paths) {
      const node = await nodeByPath(this.#system, path);
      if (node === undefined) this.#fail(say('holding/also', { folder: mountPoint, path }));
      await this.node(node, depth);
    }
  }

  /** What is written goes to the upper folder; without one the lower ones hold everything. */
  async #overlay({ options, mountPoint }: Mount, depth: number): Promise<void> {
    const upper = options.get('upperdir');
    const lower = options.get('lowerdir')?.split(/(?<!\\):+/) ?? [];
    const folders = (upper === undefined ? lower : [upper]).map((text) => text.replace(/\\([:\\,])/g, '$1'));
    if (folders.length === 0) this.#fail(say('holding/overlay', { folder: mountPoint }));
    for (const folder of folders) {
      if (!isAbsolute(folder) || (await kindOf(folder)) !== 'folder')
        this.#fail(say('holding/overlay-on', { folder: mountPoint, path: folder }));
      await this.path(folder, depth);
    }
  }

  async #file(path: string, depth: number): Promise<void> {
    this.found.add(await realpath(path).catch(() => path));
    if (!this.#stopsAtFiles) await this.path(path, depth + 1);
  }

  async node(node: BlockNode, depth: number): Promise<void> {
    if (depth > MAX_DEPTH) this.#fail(say('holding/endless'));
    const disk = await wholeDisk(this.#system, node);
    if (this.#stopsAtFiles) this.found.add(node.path);
    if (this.#visited.has(disk.deviceNumber)) return;
    this.#visited.add(disk.deviceNumber);
    this.found.add(disk.path);
    if (!this.#stopsAtFiles && /^(nbd|drbd|zd)\d/.test(disk.name))
      this.#fail(say('holding/network', { device: disk.path }));
    for (const part of await linkedNodes(this.#system, disk, 'slaves')) await this.node(part, depth + 1);
    const file = await backingFile(disk);
    if (file === undefined) return;
    if (file.isDeleted || (await kindOf(file.path)) !== 'file') {
      const device = file.isDeleted ? undefined : await nodeByPath(this.#system, file.path);
      if (device !== undefined) return this.node(device, depth + 1);
      if (this.#stopsAtFiles) return;
      this.#fail(say('holding/file', { device: disk.path, file: basename(file.path) }));
    }
    await this.#file(file.path, depth + 1);
  }
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() === true ? 'file' : stats?.isDirectory() === true ? 'folder' : undefined;
}

/** Whether the source of a share (`host:/path`, `//host/share`, `user@host:…`) names this very machine. */
function isServedHere(source: string): boolean {
  const named = /^(?:\/\/|\\\\)?(?:[^@/]*@)?(?:\[([^\]]*)\]|([^:/\\]*))/.exec(source);
  const host = (named?.[1] ?? named?.[2] ?? '').toLowerCase();
  if (host === '' || /^(127\.[\d.]+|localhost|localhost\.localdomain)$/.test(host)) return host !== '';
  return host === hostname().toLowerCase() || isOwnAddress(host);
}

function isOwnAddress(wanted: string | undefined): boolean {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ address }) => address === wanted);
}
