/**
 * Where each partition goes on a disk of another size: as far as possible where it was, moved only as far as it
 * must, one of them grown if that was asked for. Nothing is read or written here.
 */
import { type Said, say } from '../base/remarks.ts';
import type { PartitionTable } from './partition-table.ts';

/** Bytes of a disk, half-open. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/** A partition that has to find its place. */
export interface LayoutPart extends Span {
  readonly number: number;
  /** Bytes right before it that go with it: the extended boot record of a logical partition. */
  readonly leadBytes: number;
}

export interface Placement {
  readonly number: number;
  readonly from: Span;
  readonly to: Span;
}

/** What partitions may use of the target. */
export interface LayoutRoom {
  /** One past the last byte. */
  readonly end: number;
  /** In bytes. */
  readonly sectorSize: number;
}

export interface LayoutPlan {
  /** In the order of their places. */
  readonly placements: readonly Placement[];
  /** What the room's end must be at least. */
  readonly leastEnd: number;
  /** The first partition that cannot begin where it was asked to, and the first byte where it could. */
  readonly blocked?: { readonly number: number; readonly leastStart: number };
}

/** Where moved partitions begin: what every tool of the last fifteen years aligns to. */
const ALIGN_BYTES = 1024 * 1024;

/**
 * The partitions of `table` in the order of their places, or why they cannot be told apart well enough to be placed
 * anew, as a clause.
 */
export function layoutParts(table: PartitionTable): readonly LayoutPart[] | { readonly problem: Said } {
  if (table.kind !== 'gpt' && table.kind !== 'mbr') return { problem: say('parts/no-table') };
  if (table.kind === 'gpt' && table.mbr === 'hybrid') return { problem: say('parts/hybrid') };
  const doubt = [...table.partitions, ...table.doubtful].find(
    (part) => part.doubt !== undefined && part.doubt.code !== 'unsupported',
  )?.doubt;
  if (doubt !== undefined) return { problem: doubt.reason };
  const sorted = [...table.partitions].sort((a, b) => a.start - b.start);
  for (const [i, part] of sorted.entries()) {
    const next = sorted[i + 1];
    if (next !== undefined && part.start + part.length > next.start)
      return { problem: say('parts/overlap', { number: part.number, otherNumber: next.number }) };
  }
  if (sorted.some(({ typeId }) => typeId === '0x42')) return { problem: say('parts/dynamic') };
  return table.kind === 'gpt'
    ? sorted.map(({ number, start, length }) => ({ number, start, length, leadBytes: 0 }))
    : mbrParts(table, sorted);
}

/** The chain of logical partitions must be as every tool makes it: a record right before each, in their order. */
function mbrParts(
  table: Extract<PartitionTable, { kind: 'mbr' }>,
  sorted: readonly { number: number; start: number; length: number; logical: boolean }[],
): readonly LayoutPart[] | { readonly problem: Said } {
  const logicals = sorted.filter(({ logical }) => logical);
  const records = table.structures.filter(({ what }) => what === 'extended boot record');
  const [container, second] = table.extended;
  if (container === undefined)
    return sorted.map(({ number, start, length }) => ({ number, start, length, leadBytes: 0 }));
  if (second !== undefined) return { problem: say('parts/two-extended') };
  if (logicals.length === 0) return { problem: say('parts/empty-extended') };
  const inOrder = logicals.every(({ number }, i) => number === 5 + i);
  if (!inOrder || records.length !== logicals.length) return { problem: say('parts/order') };
  const parts: LayoutPart[] = [];
  let index = 0;
  for (const { number, start, length, logical } of sorted) {
    if (!logical) {
      parts.push({ number, start, length, leadBytes: 0 });
      continue;
    }
    const record = records[index++]!;
    const previous = parts.at(-1);
    if (record.start >= start || (previous !== undefined && record.start < previous.start + previous.length))
      return { problem: say('parts/record', { number }) };
    parts.push({ number, start, length, leadBytes: start - record.start });
  }
  return parts;
}

/** A partition with what was asked for it. */
interface SizedPart extends LayoutPart {
  readonly wanted: number;
  /** Where it has to begin. */
  readonly pinned?: number;
}

/**
 * Places `parts` (in the order of their places), each with its `lengths` in bytes where it gets another than it had, and
 * at its `starts`, whole sectors, where it has to begin there. Without enough room the placements are none.
 */
export function placeParts(
  parts: readonly LayoutPart[],
  room: LayoutRoom,
  lengths: ReadonlyMap<number, number> = new Map(),
  starts: ReadonlyMap<number, number> = new Map(),
): LayoutPlan {
  const sized = parts.map((part): SizedPart => {
    const pinned = starts.get(part.number);
    return {
      ...part,
      leadBytes: roundUp(part.leadBytes, room.sectorSize),
      wanted: roundUp(lengths.get(part.number) ?? part.length, room.sectorSize),
      ...(pinned === undefined ? {} : { pinned }),
    };
  });
  const least = packLeft(sized, room.sectorSize);
  const leastEnd = least.length === 0 ? 0 : least.at(-1)!.start + least.at(-1)!.length;
  const tooEarly = sized.findIndex(({ pinned }, i) => pinned !== undefined && pinned < least[i]!.start);
  if (tooEarly >= 0) {
    const blocked = { number: sized[tooEarly]!.number, leastStart: least[tooEarly]!.start };
    return { placements: [], leastEnd, blocked };
  }
  if (leastEnd > room.end) return { placements: [], leastEnd };

  // First what lies behind a partition that grows goes along, gaps and all; then back, as far as there is no room.
  const spans: Span[] = [];
  let at = 0;
  let shift = 0;
  for (const { start, length, leadBytes, wanted, pinned } of sized) {
    const along = start + shift;
    const fits = along - leadBytes >= at && along % room.sectorSize === 0;
    const placed = pinned ?? (fits ? along : alignUp(Math.max(at + leadBytes, along)));
    spans.push({ start: placed, length: wanted });
    at = placed + wanted;
    const growth = Math.max(0, Math.floor((wanted - length) / ALIGN_BYTES) * ALIGN_BYTES);
    // Behind one that was put somewhere by itself the others stay, as far as they can.
    shift = pinned === undefined ? placed - start + growth : 0;
  }
  let limit = room.end;
  for (let i = sized.length - 1; i >= 0; i--) {
    const { start, length } = spans[i]!;
    if (start + length > limit) {
      const moved = Math.floor((limit - length) / ALIGN_BYTES) * ALIGN_BYTES;
      spans[i] = { start: Math.max(moved, least[i]!.start), length };
    }
    limit = spans[i]!.start - sized[i]!.leadBytes;
  }
  const placements = sized.map(({ number, start, length }, i) => ({
    number,
    from: { start, length },
    to: spans[i]!,
  }));
  return { placements, leastEnd };
}

/** The leftmost places, the first partition where it is; those that have to begin somewhere not before that. */
function packLeft(sized: readonly SizedPart[], sectorSize: number): readonly Span[] {
  const spans: Span[] = [];
  let at = 0;
  for (const [i, { start, leadBytes, wanted, pinned }] of sized.entries()) {
    const isAligned = start % sectorSize === 0;
    const packed = alignUp(at + leadBytes);
    const stays = isAligned && (i === 0 || (start - leadBytes >= at && start <= packed));
    const earliest = stays ? start : i === 0 ? alignUp(start) : packed;
    // What was asked for need not be aligned, as long as it is free.
    const free = i === 0 ? roundUp(start, sectorSize) : at + leadBytes;
    const placed = pinned !== undefined && pinned >= free ? pinned : earliest;
    spans.push({ start: placed, length: wanted });
    at = placed + wanted;
  }
  return spans;
}

/**
 * The length of partition `number` with all room behind the last one, or as it is if there is none to speak of; the
 * others as in `lengths` and `starts`, which must have places.
 */
export function grownLength(
  parts: readonly LayoutPart[],
  room: LayoutRoom,
  number: number,
  lengths?: ReadonlyMap<number, number>,
  starts?: ReadonlyMap<number, number>,
): number {
  const { placements } = placeParts(parts, room, lengths, starts);
  const last = placements.at(-1);
  const own = placements.find((placement) => placement.number === number);
  if (last === undefined || own === undefined) throw new TypeError(`partition ${number} has no place`);
  const spare = room.end - (last.to.start + last.to.length);
  const step = last === own ? room.sectorSize : ALIGN_BYTES;
  return spare < ALIGN_BYTES ? own.to.length : own.to.length + Math.floor(spare / step) * step;
}

/** Whether `placement` leaves the partition as and where it was. */
export function isKept({ from, to }: Placement): boolean {
  return from.start === to.start && from.length === to.length;
}

/** `value` as whole `unit`s. */
export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

function alignUp(value: number): number {
  return roundUp(value, ALIGN_BYTES);
}
