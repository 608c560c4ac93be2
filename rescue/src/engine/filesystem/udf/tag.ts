/**
 * The tag that every descriptor of UDF starts with: what it is, where it belongs, and two checksums.
 * Layout: ECMA-167, 3/7.2 "Descriptor tag"; CRC: ECMA-167, 7.2.6 (CRC-CCITT, initial value 0).
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';

/** Tag identifiers of ECMA-167, 3/7.2.1 and 4/7.2.1. */
export const udfTags = {
  primaryVolume: 1,
  anchor: 2,
  pointer: 3,
  partition: 5,
  logicalVolume: 6,
  terminating: 8,
  integrity: 9,
  spaceEntry: 263,
  spaceBitmap: 264,
} as const;

const TAG_BYTES = 16;

const crcTable = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) !== 0 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/** CRC-CCITT of `bytes`. */
export function udfCrc(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ crcTable[((crc >>> 8) ^ byte) & 0xff]!;
  return crc;
}

/**
 * The tag identifier of the descriptor in `bytes`, which lies at `location`; `undefined` if it is none: a wrong
 * checksum, a wrong place, or a CRC that does not match. `bytes` must hold what the CRC covers, unless
 * `crcBytes` says how much of it may be checked.
 */
export function tagIdentifier(bytes: Uint8Array, location: number, crcBytes?: number): number | undefined {
  if (bytes.length < TAG_BYTES) return undefined;
  const tag = new Fields(bytes, 'UDF descriptor tag');
  let sum = 0;
  for (let i = 0; i < TAG_BYTES; i++) if (i !== 4) sum += bytes[i]!;
  if ((sum & 0xff) !== tag.u8(4) || tag.u16(0) === 0 || tag.u32(12) !== location) return undefined;
  const crcLength = tag.u16(10);
  if (crcBytes !== undefined && crcLength > crcBytes) return tag.u16(0);
  if (TAG_BYTES + crcLength > bytes.length) return undefined;
  if (udfCrc(bytes.subarray(TAG_BYTES, TAG_BYTES + crcLength)) !== tag.u16(8)) return undefined;
  return tag.u16(0);
}

/** The descriptor in block `block` and its identifier; `undefined` if there is none or it is not whole. */
export async function readDescriptor(
  reader: BlockReader,
  block: number,
  blockSize: number,
): Promise<{ identifier: number; fields: Fields } | undefined> {
  if ((block + 1) * blockSize > reader.sizeBytes) return undefined;
  const bytes = await reader.read(block * blockSize, blockSize);
  const identifier = tagIdentifier(bytes, block);
  if (identifier === undefined) return undefined;
  return { identifier, fields: new Fields(bytes, 'UDF descriptor') };
}
