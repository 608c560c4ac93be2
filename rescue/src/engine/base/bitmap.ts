/** Turns allocation bitmaps into extents, skipping over runs of equal bytes. */
import type { ExtentsBuilder } from './extents.ts';

export interface BitmapOptions {
  /** Which bit of a byte comes first: `lsb` (ext4, NTFS, exFAT) or `msb` (F2FS, HFS+). Default `lsb`. */
  readonly order?: 'lsb' | 'msb';
  /** Collect the clear bits instead of the set ones. */
  readonly clear?: boolean;
}

/**
 * Adds an extent to `builder` for every run of set bits among the first `bitCount` bits of `bytes`.
 * Bit i stands for the `unitBytes` bytes at `baseBytes + i * unitBytes`.
 * Throws RangeError if `bytes` has fewer bits.
 */
export function addBits(
  builder: ExtentsBuilder,
  bytes: Uint8Array,
  bitCount: number,
  unitBytes: number,
  baseBytes: number,
  options: BitmapOptions = {},
): void {
  if (bitCount > bytes.length * 8)
    throw new RangeError(`bitmap of ${bytes.length} bytes has no ${bitCount} bits`);
  const flip = options.clear === true ? 0xff : 0;
  const msb = options.order === 'msb';
  let runStart = -1;
  let bit = 0;
  while (bit < bitCount) {
    const index = bit >>> 3;
    const byte = bytes[index]! ^ flip;
    if ((bit & 7) === 0 && bitCount - bit >= 8 && (byte === 0 || byte === 0xff)) {
      // A whole byte of equal bits, and all equal bytes after it.
      const wanted = bytes[index]!;
      const lastWhole = bitCount >>> 3;
      let end = index + 1;
      while (end < lastWhole && bytes[end] === wanted) end++;
      if (byte === 0) {
        if (runStart >= 0) builder.add(baseBytes + runStart * unitBytes, (bit - runStart) * unitBytes);
        runStart = -1;
      } else if (runStart < 0) runStart = bit;
      bit = end * 8;
      continue;
    }
    const mask = msb ? 0x80 >>> (bit & 7) : 1 << (bit & 7);
    if ((byte & mask) !== 0) {
      if (runStart < 0) runStart = bit;
    } else if (runStart >= 0) {
      builder.add(baseBytes + runStart * unitBytes, (bit - runStart) * unitBytes);
      runStart = -1;
    }
    bit++;
  }
  if (runStart >= 0) builder.add(baseBytes + runStart * unitBytes, (bitCount - runStart) * unitBytes);
}
