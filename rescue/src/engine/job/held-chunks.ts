/** Which chunks of a region are written last, by themselves: what makes a region look whole, and what is changed. */
import type { Extents } from '../base/extents.ts';
import type { Patch } from './target-steps.ts';

export interface RegionOnTarget {
  /** Extent on the target in bytes: the region's, cut where the target ends. */
  readonly start: number;
  readonly length: number;
  /** Length of the region at its source; its last chunk ends here. */
  readonly sourceLength: number;
  readonly chunkBytes: number;
  readonly patches: readonly Patch[];
  /** What of the region is other than at its source; from its start. */
  readonly changed?: Extents;
}

/** The region's first chunk, the one that the target's end cuts, and those that are changed; ascending. */
export function heldChunks({
  start,
  length,
  sourceLength,
  chunkBytes,
  patches,
  changed,
}: RegionOnTarget): ReadonlySet<number> {
  const held = new Set([0]);
  if (length < sourceLength && length % chunkBytes !== 0) held.add(Math.floor(length / chunkBytes));
  const hold = (from: number, to: number): void => {
    for (let chunk = Math.floor(from / chunkBytes); chunk * chunkBytes < to; chunk++) held.add(chunk);
  };
  for (const patch of patches)
    hold(
      Math.max(patch.offset, start) - start,
      Math.min(patch.offset + patch.bytes.length, start + length) - start,
    );
  for (let i = 0; changed !== undefined && i < changed.count; i++)
    hold(changed.start(i), Math.min(changed.end(i), length));
  return new Set([...held].sort((a, b) => a - b));
}
