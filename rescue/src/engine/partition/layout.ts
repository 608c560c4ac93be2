/** Cuts a disk into the regions that are imaged as units; they tile it exactly once. */
import type { Doubt, PartitionTable } from './partition-table.ts';
import { say } from '../base/remarks.ts';

/** A run of a disk imaged as a unit; at least one byte. */
export interface Region {
  /** `gap` is also an area outside the partitions whose table does not add up: then it has a `doubt`. */
  readonly kind: 'head' | 'partition' | 'gap' | 'tail' | 'whole';
  readonly start: number;
  readonly length: number;
  /** Numbers of the partitions in it: one for a partition, several where they overlap, else none. */
  readonly partitions: readonly number[];
  /** What people read, unique on the disk, for example `partition 2` or `gap before partition 3`. */
  readonly name: string;
  /** Present when the region must be taken whole without looking for a file system in it. */
  readonly doubt?: Doubt;
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly number?: number;
  readonly doubt?: Doubt;
}

/**
 * The regions of a disk of `sizeBytes`, ascending: head, partitions, gaps and tail, or one `whole` without a
 * partition. What overlaps becomes one region with a doubt; so does a partition with bytes of the table in it.
 */
export function layoutRegions(table: PartitionTable, sizeBytes: number): Region[] {
  if (sizeBytes === 0) return [];
  const whole = {
    kind: 'whole',
    start: 0,
    length: sizeBytes,
    partitions: [],
    name: say('place/whole'),
  } as const;
  if (table.kind === 'none') return [whole];
  if (table.kind === 'unreadable') return [{ ...whole, doubt: table.doubt }];

  const spans = [
    ...table.partitions.map((p) => span(p.start, p.length, sizeBytes, p.number, p.doubt)),
    ...table.doubtful.map((area) => span(area.start, area.length, sizeBytes, undefined, area.doubt)),
  ].filter(({ start, end }) => start < end);
  if (spans.length === 0)
    return [{ ...whole, doubt: { code: 'inconsistent', reason: say('doubt/no-partitions') } }];
  spans.sort((a, b) => a.start - b.start || a.end - b.end);

  const regions: Region[] = [];
  let at = 0;
  let structure = 0;
  for (let i = 0; i < spans.length;) {
    const group = [spans[i]!];
    const { start } = spans[i]!;
    let { end } = spans[i]!;
    for (i++; i < spans.length && spans[i]!.start < end; i++) {
      group.push(spans[i]!);
      end = Math.max(end, spans[i]!.end);
    }
    const { structures } = table;
    while (structure < structures.length && endOf(structures[structure]!) <= start) structure++;
    const inside = structures[structure];
    const overlaps = inside !== undefined && inside.start < end ? inside.what : undefined;

    const region = regionOf(group, start, end, overlaps);
    if (start > at) regions.push(between(at, start, region.name));
    regions.push(region);
    at = end;
  }
  if (at < sizeBytes)
    regions.push({
      kind: 'tail',
      start: at,
      length: sizeBytes - at,
      partitions: [],
      name: say('place/tail'),
    });
  return regions;
}

function span(start: number, length: number, sizeBytes: number, number?: number, doubt?: Doubt): Span {
  return {
    start: Math.min(start, sizeBytes),
    end: Math.min(start + length, sizeBytes),
    ...(number === undefined ? {} : { number }),
    ...(doubt === undefined ? {} : { doubt }),
  };
}

function endOf({ start, length }: { start: number; length: number }): number {
  return start + length;
}

function between(start: number, end: number, next: string): Region {
  const place = { start, length: end - start, partitions: [] };
  return start === 0
    ? { kind: 'head', ...place, name: say('place/head') }
    : { kind: 'gap', ...place, name: say('place/gap', { place: next }) };
}

function regionOf(group: readonly Span[], start: number, end: number, structure: string | undefined): Region {
  const numbers = group.flatMap(({ number }) => (number === undefined ? [] : [number]));
  numbers.sort((a, b) => a - b);
  const name = numbers.length === 0 ? say('place/doubtful', { atStart: start }) : listed(numbers);
  const doubt = doubtOf(group, numbers, structure);
  return {
    kind: numbers.length === 0 ? 'gap' : 'partition',
    start,
    length: end - start,
    partitions: numbers,
    name,
    ...(doubt === undefined ? {} : { doubt }),
  };
}

function doubtOf(
  group: readonly Span[],
  numbers: readonly number[],
  structure: string | undefined,
): Doubt | undefined {
  if (numbers.length > 1)
    return { code: 'overlap', reason: say('doubt/overlap', { place: listed(numbers) }) };
  const doubt = group.find((member) => member.doubt !== undefined)?.doubt;
  if (doubt !== undefined || structure === undefined) return doubt;
  return {
    code: 'overlap',
    reason: say('doubt/overlaps-table', { place: listed(numbers), part: structure }),
  };
}

/** `partition 2`, `partitions 2 and 3`, `partitions 1, 2, 3 and 9 more`. */
function listed(numbers: readonly number[]): string {
  const [number, otherNumber, lastNumber] = numbers as [number, number, number];
  if (numbers.length === 1) return say('place/partition', { number });
  if (numbers.length === 2) return say('place/two-partitions', { number, otherNumber });
  const three = { number, otherNumber, lastNumber };
  return numbers.length === 3
    ? say('place/three-partitions', three)
    : say('place/many-partitions', { ...three, moreCount: numbers.length - 3 });
}
