/**
 * Opens sources and targets: sources read-only, both exclusively and locked from plan to the end, so that
 * nothing mounts or writes them meanwhile.
 */
import { say } from '../base/remarks.ts';
import { stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { native, type BlockFile, type NativeError, type OpenOptions } from 'blockdev-native';
import { checkRange, type BlockReader } from '../base/block-reader.ts';
import { isPermafrostError, PermafrostError } from '../base/errors.ts';
import { nodeByNumber, wholeDisk } from './block-node.ts';
import { openFailure, readFailure } from './device-failure.ts';
import { checkUnchanged, identify } from './identify.ts';
import type { DiskIdentity } from './identity.ts';
import { isProtected } from './protection.ts';
import { isAmong } from './same-storage.ts';
import { liveSystem } from './system.ts';
import { describeUses, diskUse } from './use.ts';
import { acquireWritable, type Writable } from './writable.ts';

/** An open disk that nobody else can claim until it is closed. */
export interface OpenDisk {
  readonly file: BlockFile;
  readonly identity: DiskIdentity;
  readonly reader: BlockReader;
  /** Throws `device/changed` if the path now leads to another disk than was opened. */
  checkUnchanged(): Promise<void>;
  /** Whether it is, or is a part of, one of the whole disks or disk-image files `disks`. */
  isAmong(disks: readonly string[]): Promise<boolean>;
  /** Ends the write protection of the rescue environment, if that is what keeps it read-only, until it is closed. */
  allowWrites(): Promise<void>;
  /** Lets the kernel read a new partition table; rejects with EBUSY while a partition is in use. */
  rereadPartitions(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a disk to be read. `shared` skips the exclusive claim: for looking only. */
export function openSource(path: string, options: { shared?: boolean } = {}): Promise<OpenDisk> {
  return open(path, { direct: true, exclusive: options.shared !== true });
}

/**
 * Opens a disk to be overwritten. One that the rescue environment protects stays read-only until
 * {@link OpenDisk.allowWrites}: the kernel refuses every write to it, however it was opened. A file that does not exist, or is empty, is made a sparse one of `createBytes`;
 * without that it is undefined.
 */
export async function openTarget(path: string, createBytes: number): Promise<OpenDisk>;
export async function openTarget(path: string): Promise<OpenDisk | undefined>;
export async function openTarget(path: string, createBytes?: number): Promise<OpenDisk | undefined> {
  const options = { direct: true, exclusive: true, write: true } as const;
  if (createBytes !== undefined) return createTarget(path, options, createBytes);
  if (await isEmptyFile(path)) return undefined;
  try {
    return await open(path, options);
  } catch (error) {
    if (!isPermafrostError(error, 'device/not-found') || path.startsWith('/dev/')) throw error;
    const folder = await stat(dirname(path)).then(
      (s) => s.isDirectory(),
      () => false,
    );
    if (folder) return undefined;
    throw error;
  }
}

async function createTarget(path: string, options: OpenOptions, createBytes: number): Promise<OpenDisk> {
  // A file that somebody made beforehand, with the permissions they want, is as good as none.
  if (await isEmptyFile(path)) return open(path, options, createBytes);
  try {
    return await open(path, { ...options, create: 'new' }, createBytes);
  } catch (error) {
    if (isPermafrostError(error, 'device/failed') && error.details.errno === 'EEXIST')
      throw new PermafrostError(
        'device/changed',
        { device: path, problem: say('changed/appeared') },
        { cause: error },
      );
    // Unless it was there before, what is there now is an empty file of ours.
    if (await isEmptyFile(path)) await unlink(path);
    throw error;
  }
}

async function isEmptyFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile() && stats.size === 0,
    () => false,
  );
}

/** The identity of a disk-image file of `sizeBytes` that is yet to be created. */
export function describeTarget(path: string, sizeBytes: number): DiskIdentity {
  return { kind: 'file', path, sizeBytes, sectorSize: 512 };
}

/** A reader over an open file or device. */
export function fileReader(file: BlockFile): BlockReader {
  const reader: BlockReader = {
    name: file.path,
    sizeBytes: file.sizeBytes,
    sectorSize: file.sectorSize,
    async read(offset, length) {
      checkRange(reader, offset, length);
      try {
        return await file.read(offset, length);
      } catch (error) {
        throw readFailure(error, file.path, offset, length);
      }
    },
  };
  return reader;
}

async function open(path: string, options: OpenOptions, createBytes?: number): Promise<OpenDisk> {
  if (createBytes === undefined) await checkKind(path);
  let file: BlockFile;
  try {
    file = await native.open(path, options);
  } catch (error) {
    throw await openFailure(error, path);
  }
  let lock: BlockFile | undefined;
  try {
    if (options.exclusive === true) {
      await checkUnused(file, options.write === true);
      lock = await lockDisk(file, options.write === true ? 'exclusive' : 'shared');
    }
    if (createBytes !== undefined) {
      await file.setSize(createBytes);
      // What is done to a file that has lost its name in a power cut would be lost with it.
      await native.syncDirectory(dirname(path));
    }
    if (file.sizeBytes === 0 && (file.isBlockDevice || options.write !== true))
      throw new PermafrostError('device/not-a-disk', {
        device: path,
        what: file.isBlockDevice ? 'a drive without a medium' : 'an empty file',
      });
    const identity = await identify(file);
    const closeLock = lock;
    let writable: Writable | undefined;
    return {
      file,
      identity,
      reader: fileReader(file),
      checkUnchanged: () => checkUnchanged(path, identity),
      isAmong: (disks) => isAmong(file.path, disks),
      async allowWrites() {
        if (options.write !== true || !file.isBlockDevice) return;
        writable ??= await acquireWritable(path);
        if (await file.isReadOnly()) throw new PermafrostError('device/read-only', { device: path });
      },
      rereadPartitions: () => file.rereadPartitions(),
      async close() {
        try {
          // Closed first, so that nothing is left to be written to it.
          await file.close();
          await writable?.release();
        } finally {
          await closeLock?.close();
        }
      },
    };
  } catch (error) {
    await file.close();
    await lock?.close();
    const { code, syscall } = error as Partial<NativeError>;
    if (isPermafrostError(error) || code === undefined || syscall === undefined) throw error;
    throw new PermafrostError('device/failed', { path, syscall, errno: code }, { cause: error });
  }
}

/** Throws `device/not-a-disk` for what is neither block device nor regular file, before anything is opened. */
async function checkKind(path: string): Promise<void> {
  // What cannot be looked at cannot be opened either, and that error says more.
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined || stats.isFile() || stats.isBlockDevice()) return;
  const what = stats.isDirectory()
    ? 'a folder'
    : stats.isCharacterDevice()
      ? 'a character device'
      : stats.isSocket()
        ? 'a socket'
        : 'a pipe';
  throw new PermafrostError('device/not-a-disk', { device: path, what });
}

/**
 * Throws `device/in-use` or `device/read-only`. The kernel's exclusive claim knows nothing of files attached to
 * loop devices, and of FUSE file systems that open a device like any program.
 */
async function checkUnused(file: BlockFile, isTarget: boolean): Promise<void> {
  const { path } = file;
  if (isTarget && (await file.isReadOnly()) && !(await isProtectedFile(file)))
    throw new PermafrostError('device/read-only', { device: path });
  const uses = (await diskUse(path)).filter(
    ({ kind, isReadOnly }) => kind !== 'read-only' && (isTarget || isReadOnly !== true),
  );
  if (uses.length > 0)
    throw new PermafrostError('device/in-use', { device: path, reason: describeUses(uses) });
}

async function isProtectedFile({ deviceNumber, isBlockDevice }: BlockFile): Promise<boolean> {
  const node = isBlockDevice ? await nodeByNumber(liveSystem, deviceNumber) : undefined;
  return node !== undefined && isProtected(liveSystem, node);
}

/** udev locks a disk for a moment after each change to look at it. */
const LOCK_ATTEMPTS = 30;
const LOCK_PAUSE_MS = 100;

/**
 * Locks the whole disk, since two jobs on partitions of one disk share its table. Returns what else must be
 * closed to release it. Throws `device/in-use`.
 */
async function lockDisk(file: BlockFile, mode: 'shared' | 'exclusive'): Promise<BlockFile | undefined> {
  const whole = await wholeDiskPath(file);
  const other = whole === undefined ? undefined : await native.open(whole);
  try {
    for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
      if (attempt > 0) await setTimeout(LOCK_PAUSE_MS);
      if (await (other ?? file).lock(mode)) return other;
    }
  } catch (error) {
    await other?.close();
    throw error;
  }
  await other?.close();
  throw new PermafrostError('device/in-use', { device: file.path, reason: say('use/locked') });
}

/** Path of the disk that an open partition is a part of; `undefined` for anything else. */
async function wholeDiskPath(file: BlockFile): Promise<string | undefined> {
  if (!file.isBlockDevice) return undefined;
  const node = await nodeByNumber(liveSystem, file.deviceNumber);
  if (node?.partition === undefined) return undefined;
  const disk = await wholeDisk(liveSystem, node);
  return disk === node ? undefined : disk.path;
}
