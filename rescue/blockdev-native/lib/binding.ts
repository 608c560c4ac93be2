/**
 * The functions of the addon as they are (src/binding-*.cc). Handles are opaque and of one kind each; promises
 * reject with a {@link BindingError}. Nothing but this folder uses them.
 */

declare const kind: unique symbol;
export interface FileHandle {
  readonly [kind]: 'file';
}
export interface PoolHandle {
  readonly [kind]: 'pool';
}
export interface SlotHandle {
  readonly [kind]: 'slot';
}
export interface HasherHandle {
  readonly [kind]: 'hasher';
}

/** What native code rejects with: the message is that of strerror(3). */
export interface BindingError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly offset?: number;
  readonly length?: number;
}

export interface OpenedFile {
  readonly handle: FileHandle;
  readonly isBlockDevice: boolean;
  readonly sizeBytes: number;
  readonly sectorSize: number;
  readonly physicalSectorSize: number;
  readonly deviceNumber: string;
}

interface Chunks {
  readonly ids: Buffer;
  readonly zero: Uint8Array;
  readonly bad: Float64Array;
}

export interface Binding {
  readonly zstdVersion: string;
  readonly blake3Version: string;

  open(
    path: string,
    write: boolean,
    exclusive: boolean,
    direct: boolean,
    create: boolean,
    mustBeNew: boolean,
    mode: number,
  ): Promise<OpenedFile>;
  read(file: FileHandle, offset: number, length: number): Promise<Buffer>;
  write(file: FileHandle, offset: number, bytes: Uint8Array): Promise<void>;
  flush(file: FileHandle): Promise<void>;
  startWriteback(file: FileHandle, offset: number, length: number): Promise<void>;
  dropCache(file: FileHandle): Promise<void>;
  discard(file: FileHandle, offset: number, length: number): Promise<void>;
  zero(file: FileHandle, offset: number, length: number): Promise<void>;
  setSize(file: FileHandle, sizeBytes: number): Promise<void>;
  lock(file: FileHandle, exclusive: boolean): Promise<boolean>;
  rereadPartitions(file: FileHandle): Promise<void>;
  isReadOnly(file: FileHandle): Promise<boolean>;
  setReadOnly(file: FileHandle, readOnly: boolean): Promise<void>;
  diskSequence(file: FileHandle): Promise<number | undefined>;
  close(file: FileHandle): Promise<void>;
  abandonFile(file: FileHandle): void;
  syncDirectory(path: string): Promise<boolean>;

  createPool(workers: number): PoolHandle;
  abandonPool(pool: PoolHandle): void;
  closePool(pool: PoolHandle): void;
  createSlot(frameBytes: number): SlotHandle;
  freeSlot(slot: SlotHandle): void;
  readChunks(
    pool: PoolHandle,
    slot: SlotHandle,
    file: FileHandle,
    lengths: Uint32Array,
    reads: Float64Array,
  ): Promise<Chunks>;
  loadChunks(pool: PoolHandle, slot: SlotHandle, bytes: Uint8Array, lengths: Uint32Array): Promise<Chunks>;
  compress(
    pool: PoolHandle,
    slot: SlotHandle,
    select: Uint8Array,
    level: number,
  ): Promise<{ payloadBytes: number; codec: 'zstd' | 'stored' }>;
  writeFrame(
    pool: PoolHandle,
    slot: SlotHandle,
    file: FileHandle,
    offset: number,
    header: Uint8Array,
    hasher: HasherHandle | undefined,
  ): Promise<void>;
  readFrame(
    pool: PoolHandle,
    slot: SlotHandle,
    file: FileHandle,
    offset: number,
    payloadBytes: number,
    stored: boolean,
    lengths: Uint32Array,
  ): Promise<{ ids: Buffer; problem?: undefined } | { ids?: undefined; problem: string }>;
  writeChunks(pool: PoolHandle, slot: SlotHandle, file: FileHandle, writes: Float64Array): Promise<void>;
  hashRange(
    pool: PoolHandle,
    slot: SlotHandle,
    file: FileHandle,
    offset: number,
    length: number,
  ): Promise<Buffer>;
  slotBytes(slot: SlotHandle, offset: number, length: number): Buffer;

  createHasher(): HasherHandle;
  updateHasher(hasher: HasherHandle, bytes: Uint8Array): void;
  digestHasher(hasher: HasherHandle): Buffer;
  hash(bytes: Uint8Array): Buffer;
}
