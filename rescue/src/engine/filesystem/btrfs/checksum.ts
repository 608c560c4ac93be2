/**
 * The four checksums that Btrfs can have, by their number in the superblock. Follows the Btrfs documentation,
 * "Checksumming" and "On-disk format".
 */
import { createHash } from 'node:crypto';
import { crc32c } from '../crc32c.ts';
import { blake2b } from './blake2b.ts';
import { xxhash64 } from './xxhash64.ts';

/** Room for a checksum at the start of the superblock and of every tree block. */
export const CHECKSUM_ROOM = 32;

export interface Checksum {
  readonly name: 'crc32c' | 'xxhash64' | 'sha256' | 'blake2b';
  /** The checksum of `bytes` as it is stored, at most {@link CHECKSUM_ROOM} bytes. */
  readonly of: (bytes: Uint8Array) => Uint8Array;
}

const checksums: readonly Checksum[] = [
  {
    name: 'crc32c',
    of(bytes) {
      const stored = new DataView(new ArrayBuffer(4));
      stored.setUint32(0, crc32c(bytes), true);
      return new Uint8Array(stored.buffer);
    },
  },
  { name: 'xxhash64', of: xxhash64 },
  { name: 'sha256', of: (bytes) => createHash('sha256').update(bytes).digest() },
  { name: 'blake2b', of: (bytes) => blake2b(bytes, 32) },
];

/** The checksum of number `type`; `undefined` if it is not known. */
export function checksumOf(type: number): Checksum | undefined {
  return checksums[type];
}

/** Whether `block` starts with the checksum of what follows {@link CHECKSUM_ROOM}. */
export function hasValidChecksum(checksum: Checksum, block: Uint8Array): boolean {
  const sum = checksum.of(block.subarray(CHECKSUM_ROOM));
  return sum.every((byte, i) => byte === block[i]);
}
