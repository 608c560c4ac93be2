/**
 * A page of a region's tree, itself stored as a chunk.
 *
 *     0  4  "PFPG"
 *     4  1  version (1)
 *     5  1  level: 0 for a leaf, whose entries are chunks; above, entries are pages one level lower
 *     6  2  number of entries, 1 to 256
 *     8     entries: tag (1), then for tag 2 an id (32), for tag 3 an id (32) and the id of a bad map (32)
 *
 * Tags: 0 unused, 1 zero (at any level: everything below), 2 data (a chunk in a leaf, a page above), 3 bad
 * (leaves only). At most 16,648 bytes. A bad map is a chunk too: "PFBD", number of extents (4), then start and
 * length (4 each) of each unreadable extent within the chunk.
 */
import { type Said, say } from '../base/remarks.ts';
import { PermafrostError } from '../base/errors.ts';
import { FORMAT_VERSION, ID_BYTES, PAGE_ENTRIES } from './format.ts';

/** What a page says of one chunk, or of everything below one page. */
export const tags = { unused: 0, zero: 1, data: 2, bad: 3 } as const;
export type Tag = (typeof tags)[keyof typeof tags];

/** `tags[i]` for entry i; its ids, where the tag has them, at i × 32 of `ids` and `badMaps`. */
export interface Page {
  readonly level: number;
  readonly tags: Uint8Array;
  readonly ids: Buffer;
  /** Present if any entry is bad. */
  readonly badMaps?: Buffer;
}

const pageMagic = Buffer.from('PFPG');
const badMagic = Buffer.from('PFBD');
const HEAD_BYTES = 8;
const MAX_LEVEL = 8;

export function encodePage(page: Page): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + page.tags.length * (1 + 2 * ID_BYTES));
  bytes.set(pageMagic);
  bytes.writeUInt8(FORMAT_VERSION, 4);
  bytes.writeUInt8(page.level, 5);
  bytes.writeUInt16LE(page.tags.length, 6);
  let at = HEAD_BYTES;
  page.tags.forEach((tag, i) => {
    bytes.writeUInt8(tag, at++);
    if (tag >= tags.data) {
      at += page.ids.copy(bytes, at, i * ID_BYTES, (i + 1) * ID_BYTES);
    }
    if (tag === tags.bad) at += page.badMaps!.copy(bytes, at, i * ID_BYTES, (i + 1) * ID_BYTES);
  });
  return bytes.subarray(0, at);
}

/** Reads a page that must be of `level` and have `count` entries. Throws `structure/invalid`. */
export function parsePage(bytes: Buffer, level: number, count: number): Page {
  if (bytes.length < HEAD_BYTES || !bytes.subarray(0, 4).equals(pageMagic)) return fail(say('damage/page'));
  if (bytes.readUInt8(4) !== FORMAT_VERSION) return fail(say('damage/page-version'));
  if (bytes.readUInt8(5) !== level || level > MAX_LEVEL)
    return fail(say('damage/level', { level: String(bytes.readUInt8(5)), expected: String(level) }));
  if (bytes.readUInt16LE(6) !== count || count === 0 || count > PAGE_ENTRIES)
    return fail(say('damage/entry-count', { entryCount: bytes.readUInt16LE(6), otherCount: count }));
  const pageTags = new Uint8Array(count);
  const ids = Buffer.alloc(count * ID_BYTES);
  let badMaps: Buffer | undefined;
  let at = HEAD_BYTES;
  for (let i = 0; i < count; i++) {
    if (at >= bytes.length) return fail(say('damage/cut-short'));
    const tag = bytes.readUInt8(at++);
    const idCount = tag === tags.data ? 1 : tag === tags.bad ? 2 : 0;
    if (tag > tags.bad || (tag === tags.bad && level > 0))
      return fail(say('damage/tag', { tag: String(tag) }));
    if (at + idCount * ID_BYTES > bytes.length) return fail(say('damage/cut-short'));
    pageTags[i] = tag;
    if (idCount > 0) at += bytes.copy(ids, i * ID_BYTES, at, at + ID_BYTES);
    if (idCount > 1) {
      badMaps ??= Buffer.alloc(count * ID_BYTES);
      at += bytes.copy(badMaps, i * ID_BYTES, at, at + ID_BYTES);
    }
  }
  if (at !== bytes.length) return fail(say('damage/longer'));
  return { level, tags: pageTags, ids, ...(badMaps === undefined ? {} : { badMaps }) };
}

/** Unreadable extents within a chunk as start, length pairs, ascending. */
export function encodeBadMap(pairs: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 + pairs.length * 4);
  bytes.set(badMagic);
  bytes.writeUInt32LE(pairs.length / 2, 4);
  pairs.forEach((value, i) => bytes.writeUInt32LE(value, 8 + i * 4));
  return bytes;
}

/** Start, length pairs of a bad map of a chunk of `chunkBytes`. Throws `structure/invalid`. */
export function parseBadMap(bytes: Buffer, chunkBytes: number): number[] {
  if (bytes.length < 8 || !bytes.subarray(0, 4).equals(badMagic)) return fail(say('damage/bad-map'));
  const count = bytes.readUInt32LE(4);
  if (bytes.length !== 8 + count * 8) return fail(say('damage/length'));
  const pairs: number[] = [];
  let end = 0;
  for (let at = 8; at < bytes.length; at += 8) {
    const start = bytes.readUInt32LE(at);
    const length = bytes.readUInt32LE(at + 4);
    if (start < end || length === 0 || start + length > chunkBytes) return fail(say('damage/extents'));
    end = start + length;
    pairs.push(start, length);
  }
  return pairs;
}

function fail(problem: Said): never {
  throw new PermafrostError('structure/invalid', { structure: 'tree page', problem });
}
