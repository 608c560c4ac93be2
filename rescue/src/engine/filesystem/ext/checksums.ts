/**
 * The checksums of ext4 and jbd2: CRC-32C that starts from its seed and is not inverted at the end, the CRC-16
 * of `gdt_csum` (polynomial 0x8005, reflected), and the big-endian CRC-32 (polynomial 0x04c11db7) of jbd2's
 * first checksum format. See "Checksums" and "Journal (jbd2)" of the kernel's ext4 documentation.
 */
import { crc32c } from '../crc32c.ts';

/** The seed that nothing was added to. */
export const EMPTY_SEED = 0xffffffff;

/** ext4's CRC-32C of `bytes` after what `seed` stands for; the result is the seed for the bytes after them. */
export function extCrc32c(seed: number, bytes: Uint8Array): number {
  return ~crc32c(bytes, ~seed) >>> 0;
}

/** {@link extCrc32c} of a little-endian 32-bit number. */
export function extCrc32cOfU32(seed: number, value: number): number {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return extCrc32c(seed, bytes);
}

const crc16Table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xa001 : 0);
  return crc;
});

/** The CRC-16 of `bytes` after what `seed` stands for; group descriptors start from 0xffff. */
export function crc16(seed: number, bytes: Uint8Array): number {
  let crc = seed;
  for (const byte of bytes) crc = (crc >>> 8) ^ crc16Table[(crc ^ byte) & 0xff]!;
  return crc;
}

const crc32beTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc;
});

/** The big-endian CRC-32 of `bytes` after what `seed` stands for; transactions start from all ones. */
export function crc32be(seed: number, bytes: Uint8Array): number {
  let crc = seed;
  for (const byte of bytes) crc = (crc << 8) ^ crc32beTable[(crc >>> 24) ^ byte]!;
  return crc >>> 0;
}
