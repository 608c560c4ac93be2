/** Counts the set bits of a bitmap, 32 at a time. */

/**
 * How many of the first `bitCount` bits of `bytes` are set; the lowest bit of a byte comes first.
 * Throws RangeError if `bytes` has fewer bits.
 */
export function countSetBits(bytes: Uint8Array, bitCount: number): number {
  if (bitCount > bytes.length * 8)
    throw new RangeError(`bitmap of ${bytes.length} bytes has no ${bitCount} bits`);
  let count = 0;
  let at = 0;
  const wholeBytes = bitCount >>> 3;
  if (bytes.byteOffset % 4 === 0) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, wholeBytes >>> 2);
    for (const word of words) count += setBitsOfWord(word);
    at = words.length * 4;
  }
  for (; at < wholeBytes; at++) count += setBitsOfWord(bytes[at]!);
  if ((bitCount & 7) !== 0) count += setBitsOfWord(bytes[wholeBytes]! & ((1 << (bitCount & 7)) - 1));
  return count;
}

/** Sums neighbouring bits, pairs and nibbles in parallel; the product adds the four bytes into the top one. */
function setBitsOfWord(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  n = (n + (n >>> 4)) & 0x0f0f0f0f;
  return Math.imul(n, 0x01010101) >>> 24;
}
