/** Decides the places of partitions on one target, for restores and clones alike; writes nothing. */
import { type Said, say } from '../base/remarks.ts';
import { subReader, type BlockReader } from '../base/block-reader.ts';
import { PermafrostError } from '../base/errors.ts';
import type { Extents } from '../base/extents.ts';
import type { FileSystemInfo, FileSystemKind } from '../filesystem/file-system.ts';
import { kindTitles } from '../filesystem/kind-titles.ts';
import { mostSectorBytes } from '../filesystem/sector-limit.ts';
import type { Region } from '../partition/layout.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import {
  grownLength,
  layoutParts,
  placeParts,
  type LayoutPart,
  type Span,
} from '../partition/plan-layout.ts';
import {
  layoutRoom,
  planTables,
  type NewLayout,
  type TablePlan,
  type TableRoom,
} from '../partition/relocate.ts';
import type { FrameReader } from '../repository/frame-reader.ts';
import type { ImagedRegion } from '../repository/manifest.ts';
import { keptChunks } from './chunk-walk.ts';
import { chooseGrown } from './choose-grown.ts';
import { finishLayout } from './finish-layout.ts';
import type { AskedPartition, Grow } from './job.ts';
import type { LayoutChange, ResizePlan, ShrinkPlan } from './plan.ts';
import { describeResizing, planAsked } from './plan-asked.ts';
import {
  describeShrinking,
  measureParts,
  scratchRefusal,
  shrinkings,
  shrinkToFit,
  whyTooSmall,
  type Shrinking,
} from './plan-shrink.ts';

/** A region with what is known of its content. */
export interface KnownRegion {
  readonly region: Pick<Region, 'kind' | 'name' | 'start' | 'length' | 'partitions'>;
  readonly fileSystem?: Pick<FileSystemInfo, 'kind' | 'label' | 'state' | 'blockSize'>;
  /** Bytes in it that matter. */
  readonly usedBytes: number;
  /** What of it goes to a target as it is; from its start. Absent where nothing of it is there. */
  readonly kept?: () => Promise<Extents>;
}

/** What an image says of one of its regions; `reader` reads its content where that is needed. */
export function knownRegion(region: ImagedRegion, reader?: FrameReader, chunkBytes = 0): KnownRegion {
  const { fileSystem, sums, content, length } = region;
  const { usedBytes } = sums;
  // What this version knows by name; a later one's image may have others.
  const known = fileSystem as KnownRegion['fileSystem'];
  const kept =
    content === undefined || reader === undefined
      ? {}
      : { kept: () => keptChunks(reader, content, chunkBytes, length) };
  return { region, usedBytes, ...kept, ...(known === undefined ? {} : { fileSystem: known }) };
}

export interface LayoutInput {
  /** The bytes of the source. */
  readonly reader: BlockReader;
  readonly table: PartitionTable;
  readonly regions: readonly KnownRegion[];
  /** The target's path, for people. */
  readonly device: string;
  readonly sizeBytes: number;
  /** Logical sector size of the target in bytes. */
  readonly sectorSize: number;
  readonly grow?: Grow;
  readonly layout?: readonly AskedPartition[];
  /** Folder for scratch files. */
  readonly scratch?: string;
  readonly signal?: AbortSignal;
}

/** A file system to be grown once everything is on the target. */
export interface Growth {
  readonly number: number;
  readonly kind: FileSystemKind;
  /** The partition on the target, in bytes. */
  readonly span: Span;
  /** Logical sector size of the target's table, in bytes. */
  readonly sectorSize: number;
}

export interface TargetLayout {
  readonly tables: TablePlan;
  /** Absent where every partition stays as it is. */
  readonly layout?: NewLayout;
  readonly growths: readonly Growth[];
  readonly shrinks: readonly Shrinking[];
  readonly shrinking?: ShrinkPlan;
  readonly resizing?: ResizePlan;
  readonly changes: readonly LayoutChange[];
  readonly refusals: readonly PermafrostError[];
}

/** Throws what reading the table throws. */
export async function planTargetLayout(input: LayoutInput): Promise<TargetLayout> {
  const { layout: asked, ...others } = input;
  if (asked?.length !== 0) return planPlaces(input);
  const planned = await planPlaces(others);
  const resizing = planned.refusals.length > 0 ? undefined : await describeResizing(others);
  return { ...planned, ...(resizing === undefined ? {} : { resizing }) };
}

async function planPlaces(input: LayoutInput): Promise<TargetLayout> {
  const { reader, table, device, sizeBytes, grow, layout: asked } = input;
  const asItIs = await planTables(reader, table, sizeBytes);
  const unchanged = (refusals: readonly PermafrostError[], warnings: readonly Said[] = []): TargetLayout => ({
    tables:
      refusals.length > 0
        ? { ...asItIs, writes: [], warnings }
        : { ...asItIs, warnings: [...asItIs.warnings, ...warnings] },
    growths: [],
    shrinks: [],
    changes: [],
    refusals,
  });
  const refuse = (problem: Said, hint: string): TargetLayout =>
    unchanged([new PermafrostError('layout/impossible', { device, problem, hint })]);
  const tooSmall = (neededBytes: number): TargetLayout =>
    unchanged([new PermafrostError('device/too-small', { device, sizeBytes, neededBytes })]);

  const otherSectors = input.sectorSize !== table.sectorSize;
  if (otherSectors) {
    const problem = await sectorProblem(input);
    if (problem !== undefined) return unchanged([sectorRefusal(input, problem)]);
  }
  const fits = sizeBytes >= asItIs.minimumBytes;
  const isSame = fits && !otherSectors && grow === undefined;
  if (asked === undefined && (table.kind === 'none' || isSame))
    return fits ? unchanged([]) : tooSmall(asItIs.minimumBytes);

  const parts = layoutParts(table);
  if ('problem' in parts) {
    if (otherSectors) return unchanged([sectorRefusal(input, say('layout/no-table-for-sectors', parts))]);
    if (!fits) return tooSmall(asItIs.minimumBytes);
    if (asked !== undefined) return refuse(say('layout/no-sizes', parts), 'Leave the sizes as they are.');
    return refuse(say('grow/none-here', parts), 'Leave out the growing of a partition.');
  }
  const room = await layoutRoom(reader, table, sizeBytes, input.sectorSize);
  if (asked !== undefined) {
    const planned = await planAsked(input, parts, room, asked);
    return 'tables' in planned ? planned : unchanged(planned.refusals);
  }
  const tight = { ...room, end: room.end + room.reserveBytes };
  const placed = placeParts(parts, tight);
  if (placed.placements.length === 0) {
    const small = await planSmaller(input, parts, tight);
    return 'refusal' in small ? unchanged([small.refusal]) : small;
  }
  const layout = { parts, placements: placed.placements, sectorSize: input.sectorSize };
  const stays = fits && !otherSectors;
  if (grow === undefined) return stays ? unchanged([]) : finishLayout(input, layout);

  const lengthOf = ({ number }: LayoutPart): number =>
    placeParts(parts, room).placements.length === 0 ? 0 : grownLength(parts, room, number);
  const chosen = await chooseGrown(grow, input, parts, lengthOf);
  if ('problem' in chosen)
    return refuse(chosen.problem, 'Choose another partition, or leave out the growing.');
  const { number } = chosen.part;
  const length = lengthOf(chosen.part);
  if (length <= chosen.part.length) {
    const warning = say('layout/nothing-free', { path: device, number });
    return stays ? unchanged([], [warning]) : finishLayout(input, layout, {}, [warning]);
  }
  const { placements } = placeParts(parts, room, new Map([[number, length]]));
  return finishLayout(input, { ...layout, placements }, { chosen: [chosen] });
}

/** The plan for a target on which the partitions must be smaller, or why that cannot be. */
async function planSmaller(
  input: LayoutInput,
  parts: readonly LayoutPart[],
  room: TableRoom,
): Promise<TargetLayout | { readonly refusal: PermafrostError }> {
  const { device, sizeBytes, sectorSize, grow } = input;
  const sizes = await measureParts(input, parts);
  const lengths = shrinkToFit(input, room, sizes);
  const shrinking = await describeShrinking(input, room, sizes, lengths);
  if (lengths === undefined) {
    const neededBytes = shrinking.leastBytes;
    const why = whyTooSmall(input, shrinking);
    return { refusal: new PermafrostError('device/too-small', { device, sizeBytes, neededBytes, why }) };
  }
  const refusal = await scratchRefusal(shrinking);
  if (refusal !== undefined) return { refusal };
  const { placements } = placeParts(parts, room, lengths);
  const shrinks = shrinkings(input, placements, sizes);
  const warnings = grow === undefined ? [] : [say('layout/nothing-free-at-all', { path: device })];
  return finishLayout(input, { parts, placements, sectorSize }, { shrinks, shrinking }, warnings);
}

/** Which file system cannot live on the target's sectors, as a clause. */
async function sectorProblem({ reader, regions, sectorSize }: LayoutInput): Promise<Said | undefined> {
  for (const { region, fileSystem } of regions) {
    if (fileSystem === undefined) continue;
    const view = subReader(reader, region.start, region.length, `${reader.name} ${region.name}`);
    const most = await mostSectorBytes(view, fileSystem);
    if (most !== undefined && most < sectorSize)
      return say('layout/sectors', {
        content: kindTitles[fileSystem.kind],
        place: region.name,
        mostSize: most,
      });
  }
  return undefined;
}

function sectorRefusal({ device, sectorSize, table }: LayoutInput, problem: Said): PermafrostError {
  return new PermafrostError('device/sector-size', {
    device,
    sectorSize,
    imageSectorSize: table.sectorSize,
    problem,
  });
}
