/** The checksum of F2FS: CRC-32 (polynomial 0xedb88320) that starts at the magic number and is not inverted. */
import { crc32 } from 'node:zlib';

export const F2FS_MAGIC = 0xf2f52010;

/** The checksum over `bytes`, or its continuation from `start`; an unsigned 32-bit number. */
export function f2fsCrc(bytes: Uint8Array, start = F2FS_MAGIC): number {
  // zlib inverts before and after, F2FS does not.
  return ~crc32(bytes, ~start >>> 0) >>> 0;
}
