/** Walks the tree of a region in order, a leaf or a homogeneous run at a time. */
import { type Said, say } from '../base/remarks.ts';
import { ID_BYTES, PAGE_ENTRIES } from './format.ts';
import { errorWords, isPermafrostError } from '../base/errors.ts';
import type { ChunkProblem, FrameReader } from './frame-reader.ts';
import type { RegionContent } from './manifest.ts';
import { parseBadMap, parsePage, tags, type Page } from './page.ts';

/** A part of a region's chunks, in order. */
export type TreePart =
  /** `count` chunks from `first` on that are all unused or all zero. */
  | {
      readonly kind: 'run';
      readonly first: number;
      readonly count: number;
      readonly tag: typeof tags.unused | typeof tags.zero;
    }
  /** A leaf: entry i of `page` is chunk `first + i`. */
  | { readonly kind: 'leaf'; readonly first: number; readonly count: number; readonly page: Page }
  /** `count` chunks about which nothing can be known: a page is missing or damaged. */
  | {
      readonly kind: 'lost';
      readonly first: number;
      readonly count: number;
      readonly id: string;
      readonly problem: ChunkProblem;
    };

/** Parts that tile `[0, content.chunks)` in ascending order. Damage is a part, not an exception. */
export async function* readTree(reader: FrameReader, content: RegionContent): AsyncGenerator<TreePart> {
  const { chunks, levels, root } = content;
  if (root === 'unused' || root === 'zero') {
    yield { kind: 'run', first: 0, count: chunks, tag: tags[root] };
    return;
  }
  const capacity = PAGE_ENTRIES ** levels;
  if (chunks > capacity || (levels > 1 && chunks <= capacity / PAGE_ENTRIES)) {
    yield lost(0, chunks, root, say('damage/levels-chunks', { levels: String(levels), chunkCount: chunks }));
    return;
  }
  yield* readPage(reader, Buffer.from(root, 'hex'), levels - 1, 0, chunks);
}

async function* readPage(
  reader: FrameReader,
  id: Buffer,
  level: number,
  first: number,
  count: number,
): AsyncGenerator<TreePart> {
  const below = PAGE_ENTRIES ** level;
  const bytes = await reader.readChunk(id);
  if ('problem' in bytes) {
    yield { kind: 'lost', first, count, id: id.toString('hex'), problem: bytes };
    return;
  }
  let page: Page;
  try {
    page = parsePage(bytes, level, Math.ceil(count / below));
  } catch (error) {
    if (!isPermafrostError(error, 'structure/invalid')) throw error;
    yield lost(first, count, id.toString('hex'), errorWords(error));
    return;
  }
  if (level === 0) {
    yield { kind: 'leaf', first, count, page };
    return;
  }
  for (let i = 0; i < page.tags.length; i++) {
    const tag = page.tags[i]!;
    const start = first + i * below;
    const part = Math.min(below, first + count - start);
    if (tag === tags.unused || tag === tags.zero) yield { kind: 'run', first: start, count: part, tag };
    else yield* readPage(reader, page.ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES), level - 1, start, part);
  }
}

function lost(first: number, count: number, id: string, problem: Said): TreePart {
  return { kind: 'lost', first, count, id, problem: { pack: 'no pack', offset: 0, problem } };
}

/** Unreadable extents of bad entry `i` of `page`, relative to the chunk; undefined if its bad map is lost. */
export async function readBadMap(
  reader: FrameReader,
  page: Page,
  i: number,
  chunkBytes: number,
): Promise<number[] | undefined> {
  const bytes = await reader.readChunk(page.badMaps!.subarray(i * ID_BYTES, (i + 1) * ID_BYTES));
  if ('problem' in bytes) return undefined;
  try {
    return parseBadMap(bytes, chunkBytes);
  } catch (error) {
    if (!isPermafrostError(error, 'structure/invalid')) throw error;
    return undefined;
  }
}
