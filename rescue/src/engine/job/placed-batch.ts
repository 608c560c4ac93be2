/** Batches of a source where they go on a target: what of them is read and written there. */
import type { Span } from '../partition/plan-layout.ts';
import type { Batch } from './used-chunks.ts';

/** Writing zeros into a hole of this size costs less than a second request. */
const JOIN_BYTES = 64 * 1024;

/** A batch where it goes on the target. */
export interface PlacedBatch extends Batch {
  /** What lies behind it has no place; in bytes of the target. */
  readonly end: number;
}

/** `batch` of a region at `from` of the source, moved `to` its place on the target. */
export function placeBatch(batch: Batch, from: number, to: Span): PlacedBatch {
  const shift = to.start - from;
  const reads = shift === 0 ? batch.reads : batch.reads.map((at, i) => (i % 3 === 1 ? at + shift : at));
  return { ...batch, reads, end: to.start + to.length };
}

/** Reads that end before the end. */
export function readsBefore({ reads, end }: PlacedBatch): Float64Array {
  const last = reads.length - 3;
  if (last < 0 || reads[last + 1]! + reads[last + 2]! <= end) return reads;
  let count = reads.length;
  while (count > 0 && reads[count - 2]! + reads[count - 1]! > end) count -= 3;
  return reads.slice(0, count);
}

/** Chunk of the batch in which the read at `k` lies: all chunks but a region's last are as long as the first. */
function chunkOf({ reads, lengths }: Batch, k: number): number {
  return Math.floor(reads[k]! / lengths[0]!);
}

/** From where to where each chunk of the batch is used. */
export function usedSpans(batch: Batch): { start: number; end: number }[] {
  const spans = batch.chunks.map(() => ({ start: -1, end: -1 }));
  for (let k = 0; k < batch.reads.length; k += 3) {
    const span = spans[chunkOf(batch, k)]!;
    if (span.start < 0) span.start = batch.reads[k + 1]!;
    span.end = batch.reads[k + 1]! + batch.reads[k + 2]!;
  }
  return spans;
}

/** What to write of the wanted chunks before the end: bufferOffset, fileOffset, length triples, small holes filled. */
export function writesOf(batch: PlacedBatch, isWanted: (i: number) => boolean): Float64Array {
  const reads = readsBefore(batch);
  const writes: number[] = [];
  for (let k = 0; k < reads.length; k += 3) {
    if (!isWanted(chunkOf(batch, k))) continue;
    const [buffer, file, length] = [reads[k]!, reads[k + 1]!, reads[k + 2]!];
    const last = writes.length - 3;
    if (last >= 0) {
      const hole = buffer - (writes[last]! + writes[last + 2]!);
      if (file - writes[last + 1]! === buffer - writes[last]! && hole <= JOIN_BYTES) {
        writes[last + 2]! += hole + length;
        continue;
      }
    }
    writes.push(buffer, file, length);
  }
  return Float64Array.from(writes);
}

/** Whether any of `pairs` (start, length) reaches into the bytes from `start` to before `end`. */
export function touches(pairs: Float64Array, start: number, end: number): boolean {
  for (let k = 0; k < pairs.length; k += 2)
    if (pairs[k]! < end && pairs[k]! + pairs[k + 1]! > start) return true;
  return false;
}
