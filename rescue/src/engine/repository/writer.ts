/**
 * Adds chunks and images to a repository: deduplicates, packs what is new, and commits an image only when
 * everything that it needs is durable. Failing or being killed at any moment leaves the repository whole.
 */
import { randomBytes } from 'node:crypto';
import { native, type ChunkPool, type Slot } from 'blockdev-native';
import { PermafrostError, throwIfCancelled } from '../base/errors.ts';
import { FOLDERS, ID_BYTES, ID_SCHEME, MAX_FRAME_BYTES, MAX_FRAME_CHUNKS, FORMAT_VERSION } from './format.ts';
import type { FrameKind, FrameTable } from './frame.ts';
import { acquireLock, LockObserver, type HeldLock } from './lock.ts';
import { checkManifest, type Manifest } from './manifest.ts';
import { writeIndex } from './pack-list.ts';
import { PackWriter } from './pack-writer.ts';
import type { PackSet, Repository } from './repository.ts';
import { findAbandoned, salvagePack, type AbandonedFiles } from './salvage.ts';
import { encodeSealed, parseSealed } from './sealed-json.ts';
import { MAX_SMALL_FILE_BYTES } from './store.ts';

/** What has been stored so far. */
export interface WriterSums {
  /** Chunks found in the repository, in bytes before compression. */
  readonly reusedBytes: number;
  /** New chunks, in bytes before compression. */
  readonly newBytes: number;
  /** What the new chunks take in packs, in bytes. */
  readonly storedBytes: number;
  /** Bytes before compression recovered from runs that did not end. */
  readonly salvagedBytes: number;
}

/** The part of a manifest that the writer does not know by itself. */
export type ImageContent = Omit<
  Manifest,
  'permafrost' | 'version' | 'requires' | 'repository' | 'chunkBytes' | 'idScheme' | 'id' | 'sequence'
>;

/** Timings of a commit, in milliseconds. */
export interface CommitTimes {
  /** Reading the packs back to check them. */
  readonly rereadMs: number;
}

export interface WriterOptions {
  readonly pool: ChunkPool;
  /** Zstandard level, 1 to 19. */
  readonly level: number;
  readonly signal?: AbortSignal;
}

export class RepositoryWriter {
  readonly #repository: Repository;
  readonly #packs: PackSet;
  readonly #lock: HeldLock;
  readonly #options: WriterOptions;
  readonly #packWriter: PackWriter;
  /** Where this writer's packs begin in the numbering of the index. */
  readonly #firstPack: number;
  #pageBytes: Buffer[] = [];
  #pageTotal = 0;
  readonly #pagesPending = new Set<string>();
  #abandoned: AbandonedFiles[] = [];
  #sums = { reusedBytes: 0, newBytes: 0, salvagedBytes: 0 };

  private constructor(repository: Repository, packs: PackSet, lock: HeldLock, options: WriterOptions) {
    this.#repository = repository;
    this.#packs = packs;
    this.#lock = lock;
    this.#options = options;
    this.#firstPack = packs.packs.length;
    this.#packWriter = new PackWriter({
      store: repository.store,
      repositoryId: repository.id,
      nonce: lock.nonce,
      onFrame: (frame, pack, placed) =>
        packs.index.placeFrame(frame, this.#firstPack + pack, placed.offset, placed.length, placed.codec),
    });
  }

  /** Takes a lock, reads what the repository has, and recovers what dead writers left. */
  static async open(repository: Repository, options: WriterOptions): Promise<RepositoryWriter> {
    for (const folder of Object.values(FOLDERS)) await repository.store.ensureFolder(folder);
    const lock = await acquireLock(repository.store);
    try {
      const writer = new RepositoryWriter(repository, await repository.loadPacks(), lock, options);
      try {
        await writer.#salvage();
      } catch (error) {
        await writer.#packWriter.abandon();
        throw error;
      }
      return writer;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get sums(): WriterSums {
    return { ...this.#sums, storedBytes: this.#packWriter.writtenBytes };
  }

  /** Chunks in the repository, this writer's included. */
  get packs(): PackSet {
    return this.#packs;
  }

  /**
   * Stores those of the chunks in `slot` that the repository lacks; `skip[i] !== 0` leaves chunk i out.
   * Resolves when they are written: then the slot may be used again. They are durable after {@link commit}.
   */
  async store(
    slot: Slot,
    ids: Buffer,
    lengths: Uint32Array,
    skip: Uint8Array,
    kind: FrameKind = 'data',
  ): Promise<void> {
    const { index } = this.#packs;
    const select = new Uint8Array(lengths.length);
    const selected: number[] = [];
    for (let i = 0; i < lengths.length; i++) {
      if (skip[i] !== 0) continue;
      const known =
        index.find(ids, i * ID_BYTES) >= 0 ||
        selected.some(
          (j) => ids.compare(ids, i * ID_BYTES, (i + 1) * ID_BYTES, j * ID_BYTES, (j + 1) * ID_BYTES) === 0,
        );
      if (known) this.#sums.reusedBytes += lengths[i]!;
      else {
        select[i] = 1;
        selected.push(i);
        this.#sums.newBytes += lengths[i]!;
      }
    }
    if (selected.length === 0) return;
    const table = {
      kind,
      ids: Buffer.concat(selected.map((i) => ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES))),
      lengths: Uint32Array.from(selected, (i) => lengths[i]!),
    };
    // Entered before it is written, so that no other slot stores the same chunks meanwhile: if this frame
    // fails, so does the whole run.
    const frame = index.addFrame(table);
    const { payloadBytes, codec } = await slot.compress(select, this.#options.level);
    const whole: FrameTable = { ...table, codec };
    await this.#packWriter.append(frame, slot, whole, payloadBytes);
  }

  /** Stores a tree page or bad map, if it is new, and returns its id. */
  async addPage(bytes: Buffer): Promise<Buffer> {
    const id = native.hash(bytes);
    const key = id.toString('hex');
    if (this.#pagesPending.has(key) || this.#packs.index.find(id, 0) >= 0) return id;
    if (this.#pageTotal + bytes.length > MAX_FRAME_BYTES || this.#pageBytes.length === MAX_FRAME_CHUNKS)
      await this.#flushPages();
    this.#pagesPending.add(key);
    this.#pageBytes.push(bytes);
    this.#pageTotal += bytes.length;
    return id;
  }

  /**
   * Makes everything stored so far durable and then the image that refers to it. The image exists if and only
   * if this resolves (or fails in the very last step, the making durable of the folder).
   */
  async commit(content: ImageContent): Promise<{ manifest: Manifest } & CommitTimes> {
    await this.#flushPages();
    const { store } = this.#repository;
    const finished = await this.#packWriter.finish();
    await writeIndex(store, this.#lock.nonce, finished);
    throwIfCancelled(this.#options.signal);
    const { images } = await this.#repository.listImages();
    const manifest: Manifest = {
      permafrost: 'image',
      version: FORMAT_VERSION,
      requires: [],
      repository: this.#repository.id,
      chunkBytes: this.#repository.chunkBytes,
      idScheme: ID_SCHEME,
      id: randomBytes(16).toString('hex'),
      sequence: (images.at(-1)?.sequence ?? 0) + 1,
      ...content,
    };
    await store.writeDurably(
      FOLDERS.images,
      `${manifest.id}.json`,
      encodeManifest(manifest),
      `${this.#lock.nonce}-image.partial`,
    );
    await this.#removeAbandoned();
    return { manifest, rereadMs: this.#packWriter.rereadMs };
  }

  /** Ends the writer; what was stored and not committed stays for the next run to reuse. */
  async close(): Promise<void> {
    await this.#packWriter.abandon();
    await this.#lock.release();
  }

  async #flushPages(): Promise<void> {
    const pages = this.#pageBytes;
    if (pages.length === 0) return;
    this.#pageBytes = [];
    this.#pageTotal = 0;
    this.#pagesPending.clear();
    // Between here and `store` the pages are in neither list: a page added again meanwhile is stored twice,
    // which `store` notices.
    const slot = await this.#options.pool.acquire();
    try {
      const lengths = Uint32Array.from(pages, (page) => page.length);
      const { ids } = await slot.loadChunks(Buffer.concat(pages), lengths);
      await this.store(slot, ids, lengths, new Uint8Array(pages.length), 'pages');
    } finally {
      slot.release();
    }
  }

  async #salvage(): Promise<void> {
    const { store, id } = this.#repository;
    const observer = new LockObserver(store);
    this.#abandoned = await findAbandoned(store, observer, this.#lock.nonce);
    for (const { packs } of this.#abandoned) {
      for (const name of packs) {
        const slot = await this.#options.pool.acquire();
        try {
          await salvagePack(
            { store, repositoryId: id, name, slot, ...this.#signal() },
            async (ids, lengths, skip, kind) => {
              const before = this.#sums.newBytes;
              await this.store(slot, ids, lengths, skip, kind);
              this.#sums.salvagedBytes += this.#sums.newBytes - before;
            },
          );
        } finally {
          slot.release();
        }
      }
    }
    // What was recovered counts as reused once the chunks are met again, not as new.
    this.#sums = { reusedBytes: 0, newBytes: 0, salvagedBytes: this.#sums.salvagedBytes };
  }

  #signal(): { signal?: AbortSignal } {
    return this.#options.signal === undefined ? {} : { signal: this.#options.signal };
  }

  /** Only after everything recovered from them is durable in packs of this writer. */
  async #removeAbandoned(): Promise<void> {
    const { store } = this.#repository;
    for (const { nonce, packs, others } of this.#abandoned) {
      for (const name of packs) await store.remove(FOLDERS.packs, name);
      for (const { folder, name } of others) await store.remove(folder, name);
      await store.remove(FOLDERS.locks, `${nonce}.json`);
    }
  }
}

/** The bytes of `manifest`, read once as whoever opens the image will. Throws `structure/invalid` where that would fail. */
function encodeManifest(manifest: Manifest): Buffer {
  const bytes = encodeSealed(manifest);
  const structure = 'image manifest';
  if (bytes.length > MAX_SMALL_FILE_BYTES)
    throw new PermafrostError('structure/invalid', { structure, problem: `has ${bytes.length} bytes` });
  checkManifest(parseSealed(bytes, structure), manifest.id);
  return bytes;
}
