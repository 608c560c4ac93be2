/**
 * Ordered runs of bytes, as a typed array: a disk can have millions of them.
 *
 * An extent is half-open: a start and a length, in bytes. The extents of an {@link Extents} ascend, do not
 * touch and are not empty, so two of them are equal exactly when they cover the same bytes.
 */
import { PermafrostError } from './errors.ts';

/** What one list may hold: 256 MiB. A hostile bitmap could ask for a thousand times that. */
export const MAX_EXTENTS = 2 ** 24;

/** An immutable, ascending, disjoint list of byte extents. Build one with {@link ExtentsBuilder}. */
export class Extents {
  /** start₀, length₀, start₁, length₁, … in bytes. */
  readonly #pairs: Float64Array;
  /** The sum of all lengths, in bytes. */
  readonly totalBytes: number;

  /** For {@link ExtentsBuilder}: `pairs` must already be ascending, disjoint and merged; it is taken over. */
  constructor(pairs: Float64Array) {
    this.#pairs = pairs;
    let total = 0;
    for (let i = 1; i < pairs.length; i += 2) total += pairs[i]!;
    this.totalBytes = total;
  }

  static readonly empty = new Extents(new Float64Array(0));

  /** One extent of `length` bytes at `start`; none if `length` is 0. */
  static single(start: number, length: number): Extents {
    return new ExtentsBuilder().add(start, length).finish();
  }

  /** How many extents there are. */
  get count(): number {
    return this.#pairs.length / 2;
  }

  /** First byte of extent `i`. */
  start(i: number): number {
    return this.#pairs[2 * i]!;
  }

  /** Length of extent `i` in bytes. */
  length(i: number): number {
    return this.#pairs[2 * i + 1]!;
  }

  /** One past the last byte of extent `i`. */
  end(i: number): number {
    return this.#pairs[2 * i]! + this.#pairs[2 * i + 1]!;
  }

  /** Index of the first extent that ends after `offset`; {@link count} if there is none. */
  firstEndingAfter(offset: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.end(middle) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Whether all of `length` bytes at `start` are covered. */
  covers(start: number, length: number): boolean {
    if (length === 0) return true;
    const i = this.firstEndingAfter(start);
    return i < this.count && this.start(i) <= start && this.end(i) >= start + length;
  }

  /** Whether any of `length` bytes at `start` is covered. */
  touches(start: number, length: number): boolean {
    const i = this.firstEndingAfter(start);
    return i < this.count && this.start(i) < start + length;
  }

  /** The extents inside `length` bytes at `start`, with addresses moved by `shift` bytes. */
  slice(start: number, length: number, shift = 0): Extents {
    const end = start + length;
    const builder = new ExtentsBuilder();
    for (let i = this.firstEndingAfter(start); i < this.count && this.start(i) < end; i++) {
      const from = Math.max(this.start(i), start);
      builder.add(from + shift, Math.min(this.end(i), end) - from);
    }
    return builder.finish();
  }

  /** Everything in `[0, sizeBytes)` that is not covered. */
  complement(sizeBytes: number): Extents {
    const builder = new ExtentsBuilder();
    let at = 0;
    for (let i = 0; i < this.count && this.start(i) < sizeBytes; i++) {
      builder.add(at, this.start(i) - at);
      at = this.end(i);
    }
    if (at < sizeBytes) builder.add(at, sizeBytes - at);
    return builder.finish();
  }

  /** The bytes covered by either. */
  union(other: Extents): Extents {
    const builder = new ExtentsBuilder();
    let a = 0;
    let b = 0;
    while (a < this.count || b < other.count) {
      if (b === other.count || (a < this.count && this.start(a) <= other.start(b))) {
        builder.add(this.start(a), this.length(a));
        a++;
      } else {
        builder.add(other.start(b), other.length(b));
        b++;
      }
    }
    return builder.finish();
  }

  /** Each extent grown to whole units of `unitBytes` and cut at `sizeBytes`. */
  alignOutwards(unitBytes: number, sizeBytes: number): Extents {
    const builder = new ExtentsBuilder();
    for (let i = 0; i < this.count; i++) {
      const start = Math.floor(this.start(i) / unitBytes) * unitBytes;
      const end = Math.min(Math.ceil(this.end(i) / unitBytes) * unitBytes, sizeBytes);
      builder.add(start, end - start);
    }
    return builder.finish();
  }

  equals(other: Extents): boolean {
    if (this.#pairs.length !== other.#pairs.length) return false;
    return this.#pairs.every((value, i) => value === other.#pairs[i]);
  }

  /** start, length pairs as little-endian 64-bit floats: for hashing. The caller must not change them. */
  toBytes(): Uint8Array {
    return new Uint8Array(this.#pairs.buffer, this.#pairs.byteOffset, this.#pairs.byteLength);
  }

  /** `[[start, length], …]`: for tests and JSON, not for loops over a whole disk. */
  toPairs(): [number, number][] {
    return Array.from({ length: this.count }, (_, i) => [this.start(i), this.length(i)]);
  }

  static fromPairs(pairs: readonly (readonly [number, number])[]): Extents {
    const builder = new ExtentsBuilder();
    for (const [start, length] of pairs) builder.add(start, length);
    return builder.finish();
  }
}

/** Collects extents in any order (ascending is fastest) and merges what touches or overlaps. */
export class ExtentsBuilder {
  #pairs = new Float64Array(64);
  #used = 0;
  #sorted = true;
  readonly #maxExtents: number;

  /** `maxExtents`: what it will hold before it refuses; default {@link MAX_EXTENTS}. */
  constructor(maxExtents = MAX_EXTENTS) {
    this.#maxExtents = maxExtents;
  }

  /**
   * Adds `length` bytes at `start`; nothing if `length` is 0. Throws RangeError on values no disk has, and
   * `structure/invalid` where there are more extents than it may hold.
   */
  add(start: number, length: number): this {
    if (length === 0) return this;
    if (
      !(start >= 0) ||
      !(length > 0) ||
      !Number.isSafeInteger(start) ||
      !Number.isSafeInteger(start + length)
    )
      throw new RangeError(`not an extent: start ${start}, length ${length}`);
    const last = this.#used - 2;
    if (last >= 0) {
      const lastStart = this.#pairs[last]!;
      const lastEnd = lastStart + this.#pairs[last + 1]!;
      if (start >= lastStart && start <= lastEnd) {
        if (start + length > lastEnd) this.#pairs[last + 1] = start + length - lastStart;
        return this;
      }
      if (start < lastStart) this.#sorted = false;
    }
    if (this.#used === this.#pairs.length || this.#used >= 2 * this.#maxExtents) this.#grow();
    this.#pairs[this.#used] = start;
    this.#pairs[this.#used + 1] = length;
    this.#used += 2;
    return this;
  }

  #grow(): void {
    if (this.#used >= 2 * this.#maxExtents)
      throw new PermafrostError('structure/invalid', {
        structure: 'allocation map',
        problem: `has more than ${this.#maxExtents} separate runs`,
      });
    const grown = new Float64Array(this.#pairs.length * 2);
    grown.set(this.#pairs);
    this.#pairs = grown;
  }

  addAll(extents: Extents): this {
    for (let i = 0; i < extents.count; i++) this.add(extents.start(i), extents.length(i));
    return this;
  }

  /** The collected extents; the builder must not be used afterwards. */
  finish(): Extents {
    const pairs = this.#pairs.subarray(0, this.#used);
    return this.#sorted ? new Extents(pairs.slice()) : new Extents(sortAndMerge(pairs));
  }
}

function sortAndMerge(pairs: Float64Array): Float64Array {
  const count = pairs.length / 2;
  const order = new Uint32Array(count).map((_, i) => i);
  order.sort((a, b) => pairs[2 * a]! - pairs[2 * b]!);
  const merged = new Float64Array(pairs.length);
  let used = 0;
  for (const i of order) {
    const start = pairs[2 * i]!;
    const end = start + pairs[2 * i + 1]!;
    const last = used - 2;
    if (last >= 0 && start <= merged[last]! + merged[last + 1]!) {
      merged[last + 1] = Math.max(merged[last]! + merged[last + 1]!, end) - merged[last]!;
    } else {
      merged[used] = start;
      merged[used + 1] = end - start;
      used += 2;
    }
  }
  return merged.slice(0, used);
}
