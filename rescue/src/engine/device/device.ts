/**
 * Opens sources and targets: sources read-only, both exclusively and locked from plan to the end, so that
 * nothing mounts or writes them meanwhile.
 */
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { native, type BlockFile, type NativeError, type OpenOptions } from 'blockdev-native';
import { checkRange, type BlockReader } from '../base/block-reader.ts';
import { isPermafrostError, PermafrostError } from '../base/errors.ts';
import { readDiskAttributes } from './disk-attributes.ts';
import { identityProblem, type DiskIdentity } from './identity.ts';
import { whyInUse } from './use.ts';

/** An open disk that nobody else can claim until it is closed. */
export interface OpenDisk {
  readonly file: BlockFile;
  readonly identity: DiskIdentity;
  readonly reader: BlockReader;
  /** Throws `device/changed` if the path now leads to another disk than was opened. */
  checkUnchanged(): Promise<void>;
  /** Whether it is, or is a part of, one of the whole disks or disk-image files `disks`. */
  isAmong(disks: readonly string[]): Promise<boolean>;
  /** Lets the kernel read a new partition table; gives up the exclusive hold for that moment. */
  rereadPartitions(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a disk to be read. `shared` skips the exclusive claim: for looking only. */
export function openSource(path: string, options: { shared?: boolean } = {}): Promise<OpenDisk> {
  return open(path, { direct: true, exclusive: options.shared !== true });
}

/**
 * Opens a disk to be overwritten. A file that does not exist is created, sparse, with `createBytes`; without
 * that it is undefined.
 */
export async function openTarget(path: string, createBytes: number): Promise<OpenDisk>;
export async function openTarget(path: string): Promise<OpenDisk | undefined>;
export async function openTarget(path: string, createBytes?: number): Promise<OpenDisk | undefined> {
  const options = { direct: true, exclusive: true, write: true } as const;
  if (createBytes === undefined) {
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
  return open(path, { ...options, create: 'new' }, createBytes);
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

/** A failed read as the engine's error; cancels and other errors as they are. */
export function readFailure(error: unknown, path: string, offset = 0, length = 0): Error {
  return failure(error, 'device/read-failed', path, offset, length);
}

/** A failed write as the engine's error; cancels and other errors as they are. */
export function writeFailure(error: unknown, path: string, offset = 0, length = 0): Error {
  return failure(error, 'device/write-failed', path, offset, length);
}

function failure(
  error: unknown,
  code: 'device/read-failed' | 'device/write-failed',
  path: string,
  offset: number,
  length: number,
): Error {
  const native = error as Partial<NativeError>;
  if (isPermafrostError(error) || native.syscall === undefined) {
    if (native.code === 'ECANCELED') return new PermafrostError('job/cancelled', {}, { cause: error });
    return error as Error;
  }
  if (native.code === 'ECANCELED') return new PermafrostError('job/cancelled', {}, { cause: error });
  const details = {
    path,
    syscall: native.syscall,
    errno: native.code ?? 'unknown',
    offset: native.offset ?? offset,
    length: native.length ?? length,
  };
  return new PermafrostError(code, details, { cause: error });
}

async function open(path: string, options: OpenOptions, createBytes?: number): Promise<OpenDisk> {
  let file: BlockFile;
  try {
    file = await native.open(path, options);
  } catch (error) {
    throw await openFailure(error, path);
  }
  try {
    // A partition's table is its disk's: two jobs on one disk must not meet, so the disk is locked, not the node.
    if (options.exclusive === true && !(await file.lock(options.write === true ? 'exclusive' : 'shared')))
      throw new PermafrostError('device/in-use', { device: path, reason: 'another program has it locked' });
    if (createBytes !== undefined) await file.setSize(createBytes);
    const identity = await identify(file);
    return {
      file,
      identity,
      reader: fileReader(file),
      checkUnchanged: () => checkUnchanged(path, identity),
      isAmong: (disks) => isAmong(file, disks),
      rereadPartitions: () => file.rereadPartitions(),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw writeFailure(error, path);
  }
}

async function identify(file: BlockFile): Promise<DiskIdentity> {
  const { path, sizeBytes, sectorSize, deviceNumber } = file;
  if (!file.isBlockDevice) return { kind: 'file', path, sizeBytes, sectorSize };
  const diskSequence = await file.diskSequence();
  return {
    kind: 'device',
    path,
    ...(await readDiskAttributes(deviceNumber)),
    sizeBytes,
    sectorSize,
    deviceNumber,
    ...(diskSequence === undefined ? {} : { diskSequence }),
  };
}

async function checkUnchanged(path: string, planned: DiskIdentity): Promise<void> {
  let file: BlockFile;
  try {
    file = await native.open(path);
  } catch {
    throw new PermafrostError('device/changed', { device: path, problem: 'it is gone' });
  }
  try {
    const problem = identityProblem(planned, await identify(file));
    if (problem !== undefined) throw new PermafrostError('device/changed', { device: path, problem });
  } finally {
    await file.close();
  }
}

async function isAmong(file: BlockFile, disks: readonly string[]): Promise<boolean> {
  const own = await realpath(file.path);
  const whole = file.isBlockDevice ? await wholeDisk(file.deviceNumber) : own;
  const others = await Promise.all(disks.map((disk) => realpath(disk).catch(() => disk)));
  return others.includes(own) || others.includes(whole);
}

/** Path of the whole disk that the device `major:minor` is or is a part of. */
async function wholeDisk(deviceNumber: string): Promise<string> {
  const node = await realpath(`/sys/dev/block/${deviceNumber}`);
  const isPartition = await stat(`${node}/partition`).then(
    () => true,
    () => false,
  );
  return `/dev/${basename(isPartition ? dirname(node) : node)}`;
}

async function openFailure(error: unknown, path: string): Promise<Error> {
  const { code, syscall } = error as Partial<NativeError>;
  switch (code) {
    case 'ENOENT':
    case 'ENXIO':
    case 'ENODEV':
    case 'ENOMEDIUM':
      return new PermafrostError('device/not-found', { device: path }, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new PermafrostError('device/no-permission', { device: path }, { cause: error });
    case 'EBUSY':
      return new PermafrostError(
        'device/in-use',
        { device: path, reason: await whyInUse(path) },
        { cause: error },
      );
    case 'EROFS':
      return new PermafrostError('device/read-only', { device: path }, { cause: error });
    case 'EISDIR':
    case 'ENOTBLK':
    case 'EINVAL':
      return new PermafrostError(
        'device/not-a-disk',
        { device: path, what: 'no block device or regular file' },
        { cause: error },
      );
    default:
      if (code === undefined || syscall === undefined) return error as Error;
      return new PermafrostError('device/failed', { path, syscall, errno: code }, { cause: error });
  }
}
