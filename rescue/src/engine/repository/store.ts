/**
 * The files of a repository folder, and the one way small ones are written: to a name of their own, made
 * durable, read back from the medium and compared, renamed, the folder made durable. So a file with its final
 * name is whole, whatever happened.
 */
import { say } from '../base/remarks.ts';
import { mkdir, readdir, readFile, rename, stat, statfs, unlink, open } from 'node:fs/promises';
import { join } from 'node:path';
import { native, type NativeError } from 'blockdev-native';
import { isPermafrostError, PermafrostError } from '../base/errors.ts';

/** A file in a repository folder. */
export interface StoredFile {
  readonly name: string;
  readonly sizeBytes: number;
}

/** Largest manifest or lock read into memory, in bytes. */
export const MAX_SMALL_FILE_BYTES = 16 * 1024 * 1024;

/** What statfs(2) says of file systems on disks, and of memory: ext, XFS, Btrfs, FAT, exFAT, NTFS, F2FS, UDF, HFS+, tmpfs. */
const diskFileSystems: ReadonlySet<number> = new Set([
  ...[
    0xef53, 0x58465342, 0x9123683e, 0x4d44, 0x2011bab0, 0x7366746e, 0xf2f52010, 0x15013346, 0x482b,
    0x01021994,
  ],
]);

export class Store {
  readonly root: string;
  /** Becomes false when a folder could not be made durable: reports say so. */
  directoriesDurable = true;

  /** The repository folder `root`; nothing is touched yet. */
  constructor(root: string) {
    this.root = root;
  }

  path(...parts: readonly string[]): string {
    return join(this.root, ...parts);
  }

  /** Creates `folder` and its parents where absent, durably. */
  async ensureFolder(folder = ''): Promise<void> {
    const path = this.path(folder);
    const made = await this.guard(mkdir(path, { recursive: true }), 'mkdir', path);
    if (made !== undefined) await this.syncFolder(folder === '' ? '..' : '');
  }

  /** Regular files in `folder`, by name; none if the folder is absent. */
  async list(folder: string): Promise<StoredFile[]> {
    const path = this.path(folder);
    try {
      const entries = await readdir(path, { withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
      const sized = await Promise.all(
        files.map(async (name) => {
          // Another process may have renamed or removed it since it was listed.
          const sizeBytes = await stat(join(path, name)).then(
            (s) => s.size,
            () => undefined,
          );
          return sizeBytes === undefined ? [] : [{ name, sizeBytes }];
        }),
      );
      return sized.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw this.failure(error, 'readdir', path);
    }
  }

  /** The content of a small file, or undefined if it does not exist. */
  async read(...parts: readonly string[]): Promise<Buffer | undefined> {
    const path = this.path(...parts);
    try {
      const { size } = await stat(path);
      if (size > MAX_SMALL_FILE_BYTES)
        throw new PermafrostError('repository/corrupt', {
          path,
          problem: say('damage/large', { sizeBytes: size }),
        });
      return await readFile(path);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw this.failure(error, 'read', path);
    }
  }

  /** Writes `folder/name` in one step that either happened or did not, by way of the file `temporary`. */
  async writeDurably(
    folder: string,
    name: string,
    bytes: Uint8Array,
    temporary = `${name}.partial`,
  ): Promise<void> {
    const path = this.path(folder, temporary);
    try {
      await this.remove(folder, temporary);
      const file = await native.open(path, { write: true, create: 'new' });
      try {
        await file.write(0, bytes);
        await file.flush();
        await file.dropCache();
      } finally {
        await file.close();
      }
      const reread = await native.open(path, { direct: true });
      try {
        const same = reread.sizeBytes === bytes.length && (await reread.read(0, bytes.length)).equals(bytes);
        if (!same)
          throw new PermafrostError('repository/corrupt', { path, problem: say('damage/reads-back') });
      } finally {
        await reread.close();
      }
    } catch (error) {
      await this.remove(folder, temporary);
      throw this.failure(error, 'write', path, bytes.length);
    }
    await this.publish(folder, temporary, name);
  }

  /** Gives a durable file its final name, durably. */
  async publish(folder: string, temporary: string, name: string): Promise<void> {
    const path = this.path(folder, name);
    await this.guard(rename(this.path(folder, temporary), path), 'rename', path);
    // FAT keeps where a file begins in its name, and writes that with the file: without this, the folder alone would
    // hold a name that still leads to nothing, or to what it named before.
    await this.guard(syncFile(path), 'fsync', path);
    await this.syncFolder(folder);
  }

  /** Removes a file if it is there. */
  async remove(folder: string, name: string): Promise<void> {
    const path = this.path(folder, name);
    try {
      await unlink(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw this.failure(error, 'unlink', path);
    }
  }

  async syncFolder(folder: string): Promise<void> {
    const path = this.path(folder);
    if (!(await this.guard(native.syncDirectory(path), 'fsync', path))) this.directoriesDurable = false;
  }

  /** Bytes that an ordinary user can still write. */
  async freeBytes(): Promise<number> {
    const stats = await this.guard(statfs(this.root), 'statfs', this.root);
    return stats.bavail * stats.bsize;
  }

  /** Whether it lies on a file system that one machine at a time can have: on a disk, and not on a share. */
  async isOnDisk(): Promise<boolean> {
    return diskFileSystems.has((await this.guard(statfs(this.root), 'statfs', this.root)).type);
  }

  /** Turns a failed system call on a repository file into the engine's error; others pass through. */
  failure(error: unknown, syscall: string, path: string, missingBytes = 0): Error {
    if (isPermafrostError(error)) return error;
    const errno = errnoOf(error);
    if (errno === undefined) return error as Error;
    if (errno === 'ECANCELED') return new PermafrostError('job/cancelled', {}, { cause: error });
    if (errno === 'ENOSPC' || errno === 'EDQUOT')
      return new PermafrostError(
        'repository/full',
        { repository: this.root, missingBytes },
        { cause: error },
      );
    const failed = (error as Partial<NativeError>).syscall ?? syscall;
    return new PermafrostError('repository/failed', { path, syscall: failed, errno }, { cause: error });
  }

  async guard<T>(promise: Promise<T>, syscall: string, path: string): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      throw this.failure(error, syscall, path);
    }
  }
}

function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as Partial<NativeError>).code : undefined;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
