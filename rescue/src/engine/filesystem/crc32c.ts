/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of the metadata of ext4, XFS and Btrfs.
 * Eight bytes at a time, by slicing.
 */

/** The reflected polynomial. */
const POLYNOMIAL = 0x82f63b78;

/** At `k * 256 + byte`: the CRC of the byte followed by k zero bytes. */
const table = makeTable();

function makeTable(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    made[byte] = crc;
  }
  for (let i = 256; i < made.length; i++) {
    const before = made[i - 256]!;
    made[i] = (before >>> 8) ^ made[before & 0xff]!;
  }
  return made;
}

/**
 * The CRC-32C of `bytes` as an unsigned number. `seed` is the result for the bytes before them: so
 * `crc32c(b, crc32c(a))` is the CRC of a and b together. (A structure whose CRC starts from all ones and is
 * not inverted at the end, as in ext4, is `~crc32c(bytes) >>> 0`.)
 */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  const t = table;
  let crc = ~seed;
  let at = 0;
  const whole = bytes.length - (bytes.length % 8);
  for (; at < whole; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      t[0x700 + (crc & 0xff)]! ^
      t[0x600 + ((crc >>> 8) & 0xff)]! ^
      t[0x500 + ((crc >>> 16) & 0xff)]! ^
      t[0x400 + (crc >>> 24)]! ^
      t[0x300 + bytes[at + 4]!]! ^
      t[0x200 + bytes[at + 5]!]! ^
      t[0x100 + bytes[at + 6]!]! ^
      t[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}
