/** Single partitions of an image into places of a disk that keeps everything else: which, where, and what forbids it. */
import { subReader, type BlockReader } from '../base/block-reader.ts';
import { PermafrostError } from '../base/errors.ts';
import type { OpenDisk } from '../device/device.ts';
import { hiddenSectorPatches } from '../filesystem/hidden-sectors.ts';
import { kindTitles } from '../filesystem/kind-titles.ts';
import { mostSectorBytes } from '../filesystem/sector-limit.ts';
import { addPartitions, placeInFree, type WantedPartition } from '../partition/add-partition.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import type { Span } from '../partition/plan-layout.ts';
import type { TablePlan, TableWrite } from '../partition/relocate.ts';
import { readTable } from '../partition/table.ts';
import type { FrameReader } from '../repository/frame-reader.ts';
import type { ImagedDisk, ImagedRegion, Manifest } from '../repository/manifest.ts';
import { growability } from './growable.ts';
import type { RestoreJob } from './job.ts';
import type { LayoutChange, ShrinkPlan } from './plan.ts';
import { placeRegions, type PlacedRegion } from './place-regions.ts';
import { knownRegion, type Growth } from './plan-layout.ts';
import type { PartSize, Shrinking } from './plan-shrink.ts';
import { measureInto, planShrinkInto, type ShrinkIntoInput } from './shrink-into.ts';
import { type Said, say } from '../base/remarks.ts';

export interface PartitionsInput {
  readonly job: RestoreJob;
  readonly image: Manifest;
  readonly imaged: ImagedDisk;
  /** The bytes of the imaged disk. */
  readonly reader: BlockReader;
  /** What of them the image has. */
  readonly frames: FrameReader;
  /** The target. */
  readonly disk: OpenDisk;
  readonly signal?: AbortSignal;
}

/** What of a target is written, and how; everything else on it stays. */
export interface PlannedPartitions {
  readonly regions: readonly PlacedRegion<ImagedRegion>[];
  readonly tables: TablePlan;
  readonly growths: readonly Growth[];
  readonly shrinks: readonly Shrinking[];
  readonly shrinking?: ShrinkPlan;
  readonly changes: readonly LayoutChange[];
  readonly refusals: readonly PermafrostError[];
}

const nothing = { minimumBytes: 0, writes: [], warnings: [] } as const;

/** Throws `usage/invalid` for partitions that the image does not have. */
export async function planPartitions(input: PartitionsInput): Promise<PlannedPartitions> {
  const { job, image, imaged, disk } = input;
  const isFile = disk.identity.kind === 'file';
  const table = await readTable(disk.reader, {
    isFile,
    ...(isFile ? { sectorSize: imaged.sectorSize } : {}),
  });
  if (job.into !== undefined) return planInto(input, table);
  const regions = chosenRegions(job.partitions!, imaged, image);
  const { path, sizeBytes } = disk.identity;
  const refusals: PermafrostError[] = [];
  for (const region of regions) {
    const problem = mismatch(region, table.partitions, sizeBytes);
    const sectors = await sectorProblem(input, region, table.sectorSize);
    if (problem !== undefined)
      refusals.push(new PermafrostError('device/table-mismatch', { device: path, problem }));
    else if (sectors !== undefined) refusals.push(impossible(path, sectors));
  }
  // The same bytes are other sectors where those have another size.
  const there = regions.flatMap((region) => {
    const { start, length, partitions } = region;
    const [number] = partitions;
    return number === undefined
      ? []
      : [{ region, number, into: number, from: { start, length }, to: { start, length } }];
  });
  const writes = await movedBootSectors(input, there, table.sectorSize);
  return {
    regions: placeRegions(regions, sizeBytes),
    tables: { ...nothing, writes },
    growths: [],
    shrinks: [],
    changes: [],
    refusals,
  };
}

function impossible(device: string, problem: Said): PermafrostError {
  const hint = 'Choose another place, or restore the whole disk.';
  return new PermafrostError('layout/impossible', { device, problem, hint });
}

function chosenRegions(partitions: readonly number[], imaged: ImagedDisk, image: Manifest): ImagedRegion[] {
  return partitions.map((number) => {
    const region = imaged.regions.find(
      (r) => r.partitions.includes(number) || (number === 0 && r.kind === 'whole'),
    );
    if (region?.content === undefined)
      throw new PermafrostError('usage/invalid', {
        problem: say('asked/not-in-image', { image: image.id.slice(0, 8), number }),
        hint: 'Run "permafrost show" on the image to see its partitions.',
      });
    if (region.partitions.length > 1)
      throw new PermafrostError('usage/invalid', {
        problem: say('asked/overlaps', {
          number,
          list: region.partitions.filter((n) => n !== number).join(', '),
        }),
      });
    return region;
  });
}

/** Why the target does not have the partition exactly where the image had it. */
function mismatch(
  region: ImagedRegion,
  partitions: readonly { number: number; start: number; length: number }[],
  sizeBytes: number,
): Said | undefined {
  if (region.kind === 'whole')
    return partitions.length === 0 && sizeBytes >= region.length ? undefined : say('match/no-partitions');
  const number = region.partitions[0]!;
  const there = partitions.find((partition) => partition.number === number);
  if (there === undefined) return say('into/no-partition', { number });
  if (there.start === region.start && there.length === region.length) return undefined;
  return say('match/other', {
    number,
    lengthBytes: there.length,
    atStart: there.start,
    imagedBytes: region.length,
    imagedStart: region.start,
  });
}

async function planInto(input: PartitionsInput, table: PartitionTable): Promise<PlannedPartitions> {
  const { job, image, imaged, disk } = input;
  const device = disk.identity.path;
  const into = job.into!;
  const regions = chosenRegions(
    into.map(({ partition }) => partition),
    imaged,
    image,
  );
  const refusals: PermafrostError[] = [];
  const refuse = (problem: Said): void => {
    refusals.push(impossible(device, problem));
  };
  const { reader, frames } = input;
  const shrinkInput: ShrinkIntoInput = {
    ...{ reader, frames, chunkBytes: image.chunkBytes },
    ...{ imagedSectorSize: imaged.sectorSize, sectorSize: table.sectorSize },
    ...(job.scratch === undefined ? {} : { scratch: job.scratch }),
    ...(input.signal === undefined ? {} : { signal: input.signal }),
  };
  const sizes: PartSize[] = [];
  const fits = async (region: ImagedRegion, to: Span, where: Said): Promise<boolean> => {
    if (to.length >= region.length) return true;
    const size = await measureInto(shrinkInput, { number: region.partitions[0]!, region, to });
    if ('tooLarge' in size)
      refuse(say('into/small', { place: where, toBytes: to.length, problem: size.tooLarge }));
    else sizes.push(size);
    return !('tooLarge' in size);
  };

  const newOnes = into.flatMap(({ place }, i) => (place === 'free' ? [regions[i]!] : []));
  const placed = new Map<ImagedRegion, Span>();
  if (table.kind === 'gpt' || table.kind === 'mbr')
    for (const [i, place] of placeInFree(
      table,
      newOnes.map(({ length }) => length),
    ).entries()) {
      const region = newOnes[i]!;
      if (place === undefined) refuse(say('into/no-free', { place: region.name }));
      else if (await fits(region, place, say('place/largest-free'))) placed.set(region, place);
    }
  const wanted = [...placed].map(([region, place]) => wantedOf(region, place, imaged));
  const made = newOnes.length === 0 ? undefined : await addPartitions(disk.reader, table, wanted);
  if (made !== undefined && 'problem' in made) refuse(made.problem);
  const added = made === undefined || 'problem' in made ? [] : made.added;

  const changes: (LayoutChange & { region: ImagedRegion })[] = [];
  for (const [i, { partition, place }] of into.entries()) {
    const region = regions[i]!;
    const sectors = await sectorProblem(input, region, table.sectorSize);
    if (sectors !== undefined) refuse(sectors);
    const found = place === 'free' ? added[[...placed.keys()].indexOf(region)] : existing(table, place);
    if (found !== undefined && 'problem' in found) refuse(found.problem);
    if (found === undefined || 'problem' in found) continue;
    if (place !== 'free') await fits(region, found, say('place/its-partition', { number: place }));
    const from = { start: region.start, length: region.length };
    const to = { start: found.start, length: found.length };
    const isNew = place === 'free' ? { isNew: true } : {};
    changes.push({ region, number: partition, from, to, into: found.number, ...isNew });
  }
  const { growths, warnings, growing } = growthsOf(input, changes, table.sectorSize, refuse);
  const narrow = changes.filter(({ number }) => sizes.some(({ part }) => part.number === number));
  const { refusal, ...shrunk } = await planShrinkInto(shrinkInput, narrow, sizes);
  if (refusal !== undefined) refusals.push(refusal);
  // Those of a file system that is made smaller change with it.
  const asTheyAre = changes.filter((change) => !narrow.includes(change));
  const moved = await movedBootSectors(input, asTheyAre, table.sectorSize);
  const tableWrites = made === undefined || 'problem' in made ? [] : made.writes;
  return {
    regions: changes
      .map(({ region, to }) => ({ region, to: { ...to, length: Math.min(to.length, region.length) } }))
      .sort((a, b) => a.to.start - b.to.start),
    tables: {
      minimumBytes: 0,
      writes: [...tableWrites, ...moved].sort((a, b) => a.offset - b.offset),
      warnings,
    },
    growths,
    ...shrunk,
    changes: changes.map(({ number, from, to, isNew, ...change }) => {
      const tool = growing.get(number) ?? sizes.find(({ part }) => part.number === number)?.tool;
      return {
        ...{ number, from, to },
        into: change.into!,
        ...(isNew === true ? { isNew } : {}),
        ...(tool === undefined ? {} : { tool }),
      };
    }),
    refusals,
  };
}

function wantedOf(region: ImagedRegion, place: Span, imaged: ImagedDisk): WantedPartition {
  const entry = imaged.table.partitions.find(({ number }) => number === region.partitions[0]);
  const { typeId = '0x83', name, partitionId } = entry ?? {};
  return {
    place,
    typeId,
    ...(name === undefined ? {} : { name }),
    ...(partitionId === undefined ? {} : { partitionId }),
  };
}

/** The partition of the target numbered `place`, or why nothing can go there. */
function existing(
  { partitions }: PartitionTable,
  place: number,
): (Span & { readonly number: number }) | { readonly problem: Said } {
  const there = partitions.find(({ number }) => number === place);
  if (there === undefined) return { problem: say('into/no-partition', { number: place }) };
  if (there.doubt !== undefined) return { problem: there.doubt.reason };
  const end = there.start + there.length;
  const other = partitions.find(
    (one) => one !== there && one.start < end && there.start < one.start + one.length,
  );
  if (other !== undefined)
    return { problem: say('into/overlap', { number: place, otherNumber: other.number }) };
  return there;
}

async function sectorProblem(
  { reader, imaged }: PartitionsInput,
  region: ImagedRegion,
  sectorSize: number,
): Promise<Said | undefined> {
  const { fileSystem } = knownRegion(region);
  if (fileSystem === undefined || sectorSize === imaged.sectorSize) return undefined;
  const most = await mostSectorBytes(subReader(reader, region.start, region.length, region.name), fileSystem);
  if (most === undefined || most >= sectorSize) return undefined;
  return say('into/sectors', {
    sectorSize,
    content: kindTitles[fileSystem.kind],
    place: region.name,
    mostSize: most,
  });
}

interface PlannedGrowths {
  readonly growths: readonly Growth[];
  readonly warnings: readonly Said[];
  /** Tools by the numbers of the image's partitions. */
  readonly growing: ReadonlyMap<number, string>;
}

/** What lies in a larger partition than it had grows if that was asked for, and is told of otherwise. */
function growthsOf(
  { job }: PartitionsInput,
  changes: readonly (LayoutChange & { region: ImagedRegion })[],
  sectorSize: number,
  refuse: (problem: Said) => void,
): PlannedGrowths {
  const growths: Growth[] = [];
  const warnings: Said[] = [];
  const growing = new Map<number, string>();
  for (const { region, number, into, from, to } of changes) {
    if (to.length < from.length + sectorSize) {
      if (job.grow === number) warnings.push(say('layout/no-free-space', { number: into! }));
      continue;
    }
    const { fileSystem } = knownRegion(region);
    const growth = growability(fileSystem);
    if (job.grow !== number) {
      const sizes = { number: into!, fromBytes: from.length, toBytes: to.length };
      warnings.push(
        'tool' in growth
          ? say('layout/keeps-size-growable', { ...sizes, sourceNumber: number })
          : say('layout/keeps-size', sizes),
      );
    } else if ('problem' in growth) refuse(say('grow/not', { number, problem: growth.problem.text }));
    else if ('later' in growth)
      warnings.push(say('layout/into-grown-later', { number: into!, remark: growth.later.text }));
    else {
      growths.push({ number: into!, kind: fileSystem!.kind, span: to, sectorSize });
      growing.set(number, growth.tool);
    }
  }
  return { growths, warnings, growing };
}

async function movedBootSectors(
  { reader, imaged }: PartitionsInput,
  changes: readonly (LayoutChange & { region: ImagedRegion })[],
  sectorSize: number,
): Promise<TableWrite[]> {
  const writes: TableWrite[] = [];
  for (const { region, into, from, to } of changes) {
    const { fileSystem } = knownRegion(region);
    if (fileSystem === undefined) continue;
    const view = subReader(reader, from.start, from.length, region.name);
    const patches = await hiddenSectorPatches(view, {
      kind: fileSystem.kind,
      fromSector: from.start / imaged.sectorSize,
      toSector: to.start / sectorSize,
    });
    for (const { offset, bytes } of patches)
      writes.push({ offset: to.start + offset, bytes, what: say('part/boot-sector', { number: into! }) });
  }
  return writes;
}
