/** Which chunks of a region are written last, by themselves: what makes a region look whole, and what is changed. */
import type { Patch } from './target-steps.ts';

export interface RegionOnTarget {
  /** Extent on the target in bytes: the region's, cut where the target ends. */
  readonly start: number;
  readonly length: number;
  /** Length of the region at its source; its last chunk ends here. */
  readonly sourceLength: number;
  readonly chunkBytes: number;
  readonly patches: readonly Patch[];
}

/** The region's first chunk, the one that the target's end cuts, and those that patches touch; ascending. */
export function heldChunks({
  start,
  length,
  sourceLength,
  chunkBytes,
  patches,
}: RegionOnTarget): ReadonlySet<number> {
  const held = new Set([0]);
  if (length < sourceLength && length % chunkBytes !== 0) held.add(Math.floor(length / chunkBytes));
  for (const patch of patches) {
    const from = Math.max(patch.offset, start) - start;
    const to = Math.min(patch.offset + patch.bytes.length, start + length) - start;
    for (let chunk = Math.floor(from / chunkBytes); chunk * chunkBytes < to; chunk++) held.add(chunk);
  }
  return new Set([...held].sort((a, b) => a - b));
}
