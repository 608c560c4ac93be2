/**
 * The clear outer prefix that frames, pack indexes and footers share:
 *
 *     0  8  magic
 *     8  1  version (1)
 *     9  1  flags (0; bit 0 is kept for "inner part is sealed")
 *    10  2  reserved (0)
 *    12  4  length of the inner part in bytes
 *    16 16  first half of the BLAKE3 of bytes 0–15 and of the inner part where the structure says so
 *
 * A frame's checksum covers the prefix alone: its content is checked by the ids of its chunks.
 */
import { type Said, say } from '../base/remarks.ts';
import { native } from 'blockdev-native';
import { PermafrostError } from '../base/errors.ts';
import { FORMAT_VERSION } from './format.ts';

export const PREFIX_BYTES = 32;
const CHECKED_BYTES = 16;

/** The prefix of an inner part of `innerBytes` bytes; `covered` is the inner part where the checksum covers it. */
export function encodePrefix(
  magic: Uint8Array,
  innerBytes: number,
  covered: Uint8Array = new Uint8Array(0),
): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.set(magic, 0);
  prefix.writeUInt8(FORMAT_VERSION, 8);
  prefix.writeUInt32LE(innerBytes, 12);
  prefix.set(checksum(prefix, covered), CHECKED_BYTES);
  return prefix;
}

/** Inner length of the section that begins at `offset` of `bytes`, or why there is none. */
export function parsePrefix(
  bytes: Uint8Array,
  offset: number,
  magic: Uint8Array,
  covers: 'prefix' | 'inner',
): number {
  const prefix = Buffer.from(bytes.buffer, bytes.byteOffset + offset, Math.max(0, bytes.length - offset));
  const fail = (problem: Said): never => {
    throw new PermafrostError('structure/invalid', { structure: 'repository section', problem, offset });
  };
  if (prefix.length < PREFIX_BYTES) return fail(say('damage/cut-short'));
  if (!prefix.subarray(0, 8).equals(magic)) return fail(say('damage/magic'));
  const innerBytes = prefix.readUInt32LE(12);
  if (covers === 'inner' && prefix.length < PREFIX_BYTES + innerBytes) return fail(say('damage/cut-short'));
  const covered =
    covers === 'inner' ? prefix.subarray(PREFIX_BYTES, PREFIX_BYTES + innerBytes) : new Uint8Array(0);
  if (!checksum(prefix, covered).equals(prefix.subarray(CHECKED_BYTES, PREFIX_BYTES)))
    return fail(say('copy/checksum'));
  if (prefix.readUInt8(8) !== FORMAT_VERSION)
    return fail(say('copy/version', { version: String(prefix.readUInt8(8)) }));
  if (prefix.readUInt8(9) !== 0 || prefix.readUInt16LE(10) !== 0) return fail(say('damage/flags'));
  return innerBytes;
}

function checksum(prefix: Buffer, covered: Uint8Array): Buffer {
  const hasher = native.createHasher();
  hasher.update(prefix.subarray(0, CHECKED_BYTES));
  hasher.update(covered);
  return hasher.digest().subarray(0, PREFIX_BYTES - CHECKED_BYTES);
}
