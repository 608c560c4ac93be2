/**
 * The contract of the addon's TypeScript side. All offsets and lengths are bytes, all of them safe integers.
 * Every promise rejects with a {@link NativeError}; wrong arguments throw TypeError or RangeError at once.
 */

/** A failed system call. `code` is the symbolic errno, for example `EIO`. */
export interface NativeError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path: string;
  /** Where in the file it failed, for reads and writes. */
  readonly offset?: number;
  readonly length?: number;
}

export interface OpenOptions {
  /** Open for writing too. Default: read-only, the only mode for sources. */
  readonly write?: boolean;
  /** O_EXCL on a block device: fails with EBUSY while anything has it or a part of it mounted or claimed. */
  readonly exclusive?: boolean;
  /**
   * `true`: bypass the page cache (O_DIRECT) wherever the file system and the alignment allow it; unaligned
   * edges and file systems without O_DIRECT go through the page cache. Default `false`.
   */
  readonly direct?: boolean;
  /** For files: `never` (default), `new` (fails with EEXIST), `if-absent`. */
  readonly create?: 'never' | 'new' | 'if-absent';
  /** Permissions of a file that is created; default 0o600, for an image holds everything that its disk does. */
  readonly mode?: number;
}

/** An open block device or regular file. Jobs that use it keep it open until they end. */
export interface BlockFile {
  readonly path: string;
  readonly isBlockDevice: boolean;
  /** Size at the time of opening, kept current by {@link setSize}. */
  readonly sizeBytes: number;
  /** Logical sector size; 512 for files. */
  readonly sectorSize: number;
  /** Physical sector size; 512 for files. */
  readonly physicalSectorSize: number;
  /** Kernel device number `major:minor` of a block device (st_rdev), of the containing device for a file (st_dev). */
  readonly deviceNumber: string;
  /** Exactly `length` bytes (at most 64 MiB), any alignment. ENODATA if the file ends before. */
  read(offset: number, length: number): Promise<Buffer>;
  /** Writes all of `bytes` (at most 64 MiB), any alignment. They are copied before the call returns. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** fsync: data and size are on the medium, and the device's cache is flushed. */
  flush(): Promise<void>;
  /** Starts writing dirty pages of the range without waiting (sync_file_range). */
  startWriteback(offset: number, length: number): Promise<void>;
  /** Drops cached pages, so that the next read comes from the medium (POSIX_FADV_DONTNEED; BLKFLSBUF on devices). */
  dropCache(): Promise<void>;
  /** Tells the device that the bytes are unused (BLKDISCARD; a hole in a file). EOPNOTSUPP where it cannot. */
  discard(offset: number, length: number): Promise<void>;
  /** Makes the bytes read as zero (BLKZEROOUT; FALLOC_FL_ZERO_RANGE or written zeros for files). */
  zero(offset: number, length: number): Promise<void>;
  /** Regular files only. */
  setSize(sizeBytes: number): Promise<void>;
  /** flock; resolves to false if somebody else holds it. Released by {@link close}. */
  lock(mode: 'shared' | 'exclusive'): Promise<boolean>;
  /** BLKRRPART; EBUSY while a partition is in use. Block devices only. */
  rereadPartitions(): Promise<void>;
  /** BLKROGET. Files: false. */
  isReadOnly(): Promise<boolean>;
  /** BLKROSET. Block devices only. */
  setReadOnly(readOnly: boolean): Promise<void>;
  /** BLKGETDISKSEQ: changes whenever another disk takes this device number. undefined where the kernel has none. */
  diskSequence(): Promise<number | undefined>;
  /**
   * Rejects the calls of this object under way and waiting with code ECANCELED, at once, as
   * {@link ChunkPool.abandon} does for a pool. Only {@link close} may follow.
   */
  abandon(): void;
  /** Closes when the last job that uses it has ended. Idempotent. */
  close(): Promise<void>;
}

/** An incremental BLAKE3, fed by {@link Slot.writeFrame} and {@link update}. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** The 32-byte BLAKE3 of everything so far. */
  digest(): Buffer;
}

export interface ChunkRead {
  /** Length of each chunk in bytes; chunk i lies at the sum of the lengths before it. Their sum is at most `frameBytes`. */
  readonly lengths: Uint32Array;
  /**
   * bufferOffset, fileOffset, length triples, ascending in bufferOffset: what to read. Bytes of the chunks in
   * no triple are zero. Neighbouring reads may be joined and holes between them read through, but only the
   * bytes named end up in the chunks, and an unreadable sector in a hole is no error.
   */
  readonly reads: Float64Array;
}

export interface ChunkResult {
  /** BLAKE3 of each chunk, 32 bytes apiece. */
  readonly ids: Buffer;
  /** 1 where all bytes of the chunk are zero. */
  readonly zero: Uint8Array;
  /** offset, length pairs (file offsets, sector-aligned and cut to the named reads) that could not be read; these bytes are zero in the chunks. */
  readonly bad: Float64Array;
}

export interface FrameSource {
  readonly offset: number;
  readonly payloadBytes: number;
  /** `zstd`, or `stored` for a payload kept as it is. */
  readonly codec: 'zstd' | 'stored';
  /** Lengths of the chunks in the frame, as in {@link ChunkRead.lengths}. */
  readonly lengths: Uint32Array;
}

/**
 * One aligned buffer of `frameBytes` and what hangs on it. One call at a time; a second before the first has
 * settled throws. A read that fails entirely rejects; unreadable sectors are results, in `bad`.
 */
export interface Slot {
  /** Reads, zeroes what is not named, hashes each chunk and looks for zeros. */
  readChunks(file: BlockFile, what: ChunkRead): Promise<ChunkResult>;
  /** As {@link readChunks} with the bytes given (copied): `bytes` are the chunks one after the other. */
  loadChunks(bytes: Uint8Array, lengths: Uint32Array): Promise<ChunkResult>;
  /**
   * Compresses the chunks with `select[i] !== 0`, one after the other, as one Zstandard frame with its content
   * size declared and no checksum of its own. `stored` where that would not be smaller. Uses the chunks up:
   * the slot holds nothing but the payload afterwards.
   */
  compress(select: Uint8Array, level: number): Promise<{ payloadBytes: number; codec: 'zstd' | 'stored' }>;
  /** Writes `header` and the payload of the last {@link compress} to `file` at `offset`, and feeds both to `hasher`. Page cache. */
  writeFrame(file: BlockFile, offset: number, header: Uint8Array, hasher?: Hasher): Promise<void>;
  /**
   * Reads a payload, decompresses it into the slot and hashes each chunk. A payload that does not decompress to
   * exactly the sum of `lengths` gives `ids: undefined` with the `problem`.
   */
  readFrame(
    file: BlockFile,
    frame: FrameSource,
  ): Promise<{ ids: Buffer; problem?: undefined } | { ids?: undefined; problem: string }>;
  /** Writes slices of the slot's chunks: bufferOffset, fileOffset, length triples, ascending in fileOffset. */
  writeChunks(file: BlockFile, writes: Float64Array): Promise<void>;
  /** BLAKE3 of `length` bytes of a file from `offset`, read past the page cache where possible. Any length. */
  hashRange(file: BlockFile, offset: number, length: number): Promise<Buffer>;
  /** A copy of `length` bytes of the slot's chunk buffer. */
  bytes(offset: number, length: number): Buffer;
  /** Gives the slot back to the pool. */
  release(): void;
}

/** Threads and buffers of one job. */
export interface ChunkPool {
  readonly workers: number;
  readonly frameBytes: number;
  /** A free slot; waits for one, which is what bounds memory. */
  acquire(): Promise<Slot>;
  /**
   * Rejects everything under way and waiting with code ECANCELED, at once: threads stuck in a system call are
   * left behind and no longer keep the process from exiting. The pool is unusable afterwards.
   */
  abandon(): void;
  /** Ends the threads once idle and frees the buffers. */
  close(): Promise<void>;
}

export interface PoolOptions {
  /** Threads; default: number of CPUs + 2, at most 16. */
  readonly workers?: number;
  /** Buffers; default: workers + 2. */
  readonly slots?: number;
  /** Size of a slot's buffer; default and maximum 4 MiB. */
  readonly frameBytes?: number;
}

export interface NativeModule {
  open(path: string, options?: OpenOptions): Promise<BlockFile>;
  createPool(options?: PoolOptions): ChunkPool;
  createHasher(): Hasher;
  /** BLAKE3 of bytes in memory, 32 bytes, synchronous: for small structures. */
  hash(bytes: Uint8Array): Buffer;
  /** fsync of a directory; resolves to false where the file system cannot. */
  syncDirectory(path: string): Promise<boolean>;
  /** Versions of what is linked in, for reports. */
  versions(): { readonly zstd: string; readonly blake3: string };
}
