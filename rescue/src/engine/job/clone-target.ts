/**
 * One target of a clone: what is written to it, what it must hold afterwards, and its failure, which is its own.
 */
import type { Said } from '../base/remarks.ts';
import { native, type BlockFile, type ChunkPool, type Slot } from 'blockdev-native';
import { exitCodes } from '../base/error-table.ts';
import { isPermafrostError, PermafrostError } from '../base/errors.ts';
import { describeTarget, openTarget, type OpenDisk } from '../device/device.ts';
import { readFailure, writeFailure } from '../device/device-failure.ts';
import { tableSectorSize } from '../device/identity.ts';
import { ID_BYTES } from '../repository/format.ts';
import type { ClonePlace } from './clone-plan.ts';
import { checkWritten } from './boot-check-job.ts';
import { giveNewIds } from './give-new-ids.ts';
import { growFileSystems } from './grow-file-system.ts';
import type { InspectedRegion } from './inspect-disk.ts';
import type { CheckedDisk, Outcome, TargetProgress, TargetReport } from './job-report.ts';
import { LaidOver } from './laid-over.ts';
import type { NewIdsReport } from './new-ids-report.ts';
import { placeBatch, readsBefore, touches, usedSpans, writesOf, type PlacedBatch } from './placed-batch.ts';
import { entryFor } from './plan-entry.ts';
import { compareChunks, type ExpectedChunk } from './compare-chunks.ts';
import type { RegionChanges } from './shrink-file-system.ts';
import { acquire, eachInSlot } from './slots.ts';
import {
  clearTarget,
  endsOf,
  flush,
  grownParts,
  settleTarget,
  writePatches,
  wrongPatches,
} from './target-steps.ts';
import type { Batch } from './used-chunks.ts';
import { writeBootEntry } from './write-boot-entry.ts';
import { zeroRange } from './zero-range.ts';

/** A batch to be found on a target, and what it must be there. */
export interface ExpectedBatch {
  readonly region: InspectedRegion;
  /** Where it is at the source. */
  readonly batch: Batch;
  /** 32 bytes a chunk. */
  readonly ids: Buffer;
}

/** What was read of a batch. */
export interface ReadBatch extends ExpectedBatch {
  readonly zero: Uint8Array;
}

export class CloneTarget {
  readonly number: number;
  readonly path: string;
  readonly sizeBytes: number;
  readonly #place: ClonePlace;
  readonly #laidOver: LaidOver;
  readonly #expected: ExpectedChunk[] = [];
  #disk: OpenDisk | undefined;
  #created: OpenDisk | undefined;
  #doneBytes = 0;
  #writtenBytes = 0;
  #verified = false;
  #isFinished = false;
  #renewed: ReadonlyMap<string, string> = new Map();
  #error: PermafrostError | undefined;

  /** `shrunk`: what is other than at the source, by the numbers of partitions. */
  constructor(place: ClonePlace, shrunk: ReadonlyMap<number, RegionChanges> = new Map()) {
    this.#place = place;
    this.#laidOver = new LaidOver(place, shrunk);
    this.#disk = place.disk;
    this.number = place.number;
    this.path = place.path;
    this.sizeBytes = place.sizeBytes;
  }

  /** Why it was given up. */
  get error(): PermafrostError | undefined {
    return this.#error;
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  get progress(): TargetProgress {
    const { number, path } = this;
    const error = this.#error === undefined ? {} : { error: this.#error.toJSON() };
    return { number, path, doneBytes: this.#doneBytes, ...error };
  }

  /** How it ended; `otherwise` if it neither failed by itself nor was finished. */
  report(hasGaps: boolean, otherwise: 'failed' | 'cancelled'): TargetReport {
    const { number, path, sizeBytes } = this;
    const error = this.#error;
    return {
      number,
      identity: this.#disk?.identity ?? describeTarget(path, sizeBytes),
      outcome: this.#outcome(hasGaps, otherwise),
      writtenBytes: this.#writtenBytes,
      verified: this.#verified,
      ...(error === undefined ? {} : { error: error.toJSON() }),
    };
  }

  #outcome(hasGaps: boolean, otherwise: Outcome): Outcome {
    if (this.#error !== undefined)
      return this.#error.exitCode === exitCodes.unverified ? 'does-not-verify' : 'failed';
    if (!this.#isFinished) return otherwise;
    return hasGaps ? 'done-with-gaps' : 'done';
  }

  /**
   * Does `work` unless the target was given up, and gives it up if that fails. Rejects with what concerns the
   * whole job: a cancel, or a bug.
   */
  async attempt(work: () => Promise<void>): Promise<void> {
    if (this.#error !== undefined) return;
    try {
      await work();
    } catch (error) {
      if (!isPermafrostError(error) || error.code === 'job/cancelled') throw error;
      this.#error ??= error;
    }
  }

  /** A phase begins. */
  begin(): void {
    this.#doneBytes = 0;
  }

  /** Makes sure that it is still the disk that was planned for, and may be written; creates it where there was none. */
  async open(): Promise<void> {
    if (this.#disk === undefined) this.#disk = this.#created = await openTarget(this.path, this.sizeBytes);
    await this.#disk.checkUnchanged();
    await this.#disk.allowWrites();
  }

  /** Clears what could be taken for whole, `chunkBytes` at the start of each region included. */
  clear(chunkBytes: number): Promise<void> {
    const { places, changes } = this.#place;
    const ends = [...endsOf(places.values(), chunkBytes), ...grownParts(changes)];
    return clearTarget(this.#file, this.sizeBytes, true, ends);
  }

  /** Writes the batch that `slot` holds; with `spare`, only what differs from what is there. */
  async write(slot: Slot, read: ReadBatch, spare?: ChunkPool): Promise<void> {
    const { batch, zero } = read;
    const placed = this.#placed(read);
    if (placed !== undefined) {
      const wanted = spare === undefined ? undefined : await this.#differing(spare, placed, read.ids);
      const isWanted = (i: number): boolean => wanted === undefined || wanted.has(i);
      const data = writesOf(placed, (i) => zero[i] === 0 && isWanted(i));
      try {
        if (data.length > 0) await slot.writeChunks(this.#file, data);
      } catch (error) {
        throw writeFailure(error, this.path);
      }
      const zeros = writesOf(placed, (i) => zero[i] === 1 && isWanted(i));
      for (let k = 0; k < zeros.length; k += 3) await zeroRange(this.#file, zeros[k + 1]!, zeros[k + 2]!);
      for (const pieces of [data, zeros])
        for (let k = 2; k < pieces.length; k += 3) this.#writtenBytes += pieces[k]!;
    }
    this.#doneBytes += batch.usedBytes;
  }

  /** The batch where it goes, as far as there is room; undefined if it goes nowhere. */
  #placed({ region, batch }: ExpectedBatch): PlacedBatch | undefined {
    const to = this.#place.places.get(region);
    return to === undefined ? undefined : placeBatch(batch, region.region.start, to);
  }

  /** Writes what was held back from `offsetBytes` of a region, with what the plan changes in it. `isUsed`: whether the source has anything there. */
  async writeHeld(
    region: InspectedRegion,
    offsetBytes: number,
    source: Uint8Array,
    isUsed: boolean,
  ): Promise<void> {
    const held = await this.#laidOver.held(region, offsetBytes, source, isUsed);
    if (held === undefined) return;
    const { offset, bytes } = held;
    try {
      await this.#file.write(offset, bytes);
    } catch (error) {
      throw writeFailure(error, this.path);
    }
    this.#writtenBytes += bytes.length;
    this.#expected.push({ offset, length: bytes.length, id: native.hash(bytes) });
  }

  /** Chunks of `region` that are written last; none where it has no place. */
  heldChunks(region: InspectedRegion, chunkBytes: number): ReadonlySet<number> {
    return this.#laidOver.heldChunks(region, chunkBytes);
  }

  /** Writes what the plan puts where nothing of the source goes. */
  writeOutside(): Promise<void> {
    return writePatches(this.#file, this.#laidOver.outside());
  }

  /** Grows what shall be grown; warnings about what is not. */
  grow(): Promise<Said[]> {
    return growFileSystems(this.#disk!, this.#place.growths);
  }

  /** Gives it identifiers of its own, if that was planned; `onGiven` gets what came of it, also where it throws then. */
  async giveNewIds(sectorSize: number, onGiven: (report: NewIdsReport) => void): Promise<void> {
    const { newIds } = this.#place;
    if (newIds === undefined) return;
    const { identity } = this.#disk!;
    const given = await giveNewIds(this.#disk!, newIds, tableSectorSize(identity, sectorSize));
    this.#renewed = given.renewed;
    onGiven({ number: this.number, identity, changes: given.changes, unmended: given.unmended });
    if (given.error !== undefined) throw given.error;
  }

  /** Lets this machine start it, if that was planned; warnings about what could not be done. */
  async writeBootEntry(sectorSize: number): Promise<Said[]> {
    const { bootEntry } = this.#place;
    if (bootEntry === undefined) return [];
    await this.#file.dropCache();
    const entry = entryFor(bootEntry, this.#renewed);
    return writeBootEntry(this.#disk!, entry, tableSectorSize(this.#disk!.identity, sectorSize));
  }

  flush(): Promise<void> {
    return flush(this.#file);
  }

  /** Reads back all that was written. Throws `device/read-back-differs`. */
  async verify(
    pool: ChunkPool,
    batches: Iterable<ExpectedBatch>,
    signal: AbortSignal | undefined,
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    // A file system without O_DIRECT would answer out of memory.
    await this.#file.dropCache();
    let lowest = { offset: Infinity, length: 0 };
    let count = 0;
    const found = (offset: number, length: number): void => {
      count++;
      if (offset < lowest.offset) lowest = { offset, length };
    };
    await eachInSlot(pool, batches, signal, async (slot, expected) => {
      const { batch, ids } = expected;
      const placed = this.#placed(expected);
      if (placed !== undefined) {
        const spans = usedSpans(placed);
        for (const i of await this.#wrongIn(slot, placed, ids)) {
          const { start, end } = spans[i]!;
          found(start, end - start);
        }
      }
      this.#doneBytes += batch.usedBytes;
      onBytes(batch.usedBytes);
    });
    const input = { file: this.#file, pool, ...(signal === undefined ? {} : { signal }) };
    for (const i of await compareChunks(input, this.#expected))
      found(this.#expected[i]!.offset, this.#expected[i]!.length);
    for (const { offset, length } of await wrongPatches(this.#disk!, this.#laidOver.outside()))
      found(offset, length);
    if (count > 0)
      throw new PermafrostError('device/read-back-differs', { device: this.path, ...lowest, count });
    this.#verified = true;
  }

  /** The last step: makes the kernel forget what it knew. What could not be done, as a sentence. */
  async settle(): Promise<Said | undefined> {
    const left = await settleTarget(this.#disk!);
    this.#isFinished = true;
    return left;
  }

  /** Whether what is on it now starts, where the source has sectors of `sectorSize` bytes; a sentence if that could not be checked. Throws `job/cancelled`. */
  async checkBoot(sectorSize: number, signal: AbortSignal | undefined): Promise<CheckedDisk | Said> {
    const { reader, identity } = this.#disk!;
    const check = await checkWritten(reader, identity, sectorSize, signal);
    return typeof check === 'string' ? check : { number: this.number, identity, check };
  }

  /** Closes what {@link open} created; the rest belongs to the plan. */
  async close(): Promise<void> {
    await this.#created?.close();
  }

  get #file(): BlockFile {
    return this.#disk!.file;
  }

  async #differing(spare: ChunkPool, batch: PlacedBatch, ids: Buffer): Promise<ReadonlySet<number>> {
    const slot = await acquire(spare);
    try {
      return await this.#wrongIn(slot, batch, ids);
    } finally {
      slot.release();
    }
  }

  /** Which chunks of the batch the target does not have as `ids` say; those behind its end are none. */
  async #wrongIn(slot: Slot, batch: PlacedBatch, ids: Buffer): Promise<Set<number>> {
    const wrong = new Set<number>();
    const { lengths, end: limit } = batch;
    let there;
    try {
      there = await slot.readChunks(this.#file, { lengths, reads: readsBefore(batch) });
    } catch (error) {
      throw readFailure(error, this.path);
    }
    for (const [i, { start, end }] of usedSpans(batch).entries()) {
      const [from, to] = [i * ID_BYTES, (i + 1) * ID_BYTES];
      const isSame = ids.compare(there.ids, from, to, from, to) === 0 && !touches(there.bad, start, end);
      if (end <= limit && !isSame) wrong.add(i);
    }
    return wrong;
  }
}
