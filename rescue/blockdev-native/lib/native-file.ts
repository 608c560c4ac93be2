/** An open block device or regular file: {@link BlockFile} over a native handle. */
import { checkBytes, checkFlag, checkInteger, checkRange, checkText } from './arguments.ts';
import type { Binding, FileHandle, OpenedFile } from './binding.ts';
import { cancelled, NativeFailure, onPath } from './native-failure.ts';
import type { BlockFile, OpenOptions } from './types.ts';

/** The most that one read or write moves. */
const MOST_BYTES = 64 * 1024 * 1024;

/** As {@link NativeModule.open}. */
export function openFile(binding: Binding, path: string, options: OpenOptions = {}): Promise<NativeFile> {
  const { write = false, exclusive = false, direct = false, create = 'never', mode = 0o600 } = options;
  checkText('path', path);
  checkFlag('write', write);
  checkFlag('exclusive', exclusive);
  checkFlag('direct', direct);
  checkInteger('mode', mode, 0, 0o777);
  if (!['never', 'new', 'if-absent'].includes(create)) throw new RangeError(`create must not be ${create}`);
  if (create !== 'never' && !write) throw new RangeError('create needs write');
  const opened = binding.open(path, write, exclusive, direct, create !== 'never', create === 'new', mode);
  return onPath(path, opened).then((file) => new NativeFile(binding, path, file));
}

/** Used through {@link BlockFile}, and by slots through {@link use}. */
export class NativeFile implements BlockFile {
  readonly path: string;
  readonly isBlockDevice: boolean;
  readonly sectorSize: number;
  readonly physicalSectorSize: number;
  readonly deviceNumber: string;
  readonly #binding: Binding;
  readonly #handle: FileHandle;
  #sizeBytes: number;
  #users = 0;
  #isAbandoned = false;
  #closed: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(binding: Binding, path: string, opened: OpenedFile) {
    this.path = path;
    this.isBlockDevice = opened.isBlockDevice;
    this.sectorSize = opened.sectorSize;
    this.physicalSectorSize = opened.physicalSectorSize;
    this.deviceNumber = opened.deviceNumber;
    this.#binding = binding;
    this.#handle = opened.handle;
    this.#sizeBytes = opened.sizeBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Makes a native call that keeps the file open until it ends. What `call` throws is thrown at once; EBADF
   * after {@link close}, ECANCELED after {@link abandon}.
   */
  use<T>(call: (handle: FileHandle) => Promise<T>): Promise<T> {
    if (this.#closed !== undefined)
      return Promise.reject(
        new NativeFailure(this.path, { code: 'EBADF', message: 'The file is closed', syscall: 'use' }),
      );
    if (this.#isAbandoned) return Promise.reject(cancelled(this.path, 'use'));
    const called = call(this.#handle);
    this.#users++;
    return this.#settle(called);
  }

  async #settle<T>(called: Promise<T>): Promise<T> {
    try {
      return await onPath(this.path, called);
    } finally {
      this.#users--;
      if (this.#users === 0) this.#onIdle?.();
    }
  }

  read(offset: number, length: number): Promise<Buffer> {
    checkRange(offset, length, MOST_BYTES);
    return this.use((handle) => this.#binding.read(handle, offset, length));
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    checkRange(offset, checkBytes('bytes', bytes).length, MOST_BYTES);
    return this.use((handle) => this.#binding.write(handle, offset, bytes));
  }

  flush(): Promise<void> {
    return this.use((handle) => this.#binding.flush(handle));
  }

  startWriteback(offset: number, length: number): Promise<void> {
    checkRange(offset, length);
    return this.use((handle) => this.#binding.startWriteback(handle, offset, length));
  }

  dropCache(): Promise<void> {
    return this.use((handle) => this.#binding.dropCache(handle));
  }

  discard(offset: number, length: number): Promise<void> {
    checkRange(offset, length);
    return this.use((handle) => this.#binding.discard(handle, offset, length));
  }

  zero(offset: number, length: number): Promise<void> {
    checkRange(offset, length);
    return this.use((handle) => this.#binding.zero(handle, offset, length));
  }

  setSize(sizeBytes: number): Promise<void> {
    checkInteger('sizeBytes', sizeBytes);
    return this.use((handle) => this.#binding.setSize(handle, sizeBytes)).then(() => {
      this.#sizeBytes = sizeBytes;
    });
  }

  lock(mode: 'shared' | 'exclusive'): Promise<boolean> {
    if (!['shared', 'exclusive'].includes(mode)) throw new RangeError(`mode must not be ${mode}`);
    return this.use((handle) => this.#binding.lock(handle, mode === 'exclusive'));
  }

  rereadPartitions(): Promise<void> {
    return this.use((handle) => this.#binding.rereadPartitions(handle));
  }

  isReadOnly(): Promise<boolean> {
    return this.use((handle) => this.#binding.isReadOnly(handle));
  }

  setReadOnly(readOnly: boolean): Promise<void> {
    checkFlag('readOnly', readOnly);
    return this.use((handle) => this.#binding.setReadOnly(handle, readOnly));
  }

  diskSequence(): Promise<number | undefined> {
    return this.use((handle) => this.#binding.diskSequence(handle));
  }

  abandon(): void {
    this.#isAbandoned = true;
    this.#binding.abandonFile(this.#handle);
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeWhenIdle();
    return this.#closed;
  }

  async #closeWhenIdle(): Promise<void> {
    if (this.#users > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await onPath(this.path, this.#binding.close(this.#handle));
  }
}
