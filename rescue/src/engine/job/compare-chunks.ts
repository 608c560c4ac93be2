/** Reads chunks of a disk back and compares their hashes: for `--delta` and for the read-back after a restore. */
import type { BlockFile, ChunkPool } from 'blockdev-native';
import { throwIfCancelled } from '../base/errors.ts';
import { readFailure } from '../device/device.ts';
import { ID_BYTES } from '../repository/format.ts';
import { acquire } from './capture.ts';

/** What must be at `offset` on the disk: bytes with the BLAKE3 `id`, or zeros where that is undefined. */
export interface ExpectedChunk {
  readonly offset: number;
  readonly length: number;
  readonly id: Buffer | undefined;
}

export interface CompareInput {
  readonly file: BlockFile;
  readonly pool: ChunkPool;
  readonly signal?: AbortSignal;
}

/** Indexes of the chunks that differ; one that cannot be read differs. `onBytes` gets the bytes compared. */
export async function compareChunks(
  { file, pool, signal }: CompareInput,
  chunks: readonly ExpectedChunk[],
  onBytes: (bytes: number) => void = () => undefined,
): Promise<Set<number>> {
  const wrong = new Set<number>();
  const running = new Set<Promise<void>>();
  let failure: unknown;
  for (let first = 0; first < chunks.length;) {
    let total = 0;
    let last = first;
    while (last < chunks.length && total + chunks[last]!.length <= pool.frameBytes)
      total += chunks[last++]!.length;
    const batch = chunks.slice(first, last);
    const base = first;
    first = last;
    const slot = await acquire(pool);
    if (failure !== undefined || signal?.aborted === true) {
      slot.release();
      break;
    }
    const work = (async () => {
      const lengths = Uint32Array.from(batch, (chunk) => chunk.length);
      let at = 0;
      const reads = Float64Array.from(
        batch.flatMap(({ offset, length }) => [(at += length) - length, offset, length]),
      );
      const { ids, zero, bad } = await slot.readChunks(file, { lengths, reads });
      batch.forEach(({ offset, length, id }, i) => {
        const same =
          id === undefined
            ? zero[i] === 1
            : ids.compare(id, 0, ID_BYTES, i * ID_BYTES, (i + 1) * ID_BYTES) === 0;
        if (!same || touches(bad, offset, length)) wrong.add(base + i);
      });
      onBytes(total);
    })()
      .catch((error: unknown) => {
        failure ??= readFailure(error, file.path);
      })
      .finally(() => {
        slot.release();
        running.delete(work);
      });
    running.add(work);
  }
  await Promise.all(running);
  throwIfCancelled(signal);
  if (failure !== undefined) throw failure as Error;
  return wrong;
}

function touches(pairs: Float64Array, offset: number, length: number): boolean {
  for (let k = 0; k < pairs.length; k += 2)
    if (pairs[k]! < offset + length && pairs[k]! + pairs[k + 1]! > offset) return true;
  return false;
}
