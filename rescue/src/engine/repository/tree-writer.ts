/**
 * Builds the tree of a region while its chunks arrive in any order. Leaves are stored as soon as all their
 * chunks are known, so memory holds the leaves in flight and 33 bytes for every leaf, whatever the disk's size.
 */
import { ID_BYTES, PAGE_ENTRIES } from './format.ts';
import type { RegionContent } from './manifest.ts';
import { encodePage, tags, type Tag } from './page.ts';

/** Stores a page and returns its id. */
export type AddPage = (bytes: Buffer) => Promise<Buffer>;

interface Leaf {
  readonly tags: Uint8Array;
  readonly ids: Buffer;
  badMaps?: Buffer;
  /** Chunks announced and not yet set. */
  pending: number;
  /** No further chunk of it will be announced. */
  announced: boolean;
}

interface Level {
  readonly tags: Uint8Array;
  readonly ids: Buffer;
}

export class TreeWriter {
  readonly #chunks: number;
  readonly #addPage: AddPage;
  readonly #leaves = new Map<number, Leaf>();
  readonly #level: Level;
  #currentLeaf = -1;
  readonly #storing = new Set<Promise<void>>();
  #failure: Error | undefined;

  /** A tree of `chunks` chunks, all unused until said otherwise. */
  constructor(chunks: number, addPage: AddPage) {
    this.#chunks = chunks;
    this.#addPage = addPage;
    const count = Math.ceil(chunks / PAGE_ENTRIES);
    this.#level = { tags: new Uint8Array(count), ids: Buffer.alloc(count * ID_BYTES) };
  }

  /** Says, in ascending order, that chunk `chunk` is not unused and will be {@link set}. */
  announce(chunk: number): void {
    const number = Math.floor(chunk / PAGE_ENTRIES);
    if (number !== this.#currentLeaf) {
      this.#endLeaf();
      this.#currentLeaf = number;
      const entries = Math.min(PAGE_ENTRIES, this.#chunks - number * PAGE_ENTRIES);
      this.#leaves.set(number, {
        tags: new Uint8Array(entries),
        ids: Buffer.alloc(entries * ID_BYTES),
        pending: 0,
        announced: false,
      });
    }
    this.#leaves.get(number)!.pending++;
  }

  /** Sets an announced chunk; `id` and `badMap` (32 bytes at `idOffset`, and 32 bytes) as the tag needs them. */
  set(chunk: number, tag: Tag, ids?: Buffer, idOffset = 0, badMap?: Buffer): void {
    const number = Math.floor(chunk / PAGE_ENTRIES);
    const leaf = this.#leaves.get(number)!;
    const entry = chunk % PAGE_ENTRIES;
    leaf.tags[entry] = tag;
    if (ids !== undefined) ids.copy(leaf.ids, entry * ID_BYTES, idOffset, idOffset + ID_BYTES);
    if (badMap !== undefined) {
      leaf.badMaps ??= Buffer.alloc(leaf.ids.length);
      badMap.copy(leaf.badMaps, entry * ID_BYTES);
    }
    leaf.pending--;
    this.#storeIfComplete(number, leaf);
  }

  /** Stores the upper pages once all chunks are set. */
  async finish(): Promise<RegionContent> {
    this.#endLeaf();
    while (this.#storing.size > 0) await Promise.all(this.#storing);
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#leaves.size > 0) throw new Error(`${this.#leaves.size} tree leaves never got all their chunks`);
    let level = this.#level;
    let levels = 1;
    while (level.tags.length > 1) {
      const above = Math.ceil(level.tags.length / PAGE_ENTRIES);
      const upper: Level = { tags: new Uint8Array(above), ids: Buffer.alloc(above * ID_BYTES) };
      for (let i = 0; i < above; i++) {
        const from = i * PAGE_ENTRIES;
        const page = {
          level: levels,
          tags: level.tags.subarray(from, from + PAGE_ENTRIES),
          ids: level.ids.subarray(from * ID_BYTES, (from + PAGE_ENTRIES) * ID_BYTES),
        };
        await this.#place(upper, i, page);
      }
      level = upper;
      levels++;
    }
    const root =
      level.tags[0] === tags.unused
        ? 'unused'
        : level.tags[0] === tags.zero
          ? 'zero'
          : level.ids.toString('hex');
    return { chunks: this.#chunks, levels, root };
  }

  #endLeaf(): void {
    const leaf = this.#leaves.get(this.#currentLeaf);
    if (leaf === undefined) return;
    leaf.announced = true;
    this.#storeIfComplete(this.#currentLeaf, leaf);
  }

  #storeIfComplete(number: number, leaf: Leaf): void {
    if (leaf.pending > 0 || !leaf.announced) return;
    this.#leaves.delete(number);
    const storing = this.#place(this.#level, number, { level: 0, ...leaf })
      .catch((error: unknown) => {
        this.#failure ??= error as Error;
      })
      .finally(() => this.#storing.delete(storing));
    this.#storing.add(storing);
  }

  /** Enters `page` as entry `i` of `level`: as what it is throughout, or by the id of the stored page. */
  async #place(level: Level, i: number, page: Parameters<typeof encodePage>[0]): Promise<void> {
    const first = page.tags[0]!;
    if (first <= tags.zero && page.tags.every((tag) => tag === first)) {
      level.tags[i] = first;
      return;
    }
    (await this.#addPage(encodePage(page))).copy(level.ids, i * ID_BYTES);
    level.tags[i] = tags.data;
  }
}
