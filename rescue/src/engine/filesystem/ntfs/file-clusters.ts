/**
 * Every cluster that a record of $MFT claims, compared with $Bitmap. Needed where nothing on the disk tells
 * that the volume was unmounted: drivers without a journal leave no trace of having been cut off.
 */
import { throwIfCancelled } from '../../base/errors.ts';
import { Extents, ExtentsBuilder } from '../../base/extents.ts';
import { isAllocated } from './allocation.ts';
import { isNonResident, mappingPairsOf } from './attribute.ts';
import type { Mft } from './mft.ts';
import { forEachRecordAttribute, metadataFiles, openRecord } from './record.ts';
import { decodeMappingPairs, HOLE } from './runlist.ts';

const PIECE_BYTES = 1024 * 1024;

/** The bytes that belong to files and are not in `allocated`. Throws `structure/invalid`. */
export async function findForgottenClusters(
  mft: Mft,
  allocated: Extents,
  signal: AbortSignal | undefined,
): Promise<Extents> {
  const { recordSize, clusterSize, clusterCount } = mft.geometry;
  const forgotten = new ExtentsBuilder();
  const addForgotten = (lcn: number, count: number): void => {
    if (lcn !== HOLE && !isAllocated(allocated, lcn, count, clusterSize))
      forgotten.add(lcn * clusterSize, count * clusterSize);
  };
  const perPiece = PIECE_BYTES / recordSize;
  for (let first = 0; first < mft.recordCount; first += perPiece) {
    throwIfCancelled(signal);
    const count = Math.min(perPiece, mft.recordCount - first);
    const bytes = await mft.stream.read(first * recordSize, count * recordSize);
    for (let i = 0; i < count; i++) {
      // Bad clusters belong to no file, and are left out on purpose.
      if (first + i === metadataFiles.badClusters) continue;
      const record = openRecord(bytes.subarray(i * recordSize, (i + 1) * recordSize), first + i);
      if (record === undefined) continue;
      forEachRecordAttribute(record, (offset, length) => {
        if (isNonResident(record, offset))
          decodeMappingPairs(mappingPairsOf(record, offset, length), clusterCount, addForgotten);
      });
    }
  }
  return forgotten.finish();
}
