/**
 * The rules for sizes and places of partitions on a target, from numbers alone: what plans refuse by, and what an editor
 * can ask after every key.
 */
import { remark, type Remark } from '../base/remarks.ts';
import { roundUp, type Placement } from '../partition/plan-layout.ts';
import {
  mostLength,
  placeAsked,
  startRange,
  type AskedSpans,
  type SpareRoom,
} from '../partition/size-limits.ts';
import type { AskedPartition } from './job.ts';
import type { ResizablePartition, ResizePlan } from './plan.ts';

/** What one partition can be, beside what is asked of the others; in bytes. */
export interface SizeRange {
  readonly leastBytes: number;
  /** What keeps it from being smaller, and larger. */
  readonly leastWhy: Remark;
  readonly mostBytes: number;
  readonly mostWhy: Remark;
  /** Where it can begin, in whole sectors; with the size that it has. */
  readonly leastStart: number;
  readonly mostStart: number;
}

/** By the numbers of partitions; sizes in whole sectors of the target. */
export function askedSpans(asked: readonly AskedPartition[], sectorSize: number): AskedSpans {
  return {
    lengths: new Map(
      asked.flatMap(({ partition, size }) =>
        size === undefined ? [] : [[partition, roundUp(size, sectorSize)] as const],
      ),
    ),
    starts: new Map(
      asked.flatMap(({ partition, start }) => (start === undefined ? [] : [[partition, start] as const])),
    ),
  };
}

/** Why what is in `part` cannot have `bytes`; undefined if it can. */
export function whyNotSize(part: ResizablePartition, bytes: number): Remark | undefined {
  if (bytes <= 0) return remark('size/empty');
  if (bytes < part.leastBytes) return leastWhy(part);
  if (bytes > part.length && part.mostReason !== undefined) return part.mostReason;
  const { mostBytes = Infinity } = part;
  return bytes > mostBytes ? remark('size/width', { mostBytes }) : undefined;
}

function leastWhy({ leastBytes, leastReason }: ResizablePartition): Remark {
  return leastReason ?? remark('size/content', { leastBytes });
}

/** The places of all partitions as `asked`; undefined if that cannot be. */
export function placesOf(
  { partitions, room }: ResizePlan,
  asked: readonly AskedPartition[],
): readonly Placement[] | undefined {
  const { placements } = placeAsked(partitions, room, askedSpans(asked, room.sectorSize));
  return placements.length === 0 ? undefined : placements;
}

/** What partition `number` can be while the others are as `asked`. Throws `TypeError` where that is not possible at all. */
export function rangeOf(
  { partitions, room }: ResizePlan,
  asked: readonly AskedPartition[],
  number: number,
): SizeRange {
  const part = partitions.find((one) => one.number === number);
  const spans = askedSpans(asked, room.sectorSize);
  const used = roomOf(partitions, room, spans);
  const most = mostLength(partitions, used, spans, number);
  const starts = startRange(partitions, used, spans, number);
  if (part === undefined || most === undefined || starts === undefined)
    throw new TypeError(`partition ${number} has no place`);
  const own = part.mostReason === undefined ? (part.mostBytes ?? Infinity) : part.length;
  const byContent =
    own > most ? undefined : (part.mostReason ?? remark('size/width', { mostBytes: part.mostBytes! }));
  return {
    leastBytes: part.leastBytes,
    leastWhy: leastWhy(part),
    mostBytes: Math.min(most, own),
    mostWhy: byContent ?? remark('size/no-room', { mostBytes: most }),
    ...starts,
  };
}

/** With the reserve where it takes that. */
function roomOf(partitions: ResizePlan['partitions'], room: SpareRoom, spans: AskedSpans): SpareRoom {
  const free = { ...room, reserveBytes: 0 };
  if (placeAsked(partitions, free, spans).placements.length > 0) return free;
  return { ...free, end: room.end + room.reserveBytes };
}
