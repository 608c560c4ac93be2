/**
 * A frame: up to 4 MiB of chunks, compressed together. After the prefix (section.ts) comes the inner part:
 *
 *     0  1  codec: 0 stored, 1 Zstandard
 *     1  1  kind: 0 data, 1 pages and bad maps
 *     2  2  number of chunks n
 *     4  4  sum of their lengths
 *     8  n × 36: id (32), length (4)
 *        payload: the chunks one after the other, compressed as one Zstandard frame
 */
import { type Said, say } from '../base/remarks.ts';
import { PermafrostError } from '../base/errors.ts';
import { ID_BYTES, MAX_FRAME_BYTES, MAX_FRAME_CHUNKS, magics } from './format.ts';
import { encodePrefix, parsePrefix, PREFIX_BYTES } from './section.ts';

export type FrameCodec = 'stored' | 'zstd';
export type FrameKind = 'data' | 'pages';

/** What a frame holds, without its payload. */
export interface FrameTable {
  readonly codec: FrameCodec;
  readonly kind: FrameKind;
  /** `chunkCount` ids of 32 bytes each. */
  readonly ids: Buffer;
  /** Uncompressed length of each chunk in bytes. */
  readonly lengths: Uint32Array;
}

export const TABLE_HEAD_BYTES = 8;
export const TABLE_ENTRY_BYTES = ID_BYTES + 4;
const codecs: readonly FrameCodec[] = ['stored', 'zstd'];
const kinds: readonly FrameKind[] = ['data', 'pages'];

/** Bytes of a frame of `chunkCount` chunks before its payload. */
export function frameHeaderBytes(chunkCount: number): number {
  return PREFIX_BYTES + TABLE_HEAD_BYTES + chunkCount * TABLE_ENTRY_BYTES;
}

/** The table in its stored form; frames and pack indexes both hold it. */
export function encodeTable(table: FrameTable): Buffer {
  const bytes = Buffer.alloc(TABLE_HEAD_BYTES + table.lengths.length * TABLE_ENTRY_BYTES);
  bytes.writeUInt8(codecs.indexOf(table.codec), 0);
  bytes.writeUInt8(kinds.indexOf(table.kind), 1);
  bytes.writeUInt16LE(table.lengths.length, 2);
  let total = 0;
  table.lengths.forEach((length, i) => {
    const at = TABLE_HEAD_BYTES + i * TABLE_ENTRY_BYTES;
    bytes.set(table.ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES), at);
    bytes.writeUInt32LE(length, at + ID_BYTES);
    total += length;
  });
  bytes.writeUInt32LE(total, 4);
  return bytes;
}

/** Reads the table at `offset` of `bytes`; `tableBytes` is its whole length. Throws `structure/invalid`. */
export function parseTable(bytes: Buffer, offset: number): FrameTable & { tableBytes: number } {
  const fail = (problem: Said): never => {
    throw new PermafrostError('structure/invalid', { structure: 'frame table', problem, offset });
  };
  if (bytes.length < offset + TABLE_HEAD_BYTES) return fail(say('damage/cut-short'));
  const codec = codecs[bytes.readUInt8(offset)] ?? fail(say('damage/codec'));
  const kind = kinds[bytes.readUInt8(offset + 1)] ?? fail(say('damage/kind'));
  const count = bytes.readUInt16LE(offset + 2);
  const total = bytes.readUInt32LE(offset + 4);
  if (count === 0 || count > MAX_FRAME_CHUNKS) return fail(say('damage/chunk-count', { chunkCount: count }));
  const tableBytes = TABLE_HEAD_BYTES + count * TABLE_ENTRY_BYTES;
  if (bytes.length < offset + tableBytes) return fail(say('damage/cut-short'));
  const ids = Buffer.alloc(count * ID_BYTES);
  const lengths = new Uint32Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const at = offset + TABLE_HEAD_BYTES + i * TABLE_ENTRY_BYTES;
    bytes.copy(ids, i * ID_BYTES, at, at + ID_BYTES);
    const length = bytes.readUInt32LE(at + ID_BYTES);
    if (length === 0) return fail(say('damage/empty-chunk'));
    lengths[i] = length;
    sum += length;
  }
  if (sum !== total || sum > MAX_FRAME_BYTES)
    return fail(say('damage/total', { heldBytes: sum, otherBytes: total }));
  return { codec, kind, ids, lengths, tableBytes };
}

/** Everything of a frame before its payload of `payloadBytes`. */
export function encodeFrameHeader(table: FrameTable, payloadBytes: number): Buffer {
  const inner = encodeTable(table);
  return Buffer.concat([encodePrefix(magics.frame, inner.length + payloadBytes), inner]);
}

/** What stands at the start of `bytes`: the table, where the payload begins and how long it is. */
export function parseFrameHeader(
  bytes: Buffer,
): FrameTable & { payloadOffset: number; payloadBytes: number } {
  const innerBytes = parsePrefix(bytes, 0, magics.frame, 'prefix');
  const table = parseTable(bytes, PREFIX_BYTES);
  const payloadOffset = PREFIX_BYTES + table.tableBytes;
  const payloadBytes = innerBytes - table.tableBytes;
  if (payloadBytes <= 0)
    throw new PermafrostError('structure/invalid', { structure: 'frame', problem: say('damage/no-payload') });
  return { ...table, payloadOffset, payloadBytes };
}

/** Sum of the lengths of a frame's chunks. */
export function rawBytes(table: Pick<FrameTable, 'lengths'>): number {
  return table.lengths.reduce((sum, length) => sum + length, 0);
}
