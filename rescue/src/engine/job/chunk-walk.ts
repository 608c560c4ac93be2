/**
 * What a region's chunks must be on a disk, as a stream of bounded windows: the tree of the image, with the
 * table writes of the plan laid over it and cut to what the target holds.
 */
import { ExtentsBuilder, type Extents } from '../base/extents.ts';
import { ID_BYTES } from '../repository/format.ts';
import type { ChunkProblem, FrameReader } from '../repository/frame-reader.ts';
import type { RegionContent } from '../repository/manifest.ts';
import { tags, type Page } from '../repository/page.ts';
import { readTree } from '../repository/tree-reader.ts';

/** Chunks of one window that have content, in ascending order. */
export interface ChunkWindow {
  readonly count: number;
  /** Chunk number within the region. */
  readonly chunks: Float64Array;
  /** 32 bytes each. */
  readonly ids: Buffer;
  /** Where bad chunks come from: page and entry, by position in the window. */
  readonly bad: ReadonlyMap<number, { page: Page; entry: number }>;
}

export type WalkPart =
  | { readonly kind: 'data'; readonly window: ChunkWindow }
  | { readonly kind: 'zero' | 'unused'; readonly first: number; readonly count: number }
  | {
      readonly kind: 'lost';
      readonly first: number;
      readonly count: number;
      readonly id: string;
      readonly problem: ChunkProblem;
    };

/** Chunks of one window; 8192 of 256 KiB are 2 GiB of disk and 320 KiB of memory. */
const WINDOW_CHUNKS = 8192;

/**
 * The parts of a region, those of one kind in ascending order. Data windows may come after zero and unused
 * parts that lie behind their first chunks, never overlap them, and together with them tile the region.
 */
export async function* walkChunks(reader: FrameReader, content: RegionContent): AsyncGenerator<WalkPart> {
  let chunks = new Float64Array(WINDOW_CHUNKS);
  let ids = Buffer.alloc(WINDOW_CHUNKS * ID_BYTES);
  let bad = new Map<number, { page: Page; entry: number }>();
  let count = 0;
  let run: { kind: 'zero' | 'unused'; first: number; count: number } | undefined;
  const takeRun = (): WalkPart[] => {
    const part = run;
    run = undefined;
    return part === undefined ? [] : [part];
  };
  const extendRun = (kind: 'zero' | 'unused', first: number, length: number): WalkPart[] => {
    if (run?.kind === kind && run.first + run.count === first) {
      run.count += length;
      return [];
    }
    const parts = takeRun();
    run = { kind, first, count: length };
    return parts;
  };
  const takeWindow = (): WalkPart => {
    const window = { count, chunks, ids, bad };
    chunks = new Float64Array(WINDOW_CHUNKS);
    ids = Buffer.alloc(WINDOW_CHUNKS * ID_BYTES);
    bad = new Map();
    count = 0;
    return { kind: 'data', window };
  };
  for await (const part of readTree(reader, content)) {
    if (part.kind === 'lost') {
      yield* takeRun();
      yield part;
    } else if (part.kind === 'run') {
      yield* extendRun(part.tag === tags.zero ? 'zero' : 'unused', part.first, part.count);
    } else {
      const { page } = part;
      for (let entry = 0; entry < part.count; entry++) {
        const tag = page.tags[entry]!;
        if (tag === tags.unused || tag === tags.zero) {
          yield* extendRun(tag === tags.zero ? 'zero' : 'unused', part.first + entry, 1);
          continue;
        }
        if (count === WINDOW_CHUNKS) yield takeWindow();
        chunks[count] = part.first + entry;
        page.ids.copy(ids, count * ID_BYTES, entry * ID_BYTES, (entry + 1) * ID_BYTES);
        if (tag === tags.bad) bad.set(count, { page, entry });
        count++;
      }
    }
  }
  yield* takeRun();
  if (count > 0) yield takeWindow();
}

/** The chunks of a region of `length` bytes that its image has, as extents from its start. */
export async function keptChunks(
  reader: FrameReader,
  content: RegionContent,
  chunkBytes: number,
  length: number,
): Promise<Extents> {
  const builder = new ExtentsBuilder();
  const add = (first: number, count: number): void => {
    const start = first * chunkBytes;
    builder.add(start, Math.min(count * chunkBytes, length - start));
  };
  for await (const part of walkChunks(reader, content)) {
    if (part.kind === 'data') for (let i = 0; i < part.window.count; i++) add(part.window.chunks[i]!, 1);
    else if (part.kind !== 'unused') add(part.first, part.count);
  }
  return builder.finish();
}
