/**
 * Writes one region of an image to a target. Every chunk's id is checked in memory before a byte of it is
 * written. Frames are read once per window and their chunks written in the order of the target.
 *
 * Chunks that need more care than that (`held`: the region's first, and those that table writes change or the
 * target's end cuts) are left to `restoreHeld`, which runs after everything else of the region is on the disk.
 */
import { type Said, say } from '../base/remarks.ts';
import { native, type BlockFile, type ChunkPool } from 'blockdev-native';
import { PermafrostError, throwIfCancelled } from '../base/errors.ts';
import { writeFailure } from '../device/device-failure.ts';
import { ID_BYTES } from '../repository/format.ts';
import type { ChunkProblem, DecodedFrame, FrameReader } from '../repository/frame-reader.ts';
import type { RegionContent } from '../repository/manifest.ts';
import { readBadMap } from '../repository/tree-reader.ts';
import { walkChunks, type ChunkWindow } from './chunk-walk.ts';
import { compareChunks } from './compare-chunks.ts';
import { heldChunks } from './held-chunks.ts';
import type { PauseGate } from './pause-gate.ts';
import type { RegionChanges } from './shrink-file-system.ts';
import { acquire, eachInSlot } from './slots.ts';
import { applyPatches, type Patch } from './target-steps.ts';
import { zeroRange } from './zero-range.ts';

export interface RegionTarget {
  readonly file: BlockFile;
  readonly reader: FrameReader;
  readonly pool: ChunkPool;
  readonly content: RegionContent;
  readonly name: string;
  /** Extent on the target in bytes: the region's, cut where the target ends. */
  readonly start: number;
  readonly length: number;
  readonly chunkBytes: number;
  /** Length of the region in the image; its last chunk ends here. */
  readonly imagedLength: number;
  readonly patches: readonly Patch[];
  /** What of the region is other than in the image. */
  readonly changes?: RegionChanges;
  readonly delta: boolean;
  readonly zeroUnused: boolean;
  readonly keepGoing: boolean;
  readonly signal?: AbortSignal;
  readonly gate?: PauseGate;
  readonly onBytes: (bytes: number, writtenBytes: number) => void;
  /** A part that is not what the source had: offset on the disk, length, why. */
  readonly onGap: (offset: number, length: number, reason: Said) => void;
}

/** Chunks that are zeroed in one call. */
const RUN_STEP_CHUNKS = 4096;

/** What a held chunk turned out to be. */
interface Held {
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

export class RegionRestore {
  readonly #target: RegionTarget;
  readonly #held: Held[] = [];
  readonly #heldChunks: ReadonlySet<number>;
  /** The same, ascending. */
  readonly #heldInOrder: readonly number[];
  /** Chunks (by number) of which the image is lost: zeros were written instead. */
  readonly #lost = new Set<number>();

  constructor(target: RegionTarget) {
    this.#target = target;
    const { imagedLength: sourceLength, changes } = target;
    const changed = changes === undefined ? {} : { changed: changes.changed };
    this.#heldChunks = heldChunks({ ...target, sourceLength, ...changed });
    this.#heldInOrder = [...this.#heldChunks];
  }

  /** Writes everything but the held chunks. */
  async restoreRest(): Promise<void> {
    const { reader, content, signal } = this.#target;
    for await (const part of walkChunks(reader, content)) {
      throwIfCancelled(signal);
      if (part.kind === 'data') await this.#writeWindow(part.window);
      else if (part.kind === 'lost') await this.#loseRun(part.first, part.count, part.id, part.problem);
      else await this.#writeRun(part.kind, part.first, part.count);
    }
  }

  /** Writes the held chunks and says what they must read back as. */
  async restoreHeld(): Promise<Expected[]> {
    const expected: Expected[] = [];
    for (const held of this.#held) {
      throwIfCancelled(this.#target.signal);
      expected.push(await this.#writeHeld(held));
    }
    return expected;
  }

  /** Whether chunk `chunk` was lost, so that the target holds zeros there. */
  isLost(chunk: number): boolean {
    return this.#lost.has(chunk);
  }

  /** Bytes of chunk `chunk` that the target holds; 0 or less beyond its end. */
  #lengthOf(chunk: number): number {
    return Math.min(this.#target.chunkBytes, this.#target.length - chunk * this.#target.chunkBytes);
  }

  async #writeRun(kind: 'zero' | 'unused', first: number, count: number): Promise<void> {
    const { file, start, length, chunkBytes, zeroUnused, delta, signal, gate } = this.#target;
    const unused = kind === 'unused';
    for (const [from, to] of this.#withoutHeld(first, count, unused)) {
      if (unused && !zeroUnused) continue;
      // In steps: zeroing terabytes in one call could be neither shown nor cancelled.
      for (let at = from; at < to; at += RUN_STEP_CHUNKS) {
        throwIfCancelled(signal);
        await gate?.pass(signal);
        const offset = at * chunkBytes;
        const bytes = Math.min(Math.min(to, at + RUN_STEP_CHUNKS) * chunkBytes, length) - offset;
        if (bytes <= 0) break;
        let written = bytes;
        if (delta) written = await this.#zeroWhereNeeded(at, Math.min(to, at + RUN_STEP_CHUNKS));
        else await zeroRange(file, start + offset, bytes);
        this.#target.onBytes(unused ? 0 : bytes, written);
      }
    }
  }

  /** Parts of a run that are not held; the held ones are noted. */
  *#withoutHeld(first: number, count: number, unused: boolean): Generator<[number, number]> {
    let from = first;
    for (let i = firstAtLeast(this.#heldInOrder, first); i < this.#heldInOrder.length; i++) {
      const chunk = this.#heldInOrder[i]!;
      if (chunk >= first + count) break;
      this.#held.push({ chunk, unused });
      if (chunk > from) yield [from, chunk];
      from = chunk + 1;
    }
    if (from < first + count) yield [from, first + count];
  }

  /** Zeroes the chunks from `from` to before `to` that are not zero; how many bytes that were. */
  async #zeroWhereNeeded(from: number, to: number): Promise<number> {
    const { file, start, chunkBytes } = this.#target;
    const chunks = Array.from({ length: to - from }, (_, i) => from + i).filter(
      (chunk) => this.#lengthOf(chunk) > 0,
    );
    const wrong = await compareChunks(
      this.#target,
      chunks.map((chunk) => ({
        offset: start + chunk * chunkBytes,
        length: this.#lengthOf(chunk),
        id: undefined,
      })),
    );
    let written = 0;
    for (const i of wrong) {
      const length = this.#lengthOf(chunks[i]!);
      await zeroRange(file, start + chunks[i]! * chunkBytes, length);
      written += length;
    }
    return written;
  }

  async #writeWindow(window: ChunkWindow): Promise<void> {
    const entries: number[] = [];
    for (let i = 0; i < window.count; i++) {
      const chunk = window.chunks[i]!;
      if (this.#lengthOf(chunk) <= 0) continue;
      if (window.bad.has(i)) await this.#reportBad(window, i);
      if (this.#heldChunks.has(chunk)) this.#held.push({ chunk, id: idAt(window, i), unused: false });
      else entries.push(i);
    }
    const needed = this.#target.delta ? await this.#differing(window, entries) : entries;
    await this.#writeEntries(window, needed);
  }

  async #differing(window: ChunkWindow, entries: readonly number[]): Promise<number[]> {
    const { start, chunkBytes } = this.#target;
    const wrong = await compareChunks(
      this.#target,
      entries.map((i) => ({
        offset: start + window.chunks[i]! * chunkBytes,
        length: this.#lengthOf(window.chunks[i]!),
        id: idAt(window, i),
      })),
    );
    const needed = [...wrong].map((k) => entries[k]!);
    for (let k = 0; k < entries.length; k++)
      if (!wrong.has(k)) this.#target.onBytes(this.#lengthOf(window.chunks[entries[k]!]!), 0);
    return needed.sort((a, b) => a - b);
  }

  /** Writes window entries, frame by frame, frames in the order of their first chunk on the target. */
  async #writeEntries(window: ChunkWindow, entries: readonly number[]): Promise<void> {
    const { reader, pool, signal } = this.#target;
    const { index } = reader.packs;
    const byFrame = new Map<number, number[]>();
    for (const i of entries) {
      const chunk = index.find(window.ids, i * ID_BYTES);
      const frame = chunk < 0 ? -1 : index.frameOf(chunk);
      const list = byFrame.get(frame);
      if (list === undefined) byFrame.set(frame, [i]);
      else list.push(i);
    }
    const missing = byFrame.get(-1) ?? [];
    byFrame.delete(-1);
    for (const i of missing)
      await this.#lose(window.chunks[i]!, idAt(window, i), {
        pack: 'no pack',
        offset: 0,
        problem: say('lost/not-there'),
      });
    await eachInSlot(pool, byFrame, signal, async (slot, [frame, list]) => {
      const decoded = await reader.readFrame(slot, frame);
      const writes: number[] = [];
      for (const i of list) {
        const write = await this.#checkedWrite(window, i, decoded);
        if (write !== undefined) writes.push(...write);
      }
      if (writes.length > 0)
        await this.#guard(slot.writeChunks(this.#target.file, Float64Array.from(writes)));
      for (let k = 2; k < writes.length; k += 3) this.#target.onBytes(writes[k]!, writes[k]!);
    });
  }

  /** bufferOffset, fileOffset, length of window entry `i` if the frame really holds its chunk. */
  async #checkedWrite(
    window: ChunkWindow,
    i: number,
    decoded: DecodedFrame | ChunkProblem,
  ): Promise<[number, number, number] | undefined> {
    const chunk = window.chunks[i]!;
    const bytes = chunkIn(this.#target, decoded, window.ids, i * ID_BYTES, chunk);
    if ('problem' in bytes) {
      await this.#lose(chunk, idAt(window, i), bytes);
      return undefined;
    }
    return [bytes.offset, this.#target.start + chunk * this.#target.chunkBytes, this.#lengthOf(chunk)];
  }

  async #writeHeld(held: Held): Promise<Expected> {
    const { file, start, chunkBytes, patches, changes, reader, pool } = this.#target;
    const { chunk } = held;
    const offset = start + chunk * chunkBytes;
    const length = this.#lengthOf(chunk);
    const touched = patches.filter((p) => p.offset < offset + length && p.offset + p.bytes.length > offset);
    const isChanged = touched.length > 0 || changes?.changed.touches(offset - start, length) === true;
    if (held.unused && !isChanged && !this.#target.zeroUnused) return { chunk, id: undefined };
    let bytes: Buffer = Buffer.alloc(length);
    if (held.id !== undefined) {
      const number = reader.packs.index.find(held.id, 0);
      const slot = await acquire(pool);
      try {
        const decoded: DecodedFrame | ChunkProblem =
          number < 0
            ? { pack: 'no pack', offset: 0, problem: say('lost/not-there') }
            : await reader.readFrame(slot, reader.packs.index.frameOf(number));
        const found = chunkIn(this.#target, decoded, held.id, 0, chunk);
        if ('problem' in found) await this.#lose(chunk, held.id, found);
        else bytes = slot.bytes(found.offset, length);
      } finally {
        slot.release();
      }
    }
    await changes?.apply(bytes, offset - start);
    applyPatches(bytes, offset, touched);
    await this.#guard(file.write(offset, bytes));
    this.#target.onBytes(held.id === undefined ? 0 : length, length);
    return { chunk, id: native.hash(bytes) };
  }

  async #loseRun(first: number, count: number, id: string, problem: ChunkProblem): Promise<void> {
    const last = Math.min(first + count, Math.ceil(this.#target.length / this.#target.chunkBytes));
    for (let chunk = first; chunk < last; chunk++) {
      if (this.#heldChunks.has(chunk)) this.#held.push({ chunk, unused: false });
      await this.#lose(chunk, Buffer.from(id, 'hex'), problem);
    }
  }

  /** A chunk that cannot be had: an error, or with `keepGoing` zeros and a gap. */
  async #lose(chunk: number, id: Buffer, problem: ChunkProblem): Promise<void> {
    const { file, name, start, chunkBytes, keepGoing } = this.#target;
    const offset = start + chunk * chunkBytes;
    const length = this.#lengthOf(chunk);
    if (!keepGoing)
      throw new PermafrostError('image/chunk-unreadable', {
        chunk: id.toString('hex').slice(0, 16),
        region: name,
        offset,
        pack: `${problem.pack.slice(0, 16)} at ${problem.offset}`,
        problem: problem.problem,
      });
    if (length <= 0 || this.#lost.has(chunk)) return;
    this.#lost.add(chunk);
    await zeroRange(file, offset, length);
    this.#target.onGap(
      offset,
      length,
      say('gap/lost', { pack: problem.pack.slice(0, 16), problem: problem.problem }),
    );
  }

  async #reportBad(window: ChunkWindow, i: number): Promise<void> {
    const { reader, chunkBytes, start } = this.#target;
    const { page, entry } = window.bad.get(i)!;
    const chunk = window.chunks[i]!;
    const pairs = (await readBadMap(reader, page, entry, chunkBytes)) ?? [0, this.#lengthOf(chunk)];
    for (let k = 0; k < pairs.length; k += 2)
      this.#target.onGap(start + chunk * chunkBytes + pairs[k]!, pairs[k + 1]!, say('gap/zeros-written'));
  }

  async #guard<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      throw writeFailure(error, this.#target.file.path);
    }
  }
}

/** Where the chunk with the id at `idOffset` of `ids` lies in a decoded frame, or why it is not there. */
function chunkIn(
  target: RegionTarget,
  decoded: DecodedFrame | ChunkProblem,
  ids: Buffer,
  idOffset: number,
  chunk: number,
): { offset: number } | ChunkProblem {
  if ('problem' in decoded) return decoded;
  const { index, packs } = target.reader.packs;
  const place = index.placeInFrame(index.find(ids, idOffset));
  const imagedLength = Math.min(target.chunkBytes, target.imagedLength - chunk * target.chunkBytes);
  const same =
    decoded.ids.compare(ids, idOffset, idOffset + ID_BYTES, place * ID_BYTES, (place + 1) * ID_BYTES) === 0;
  if (same && decoded.place.lengths[place] === imagedLength) return { offset: decoded.offsets[place]! };
  return {
    pack: packs[decoded.place.pack]!.id,
    offset: decoded.place.payloadOffset,
    problem: say(same ? 'lost/length' : 'lost/content'),
  };
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

function idAt(window: ChunkWindow, i: number): Buffer {
  return window.ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES);
}
