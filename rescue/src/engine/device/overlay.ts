/**
 * A copy of bytes that can be changed although they cannot: what is written goes to a scratch file that holds nothing
 * else, so that it costs what changes, and is gone when the overlay is closed or the process ends, however it ends.
 */
import { randomUUID } from 'node:crypto';
import { open, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { addBits } from '../base/bitmap.ts';
import { checkRange, type BlockReader } from '../base/block-reader.ts';
import { ExtentsBuilder, type Extents } from '../base/extents.ts';
import { PermafrostError } from '../base/errors.ts';

/** What is copied as a unit: a page, and a block of most file systems. */
const BLOCK_BYTES = 4096;

export class Overlay implements BlockReader {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sectorSize: number;
  readonly #base: BlockReader;
  readonly #scratch: FileHandle;
  /** A bit for each block that the scratch file has. */
  readonly #changed: Uint8Array;

  private constructor(base: BlockReader, scratch: FileHandle) {
    this.name = base.name;
    this.sizeBytes = base.sizeBytes;
    this.sectorSize = base.sectorSize;
    this.#base = base;
    this.#scratch = scratch;
    this.#changed = new Uint8Array(Math.ceil(base.sizeBytes / BLOCK_BYTES / 8));
  }

  /** An overlay over `base` with its scratch file in `folder`. Throws `layout/no-scratch`. The caller closes it. */
  static async create(base: BlockReader, folder: string): Promise<Overlay> {
    const path = join(folder, `.permafrost-scratch-${randomUUID()}`);
    try {
      const scratch = await open(path, 'wx+', 0o600);
      await unlink(path);
      await scratch.truncate(base.sizeBytes);
      return new Overlay(base, scratch);
    } catch (error) {
      const problem = (error as Error).message;
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
      { folder, problem: (error as Error).message },
      { cause: error },
    );
  }
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
