/** Plans sizes and places of partitions that were asked for, and says what could be asked for; writes nothing. */
import { subReader } from '../base/block-reader.ts';
import { PermafrostError } from '../base/errors.ts';
import { remark, type Remark, type Said, say } from '../base/remarks.ts';
import { mostFatBytes } from '../filesystem/fat/resize-fat.ts';
import { grownLength, layoutParts, type LayoutPart } from '../partition/plan-layout.ts';
import { layoutRoom, type TableRoom } from '../partition/relocate.ts';
import { mostLength, placeAsked, startRange, type AskedSpans } from '../partition/size-limits.ts';
import { chooseGrown, growthTo, type Chosen } from './choose-grown.ts';
import { finishLayout } from './finish-layout.ts';
import type { AskedPartition, CloneJob, RestoreJob } from './job.ts';
import type { ResizablePartition, ResizePlan } from './plan.ts';
import type { LayoutInput, TargetLayout } from './plan-layout.ts';
import {
  describeShrinking,
  measureParts,
  scratchRefusal,
  shrinkings,
  shrinkToFit,
  whyTooSmall,
  type PartSize,
} from './plan-shrink.ts';
import { askedSpans, whyNotSize } from './resize-rules.ts';

type Refused = { readonly refusals: readonly PermafrostError[] };

/** Throws `usage/invalid` for a partition that is named twice. */
export function checkLayout({ layout = [] }: Pick<RestoreJob | CloneJob, 'layout'>): void {
  const numbers = layout.map(({ partition }) => partition);
  const twice = numbers.find((number, i) => numbers.indexOf(number) < i);
  if (twice !== undefined)
    throw new PermafrostError('usage/invalid', {
      problem: say('asked/span-twice', { number: twice }),
    });
}

/** The plan for `parts` with what is `asked` of them, or why that cannot be. */
export async function planAsked(
  input: LayoutInput,
  parts: readonly LayoutPart[],
  room: TableRoom,
  asked: readonly AskedPartition[],
): Promise<TargetLayout | Refused> {
  const { device, sectorSize } = input;
  const impossible = (problem: Said): Refused => {
    const hint = 'Choose sizes and places anew, or leave them out.';
    return { refusals: [new PermafrostError('layout/impossible', { device, problem, hint })] };
  };
  const unknown = asked.find(({ partition }) => parts.every(({ number }) => number !== partition));
  if (unknown !== undefined) return impossible(say('layout/no-partition', { number: unknown.partition }));
  const spans = askedSpans(asked, sectorSize);
  const refusals = await refuseSpans(input, parts, room, spans);
  if (refusals.length > 0) return { refusals };

  const lengths = await withGrown(input, parts, room, spans);
  if ('problem' in lengths) return impossible(lengths.problem);
  let placed = placeAsked(parts, room, { ...spans, lengths });
  let final = lengths;
  const isShorter = ({ number, length }: LayoutPart): boolean => (final.get(number) ?? length) < length;
  const tight = { ...room, end: room.end + room.reserveBytes, reserveBytes: 0 };
  let sizes: readonly PartSize[] | undefined;
  if (placed.placements.length === 0) {
    // What nobody asked for gives way.
    sizes = await measureParts(input, parts);
    const fitting = placed.blocked === undefined ? shrinkToFit(input, tight, sizes, spans) : undefined;
    if (fitting === undefined) return { refusals: [await whyNoRoom(input, parts, room, sizes, spans)] };
    final = fitting;
    placed = placeAsked(parts, tight, { ...spans, lengths: final });
  }
  const chosen: Chosen[] = [];
  for (const part of parts) {
    const length = final.get(part.number) ?? part.length;
    if (length <= part.length) continue;
    const growth = await growthTo(input, part, length);
    if (!('problem' in growth)) chosen.push(growth);
  }
  const layout = { parts, placements: placed.placements, sectorSize };
  if (!parts.some(isShorter)) return finishLayout(input, layout, { chosen });
  sizes ??= await measureParts(input, parts);
  const shrinking = await describeShrinking(input, room, sizes, final);
  const refusal = await scratchRefusal(shrinking);
  if (refusal !== undefined) return { refusals: [refusal] };
  return finishLayout(input, layout, {
    chosen,
    shrinks: shrinkings(input, placed.placements, sizes),
    shrinking,
  });
}

/** Why what is asked of single partitions cannot be, whatever the others do. */
async function refuseSpans(
  input: LayoutInput,
  parts: readonly LayoutPart[],
  room: TableRoom,
  { lengths, starts }: AskedSpans,
): Promise<PermafrostError[]> {
  const { device, sectorSize } = input;
  const refusals: PermafrostError[] = [];
  for (const part of parts) {
    const { number } = part;
    const start = starts.get(number);
    if (start !== undefined && start % sectorSize !== 0)
      refusals.push(placeRefusal(device, number, start, remark('place/sector', { sectorSize })));
    const bytes = lengths.get(number);
    if (bytes === undefined) continue;
    const [bounds] = await boundsOf(input, bytes < part.length ? [part] : [], room, [part]);
    const why = whyNotSize(bounds!, bytes);
    if (why !== undefined) refusals.push(new PermafrostError('layout/size', { device, number, bytes, why }));
  }
  return refusals;
}

function placeRefusal(device: string, number: number, start: number, why: Remark): PermafrostError {
  return new PermafrostError('layout/place', { device, number, start, why });
}

/** The lengths that were asked for, and that of the partition which gets what is free. */
async function withGrown(
  input: LayoutInput,
  parts: readonly LayoutPart[],
  room: TableRoom,
  spans: AskedSpans,
): Promise<ReadonlyMap<number, number> | { readonly problem: Said }> {
  const { grow } = input;
  if (grow === undefined) return spans.lengths;
  const { lengths, starts } = spans;
  const lengthOf = ({ number, length }: LayoutPart): number => {
    const most = mostLength(parts, room, spans, number) ?? 0;
    return most <= length ? length : Math.min(most, grownLength(parts, room, number, lengths, starts));
  };
  const chosen = await chooseGrown(grow, input, parts, lengthOf);
  if ('problem' in chosen) return chosen;
  const { part } = chosen;
  if (spans.lengths.has(part.number))
    return { problem: say('layout/size-and-rest', { number: part.number }) };
  return new Map(spans.lengths).set(part.number, lengthOf(part));
}

/** What keeps the partitions from having places as asked, where each by itself could. */
async function whyNoRoom(
  input: LayoutInput,
  parts: readonly LayoutPart[],
  room: TableRoom,
  sizes: readonly PartSize[],
  spans: AskedSpans,
): Promise<PermafrostError> {
  const { device, sizeBytes } = input;
  const { blocked } = placeAsked(parts, room, spans);
  if (blocked !== undefined) {
    const { number, leastStart } = blocked;
    return placeRefusal(device, number, spans.starts.get(number)!, remark('place/before', { leastStart }));
  }
  // The others as small as they can be: what then is too much is too much.
  const least = sizes.map(({ part, leastBytes }) => [part.number, leastBytes] as const);
  const smallest = { ...spans, lengths: new Map([...least, ...spans.lengths]) };
  const tight = { ...room, end: room.end + room.reserveBytes };
  for (const [number, start] of spans.starts) {
    const starts = new Map(spans.starts);
    starts.delete(number);
    const range = startRange(parts, tight, { ...smallest, starts }, number);
    if (range !== undefined && start > range.mostStart) {
      const { mostStart } = range;
      return placeRefusal(device, number, start, remark('place/behind', { mostStart }));
    }
  }
  for (const [number, bytes] of spans.lengths) {
    const mostBytes = mostLength(parts, tight, smallest, number) ?? 0;
    if (bytes > mostBytes && bytes > parts.find((part) => part.number === number)!.length)
      return new PermafrostError('layout/size', {
        ...{ device, number, bytes },
        why: remark('size/no-room', { mostBytes }),
      });
  }
  const shrinking = await describeShrinking(input, room, sizes);
  const { leastEnd } = placeAsked(parts, room, smallest);
  return new PermafrostError('device/too-small', {
    ...{ device, sizeBytes, neededBytes: leastEnd + room.tableBytes },
    why: whyTooSmall(input, shrinking),
  });
}

/** What could be asked for on the target of `input`; undefined where partitions cannot get other places. */
export async function describeResizing(input: LayoutInput): Promise<ResizePlan | undefined> {
  const parts = layoutParts(input.table);
  if ('problem' in parts || parts.length === 0) return undefined;
  const room = await layoutRoom(input.reader, input.table, input.sizeBytes, input.sectorSize);
  const { end, sectorSize, reserveBytes } = room;
  return { room: { end, sectorSize, reserveBytes }, partitions: await boundsOf(input, parts, room, parts) };
}

/** What each of `parts` can be; how small only those that are `measured`. */
async function boundsOf(
  input: LayoutInput,
  measured: readonly LayoutPart[],
  room: TableRoom,
  parts: readonly LayoutPart[],
): Promise<ResizablePartition[]> {
  const sizes = await measureParts(input, measured);
  const bounds: ResizablePartition[] = [];
  for (const part of parts) {
    const { leastBytes = 1, problem } = sizes.find((size) => size.part === part) ?? {};
    const growth = await growthTo(input, part, part.length);
    const reason = 'problem' in growth ? growth.problem : undefined;
    bounds.push({
      ...part,
      leastBytes,
      ...(problem === undefined ? {} : { leastReason: problem }),
      ...(reason !== undefined ? { mostReason: reason } : await widthOf(input, part, room)),
    });
  }
  return bounds;
}

/** How large FAT can get with clusters of its size. */
async function widthOf(
  { reader, regions }: LayoutInput,
  { number, start, length }: LayoutPart,
  room: TableRoom,
): Promise<{ mostBytes?: number; mostReason?: Remark }> {
  const kind = regions.find(({ region }) => region.partitions.includes(number))?.fileSystem?.kind;
  if (kind === undefined || !kind.startsWith('fat')) return {};
  const view = subReader(reader, start, length, `${reader.name} partition ${number}`);
  const most = await mostFatBytes(view, room.end);
  if (typeof most !== 'number') return { mostReason: remark('resize/failed', most) };
  return most >= room.end - room.sectorSize ? {} : { mostBytes: Math.max(length, most) };
}
