/**
 * A copy of bytes that can be changed although they cannot: what is written goes to a scratch file that holds nothing
 * else, so that it costs what changes, and is gone when the overlay is closed or the process ends, however it ends.
 * Where there is no FUSE to show that to programs, the scratch file gets a copy of all that matters instead.
 */
import { asIs } from '../base/remarks.ts';
import { randomUUID } from 'node:crypto';
import { open, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { addBits } from '../base/bitmap.ts';
import { checkRange, type BlockReader } from '../base/block-reader.ts';
import { ExtentsBuilder, type Extents } from '../base/extents.ts';
import { PermafrostError } from '../base/errors.ts';
import { withServedFile } from './fuse-file.ts';
import { runProgram } from './run-program.ts';

/** What is copied as a unit: a page, and a block of most file systems. */
const BLOCK_BYTES = 4096;
/** How long a loop device may take to come or go. */
const PATIENCE_MS = 30_000;
/** What is copied or compared at once. */
const STEP_BYTES = 1024 * 1024;

export class Overlay implements BlockReader {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sectorSize: number;
  readonly #base: BlockReader;
  readonly #scratch: FileHandle;
  /** A bit for each block that the scratch file has. */
  readonly #changed: Uint8Array;
  /** What of the base there is to be copied for programs; undefined where they see the overlay through FUSE. */
  readonly #copied: Extents | undefined;
  #isCopied = false;

  private constructor(base: BlockReader, scratch: FileHandle, copied: Extents | undefined) {
    this.name = base.name;
    this.sizeBytes = base.sizeBytes;
    this.sectorSize = base.sectorSize;
    this.#base = copied === undefined ? base : onlyIn(base, copied);
    this.#copied = copied;
    this.#scratch = scratch;
    this.#changed = new Uint8Array(Math.ceil(base.sizeBytes / BLOCK_BYTES / 8));
  }

  /**
   * An overlay over `base` with its scratch file in `folder`. With `copied`, the extents of `base` that matter, programs
   * get a copy of those, and the rest of the base counts as zeros. Throws `layout/no-scratch`. The caller closes it.
   */
  static async create(base: BlockReader, folder: string, copied?: Extents): Promise<Overlay> {
    const path = join(folder, `.permafrost-scratch-${randomUUID()}`);
    try {
      const scratch = await open(path, 'wx+', 0o600);
      await unlink(path);
      await scratch.truncate(base.sizeBytes);
      return new Overlay(base, scratch, copied);
    } catch (error) {
      const problem = asIs((error as Error).message);
      throw new PermafrostError('layout/no-scratch', { folder, problem }, { cause: error });
    }
  }

  /** Exactly `length` bytes at `offset` as they are now; the caller owns the array. Throws what the base throws. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    checkRange(this, offset, length);
    const bytes = new Uint8Array(length);
    for (let at = offset; at < offset + length;) {
      const isChanged = this.#isChanged(at);
      const stop = this.#runEnd(at, offset + length, isChanged);
      if (isChanged) await readFully(this.#scratch, bytes.subarray(at - offset, stop - offset), at);
      else bytes.set(await this.#base.read(at, stop - at), at - offset);
      at = stop;
    }
    return bytes;
  }

  /** Changes the bytes at `offset`. Throws the system's error where the scratch file has no room. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const end = offset + bytes.length;
    checkRange(this, offset, bytes.length);
    if (bytes.length === 0) return;
    // A block of which only a part is written needs its rest.
    for (const edge of new Set([floor(offset), floor(end - 1)])) {
      const blockEnd = Math.min(edge + BLOCK_BYTES, this.sizeBytes);
      if (edge < offset || blockEnd > end) await this.keep(edge, blockEnd - edge);
    }
    await writeFully(this.#scratch, bytes, offset);
    this.#mark(offset, bytes.length);
  }

  /** Makes what is there now count as changed: `length` bytes at `offset`, rounded to blocks. */
  async keep(offset: number, length: number): Promise<void> {
    const end = Math.min(this.sizeBytes, floor(offset + length + BLOCK_BYTES - 1));
    for (let at = floor(offset); at < end;) {
      const isChanged = this.#isChanged(at);
      const stop = Math.min(this.#runEnd(at, end, isChanged), at + 1024 * 1024);
      if (!isChanged) {
        await writeFully(this.#scratch, await this.#base.read(at, stop - at), at);
        this.#mark(at, stop - at);
      }
      at = stop;
    }
  }

  /**
   * Calls `work` with the path of a file or device that holds the first `length` bytes; what is written to it is written here when
   * this resolves. Of a copy nothing is left behind `length`. Throws `layout/no-overlay`, and what `work` throws.
   */
  async withFile<T>(length: number, work: (path: string) => Promise<T>): Promise<T> {
    if (this.#copied === undefined)
      return withServedFile(
        { sizeBytes: length, read: this.read.bind(this), write: this.write.bind(this) },
        work,
      );
    await this.#copy(this.#copied.slice(0, length));
    await this.#scratch.truncate(length);
    // It has no name any more, which some tools ask for: a loop device has one.
    return withHeldLoop(`/proc/${process.pid}/fd/${this.#scratch.fd}`, async (device, flush) => {
      try {
        return await work(device);
      } finally {
        await flush();
        await this.#noteChanges(length);
      }
    });
  }

  /** Puts `extents` of the base into the scratch file, but for what is zero or changed; once. */
  async #copy(extents: Extents): Promise<void> {
    if (this.#isCopied) return;
    this.#isCopied = true;
    const zeros = Buffer.alloc(STEP_BYTES);
    for (let i = 0; i < extents.count; i++)
      for (let at = extents.start(i); at < extents.end(i);) {
        const isChanged = this.#isChanged(at);
        const stop = Math.min(this.#runEnd(at, extents.end(i), isChanged), at + STEP_BYTES);
        if (!isChanged) {
          const bytes = await this.#base.read(at, stop - at);
          if (!zeros.subarray(0, bytes.length).equals(bytes)) await writeFully(this.#scratch, bytes, at);
        }
        at = stop;
      }
  }

  /** Marks the blocks before `length` in which the scratch file is not what the base is. */
  async #noteChanges(length: number): Promise<void> {
    for (let at = 0; at < length; at += STEP_BYTES) {
      const step = Math.min(STEP_BYTES, length - at);
      const there = new Uint8Array(step);
      await readFully(this.#scratch, there, at);
      const base = Buffer.from(await this.#base.read(at, step));
      if (base.equals(there)) continue;
      for (let block = 0; block < step; block += BLOCK_BYTES) {
        const end = Math.min(block + BLOCK_BYTES, step);
        if (!base.subarray(block, end).equals(there.subarray(block, end)))
          this.#mark(at + block, end - block);
      }
    }
  }

  /** What differs from the base, in whole blocks. */
  changed(): Extents {
    const builder = new ExtentsBuilder();
    addBits(builder, this.#changed, Math.ceil(this.sizeBytes / BLOCK_BYTES), BLOCK_BYTES, 0);
    return builder.finish().slice(0, this.sizeBytes);
  }

  async close(): Promise<void> {
    await this.#scratch.close();
  }

  #isChanged(offset: number): boolean {
    const block = Math.floor(offset / BLOCK_BYTES);
    return (this.#changed[block >>> 3]! & (1 << (block & 7))) !== 0;
  }

  /** Where the run of blocks that are changed, or not, ends that `at` is in; at most at `limit`. */
  #runEnd(at: number, limit: number, isChanged: boolean): number {
    let end = floor(at) + BLOCK_BYTES;
    while (end < limit && this.#isChanged(end) === isChanged) end += BLOCK_BYTES;
    return Math.min(end, limit);
  }

  #mark(offset: number, length: number): void {
    for (let at = floor(offset); at < offset + length; at += BLOCK_BYTES) {
      const block = at / BLOCK_BYTES;
      this.#changed[block >>> 3]! |= 1 << (block & 7);
    }
  }
}

/** Bytes that a scratch file in `folder` could have now. Throws `layout/no-scratch`. */
export async function freeScratch(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    throw new PermafrostError(
      'layout/no-scratch',
      { folder, problem: asIs((error as Error).message) },
      { cause: error },
    );
  }
}

/**
 * Calls `work` with a loop device over `path`, and what flushes it; the kernel takes it away when nobody has it open any
 * more, also where this process is killed. Throws `layout/no-overlay`.
 */
async function withHeldLoop<T>(
  path: string,
  work: (device: string, flush: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const losetup = async (...args: string[]): Promise<string> => {
    const { code, stdout, problem } = await runProgram({ program: 'losetup', args, limitMs: PATIENCE_MS });
    if (code !== 0) throw new PermafrostError('layout/no-overlay', { problem: asIs(problem) });
    return stdout;
  };
  const device = await losetup('--find', '--show', path);
  const held = await open(device, 'r').finally(() => losetup('--detach', device));
  try {
    return await work(device, () => held.sync());
  } finally {
    await held.close();
  }
}

/** `reader` where `extents` are, and zeros elsewhere. */
function onlyIn(reader: BlockReader, extents: Extents): BlockReader {
  return {
    ...{ name: reader.name, sizeBytes: reader.sizeBytes, sectorSize: reader.sectorSize },
    async read(offset, length) {
      const bytes = new Uint8Array(length);
      const parts = extents.slice(offset, length);
      for (let i = 0; i < parts.count; i++)
        bytes.set(await reader.read(parts.start(i), parts.length(i)), parts.start(i) - offset);
      return bytes;
    },
  };
}

function floor(offset: number): number {
  return Math.floor(offset / BLOCK_BYTES) * BLOCK_BYTES;
}

async function readFully(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, offset + done);
    if (bytesRead === 0) throw new Error(`the scratch file ends before ${offset + done}`);
    done += bytesRead;
  }
}

async function writeFully(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
}
