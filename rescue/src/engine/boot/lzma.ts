/**
 * Decodes a raw LZMA stream, as GRUB packs its core image for BIOS machines. After "LZMA specification (draft)" by
 * Igor Pavlov: range coder (section "Range Decoder"), literals, matches and repeated matches.
 */
import { PermafrostError } from '../base/errors.ts';

export interface LzmaProperties {
  /** High bits of the byte before that choose the model of a literal, low bits of the position for literals and matches. */
  readonly lc: number;
  readonly lp: number;
  readonly pb: number;
}

const PROBABILITY_BITS = 11;
const HALF = 1 << (PROBABILITY_BITS - 1);
const MOVE_BITS = 5;
const TOP = 2 ** 24;
const STATES = 12;
const MATCH_LEAST = 2;
const END_POSITION_MODEL = 14;
const ALIGN_BITS = 4;
const FULL_DISTANCES = 128;

function models(count: number): Uint16Array {
  return new Uint16Array(count).fill(HALF);
}

class RangeDecoder {
  readonly #bytes: Uint8Array;
  #at = 5;
  #range = 0xffffffff;
  #code: number;

  constructor(bytes: Uint8Array) {
    if (bytes.length < 5 || bytes[0] !== 0) fail('does not begin as a stream does');
    this.#bytes = bytes;
    this.#code = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  }

  bit(probabilities: Uint16Array, index: number): number {
    const probability = probabilities[index]!;
    const bound = (this.#range >>> PROBABILITY_BITS) * probability;
    let bit = 0;
    if (this.#code < bound) {
      this.#range = bound;
      probabilities[index] = probability + (((1 << PROBABILITY_BITS) - probability) >>> MOVE_BITS);
    } else {
      this.#range -= bound;
      this.#code -= bound;
      probabilities[index] = probability - (probability >>> MOVE_BITS);
      bit = 1;
    }
    this.#normalize();
    return bit;
  }

  direct(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      this.#range = this.#range >>> 1;
      const bit = this.#code >= this.#range ? 1 : 0;
      if (bit === 1) this.#code -= this.#range;
      value = value * 2 + bit;
      this.#normalize();
    }
    return value;
  }

  tree(probabilities: Uint16Array, offset: number, bits: number): number {
    let node = 1;
    for (let i = 0; i < bits; i++) node = (node << 1) | this.bit(probabilities, offset + node);
    return node - (1 << bits);
  }

  reverseTree(probabilities: Uint16Array, offset: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(probabilities, offset + node);
      node = (node << 1) | bit;
      value |= bit << i;
    }
    return value;
  }

  #normalize(): void {
    if (this.#range >= TOP) return;
    if (this.#at >= this.#bytes.length) fail('ends too early');
    this.#range = (this.#range * 256) >>> 0;
    this.#code = (this.#code * 256 + this.#bytes[this.#at++]!) >>> 0;
  }
}

class LengthDecoder {
  readonly #choice = models(2);
  readonly #low: Uint16Array;
  readonly #middle: Uint16Array;
  readonly #high = models(256);

  constructor(positions: number) {
    this.#low = models(positions << 3);
    this.#middle = models(positions << 3);
  }

  decode(range: RangeDecoder, position: number): number {
    if (range.bit(this.#choice, 0) === 0) return range.tree(this.#low, position << 3, 3);
    if (range.bit(this.#choice, 1) === 0) return 8 + range.tree(this.#middle, position << 3, 3);
    return 16 + range.tree(this.#high, 0, 8);
  }
}

/** The first `size` bytes that `packed` stands for. Throws `structure/invalid` if it is no such stream. */
export function decodeLzma(packed: Uint8Array, size: number, { lc, lp, pb }: LzmaProperties): Uint8Array {
  const range = new RangeDecoder(packed);
  const out = new Uint8Array(size);
  const positions = 1 << pb;
  const literals = models(0x300 << (lc + lp));
  const isMatch = models(STATES << 4);
  const isRepeat = models(STATES);
  const isRepeat0 = models(STATES);
  const isRepeat1 = models(STATES);
  const isRepeat2 = models(STATES);
  const isLongRepeat0 = models(STATES << 4);
  const slots = models(4 * 64);
  const special = models(FULL_DISTANCES - END_POSITION_MODEL + 1);
  const align = models(1 << ALIGN_BITS);
  const matchLength = new LengthDecoder(positions);
  const repeatLength = new LengthDecoder(positions);

  const distance = (length: number): number => {
    const slot = range.tree(slots, Math.min(length, 3) * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >>> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** bits;
    if (slot < END_POSITION_MODEL) return base + range.reverseTree(special, base - slot, bits);
    return base + range.direct(bits - ALIGN_BITS) * 16 + range.reverseTree(align, 0, ALIGN_BITS);
  };

  let state = 0;
  let repeats: readonly [number, number, number, number] = [0, 0, 0, 0];
  for (let at = 0; at < size;) {
    const position = at & (positions - 1);
    if (range.bit(isMatch, (state << 4) + position) === 0) {
      const before = at === 0 ? 0 : out[at - 1]!;
      const model = 0x300 * (((at & ((1 << lp) - 1)) << lc) + (before >>> (8 - lc)));
      let symbol = 1;
      if (state >= 7) {
        let match = out[at - repeats[0] - 1]!;
        while (symbol < 0x100) {
          const bit = (match >>> 7) & 1;
          match = (match << 1) & 0xff;
          const decoded = range.bit(literals, model + ((1 + bit) << 8) + symbol);
          symbol = (symbol << 1) | decoded;
          if (bit !== decoded) break;
        }
      }
      while (symbol < 0x100) symbol = (symbol << 1) | range.bit(literals, model + symbol);
      out[at++] = symbol & 0xff;
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    let length: number;
    if (range.bit(isRepeat, state) === 0) {
      length = matchLength.decode(range, position);
      repeats = [distance(length), repeats[0], repeats[1], repeats[2]];
      state = state < 7 ? 7 : 10;
    } else {
      if (range.bit(isRepeat0, state) === 0) {
        if (range.bit(isLongRepeat0, (state << 4) + position) === 0) {
          if (repeats[0] >= at) fail('points before its beginning');
          out[at] = out[at - repeats[0] - 1]!;
          at++;
          state = state < 7 ? 9 : 11;
          continue;
        }
      } else if (range.bit(isRepeat1, state) === 0)
        repeats = [repeats[1], repeats[0], repeats[2], repeats[3]];
      else if (range.bit(isRepeat2, state) === 0) repeats = [repeats[2], repeats[0], repeats[1], repeats[3]];
      else repeats = [repeats[3], repeats[0], repeats[1], repeats[2]];
      length = repeatLength.decode(range, position);
      state = state < 7 ? 8 : 11;
    }
    if (repeats[0] >= at) fail('points before its beginning');
    for (let left = Math.min(length + MATCH_LEAST, size - at); left > 0; left--) {
      out[at] = out[at - repeats[0] - 1]!;
      at++;
    }
  }
  return out;
}

function fail(problem: string): never {
  throw new PermafrostError('structure/invalid', { structure: 'LZMA stream', problem });
}
