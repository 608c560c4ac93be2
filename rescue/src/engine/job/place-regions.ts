/** Where the regions of a disk go once its partitions have places on another. */
import type { Region } from '../partition/layout.ts';
import type { NewLayout } from '../partition/relocate.ts';
import type { Span } from '../partition/plan-layout.ts';

type AnyRegion = Pick<Region, 'kind' | 'start' | 'length' | 'partitions'>;

/** A region and the place of its bytes on the target; where that is shorter, the rest has no place. */
export interface PlacedRegion<R> {
  readonly region: R;
  readonly to: Span;
}

/**
 * Without `layout` every region stays where it is, as far as the target of `sizeBytes` goes. With it the tail and gaps
 * that were closed have no place; other gaps stay right before what follows them.
 */
export function placeRegions<R extends AnyRegion>(
  regions: readonly R[],
  sizeBytes: number,
  layout?: NewLayout,
): PlacedRegion<R>[] {
  if (layout === undefined)
    return regions.flatMap((region) => {
      const length = Math.min(region.length, sizeBytes - region.start);
      return length <= 0 ? [] : [{ region, to: { start: region.start, length } }];
    });
  const ends = new Map(layout.placements.map(({ number, to }) => [number, to]));
  const leads = new Map(layout.parts.map(({ number, leadBytes }) => [number, leadBytes]));
  let at = 0;
  return regions.flatMap((region, i) => {
    const own = ends.get(region.partitions[0] ?? 0);
    if (own !== undefined) {
      at = own.start + own.length;
      return [{ region, to: { start: own.start, length: Math.min(own.length, region.length) } }];
    }
    const next = regions[i + 1]?.partitions[0];
    const following = next === undefined ? undefined : ends.get(next);
    if (next === undefined || following === undefined) return [];
    if (region.kind === 'head') {
      const length = Math.min(region.length, following.start - leads.get(next)!);
      return [{ region, to: { start: 0, length } }];
    }
    const start = following.start - region.length;
    return start < at ? [] : [{ region, to: { start, length: region.length } }];
  });
}
