/**
 * Reads the used chunks of one region into a repository. JavaScript decides which bytes go where; reading,
 * zeroing, hashing and compressing happen in the slots' native jobs.
 */
import type { BlockFile, ChunkPool, Slot } from 'blockdev-native';
import { isPermafrostError } from '../base/errors.ts';
import { ID_BYTES } from '../repository/format.ts';
import type { RegionContent, RegionSums } from '../repository/manifest.ts';
import { encodeBadMap, tags } from '../repository/page.ts';
import { TreeWriter } from '../repository/tree-writer.ts';
import type { RepositoryWriter } from '../repository/writer.ts';
import { readFailure } from '../device/device-failure.ts';
import { eachInSlot } from './slots.ts';
import { usedBatches, type Batch, type UsedChunks } from './used-chunks.ts';

export interface CaptureInput extends UsedChunks {
  readonly file: BlockFile;
  readonly pool: ChunkPool;
  readonly writer: RepositoryWriter;
  readonly signal?: AbortSignal;
  /** Called with the used bytes just dealt with, and those of them that could not be read. */
  readonly onBytes: (usedBytes: number, badBytes: number) => void;
  /** Called with every unreadable extent, in bytes on the disk. */
  readonly onBad: (offset: number, length: number) => void;
}

/** Stores the region and returns how to reach it. Rejects with `device/read-failed`, repository errors or `job/cancelled`. */
export async function captureRegion(
  input: CaptureInput,
): Promise<{ content: RegionContent; sums: RegionSums }> {
  const { chunkBytes, length, writer, pool, signal } = input;
  const tree = new TreeWriter(Math.ceil(length / chunkBytes), (page) => writer.addPage(page));
  const sums = { usedBytes: input.used.totalBytes, dataBytes: 0, zeroBytes: 0, badBytes: 0 };
  await eachInSlot(
    pool,
    usedBatches(input, Math.floor(pool.frameBytes / chunkBytes)),
    signal,
    (slot, batch) => {
      // In the order of the disk, which is not the one in which batches end.
      for (const chunk of batch.chunks) tree.announce(chunk);
      return captureBatch(input, slot, batch, tree, sums);
    },
  );
  return { content: await tree.finish(), sums };
}

async function captureBatch(
  input: CaptureInput,
  slot: Slot,
  batch: Batch,
  tree: TreeWriter,
  sums: { dataBytes: number; zeroBytes: number; badBytes: number },
): Promise<void> {
  const { file, writer } = input;
  const { chunks, lengths } = batch;
  let result;
  try {
    result = await slot.readChunks(file, { lengths, reads: batch.reads });
  } catch (error) {
    throw isPermafrostError(error) ? error : readFailure(error, file.path);
  }
  const bad = await badMaps(input, batch, result.bad);
  const skip = result.zero.map((zero, i) => (bad.has(i) ? 0 : zero));
  await writer.store(slot, result.ids, lengths, skip);
  chunks.forEach((chunk, i) => {
    const badMap = bad.get(i);
    if (badMap !== undefined) tree.set(chunk, tags.bad, result.ids, i * ID_BYTES, badMap.id);
    else if (result.zero[i] !== 0) tree.set(chunk, tags.zero);
    else tree.set(chunk, tags.data, result.ids, i * ID_BYTES);
    if (skip[i] === 0) sums.dataBytes += lengths[i]!;
    else sums.zeroBytes += lengths[i]!;
    sums.badBytes += badMap?.bytes ?? 0;
  });
  let badBytes = 0;
  for (const { bytes } of bad.values()) badBytes += bytes;
  input.onBytes(batch.usedBytes, badBytes);
}

/** Stores a bad map for every chunk that `bad` (offset, length pairs on the disk) touches. */
async function badMaps(
  input: CaptureInput,
  batch: Batch,
  bad: Float64Array,
): Promise<Map<number, { id: Buffer; bytes: number }>> {
  const pairsOf = new Map<number, number[]>();
  for (let k = 0; k < bad.length; k += 2) {
    const start = bad[k]! - input.start;
    const end = start + bad[k + 1]!;
    input.onBad(bad[k]!, bad[k + 1]!);
    batch.chunks.forEach((chunk, i) => {
      const chunkStart = chunk * input.chunkBytes;
      const from = Math.max(start, chunkStart);
      const to = Math.min(end, chunkStart + batch.lengths[i]!);
      if (from >= to) return;
      const pairs = pairsOf.get(i) ?? [];
      pairs.push(from - chunkStart, to - from);
      pairsOf.set(i, pairs);
    });
  }
  const maps = new Map<number, { id: Buffer; bytes: number }>();
  for (const [i, pairs] of pairsOf) {
    const bytes = pairs.reduce((sum, value, at) => (at % 2 === 1 ? sum + value : sum), 0);
    maps.set(i, { id: await input.writer.addPage(encodeBadMap(pairs)), bytes });
  }
  return maps;
}
