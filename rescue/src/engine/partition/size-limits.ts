/**
 * How large a partition can get and where it can begin, beside what is asked of the others: by asking the planner of
 * places itself, so that no rule is told twice.
 */
import { placeParts, type LayoutPart, type LayoutPlan, type LayoutRoom } from './plan-layout.ts';

/** What is asked of partitions, by their numbers, in bytes. */
export interface AskedSpans {
  readonly lengths: ReadonlyMap<number, number>;
  /** Where partitions have to begin; whole sectors. */
  readonly starts: ReadonlyMap<number, number>;
}

export const nothingAsked: AskedSpans = { lengths: new Map(), starts: new Map() };

/** What partitions may use of a disk, and what may be used besides if there is no other room. */
export interface SpareRoom extends LayoutRoom {
  readonly reserveBytes: number;
}

/** The places of `parts` as asked: with the reserve left free where that is possible. */
export function placeAsked(
  parts: readonly LayoutPart[],
  room: SpareRoom,
  { lengths, starts }: AskedSpans,
): LayoutPlan {
  const placed = placeParts(parts, room, lengths, starts);
  if (placed.placements.length > 0 || placed.blocked !== undefined || room.reserveBytes === 0) return placed;
  return placeParts(parts, { ...room, end: room.end + room.reserveBytes }, lengths, starts);
}

/** The most bytes that partition `number` can have beside the others; undefined if not even a sector. */
export function mostLength(
  parts: readonly LayoutPart[],
  room: LayoutRoom,
  { lengths, starts }: AskedSpans,
  number: number,
): number | undefined {
  const fits = (sectors: number): boolean => {
    const asked = new Map(lengths).set(number, sectors * room.sectorSize);
    return placeParts(parts, room, asked, starts).placements.length > 0;
  };
  const most = highest(1, Math.floor(room.end / room.sectorSize), fits);
  return most === undefined ? undefined : most * room.sectorSize;
}

/** The first and the last byte where partition `number` can begin beside the others, in whole sectors. */
export function startRange(
  parts: readonly LayoutPart[],
  room: LayoutRoom,
  { lengths, starts }: AskedSpans,
  number: number,
): { readonly leastStart: number; readonly mostStart: number } | undefined {
  const asked = (sector: number): LayoutPlan =>
    placeParts(parts, room, lengths, new Map(starts).set(number, sector * room.sectorSize));
  const sectors = Math.floor(room.end / room.sectorSize);
  // Too early shows as a partition that is blocked, itself or one that begins elsewhere; too late as too little room.
  const isLate = (sector: number): boolean => {
    const { placements, blocked } = asked(sector);
    return placements.length > 0 || blocked === undefined || blocked.number !== number;
  };
  const before = highest(0, sectors, (sector) => !isLate(sector)) ?? -1;
  const last = highest(before + 1, sectors, (sector) => asked(sector).placements.length > 0);
  if (last === undefined) return undefined;
  return { leastStart: (before + 1) * room.sectorSize, mostStart: last * room.sectorSize };
}

/** The highest of `from` to `to` for which `holds`, which does for all below it; undefined where it does for none. */
function highest(from: number, to: number, holds: (value: number) => boolean): number | undefined {
  if (from > to || !holds(from)) return undefined;
  let [low, high] = [from, to];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
