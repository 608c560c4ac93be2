/** The errors that promises of the addon reject with. */
import type { BindingError } from './binding.ts';
import type { NativeError } from './types.ts';

/** A failed system call, as {@link NativeError} describes it. */
export class NativeFailure extends Error implements NativeError {
  override readonly name = 'NativeFailure';
  readonly code: string;
  readonly syscall: string;
  readonly path: string;
  declare readonly offset?: number;
  declare readonly length?: number;

  constructor(path: string, what: Omit<BindingError, 'name'>) {
    const { code, syscall, offset, length } = what;
    const where = offset === undefined ? '' : `, ${length ?? 0} bytes at ${offset}`;
    super(`${code}: ${what.message}, ${syscall} ${path}${where}`);
    this.code = code;
    this.syscall = syscall;
    this.path = path;
    if (offset !== undefined) this.offset = offset;
    if (length !== undefined) this.length = length;
  }
}

/** What something that was abandoned or closed rejects with. */
export function cancelled(path: string, syscall: string): NativeFailure {
  return new NativeFailure(path, { code: 'ECANCELED', message: 'Operation canceled', syscall });
}

/** `promise` with its native error turned into a {@link NativeFailure} on `path`. */
export async function onPath<T>(path: string, promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw new NativeFailure(path, error as BindingError);
  }
}
