/** Planning a restore: which image goes where, what it destroys, which tables change, every reason to refuse. */
import type { ChunkPool } from 'blockdev-native';
import { PermafrostError } from '../base/errors.ts';
import { describeTarget, openTarget, type OpenDisk } from '../device/device.ts';
import { describeIdentity, type DiskIdentity } from '../device/identity.ts';
import type { TablePlan } from '../partition/relocate.ts';
import type { BootEntryPlan } from '../boot/boot-entry.ts';
import { planNewIds, type NewIdsPlan } from '../boot/new-ids.ts';
import { readTable } from '../partition/table.ts';
import { FrameReader } from '../repository/frame-reader.ts';
import { imageReader } from '../repository/image-reader.ts';
import type { ImagedDisk, ImagedRegion, Manifest } from '../repository/manifest.ts';
import { Repository } from '../repository/repository.ts';
import { describeContents } from './describe-contents.ts';
import type { RestoreJob } from './job.ts';
import type { DiskPlan, LayoutChange, Plan, RegionPlan, ResizePlan, ShrinkPlan } from './plan.ts';
import { placeRegions, type PlacedRegion } from './place-regions.ts';
import { checkLayout } from './plan-asked.ts';
import { knownRegion, planTargetLayout, type Growth } from './plan-layout.ts';
import { planEntry } from './plan-entry.ts';
import { planPartitions } from './plan-partitions.ts';
import { planLimits, sealPlan } from './plan-parts.ts';
import type { Shrinking } from './plan-shrink.ts';
import { repositoryPlace } from './repository-place.ts';
import type { RunOptions } from './run-options.ts';
import { selectImage } from './select-image.ts';
import { restoreTwinWarnings } from './twins.ts';
import { type Said, say } from '../base/remarks.ts';

/** One disk of the image and where it goes. */
export interface PlannedTarget {
  readonly imaged: ImagedDisk;
  /** Absent for a disk-image file that is yet to be created, with the size of the imaged disk. */
  readonly disk?: OpenDisk;
  readonly path: string;
  readonly sizeBytes: number;
  /** The whole disk with its tables, or chosen partitions into the table that is there. */
  readonly whole: boolean;
  /** What will be written, with its content. */
  readonly regions: readonly PlacedRegion<ImagedRegion>[];
  /** Where regions that the image does not have would be: nothing there may be taken for whole. */
  readonly emptied: readonly PlacedRegion<ImagedRegion>[];
  readonly tables: TablePlan;
  readonly growths: readonly Growth[];
  readonly shrinks: readonly Shrinking[];
  readonly shrinking?: ShrinkPlan;
  readonly resizing?: ResizePlan;
  readonly changes: readonly LayoutChange[];
  readonly bootEntry?: BootEntryPlan;
  readonly newIds?: NewIdsPlan;
}

/** A planned restore. The caller closes targets and repository. */
export interface PreparedRestore {
  readonly plan: Plan;
  readonly image: Manifest;
  readonly repository: Repository;
  readonly reader: FrameReader;
  readonly targets: readonly PlannedTarget[];
  readonly refusals: readonly PermafrostError[];
}

/** Opens everything and decides everything, writing nothing. */
export async function prepareRestore(
  job: RestoreJob,
  pool: ChunkPool,
  options: Pick<RunOptions, 'signal'>,
): Promise<PreparedRestore> {
  const repository = await Repository.open(job.repository);
  const targets: PlannedTarget[] = [];
  try {
    const { machine, ofDisk } = job;
    const image = await selectImage(repository, {
      image: job.image,
      ...(machine === undefined ? {} : { machine }),
      ...(ofDisk === undefined ? {} : { ofDisk }),
    });
    const reader = new FrameReader(repository, await repository.loadPacks(), pool);
    const refusals: PermafrostError[] = [];
    const disks: DiskPlan[] = [];
    const place = await repositoryPlace(job.repository, job.allowUnresolved);
    for (const { imaged, path } of pairTargets(job, image)) {
      const target = await planTarget({ job, image, reader, refusals, ...options }, imaged, path);
      targets.push(target);
      if (target.disk !== undefined && (await target.disk.isAmong(place.disks)))
        refusals.push(
          new PermafrostError('repository/on-target', { repository: job.repository, device: path }),
        );
      disks.push(await describeDiskPlan(target, options));
    }
    const whole = disks.filter((_, i) => targets[i]!.whole);
    const twins = await restoreTwinWarnings(
      whole,
      targets.map(({ path }) => path),
      options.signal,
    );
    const sealed = describePlan(job, image, disks, refusals, targets, place.warnings);
    // No part of the digest: they decide nothing, and a disk that is slow to answer is not always seen.
    const plan = { ...sealed, warnings: [...twins, ...sealed.warnings] };
    return { plan, image, repository, reader, targets, refusals };
  } catch (error) {
    await Promise.all(targets.map(async ({ disk }) => disk?.close()));
    await repository.close();
    throw error;
  }
}

/** Which disk of the image goes to which target. */
function pairTargets(job: RestoreJob, image: Manifest): { imaged: ImagedDisk; path: string }[] {
  const fail = (problem: Said): never => {
    throw new PermafrostError('usage/invalid', {
      problem,
      hint: 'Run "permafrost show" on the image to see its disks; name them as --disk NUMBER=TARGET.',
    });
  };
  const numbers = image.disks.map(({ number }) => number).join(', ');
  if (job.targets.length === 0) fail(say('asked/no-target'));
  if ((job.partitions ?? job.into) !== undefined && job.targets.length !== 1) fail(say('asked/one-target'));
  if (job.partitions !== undefined && (job.grow !== undefined || job.into !== undefined))
    fail(say('asked/kept-places'));
  if (job.newIds === true && (job.partitions ?? job.into) !== undefined) fail(say('asked/new-ids'));
  if (job.layout !== undefined && (job.partitions ?? job.into) !== undefined) fail(say('asked/layout-whole'));
  if (job.layout !== undefined && job.targets.length !== 1) fail(say('asked/layout-one-target'));
  checkLayout(job);
  checkInto(job, fail);
  const pairs = job.targets.map(({ disk, target }) => {
    if (disk === undefined && image.disks.length > 1)
      return fail(say('asked/which-disk', { list: numbers, path: target }));
    const imaged = disk === undefined ? image.disks[0] : image.disks.find(({ number }) => number === disk);
    return imaged === undefined
      ? fail(say('asked/no-disk', { number: disk ?? 1, list: numbers }))
      : { imaged, path: target };
  });
  if (new Set(pairs.map(({ path }) => path)).size !== pairs.length) fail(say('asked/target-twice'));
  if (new Set(pairs.map(({ imaged }) => imaged)).size !== pairs.length) fail(say('asked/disk-twice'));
  return pairs;
}

/** Each partition once, each place once, and nothing grown that is not among them. */
function checkInto({ into, grow }: RestoreJob, fail: (problem: Said) => never): void {
  if (into === undefined) return;
  const numbers = into.map(({ partition }) => partition);
  const places = into.flatMap(({ place }) => (place === 'free' ? [] : [place]));
  if (new Set(numbers).size !== numbers.length) fail(say('asked/part-twice'));
  if (new Set(places).size !== places.length) fail(say('asked/place-twice'));
  if (grow !== undefined && !numbers.some((number) => number === grow)) fail(say('asked/grow-part'));
}

interface Planning extends Pick<RunOptions, 'signal'> {
  readonly job: RestoreJob;
  readonly image: Manifest;
  readonly reader: FrameReader;
  readonly refusals: PermafrostError[];
}

async function planTarget(
  { job, image, reader, refusals, signal }: Planning,
  imaged: ImagedDisk,
  path: string,
): Promise<PlannedTarget> {
  const disk = await openTarget(path);
  const sizeBytes = disk?.identity.sizeBytes ?? imaged.sizeBytes;
  const name = disk?.identity.path ?? path;
  try {
    const source = imageReader(reader, imaged, image.chunkBytes);
    const opened = disk === undefined ? {} : { disk };
    if (job.partitions !== undefined || job.into !== undefined) {
      if (disk === undefined) throw new PermafrostError('device/not-found', { device: path });
      const cancel = signal === undefined ? {} : { signal };
      const input = { job, image, imaged, reader: source, frames: reader, disk, ...cancel };
      const { refusals: found, ...planned } = await planPartitions(input);
      refusals.push(...found);
      return { imaged, disk, path: name, sizeBytes, whole: false, ...planned, emptied: [] };
    }
    const table = await readTable(source, { sectorSize: imaged.sectorSize });
    const {
      layout,
      refusals: found,
      ...planned
    } = await planTargetLayout({
      reader: source,
      table,
      regions: imaged.regions.map((region) => knownRegion(region, reader, image.chunkBytes)),
      device: name,
      sizeBytes,
      // A file has the sectors that its table says.
      sectorSize: disk?.identity.kind === 'device' ? disk.identity.sectorSize : table.sectorSize,
      ...(job.grow === undefined ? {} : { grow: job.grow }),
      ...(job.layout === undefined ? {} : { layout: job.layout }),
      ...(job.scratch === undefined ? {} : { scratch: job.scratch }),
      ...(signal === undefined ? {} : { signal }),
    });
    refusals.push(...found);
    const placed = placeRegions(imaged.regions, sizeBytes, layout);
    const newIds = job.newIds === true ? await planNewIds(source, table, signal) : undefined;
    const bootEntry =
      disk?.identity.kind === 'device' && job.noBootEntry !== true
        ? await planEntry(source, imaged.sectorSize, newIds)
        : undefined;
    return {
      imaged,
      ...opened,
      path: name,
      sizeBytes,
      whole: true,
      regions: placed.filter(({ region }) => region.content !== undefined),
      emptied: placed.filter(({ region }) => region.content === undefined),
      ...planned,
      ...(bootEntry === undefined ? {} : { bootEntry }),
      ...(newIds === undefined ? {} : { newIds }),
    };
  } catch (error) {
    await disk?.close();
    throw error;
  }
}

async function describeDiskPlan(
  target: PlannedTarget,
  options: Pick<RunOptions, 'signal'>,
): Promise<DiskPlan> {
  const { imaged, disk, tables, whole } = target;
  const regions = imaged.regions.map((region): RegionPlan => {
    const { name, kind, start, length, partitions, fileSystem, warnings, sums } = region;
    return {
      name,
      kind,
      start,
      length,
      partitions,
      ...(fileSystem === undefined ? {} : { fileSystem }),
      usedBytes: sums.usedBytes,
      warnings,
      included: target.regions.some((placed) => placed.region === region),
    };
  });
  const left = regions.filter(({ kind, included }) => whole && kind === 'partition' && !included);
  const identity: DiskIdentity = disk?.identity ?? describeTarget(target.path, target.sizeBytes);
  const cut = [...target.regions, ...target.emptied].find(
    ({ region, to }) =>
      to.length < region.length && !target.shrinks.some(({ number }) => region.partitions.includes(number)),
  )?.region;
  return {
    number: imaged.number,
    identity,
    sizeBytes: target.sizeBytes,
    sectorSize: imaged.sectorSize,
    table: imaged.table,
    regions,
    usedBytes: regions.reduce((sum, region) => sum + (region.included ? region.usedBytes : 0), 0),
    warnings: [
      ...tables.warnings,
      ...left.map(({ name }) => say('job/not-in-image', { place: name })),
      ...(whole && cut !== undefined ? [say('job/ends-inside-image', { place: cut.name })] : []),
    ],
    destroys: disk === undefined ? [] : await describeContents(disk, target, options),
    tableWrites: tables.writes.map(({ what, offset, bytes }) => ({
      what,
      offset,
      bytesHex: Buffer.from(bytes).toString('hex'),
    })),
    ...(target.changes.length === 0 ? {} : { layout: target.changes }),
    ...(target.shrinking === undefined ? {} : { shrinking: target.shrinking }),
    ...(target.resizing === undefined ? {} : { resizing: target.resizing }),
    ...(target.bootEntry === undefined ? {} : { bootEntry: target.bootEntry }),
    ...(target.newIds === undefined ? {} : { newIds: target.newIds }),
    ...(await planLimits(identity, options)),
  };
}

function describePlan(
  job: RestoreJob,
  image: Manifest,
  disks: readonly DiskPlan[],
  refusals: readonly PermafrostError[],
  targets: readonly PlannedTarget[],
  warnings: readonly Said[],
): Plan {
  const usedBytes = disks.reduce((sum, disk) => sum + disk.usedBytes, 0);
  const where = disks.map(({ identity }) => describeIdentity(identity)).join(' and ');
  const numbers = job.partitions ?? job.into?.map(({ partition }) => partition);
  const what = numbers === undefined ? 'the whole disk' : `partition ${numbers.join(', ')}`;
  const bad = targets
    .flatMap(({ regions }) => regions)
    .reduce((sum, { region }) => sum + region.sums.badBytes, 0);
  return sealPlan({
    job,
    summary: `Restore ${what} of image ${image.id.slice(0, 8)} "${image.name}" to ${where}.`,
    disks,
    readBytes: usedBytes,
    writeBytes: usedBytes,
    warnings: [
      ...warnings,
      ...disks.flatMap(({ warnings }) => warnings),
      ...(bad > 0 ? [say('job/image-has-zeros', { badBytes: bad })] : []),
    ],
    refusals: refusals.map((refusal) => refusal.toJSON()),
    image: { id: image.id, name: image.name, created: image.created, sequence: image.sequence },
  });
}
