/** Which partitions get smaller so that all of them fit on a target, and what that takes; changes nothing. */
import { tmpdir } from 'node:os';
import { subReader, type BlockReader } from '../base/block-reader.ts';
import { isPermafrostError, PermafrostError } from '../base/errors.ts';
import type { Extents } from '../base/extents.ts';
import { asIs, remark, type Remark, type Said, say } from '../base/remarks.ts';
import { hasFuse } from '../device/fuse-file.ts';
import { freeScratch } from '../device/overlay.ts';
import type { MovedRegion } from '../filesystem/hidden-sectors.ts';
import { kindTitles } from '../filesystem/kind-titles.ts';
import {
  placeParts,
  roundUp,
  type LayoutPart,
  type LayoutRoom,
  type Placement,
  type Span,
} from '../partition/plan-layout.ts';
import { nothingAsked, type AskedSpans } from '../partition/size-limits.ts';
import { servantReason } from './growable.ts';
import type { LeastPartition, ShrinkPlan } from './plan.ts';
import type { KnownRegion, LayoutInput } from './plan-layout.ts';
import { leastSize } from './shrinkable.ts';

const MIB = 1024 * 1024;
/** What tools write besides what they move: maps, tables, logs. */
const SPARE_BYTES = 16 * MIB;
const SPARE_SHARE = 1 / 64;

/** A file system that is made smaller before anything is written. */
export interface Shrinking extends MovedRegion {
  readonly number: number;
  readonly from: Span;
  readonly to: Span;
  /** The partition at the source, in its old size. */
  readonly view: BlockReader;
  /** What of it goes to a target as it is; from its start. */
  readonly kept: () => Promise<Extents>;
  /** The program that does it, if one does. */
  readonly tool?: string;
}

/** A partition and how small it can get. */
export interface PartSize {
  readonly part: LayoutPart;
  readonly region?: KnownRegion;
  /** In whole units as they were asked for, or its own size. */
  readonly leastBytes: number;
  readonly tool?: string;
  readonly problem?: Remark;
}

/** Where scratch files go. */
export function scratchFolder(input: Pick<LayoutInput, 'scratch'>): string {
  return input.scratch ?? tmpdir();
}

/** Where what a partition holds is read, and how. */
type MeasureInput = Pick<LayoutInput, 'reader' | 'scratch' | 'signal'>;

/** Asks each file system how small it can get. Throws `job/cancelled`. */
export async function measureParts(input: LayoutInput, parts: readonly LayoutPart[]): Promise<PartSize[]> {
  const sizes: PartSize[] = [];
  for (const part of parts) {
    const region = input.regions.find((known) => known.region.partitions.includes(part.number));
    sizes.push(await measurePart(input, part, region));
  }
  return sizes;
}

/** Asks the file system of one partition how small it can get, in whole `unit`s of bytes. Throws `job/cancelled`. */
export async function measurePart(
  input: MeasureInput,
  part: LayoutPart,
  region: KnownRegion | undefined,
  unit = MIB,
): Promise<PartSize> {
  const { length } = part;
  if (region?.kept === undefined)
    return {
      part,
      ...(region === undefined ? {} : { region }),
      leastBytes: length,
      problem: remark('resize/not-in-image'),
    };
  const said = await leastSize({
    view: viewOf(input, part),
    info: region.fileSystem,
    kept: region.kept,
    scratch: scratchFolder(input),
    ...(input.signal === undefined ? {} : { signal: input.signal }),
  });
  if ('problem' in said) return { part, region, leastBytes: length, ...said };
  const least = Math.min(length, roundUp(said.leastBytes, unit));
  const full = least === length ? { problem: remark('resize/full') } : {};
  return { part, region, ...said, leastBytes: least, ...full };
}

function viewOf({ reader }: Pick<LayoutInput, 'reader'>, { start, length, number }: LayoutPart): BlockReader {
  return subReader(reader, start, length, `${reader.name} partition ${number}`);
}

/**
 * The lengths with which all partitions fit in `room`, of those that get others: as few as possible, those with the
 * most free space first, swap after file systems, and last what firmware and Windows keep for themselves; what is
 * `asked` of partitions stays. Undefined where even the least lengths are too long.
 */
export function shrinkToFit(
  input: LayoutInput,
  room: LayoutRoom,
  sizes: readonly PartSize[],
  asked: AskedSpans = nothingAsked,
): ReadonlyMap<number, number> | undefined {
  const parts = sizes.map(({ part }) => part);
  const lengths = new Map(asked.lengths);
  const excess = (): number => placeParts(parts, room, lengths, asked.starts).leastEnd - room.end;
  const spare = ({ part, leastBytes }: PartSize): number => part.length - leastBytes;
  const rank = ({ part, region }: PartSize): number => {
    const { typeId } = input.table.partitions.find(({ number }) => number === part.number)!;
    if (region?.fileSystem?.kind === 'swap') return 1;
    return servantReason(typeId) === undefined ? 0 : 2;
  };
  const ordered = sizes
    .filter((size) => spare(size) > 0 && !asked.lengths.has(size.part.number))
    .sort((a, b) => rank(a) - rank(b) || spare(b) - spare(a) || a.part.number - b.part.number);
  for (const { part, leastBytes } of ordered) {
    let { length } = part;
    for (let over = excess(); over > 0 && length > leastBytes; over = excess()) {
      length = Math.max(leastBytes, Math.floor((length - over) / MIB) * MIB);
      lengths.set(part.number, length);
    }
  }
  return excess() <= 0 ? lengths : undefined;
}

/** How small a target can be, and why. */
export async function describeShrinking(
  input: LayoutInput,
  room: LayoutRoom & { readonly tableBytes: number },
  sizes: readonly PartSize[],
  lengths: ReadonlyMap<number, number> = new Map(),
): Promise<ShrinkPlan & { readonly leastBytes: number }> {
  const least = new Map(sizes.map(({ part, leastBytes }) => [part.number, leastBytes]));
  const parts = sizes.map(({ part }) => part);
  return {
    leastBytes: placeParts(parts, room, least).leastEnd + room.tableBytes,
    ...(await describeSizes(input, sizes, lengths)),
  };
}

/** How small partitions can be, and what it takes to give them `lengths`. */
export async function describeSizes(
  input: Pick<LayoutInput, 'scratch'>,
  sizes: readonly PartSize[],
  lengths: ReadonlyMap<number, number>,
): Promise<Omit<ShrinkPlan, 'leastBytes'>> {
  let scratchBytes = 0;
  const isCopy = !(await hasFuse());
  for (const { part, region } of sizes) {
    const length = lengths.get(part.number);
    if (length === undefined || length >= part.length) continue;
    const kept = await region!.kept!();
    const moved = isCopy ? kept : kept.slice(length, part.length - length);
    scratchBytes += moved.totalBytes + SPARE_BYTES + Math.ceil(kept.totalBytes * SPARE_SHARE);
  }
  return {
    partitions: sizes.map(({ part, leastBytes, problem }): LeastPartition => {
      const reason = problem === undefined ? {} : { reason: problem };
      return { number: part.number, bytes: leastBytes, ...reason };
    }),
    scratch: scratchFolder(input),
    scratchBytes,
    ...(isCopy ? { isCopy } : {}),
  };
}

/** Why nothing can be shrunk for want of scratch space, if so. */
export async function scratchRefusal({
  scratch,
  scratchBytes,
}: ShrinkPlan): Promise<PermafrostError | undefined> {
  try {
    const freeBytes = await freeScratch(scratch);
    if (freeBytes >= scratchBytes) return undefined;
    return new PermafrostError('layout/scratch-full', {
      folder: scratch,
      freeBytes,
      neededBytes: scratchBytes,
    });
  } catch (error) {
    if (isPermafrostError(error)) return error;
    throw error;
  }
}

/** What makes a target too small, in words. */
export function whyTooSmall(input: LayoutInput, { partitions }: ShrinkPlan): Said {
  const words = partitions.map(({ number, bytes: leastBytes, reason }) => {
    const kind = input.regions.find(({ region }) => region.partitions.includes(number))?.fileSystem?.kind;
    const content = kind === undefined ? undefined : kindTitles[kind];
    if (reason === undefined)
      return content === undefined
        ? say('least/part', { number, leastBytes })
        : say('least/part-kind', { number, content, leastBytes });
    const problem = reason.text;
    return content === undefined
      ? say('least/kept', { number, leastBytes, problem })
      : say('least/kept-kind', { number, content, leastBytes, problem });
  });
  return asIs(words.join('; '));
}

/** What is to be made smaller for `placements`. */
export function shrinkings(
  input: Pick<LayoutInput, 'reader' | 'sectorSize'> & { readonly table: { readonly sectorSize: number } },
  placements: readonly Placement[],
  sizes: readonly PartSize[],
): Shrinking[] {
  return placements.flatMap(({ number, from, to }): Shrinking[] => {
    if (to.length >= from.length) return [];
    const { part, region, tool } = sizes.find((size) => size.part.number === number)!;
    return [
      {
        ...{ number, from, to },
        kind: region!.fileSystem!.kind,
        fromSector: from.start / input.table.sectorSize,
        toSector: to.start / input.sectorSize,
        view: viewOf(input, part),
        kept: region!.kept!,
        ...(tool === undefined ? {} : { tool }),
      },
    ];
  });
}
