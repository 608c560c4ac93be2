/**
 * The index at the end of a pack and the footer that points to it.
 *
 * Pack: header (section prefix with the pack magic; inner: the repository's id, 16 bytes), frames, index
 * section, footer section. Index, inner part: number of frames (4), then for each its offset in the pack (4),
 * its whole length (4) and its table (frame.ts). Footer, inner part: offset of the index section (8).
 */
import { type Said, say } from '../base/remarks.ts';
import { PermafrostError } from '../base/errors.ts';
import { encodeTable, frameHeaderBytes, parseTable, rawBytes, type FrameTable } from './frame.ts';
import { MAX_PACK_BYTES, magics } from './format.ts';
import { encodePrefix, parsePrefix, PREFIX_BYTES } from './section.ts';

/** Where a frame lies in its pack, and what it holds. */
export interface PlacedFrame extends FrameTable {
  /** Offset of the frame's prefix in the pack, in bytes. */
  readonly offset: number;
  /** Length of the whole frame, prefix to end of payload, in bytes. */
  readonly length: number;
}

const REPOSITORY_ID_BYTES = 16;
export const PACK_HEADER_BYTES = PREFIX_BYTES + REPOSITORY_ID_BYTES;
export const FOOTER_BYTES = PREFIX_BYTES + 8;

/** The first bytes of a pack of the repository `repositoryId` (32 hex digits). */
export function encodePackHeader(repositoryId: string): Buffer {
  const inner = Buffer.from(repositoryId, 'hex');
  return Buffer.concat([encodePrefix(magics.pack, inner.length, inner), inner]);
}

/** The repository id in a pack's first bytes. */
export function parsePackHeader(bytes: Buffer): string {
  const inner = parsePrefix(bytes, 0, magics.pack, 'inner');
  if (inner !== REPOSITORY_ID_BYTES) return fail(say('damage/header-length'));
  return bytes.toString('hex', PREFIX_BYTES, PREFIX_BYTES + inner);
}

/** Index section and footer of a pack whose frames end at `indexOffset`. */
export function encodePackEnd(frames: readonly PlacedFrame[], indexOffset: number): Buffer {
  const inner = encodePackIndex(frames);
  const footer = Buffer.alloc(8);
  footer.writeBigUInt64LE(BigInt(indexOffset));
  return Buffer.concat([
    encodePrefix(magics.packIndex, inner.length, inner),
    inner,
    encodePrefix(magics.footer, footer.length, footer),
    footer,
  ]);
}

/** Offset of the index section, from a pack's last {@link FOOTER_BYTES} bytes. */
export function parseFooter(bytes: Buffer, packBytes: number): number {
  if (parsePrefix(bytes, 0, magics.footer, 'inner') !== 8) return fail(say('damage/footer-length'));
  const offset = bytes.readBigUInt64LE(PREFIX_BYTES);
  if (offset < BigInt(PACK_HEADER_BYTES) || offset > BigInt(packBytes - FOOTER_BYTES - PREFIX_BYTES))
    return fail(say('damage/footer-outside'));
  return Number(offset);
}

/** The inner part of an index section. */
export function encodePackIndex(frames: readonly PlacedFrame[]): Buffer {
  const parts: Buffer[] = [Buffer.alloc(4)];
  parts[0]!.writeUInt32LE(frames.length);
  for (const frame of frames) {
    const place = Buffer.alloc(8);
    place.writeUInt32LE(frame.offset, 0);
    place.writeUInt32LE(frame.length, 4);
    parts.push(place, encodeTable(frame));
  }
  return Buffer.concat(parts);
}

/** Frames of an index section (`bytes` begins with its prefix) of a pack whose frames end at `framesEnd`. */
export function parseIndexSection(bytes: Buffer, framesEnd: number): PlacedFrame[] {
  const inner = parsePrefix(bytes, 0, magics.packIndex, 'inner');
  return parsePackIndex(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + inner), framesEnd);
}

/** Frames of the inner part of an index; they must tile the pack from its header to `framesEnd`. */
export function parsePackIndex(bytes: Buffer, framesEnd: number): PlacedFrame[] {
  if (framesEnd > MAX_PACK_BYTES) return fail(say('damage/pack-large'));
  if (bytes.length < 4) return fail(say('damage/index-short'));
  const count = bytes.readUInt32LE(0);
  const frames: PlacedFrame[] = [];
  let at = 4;
  let end = PACK_HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    if (bytes.length < at + 8) return fail(say('damage/index-short'));
    const offset = bytes.readUInt32LE(at);
    const length = bytes.readUInt32LE(at + 4);
    const { tableBytes, ...table } = parseTable(bytes, at + 8);
    at += 8 + tableBytes;
    const payloadBytes = length - frameHeaderBytes(table.lengths.length);
    // No codec here makes a chunk longer than it was: a longer payload is damage.
    if (offset !== end || payloadBytes <= 0 || payloadBytes > rawBytes(table))
      return fail(say('damage/misplaces', { number: i }));
    end = offset + length;
    frames.push({ ...table, offset, length });
  }
  if (end !== framesEnd || at !== bytes.length) return fail(say('damage/index-length'));
  return frames;
}

function fail(problem: Said): never {
  throw new PermafrostError('structure/invalid', { structure: 'pack', problem });
}
