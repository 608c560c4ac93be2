/** The used chunks of a region in the batches in which they are read: what an image and a clone go by. */
import type { Extents } from '../base/extents.ts';

export interface UsedChunks {
  /** Extent of the region on the disk that is read, in bytes. */
  readonly start: number;
  readonly length: number;
  /** What matters, relative to the region. */
  readonly used: Extents;
  readonly chunkBytes: number;
}

/** Chunks that are read together: neighbours in the region as far as only used chunks count. */
export interface Batch {
  /** How many used chunks of the region came in the batches before. */
  readonly first: number;
  readonly chunks: readonly number[];
  readonly lengths: Uint32Array;
  /** bufferOffset, fileOffset, length triples; each lies in one chunk. */
  readonly reads: Float64Array;
  readonly usedBytes: number;
}

/** The used chunks of a region in order, `perBatch` at a time; those in `without` are left out. */
export function* usedBatches(
  { used, start, length, chunkBytes }: UsedChunks,
  perBatch: number,
  without: ReadonlySet<number> = new Set(),
): Generator<Batch> {
  let chunks: number[] = [];
  let reads: number[] = [];
  let usedBytes = 0;
  let first = 0;
  const finish = (): Batch => {
    const lengths = Uint32Array.from(chunks, (chunk) => Math.min(chunkBytes, length - chunk * chunkBytes));
    const batch = { first, chunks, lengths, reads: Float64Array.from(reads), usedBytes };
    first += chunks.length;
    chunks = [];
    reads = [];
    usedBytes = 0;
    return batch;
  };
  let last = -1;
  for (let i = 0; i < used.count; i++) {
    const end = used.end(i);
    for (let at = used.start(i); at < end;) {
      const chunk = Math.floor(at / chunkBytes);
      const to = Math.min(end, (chunk + 1) * chunkBytes);
      if (!without.has(chunk)) {
        if (chunk !== last) {
          if (chunks.length === perBatch) yield finish();
          chunks.push(chunk);
          last = chunk;
        }
        reads.push((chunks.length - 1) * chunkBytes + (at - chunk * chunkBytes), start + at, to - at);
        usedBytes += to - at;
      }
      at = to;
    }
  }
  if (chunks.length > 0) yield finish();
}

/** How many chunks of a region are used in part or whole; those in `without` do not count. */
export function countUsedChunks(
  { used, chunkBytes }: UsedChunks,
  without: ReadonlySet<number> = new Set(),
): number {
  let count = 0;
  let next = 0;
  for (let i = 0; i < used.count; i++) {
    const first = Math.max(next, Math.floor(used.start(i) / chunkBytes));
    next = Math.max(next, Math.ceil(used.end(i) / chunkBytes));
    count += next - first;
  }
  for (const chunk of without) if (used.touches(chunk * chunkBytes, chunkBytes)) count--;
  return count;
}
