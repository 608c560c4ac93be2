/** Reads chunks of a disk back and compares their hashes: for `--delta` and for the read-back after a restore. */
import type { BlockFile, ChunkPool } from 'blockdev-native';
import { readFailure } from '../device/device-failure.ts';
import { ID_BYTES } from '../repository/format.ts';
import { eachInSlot } from './slots.ts';

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
  await eachInSlot(
    pool,
    batches(chunks, pool.frameBytes),
    signal,
    async (slot, { base, batch, totalBytes }) => {
      const lengths = Uint32Array.from(batch, (chunk) => chunk.length);
      let at = 0;
      const reads = Float64Array.from(
        batch.flatMap(({ offset, length }) => [(at += length) - length, offset, length]),
      );
      const { ids, zero, bad } = await slot.readChunks(file, { lengths, reads }).catch((error: unknown) => {
        throw readFailure(error, file.path);
      });
      batch.forEach(({ offset, length, id }, i) => {
        const same =
          id === undefined
            ? zero[i] === 1
            : ids.compare(id, 0, ID_BYTES, i * ID_BYTES, (i + 1) * ID_BYTES) === 0;
        if (!same || touches(bad, offset, length)) wrong.add(base + i);
      });
      onBytes(totalBytes);
    },
  );
  return wrong;
}

/** `chunks` in parts of at most `mostBytes`, each with the index of its first. */
function* batches(
  chunks: readonly ExpectedChunk[],
  mostBytes: number,
): Generator<{ base: number; batch: readonly ExpectedChunk[]; totalBytes: number }> {
  for (let base = 0; base < chunks.length;) {
    let totalBytes = 0;
    let last = base;
    while (last < chunks.length && totalBytes + chunks[last]!.length <= mostBytes)
      totalBytes += chunks[last++]!.length;
    yield { base, batch: chunks.slice(base, last), totalBytes };
    base = last;
  }
}

function touches(pairs: Float64Array, offset: number, length: number): boolean {
  for (let k = 0; k < pairs.length; k += 2)
    if (pairs[k]! < offset + length && pairs[k]! + pairs[k + 1]! > offset) return true;
  return false;
}
