/** What the system says of a device or file that it does not open, read or write, as the engine's errors. */
import type { NativeError } from 'blockdev-native';
import { isPermafrostError, PermafrostError } from '../base/errors.ts';
import { diskUse, whyInUse } from './use.ts';

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
  if (native.code === 'ECANCELED') return new PermafrostError('job/cancelled', {}, { cause: error });
  if (isPermafrostError(error) || native.syscall === undefined) return error as Error;
  const details = {
    path,
    syscall: native.syscall,
    errno: native.code ?? 'unknown',
    offset: native.offset ?? offset,
    length: native.length ?? length,
  };
  return new PermafrostError(code, details, { cause: error });
}

/** A failed opening as the engine's error; what is no answer of the system as it is. */
export async function openFailure(error: unknown, path: string): Promise<Error> {
  const { code, syscall } = error as Partial<NativeError>;
  switch (code) {
    case 'ENOENT':
    case 'ENXIO':
    case 'ENODEV':
      return new PermafrostError('device/not-found', { device: path }, { cause: error });
    case 'ENOMEDIUM':
      return new PermafrostError(
        'device/not-a-disk',
        { device: path, what: 'a drive without a medium' },
        { cause: error },
      );
    case 'EACCES':
    case 'EPERM':
      // The kernel answers like this for a write-protected device too.
      return (await diskUse(path)).some(({ kind }) => kind === 'read-only')
        ? new PermafrostError('device/read-only', { device: path }, { cause: error })
        : new PermafrostError('device/no-permission', { device: path }, { cause: error });
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
