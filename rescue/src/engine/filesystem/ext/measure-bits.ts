/** Counts the set bits of a bitmap and their runs, 32 at a time. */

export interface BitMeasure {
  /** How many bits are set. */
  readonly set: number;
  /** How many runs of neighbouring set bits there are. */
  readonly runs: number;
}

/**
 * Measures the first `bitCount` bits of `bytes`; the lowest bit of a byte comes first.
 * Throws RangeError if `bytes` has fewer bits.
 */
export function measureBits(bytes: Uint8Array, bitCount: number): BitMeasure {
  if (bitCount > bytes.length * 8)
    throw new RangeError(`bitmap of ${bytes.length} bytes has no ${bitCount} bits`);
  let set = 0;
  let runs = 0;
  let at = 0;
  /** The last bit before the current one. A run begins with a set bit after one that is not. */
  let before = 0;
  const wholeBytes = bitCount >>> 3;
  if (bytes.byteOffset % 4 === 0) {
    // Every machine that this runs on is little-endian, as ext is.
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, wholeBytes >>> 2);
    for (const word of words) {
      set += setBitsOfWord(word);
      runs += setBitsOfWord(word & ~((word << 1) | before));
      before = word >>> 31;
    }
    at = words.length * 4;
  }
  for (; at * 8 < bitCount; at++) {
    const byte = bytes[at]! & (at < wholeBytes ? 0xff : (1 << (bitCount & 7)) - 1);
    set += setBitsOfWord(byte);
    runs += setBitsOfWord(byte & ~((byte << 1) | before));
    before = byte >>> 7;
  }
  return { set, runs };
}

/** Sums neighbouring bits, pairs and nibbles in parallel; the product adds the four bytes into the top one. */
function setBitsOfWord(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  n = (n + (n >>> 4)) & 0x0f0f0f0f;
  return Math.imul(n, 0x01010101) >>> 24;
}
