/** Counts the set bits of allocation bitmaps, to hold them against the counts that volumes keep. */

const bitsOfByte = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
});

/** How many of the first `bitCount` bits of `bytes` are set; `order` as for `addBits`. */
export function countBits(bytes: Uint8Array, bitCount: number, order: 'lsb' | 'msb'): number {
  const whole = bitCount >>> 3;
  let count = 0;
  for (let i = 0; i < whole; i++) count += bitsOfByte[bytes[i]!]!;
  const rest = bitCount & 7;
  if (rest === 0) return count;
  const mask = order === 'msb' ? 0xff00 >> rest : (1 << rest) - 1;
  return count + bitsOfByte[bytes[whole]! & mask & 0xff]!;
}
