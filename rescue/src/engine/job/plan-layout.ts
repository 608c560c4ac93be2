/** Decides the places of partitions on one target, for restores and clones alike; writes nothing. */
import { subReader, type BlockReader } from '../base/block-reader.ts';
import { PermafrostError } from '../base/errors.ts';
import type { FileSystemInfo, FileSystemKind } from '../filesystem/file-system.ts';
import { hiddenSectorPatches } from '../filesystem/hidden-sectors.ts';
import { kindTitles } from '../filesystem/kind-titles.ts';
import { mostSectorBytes } from '../filesystem/sector-limit.ts';
import type { Region } from '../partition/layout.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import {
  grownLength,
  isKept,
  layoutParts,
  placeParts,
  type LayoutPart,
  type Placement,
  type Span,
} from '../partition/plan-layout.ts';
import {
  layoutRoom,
  planTables,
  type NewLayout,
  type TablePlan,
  type TableWrite,
} from '../partition/relocate.ts';
import type { ImagedRegion } from '../repository/manifest.ts';
import { growability, servantReason } from './growable.ts';
import type { Grow, LayoutChange } from './job.ts';

/** A region with what is known of its content. */
export interface KnownRegion {
  readonly region: Pick<Region, 'kind' | 'name' | 'start' | 'length' | 'partitions'>;
  readonly fileSystem?: Pick<FileSystemInfo, 'kind' | 'label' | 'state' | 'blockSize'>;
  /** Bytes in it that matter. */
  readonly usedBytes: number;
}

/** What an image says of one of its regions. */
export function knownRegion(region: ImagedRegion): KnownRegion {
  const { fileSystem, sums } = region;
  const { usedBytes } = sums;
  // What this version knows by name; a later one's image may have others.
  const known = fileSystem as KnownRegion['fileSystem'];
  return { region, usedBytes, ...(known === undefined ? {} : { fileSystem: known }) };
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
  readonly changes: readonly LayoutChange[];
  readonly refusals: readonly PermafrostError[];
}

/** Throws what reading the table throws. */
export async function planTargetLayout(input: LayoutInput): Promise<TargetLayout> {
  const { reader, table, device, sizeBytes, grow } = input;
  const asItIs = await planTables(reader, table, sizeBytes);
  const unchanged = (
    refusals: readonly PermafrostError[],
    warnings: readonly string[] = [],
  ): TargetLayout => ({
    tables:
      refusals.length > 0
        ? { ...asItIs, writes: [], warnings }
        : { ...asItIs, warnings: [...asItIs.warnings, ...warnings] },
    growths: [],
    changes: [],
    refusals,
  });
  const refuse = (problem: string, hint: string): TargetLayout =>
    unchanged([new PermafrostError('layout/impossible', { device, problem, hint })]);
  const tooSmall = (neededBytes: number): TargetLayout =>
    unchanged([new PermafrostError('device/too-small', { device, sizeBytes, neededBytes })]);

  const otherSectors = input.sectorSize !== table.sectorSize;
  if (otherSectors) {
    const problem = await sectorProblem(input);
    if (problem !== undefined) return unchanged([sectorRefusal(input, problem)]);
  }
  const fits = sizeBytes >= asItIs.minimumBytes;
  if (table.kind === 'none' || (fits && !otherSectors && grow === undefined))
    return fits ? unchanged([]) : tooSmall(asItIs.minimumBytes);

  const parts = layoutParts(table);
  if ('problem' in parts) {
    if (otherSectors)
      return unchanged([
        sectorRefusal(input, `the partition table cannot be made anew for them, since ${parts.problem}`),
      ]);
    if (!fits) return tooSmall(asItIs.minimumBytes);
    return refuse(`no partition can be grown: ${parts.problem}`, 'Leave out the growing of a partition.');
  }
  const room = await layoutRoom(reader, table, sizeBytes, input.sectorSize);
  const tight = { ...room, end: room.end + room.reserveBytes };
  const placed = placeParts(parts, tight);
  if (placed.placements.length === 0) return tooSmall(placed.leastEnd + room.tableBytes);
  const layout = { parts, placements: placed.placements, sectorSize: input.sectorSize };
  const stays = fits && !otherSectors;
  if (grow === undefined) return stays ? unchanged([]) : finish(input, layout);

  const chosen = chooseGrown(grow, input, parts);
  if ('problem' in chosen)
    return refuse(chosen.problem, 'Choose another partition, or leave out the growing.');
  const { number } = chosen.part;
  const length = placeParts(parts, room).placements.length === 0 ? 0 : grownLength(parts, room, number);
  if (length <= chosen.part.length) {
    const warning = `There is no free space on ${device} that partition ${number} could get.`;
    return stays ? unchanged([], [warning]) : finish(input, layout, undefined, [warning]);
  }
  const { placements } = placeParts(parts, room, new Map([[number, length]]));
  return finish(input, { ...layout, placements }, chosen);
}

/** The plan for `layout`, in which `chosen` has been given more room. */
async function finish(
  input: LayoutInput,
  layout: NewLayout,
  chosen?: Chosen,
  earlierWarnings: readonly string[] = [],
): Promise<TargetLayout> {
  const { reader, table, sizeBytes, sectorSize } = input;
  const { placements } = layout;
  const tables = await planTables(reader, table, sizeBytes, layout);
  const moved = await movedBootSectors(input, placements);
  const grown = placements.find(({ number }) => number === chosen?.part.number);
  const tool = chosen !== undefined && 'tool' in chosen.growth ? chosen.growth.tool : undefined;
  const later = chosen !== undefined && 'later' in chosen.growth ? chosen.growth.later : undefined;
  return {
    tables: {
      ...tables,
      writes: [...tables.writes, ...moved].sort((a, b) => a.offset - b.offset),
      warnings: [
        ...earlierWarnings,
        ...tables.warnings,
        ...leftOut(input, placements),
        ...(sectorSize === table.sectorSize ? [] : [sectorWarning(input)]),
        ...(later === undefined
          ? []
          : [`Partition ${grown!.number} is grown, what is in it is not: ${later}.`]),
      ],
    },
    layout,
    growths:
      tool === undefined ? [] : [{ number: grown!.number, kind: chosen!.kind, span: grown!.to, sectorSize }],
    changes: placements.flatMap((placement): LayoutChange[] => {
      if (isKept(placement)) return [];
      return [{ ...placement, ...(placement === grown && tool !== undefined ? { tool } : {}) }];
    }),
    refusals: [],
  };
}

/** Which file system cannot live on the target's sectors, as a clause. */
async function sectorProblem({ reader, regions, sectorSize }: LayoutInput): Promise<string | undefined> {
  for (const { region, fileSystem } of regions) {
    if (fileSystem === undefined) continue;
    const view = subReader(reader, region.start, region.length, `${reader.name} ${region.name}`);
    const most = await mostSectorBytes(view, fileSystem);
    if (most !== undefined && most < sectorSize)
      return `the ${kindTitles[fileSystem.kind]} of ${region.name} was made for sectors of at most ${most}, and no system could read it there`;
  }
  return undefined;
}

function sectorRefusal({ device, sectorSize, table }: LayoutInput, problem: string): PermafrostError {
  return new PermafrostError('device/sector-size', {
    device,
    sectorSize,
    imageSectorSize: table.sectorSize,
    problem,
  });
}

function sectorWarning({ table, sectorSize, regions }: LayoutInput): string {
  const windows = regions.find(({ fileSystem }) =>
    ['ntfs', 'fat12', 'fat16', 'fat32', 'exfat'].includes(fileSystem?.kind ?? ''),
  );
  const only =
    windows === undefined
      ? ''
      : ` Windows does not read the ${kindTitles[windows.fileSystem!.kind]} of ${windows.region.name} there, Linux does.`;
  return `The partition table is made anew, from sectors of ${table.sectorSize} bytes to sectors of ${sectorSize}; a BIOS boot loader has to be installed again.${only}`;
}

interface Chosen {
  readonly part: LayoutPart;
  readonly kind: FileSystemKind;
  readonly growth: Exclude<ReturnType<typeof growability>, { problem: string }>;
}

/** The partition that `grow` means, or why there is none. */
function chooseGrown(
  grow: Grow,
  input: LayoutInput,
  parts: readonly LayoutPart[],
): Chosen | { readonly problem: string } {
  if (grow === 'last') return chooseLast(input, parts);
  const named =
    typeof grow === 'number'
      ? parts.filter(({ number }) => number === grow)
      : parts.filter(({ number }) => namesOf(input, number).includes(grow));
  const [part, ...others] = named;
  if (part === undefined)
    return { problem: `there is no partition ${typeof grow === 'number' ? grow : `"${grow}"`} to grow` };
  if (others.length > 0)
    return {
      problem: `"${grow}" could mean partition ${named.map(({ number }) => number).join(' or ')}: name it by its number`,
    };
  const chosen = choose(input, part);
  return 'problem' in chosen
    ? { problem: `partition ${part.number} cannot be grown: ${chosen.problem}` }
    : chosen;
}

function chooseLast(input: LayoutInput, parts: readonly LayoutPart[]): Chosen | { readonly problem: string } {
  const reasons: string[] = [];
  for (const part of parts.toReversed()) {
    const { typeId } = input.table.partitions.find(({ number }) => number === part.number)!;
    const servant = servantReason(typeId);
    const chosen = servant === undefined ? choose(input, part) : { problem: `is ${servant}` };
    if (!('problem' in chosen)) return chosen;
    reasons.unshift(`partition ${part.number}: ${chosen.problem}`);
  }
  return { problem: `no partition can be grown (${reasons.join('; ')})` };
}

function choose({ regions }: LayoutInput, part: LayoutPart): Chosen | { readonly problem: string } {
  const info = regions.find(({ region }) => region.partitions.includes(part.number))?.fileSystem;
  const growth = growability(info);
  return 'problem' in growth ? growth : { part, kind: info!.kind, growth };
}

/** GPT name and file-system label. */
function namesOf({ table, regions }: LayoutInput, number: number): (string | undefined)[] {
  const { name } = table.partitions.find((partition) => partition.number === number)!;
  return [name, regions.find(({ region }) => region.partitions.includes(number))?.fileSystem?.label];
}

async function movedBootSectors(
  { reader, table, regions, sectorSize }: LayoutInput,
  placements: readonly Placement[],
): Promise<TableWrite[]> {
  const writes: TableWrite[] = [];
  for (const { number, from, to } of placements) {
    const kind = regions.find(({ region }) => region.partitions.includes(number))?.fileSystem?.kind;
    if (kind === undefined) continue;
    const patches = await hiddenSectorPatches(
      subReader(reader, from.start, from.length, `${reader.name} partition ${number}`),
      { kind, fromSector: from.start / table.sectorSize, toSector: to.start / sectorSize },
    );
    for (const { offset, bytes } of patches)
      writes.push({ offset: to.start + offset, bytes, what: `boot sector of partition ${number}` });
  }
  return writes;
}

/** Gaps that have no place any more, if there is anything in them. */
function leftOut({ regions, table }: LayoutInput, placements: readonly Placement[]): string[] {
  return regions.flatMap(({ region, usedBytes }, i) => {
    if (region.kind === 'tail')
      return usedBytes > 0 && table.kind === 'mbr'
        ? ['What lies behind the last partition is left out.']
        : [];
    if (region.kind !== 'gap' || usedBytes === 0) return [];
    const before = placements.find(({ number }) => regions[i - 1]?.region.partitions.includes(number));
    const after = placements.find(({ number }) => regions[i + 1]?.region.partitions.includes(number));
    if (before === undefined || after === undefined) return [];
    const room = after.to.start - (before.to.start + before.to.length);
    return room < region.length ? [`The ${region.name} is closed: what lies in it is left out.`] : [];
  });
}
