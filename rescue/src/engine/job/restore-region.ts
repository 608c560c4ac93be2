/**
 * Writes one region of an image to a target. Every chunk's id is checked in memory before a byte of it is
 * written. Frames are read once per window and their chunks written in the order of the target.
 *
 * Chunks that need more care than that (restore-held.ts) are left to `restoreHeld`, which runs after everything else
 * of the region is on the disk.
 */
import { say } from '../base/remarks.ts';
import { throwIfCancelled } from '../base/errors.ts';
import { writeFailure } from '../device/device-failure.ts';
import { ID_BYTES } from '../repository/format.ts';
import type { ChunkProblem, DecodedFrame } from '../repository/frame-reader.ts';
import { readBadMap } from '../repository/tree-reader.ts';
import { walkChunks, type ChunkWindow } from './chunk-walk.ts';
import { compareChunks } from './compare-chunks.ts';
import { LostChunks } from './lost-chunks.ts';
import { chunkIn, lengthOf, notThere, offsetOf, type RegionTarget } from './region-target.ts';
import { HeldRestore, type Expected } from './restore-held.ts';
import { eachInSlot } from './slots.ts';
import { zeroRange } from './zero-range.ts';

/** Chunks that are zeroed in one call. */
const RUN_STEP_CHUNKS = 4096;

export class RegionRestore {
  readonly #target: RegionTarget;
  readonly #lost: LostChunks;
  readonly #held: HeldRestore;

  constructor(target: RegionTarget) {
    this.#target = target;
    this.#lost = new LostChunks(target);
    this.#held = new HeldRestore(target, this.#lost);
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
  restoreHeld(): Promise<Expected[]> {
    return this.#held.write();
  }

  /** Whether chunk `chunk` was lost, so that the target holds zeros there. */
  isLost(chunk: number): boolean {
    return this.#lost.has(chunk);
  }

  async #writeRun(kind: 'zero' | 'unused', first: number, count: number): Promise<void> {
    const { file, start, length, chunkBytes, zeroUnused, delta, signal, gate } = this.#target;
    const unused = kind === 'unused';
    for (const [from, to] of this.#held.without(first, count, unused)) {
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

  /** Zeroes the chunks from `from` to before `to` that are not zero; how many bytes that were. */
  async #zeroWhereNeeded(from: number, to: number): Promise<number> {
    const { file } = this.#target;
    const chunks = Array.from({ length: to - from }, (_, i) => from + i).filter(
      (chunk) => lengthOf(this.#target, chunk) > 0,
    );
    const wrong = await compareChunks(
      this.#target,
      chunks.map((chunk) => ({
        offset: offsetOf(this.#target, chunk),
        length: lengthOf(this.#target, chunk),
        id: undefined,
      })),
    );
    let written = 0;
    for (const i of wrong) {
      const length = lengthOf(this.#target, chunks[i]!);
      await zeroRange(file, offsetOf(this.#target, chunks[i]!), length);
      written += length;
    }
    return written;
  }

  async #writeWindow(window: ChunkWindow): Promise<void> {
    const entries: number[] = [];
    for (let i = 0; i < window.count; i++) {
      const chunk = window.chunks[i]!;
      if (lengthOf(this.#target, chunk) <= 0) continue;
      if (window.bad.has(i)) await this.#reportBad(window, i);
      if (this.#held.has(chunk)) this.#held.note({ chunk, id: idAt(window, i), unused: false });
      else entries.push(i);
    }
    const needed = this.#target.delta ? await this.#differing(window, entries) : entries;
    await this.#writeEntries(window, needed);
  }

  async #differing(window: ChunkWindow, entries: readonly number[]): Promise<number[]> {
    const wrong = await compareChunks(
      this.#target,
      entries.map((i) => ({
        offset: offsetOf(this.#target, window.chunks[i]!),
        length: lengthOf(this.#target, window.chunks[i]!),
        id: idAt(window, i),
      })),
    );
    const needed = [...wrong].map((k) => entries[k]!);
    for (let k = 0; k < entries.length; k++)
      if (!wrong.has(k)) this.#target.onBytes(lengthOf(this.#target, window.chunks[entries[k]!]!), 0);
    return needed.sort((a, b) => a - b);
  }

  /** Writes window entries, frame by frame, frames in the order of their first chunk on the target. */
  async #writeEntries(window: ChunkWindow, entries: readonly number[]): Promise<void> {
    const { file, reader, pool, signal, onBytes } = this.#target;
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
    for (const i of missing) await this.#lost.lose(window.chunks[i]!, idAt(window, i), notThere);
    await eachInSlot(pool, byFrame, signal, async (slot, [frame, list]) => {
      const decoded = await reader.readFrame(slot, frame);
      const writes: number[] = [];
      for (const i of list) {
        const write = await this.#checkedWrite(window, i, decoded);
        if (write !== undefined) writes.push(...write);
      }
      if (writes.length > 0)
        await slot.writeChunks(file, Float64Array.from(writes)).catch((error: unknown) => {
          throw writeFailure(error, file.path);
        });
      for (let k = 2; k < writes.length; k += 3) onBytes(writes[k]!, writes[k]!);
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
      await this.#lost.lose(chunk, idAt(window, i), bytes);
      return undefined;
    }
    return [bytes.offset, offsetOf(this.#target, chunk), lengthOf(this.#target, chunk)];
  }

  async #loseRun(first: number, count: number, id: string, problem: ChunkProblem): Promise<void> {
    const last = Math.min(first + count, Math.ceil(this.#target.length / this.#target.chunkBytes));
    for (let chunk = first; chunk < last; chunk++) {
      if (this.#held.has(chunk)) this.#held.note({ chunk, unused: false });
      await this.#lost.lose(chunk, Buffer.from(id, 'hex'), problem);
    }
  }

  async #reportBad(window: ChunkWindow, i: number): Promise<void> {
    const { reader, chunkBytes, onGap } = this.#target;
    const { page, entry } = window.bad.get(i)!;
    const chunk = window.chunks[i]!;
    const pairs = (await readBadMap(reader, page, entry, chunkBytes)) ?? [0, lengthOf(this.#target, chunk)];
    for (let k = 0; k < pairs.length; k += 2)
      onGap(offsetOf(this.#target, chunk) + pairs[k]!, pairs[k + 1]!, say('gap/zeros-written'));
  }
}

function idAt(window: ChunkWindow, i: number): Buffer {
  return window.ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES);
}
