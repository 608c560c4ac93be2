/**
 * BLAKE2b without a key, one of the checksums of Btrfs (with 32 bytes, which node:crypto does not offer).
 * Follows RFC 7693. 64-bit words are pairs of 32-bit halves, the low one first: index 2i is word i.
 */

const BLOCK_BYTES = 128;
const ROUNDS = 12;

/** The first 64 bits of the fractional parts of the square roots of the first eight primes. */
const IV = Int32Array.of(
  0xf3bcc908,
  0x6a09e667,
  0x84caa73b,
  0xbb67ae85,
  0xfe94f82b,
  0x3c6ef372,
  0x5f1d36f1,
  0xa54ff53a,
  0xade682d1,
  0x510e527f,
  0x2b3e6c1f,
  0x9b05688c,
  0xfb41bd6b,
  0x1f83d9ab,
  0x137e2179,
  0x5be0cd19,
);

/** Which word of the message each half step takes; rounds 10 and 11 repeat 0 and 1. */
const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
].map((row) => Uint8Array.from(row, (word) => word * 2));

/** v[a] += (low, high), where `a` is the index of a low half. */
function add(v: Int32Array, a: number, low: number, high: number): void {
  const sum = (v[a]! + low) | 0;
  v[a] = sum;
  v[a + 1] = v[a + 1]! + high + (sum >>> 0 < low >>> 0 ? 1 : 0);
}

/** v[a] = (v[a] ^ v[b]) rotated right by `bits`, 16 or 24. */
function xorRotate(v: Int32Array, a: number, b: number, bits: number): void {
  const low = v[a]! ^ v[b]!;
  const high = v[a + 1]! ^ v[b + 1]!;
  v[a] = (low >>> bits) | (high << (32 - bits));
  v[a + 1] = (high >>> bits) | (low << (32 - bits));
}

/** The function G: mixes message words x and y into state words a, b, c, d (indexes of low halves). */
function mix(
  v: Int32Array,
  m: Int32Array,
  a: number,
  b: number,
  c: number,
  d: number,
  x: number,
  y: number,
): void {
  add(v, a, v[b]!, v[b + 1]!);
  add(v, a, m[x]!, m[x + 1]!);
  const swapped = v[d]! ^ v[a]!;
  v[d] = v[d + 1]! ^ v[a + 1]!;
  v[d + 1] = swapped;
  add(v, c, v[d], v[d + 1]!);
  xorRotate(v, b, c, 24);
  add(v, a, v[b]!, v[b + 1]!);
  add(v, a, m[y]!, m[y + 1]!);
  xorRotate(v, d, a, 16);
  add(v, c, v[d], v[d + 1]!);
  const low = v[b]! ^ v[c]!;
  const high = v[b + 1]! ^ v[c + 1]!;
  v[b] = (low << 1) | (high >>> 31);
  v[b + 1] = (high << 1) | (low >>> 31);
}

/** The BLAKE2b of `bytes` with `length` (1 to 64) bytes. */
export function blake2b(bytes: Uint8Array, length: number): Uint8Array {
  const h = IV.slice();
  h[0]! ^= 0x01010000 ^ length;
  const v = new Int32Array(32);
  const m = new Int32Array(32);
  const block = new DataView(new ArrayBuffer(BLOCK_BYTES));
  const blockBytes = new Uint8Array(block.buffer);
  for (let at = 0; at === 0 || at < bytes.length; at += BLOCK_BYTES) {
    const end = Math.min(at + BLOCK_BYTES, bytes.length);
    blockBytes.fill(0).set(bytes.subarray(at, end));
    for (let i = 0; i < 32; i++) m[i] = block.getInt32(4 * i, true);
    v.set(h);
    v.set(IV, 16);
    v[24]! ^= end;
    v[25]! ^= Math.floor(end / 2 ** 32);
    if (end === bytes.length) {
      v[28] = ~v[28]!;
      v[29] = ~v[29]!;
    }
    for (let round = 0; round < ROUNDS; round++) {
      const s = SIGMA[round % 10]!;
      // The columns of the 4 × 4 state, then its diagonals.
      for (let i = 0; i < 8; i += 2) mix(v, m, i, 8 + i, 16 + i, 24 + i, s[i]!, s[i + 1]!);
      mix(v, m, 0, 10, 20, 30, s[8]!, s[9]!);
      mix(v, m, 2, 12, 22, 24, s[10]!, s[11]!);
      mix(v, m, 4, 14, 16, 26, s[12]!, s[13]!);
      mix(v, m, 6, 8, 18, 28, s[14]!, s[15]!);
    }
    for (let i = 0; i < 16; i++) h[i]! ^= v[i]! ^ v[i + 16]!;
  }
  const result = new DataView(new ArrayBuffer(64));
  h.forEach((word, i) => result.setInt32(4 * i, word, true));
  return new Uint8Array(result.buffer, 0, length);
}
