/**
 * Writes frames into packs. A pack grows under `<lock nonce>-<number>.partial`, so that salvage knows whose it
 * is, and gets its name, the BLAKE3 of its content, only after it was made durable and read back the same.
 */
import { say } from '../base/remarks.ts';
import { native, type BlockFile, type ChunkPool, type Hasher, type Slot } from 'blockdev-native';
import { PermafrostError } from '../base/errors.ts';
import { encodeFrameHeader, type FrameTable } from './frame.ts';
import { FOLDERS, MAX_PACK_BYTES, SYNC_INTERVAL_BYTES } from './format.ts';
import { encodePackEnd, encodePackHeader, PACK_HEADER_BYTES, type PlacedFrame } from './pack-index.ts';
import type { Store } from './store.ts';

/** A finished pack. */
export interface FinishedPack {
  /** 64 hex digits. */
  readonly id: string;
  readonly sizeBytes: number;
  readonly frames: readonly PlacedFrame[];
}

interface OpenPack {
  readonly number: number;
  readonly temporary: string;
  readonly file: BlockFile;
  readonly hasher: Hasher;
  readonly frames: PlacedFrame[];
  sizeBytes: number;
  indexBytes: number;
  syncedBytes: number;
  startedBytes: number;
}

export interface PackWriterOptions {
  readonly store: Store;
  readonly repositoryId: string;
  /** From the writer's lock. */
  readonly nonce: string;
  /** Called when a frame's place is known, before it is durable. `pack` counts this writer's packs from 0. */
  readonly onFrame: (frame: number, pack: number, placed: PlacedFrame) => void;
}

const WRITEBACK_STEP_BYTES = 8 * 1024 * 1024;
/** Room kept for an index section's prefix and the footer. */
const END_RESERVE_BYTES = 4096;

/** One writer of packs. Appends are written in the order of the calls; any failure fails all later ones. */
export class PackWriter {
  readonly #options: PackWriterOptions;
  /** Its own thread for reading packs back: a slot of the caller's could be waiting for this very writer. */
  readonly #checkPool: ChunkPool;
  #open: OpenPack | undefined;
  #packCount = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #closing: Promise<unknown> = Promise.resolve();
  #failure: Error | undefined;
  readonly #finished: FinishedPack[] = [];
  #writtenBytes = 0;
  #rereadMs = 0;

  constructor(options: PackWriterOptions) {
    this.#options = options;
    this.#checkPool = native.createPool({ workers: 1, slots: 1 });
  }

  /** Bytes of frames appended so far, headers included. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** Milliseconds that reading finished packs back took. */
  get rereadMs(): number {
    return this.#rereadMs;
  }

  /**
   * Appends the payload that `slot` has compressed as frame number `frame`. Resolves when it is written (not
   * yet durable): the slot may be used again.
   */
  append(frame: number, slot: Slot, table: FrameTable, payloadBytes: number): Promise<void> {
    const append = this.#turn.then(() => this.#append(frame, slot, table, payloadBytes));
    this.#turn = append.catch(() => undefined);
    return append;
  }

  /** Makes everything appended durable and returns the packs, numbered as in `onFrame`. */
  async finish(): Promise<readonly FinishedPack[]> {
    await this.#turn;
    this.#throwIfFailed();
    this.#closeOpenPack();
    await this.#closing;
    this.#throwIfFailed();
    return this.#finished;
  }

  /** Stops waiting for the disk of the repository: everything under way fails as cancelled. */
  interrupt(): void {
    this.#checkPool.abandon();
  }

  /**
   * Ends the writer. An unfinished pack stays where it is, as durable as can be: the next run reuses its
   * frames.
   */
  async abandon(): Promise<void> {
    await this.#turn;
    await this.#closing.catch(() => undefined);
    await this.#checkPool.close();
    const pack = this.#open;
    this.#open = undefined;
    if (pack === undefined) return;
    await pack.file.flush().catch(() => undefined);
    await pack.file.close();
    if (pack.frames.length === 0) await this.#options.store.remove(FOLDERS.packs, pack.temporary);
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #append(frame: number, slot: Slot, table: FrameTable, payloadBytes: number): Promise<void> {
    this.#throwIfFailed();
    try {
      const header = encodeFrameHeader(table, payloadBytes);
      const length = header.length + payloadBytes;
      const indexBytes = header.length + 8;
      let pack = this.#open;
      if (
        pack !== undefined &&
        pack.sizeBytes + length + pack.indexBytes + indexBytes + END_RESERVE_BYTES > MAX_PACK_BYTES
      ) {
        this.#closeOpenPack();
        // One pack may be read back while the next one fills; not more, or a slow disk would pile them up.
        await this.#closing;
        this.#throwIfFailed();
        pack = undefined;
      }
      pack ??= await this.#startPack();
      const placed = { ...table, offset: pack.sizeBytes, length };
      await this.#guard(
        slot.writeFrame(pack.file, placed.offset, header, pack.hasher),
        'write',
        pack.temporary,
        length,
      );
      pack.frames.push(placed);
      pack.sizeBytes += length;
      pack.indexBytes += indexBytes;
      this.#writtenBytes += length;
      this.#options.onFrame(frame, pack.number, placed);
      if (pack.sizeBytes - pack.syncedBytes >= SYNC_INTERVAL_BYTES) {
        pack.syncedBytes = pack.sizeBytes;
        await this.#guard(pack.file.flush(), 'fsync', pack.temporary);
      } else if (pack.sizeBytes - pack.startedBytes >= WRITEBACK_STEP_BYTES) {
        const from = pack.startedBytes;
        pack.startedBytes = pack.sizeBytes;
        await this.#guard(
          pack.file.startWriteback(from, pack.sizeBytes - from),
          'sync_file_range',
          pack.temporary,
        );
      }
    } catch (error) {
      this.#failure ??= error as Error;
      throw error;
    }
  }

  async #startPack(): Promise<OpenPack> {
    const { store, repositoryId, nonce } = this.#options;
    const number = this.#packCount++;
    const temporary = `${nonce}-${number}.partial`;
    const open = native.open(store.path(FOLDERS.packs, temporary), { write: true, create: 'new' });
    const file = await this.#guard(open, 'open', temporary);
    const hasher = native.createHasher();
    const header = encodePackHeader(repositoryId);
    const pack = {
      number,
      temporary,
      file,
      hasher,
      frames: [],
      sizeBytes: PACK_HEADER_BYTES,
      indexBytes: 0,
      syncedBytes: 0,
      startedBytes: 0,
    };
    this.#open = pack;
    await this.#guard(file.write(0, header), 'write', temporary, header.length);
    hasher.update(header);
    // The entry must survive a power cut, or what is synced into the file would be lost with it.
    await store.syncFolder(FOLDERS.packs);
    return pack;
  }

  #closeOpenPack(): void {
    const pack = this.#open;
    if (pack === undefined) return;
    this.#open = undefined;
    this.#closing = this.#closing.then(async () => {
      try {
        this.#finished[pack.number] = await this.#close(pack);
      } catch (error) {
        this.#failure ??= error as Error;
      } finally {
        await pack.file.close();
      }
    });
  }

  async #close(pack: OpenPack): Promise<FinishedPack> {
    const { store } = this.#options;
    const { file, temporary, hasher } = pack;
    const end = encodePackEnd(pack.frames, pack.sizeBytes);
    await this.#guard(file.write(pack.sizeBytes, end), 'write', temporary, end.length);
    hasher.update(end);
    const id = hasher.digest();
    const sizeBytes = pack.sizeBytes + end.length;
    await this.#guard(file.flush(), 'fsync', temporary);
    await this.#guard(file.dropCache(), 'fadvise', temporary);
    const startMs = performance.now();
    const path = store.path(FOLDERS.packs, temporary);
    const slot = await this.#checkPool.acquire();
    try {
      const reread = await this.#guard(native.open(path, { direct: true }), 'open', temporary);
      try {
        const same =
          reread.sizeBytes === sizeBytes &&
          (await this.#guard(slot.hashRange(reread, 0, sizeBytes), 'read', temporary)).equals(id);
        if (!same)
          throw new PermafrostError('repository/corrupt', {
            path,
            problem: say('damage/pack-reads-back'),
          });
      } finally {
        await reread.close();
      }
    } finally {
      slot.release();
    }
    this.#rereadMs += performance.now() - startMs;
    await store.publish(FOLDERS.packs, temporary, `${id.toString('hex')}.pack`);
    return { id: id.toString('hex'), sizeBytes, frames: pack.frames };
  }

  #guard<T>(promise: Promise<T>, syscall: string, temporary: string, missingBytes = 0): Promise<T> {
    const { store } = this.#options;
    return promise.catch((error: unknown) => {
      throw store.failure(error, syscall, store.path(FOLDERS.packs, temporary), missingBytes);
    });
  }
}
