/**
 * The chunks of a region that are written last, one by one: its first, and those that table writes change or the
 * target's end cuts. They are noted while the others are written.
 */
import { native } from 'blockdev-native';
import { throwIfCancelled } from '../base/errors.ts';
import { writeFailure } from '../device/device-failure.ts';
import type { DecodedFrame, ChunkProblem } from '../repository/frame-reader.ts';
import { heldChunks } from './held-chunks.ts';
import type { LostChunks } from './lost-chunks.ts';
import { chunkIn, lengthOf, notThere, offsetOf, type RegionTarget } from './region-target.ts';
import { acquire } from './slots.ts';
import { applyPatches } from './target-steps.ts';

/** What a held chunk turned out to be. */
export interface Held {
  readonly chunk: number;
  /** Its id in the image; undefined where the image has zeros or nothing, or it is lost. */
  readonly id?: Buffer;
  readonly unused: boolean;
}

/** What the read-back must find where it is not simply the image's chunk. */
export interface Expected {
  readonly chunk: number;
  /** BLAKE3 of the bytes that were written, or undefined if the target keeps what it had. */
  readonly id: Buffer | undefined;
}

export class HeldRestore {
  readonly #target: RegionTarget;
  readonly #lost: LostChunks;
  readonly #chunks: ReadonlySet<number>;
  /** The same, ascending. */
  readonly #inOrder: readonly number[];
  readonly #noted: Held[] = [];

  constructor(target: RegionTarget, lost: LostChunks) {
    this.#target = target;
    this.#lost = lost;
    const { imagedLength: sourceLength, changes } = target;
    const changed = changes === undefined ? {} : { changed: changes.changed };
    this.#chunks = heldChunks({ ...target, sourceLength, ...changed });
    this.#inOrder = [...this.#chunks];
  }

  has(chunk: number): boolean {
    return this.#chunks.has(chunk);
  }

  /** Must be done once for each one that the region has. */
  note(held: Held): void {
    this.#noted.push(held);
  }

  /** Parts of a run of zeros or unused chunks that are not held, from and to before; the held ones are noted. */
  *without(first: number, count: number, unused: boolean): Generator<[number, number]> {
    let from = first;
    for (let i = firstAtLeast(this.#inOrder, first); i < this.#inOrder.length; i++) {
      const chunk = this.#inOrder[i]!;
      if (chunk >= first + count) break;
      this.note({ chunk, unused });
      if (chunk > from) yield [from, chunk];
      from = chunk + 1;
    }
    if (from < first + count) yield [from, first + count];
  }

  /** Writes those that were noted and says what they must read back as. */
  async write(): Promise<Expected[]> {
    const expected: Expected[] = [];
    for (const held of this.#noted) {
      throwIfCancelled(this.#target.signal);
      expected.push(await this.#write(held));
    }
    return expected;
  }

  async #write({ chunk, id, unused }: Held): Promise<Expected> {
    const { file, start, patches, changes, zeroUnused, onBytes } = this.#target;
    const offset = offsetOf(this.#target, chunk);
    const length = lengthOf(this.#target, chunk);
    const touched = patches.filter((p) => p.offset < offset + length && p.offset + p.bytes.length > offset);
    const isChanged = touched.length > 0 || changes?.changed.touches(offset - start, length) === true;
    if (unused && !isChanged && !zeroUnused) return { chunk, id: undefined };
    const bytes = id === undefined ? Buffer.alloc(length) : await this.#imaged(chunk, id, length);
    await changes?.apply(bytes, offset - start);
    applyPatches(bytes, offset, touched);
    await file.write(offset, bytes).catch((error: unknown) => {
      throw writeFailure(error, file.path);
    });
    onBytes(id === undefined ? 0 : length, length);
    return { chunk, id: native.hash(bytes) };
  }

  /** The first `length` bytes of the chunk with `id`; zeros where it is lost. */
  async #imaged(chunk: number, id: Buffer, length: number): Promise<Buffer> {
    const { reader, pool } = this.#target;
    const { index } = reader.packs;
    const number = index.find(id, 0);
    const slot = await acquire(pool);
    try {
      const decoded: DecodedFrame | ChunkProblem =
        number < 0 ? notThere : await reader.readFrame(slot, index.frameOf(number));
      const found = chunkIn(this.#target, decoded, id, 0, chunk);
      if (!('problem' in found)) return slot.bytes(found.offset, length);
      await this.#lost.lose(chunk, id, found);
      return Buffer.alloc(length);
    } finally {
      slot.release();
    }
  }
}

/** Index of the first of `sorted` that is `value` or more. */
function firstAtLeast(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
