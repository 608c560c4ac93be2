/**
 * What a target of a clone has other than the source: the bytes of tables and boot sectors that the plan changes, and
 * what file systems that were made smaller have become. The chunks of it are held back and written by themselves.
 */
import type { ClonePlace } from './clone-plan.ts';
import { heldChunks } from './held-chunks.ts';
import type { InspectedRegion } from './inspect-disk.ts';
import type { RegionChanges } from './shrink-file-system.ts';
import { applyPatches, patchesOutside, type Patch } from './target-steps.ts';

export class LaidOver {
  readonly #place: Pick<ClonePlace, 'places' | 'tables'>;
  readonly #shrunk: ReadonlyMap<number, RegionChanges>;

  /** `shrunk`: what is other than at the source, by the numbers of partitions. */
  constructor(place: Pick<ClonePlace, 'places' | 'tables'>, shrunk: ReadonlyMap<number, RegionChanges>) {
    this.#place = place;
    this.#shrunk = shrunk;
  }

  /** Chunks of `region` that are written last; none where it has no place. */
  heldChunks(region: InspectedRegion, chunkBytes: number): ReadonlySet<number> {
    const to = this.#place.places.get(region);
    if (to === undefined) return new Set();
    const changed = this.#changesOf(region)?.changed;
    const patches = this.#place.tables.writes;
    const place = { ...to, sourceLength: region.region.length, patches, chunkBytes };
    return heldChunks({ ...place, ...(changed === undefined ? {} : { changed }) });
  }

  /**
   * What the target gets of the `source` bytes that lie at `offsetBytes` of `region`; undefined where it gets nothing.
   * `isUsed`: whether the source has anything there.
   */
  async held(
    region: InspectedRegion,
    offsetBytes: number,
    source: Uint8Array,
    isUsed: boolean,
  ): Promise<Patch | undefined> {
    const to = this.#place.places.get(region);
    const length = Math.min(source.length, (to?.length ?? 0) - offsetBytes);
    if (to === undefined || length <= 0) return undefined;
    const offset = to.start + offsetBytes;
    const patches = this.#place.tables.writes.filter(
      (patch) => patch.offset < offset + length && patch.offset + patch.bytes.length > offset,
    );
    const changes = this.#changesOf(region);
    const isChanged = patches.length > 0 || changes?.changed.touches(offsetBytes, length) === true;
    if (!isUsed && !isChanged) return undefined;
    const bytes = Buffer.from(source.subarray(0, length));
    await changes?.apply(bytes, offsetBytes);
    applyPatches(bytes, offset, patches);
    return { offset, bytes };
  }

  /** What the plan puts where nothing of the source goes. */
  outside(): Patch[] {
    const { places, tables } = this.#place;
    return patchesOutside(tables.writes, [...places.values()]);
  }

  #changesOf({ region }: InspectedRegion): RegionChanges | undefined {
    return this.#shrunk.get(region.partitions[0] ?? 0);
  }
}
