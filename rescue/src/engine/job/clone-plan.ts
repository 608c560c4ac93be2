/** Planning a clone: what is read, where it goes, what is destroyed there, and every reason to refuse. */
import { isPermafrostError, PermafrostError } from '../base/errors.ts';
import { describeTarget, openSource, openTarget, type OpenDisk } from '../device/device.ts';
import type { BootEntryPlan } from '../boot/boot-entry.ts';
import { planNewIds, type NewIdsPlan } from '../boot/new-ids.ts';
import { describeIdentity, type DiskIdentity } from '../device/identity.ts';
import { shareStorage } from '../device/same-storage.ts';
import type { Span } from '../partition/plan-layout.ts';
import type { TablePlan } from '../partition/relocate.ts';
import { describeContents } from './describe-contents.ts';
import { checkPartitions, describeDisk, type ImageSource } from './image-plan.ts';
import { inspectDisk, type InspectedRegion } from './inspect-disk.ts';
import type { CloneJob } from './job.ts';
import type { DiskPlan, LayoutChange, Plan, ResizePlan, ShrinkPlan } from './plan.ts';
import { placeRegions } from './place-regions.ts';
import { checkLayout } from './plan-asked.ts';
import { planTargetLayout, type Growth } from './plan-layout.ts';
import { planEntry } from './plan-entry.ts';
import { planLimits, sealPlan } from './plan-parts.ts';
import type { Shrinking } from './plan-shrink.ts';
import type { RunOptions } from './run-options.ts';
import { cloneTwinWarnings } from './twins.ts';
import { say } from '../base/remarks.ts';

/** One disk that becomes like the source. */
export interface ClonePlace {
  /** From 1, in the order of the job. */
  readonly number: number;
  /** Absent for a disk-image file that is yet to be created, with the size of the source. */
  readonly disk?: OpenDisk;
  readonly path: string;
  readonly sizeBytes: number;
  /** Where each region goes; one that is left out has no place. */
  readonly places: ReadonlyMap<InspectedRegion, Span>;
  readonly tables: TablePlan;
  readonly growths: readonly Growth[];
  readonly shrinks: readonly Shrinking[];
  readonly shrinking?: ShrinkPlan;
  readonly resizing?: ResizePlan;
  readonly bootEntry?: BootEntryPlan;
  readonly newIds?: NewIdsPlan;
  readonly changes: readonly LayoutChange[];
}

/** A planned clone. The caller closes source and targets. */
export interface PreparedClone {
  readonly plan: Plan;
  readonly source: ImageSource;
  readonly targets: readonly ClonePlace[];
  readonly refusals: readonly PermafrostError[];
}

/** What `job` would do. Writes nothing and leaves nothing open. */
export async function planClone(job: CloneJob, options: Pick<RunOptions, 'signal'> = {}): Promise<Plan> {
  const prepared = await prepareClone(job, options);
  await closeClone(prepared);
  return prepared.plan;
}

/** Closes what {@link prepareClone} opened. */
export function closeClone({ source, targets }: Pick<PreparedClone, 'source' | 'targets'>): Promise<void> {
  return closeAll(source.disk, targets);
}

async function closeAll(source: OpenDisk, targets: readonly ClonePlace[]): Promise<void> {
  await Promise.all([source.close(), ...targets.map(async ({ disk }) => disk?.close())]);
}

/** Opens everything and decides everything, writing nothing. Throws what makes a plan impossible. */
export async function prepareClone(
  job: CloneJob,
  options: Pick<RunOptions, 'signal'>,
): Promise<PreparedClone> {
  if (job.targets.length === 0)
    throw new PermafrostError('usage/invalid', { problem: say('asked/no-target') });
  checkLayout(job);
  await checkDistinct(job);
  const disk = await openSource(job.source);
  const targets: ClonePlace[] = [];
  try {
    const inspected = await inspectDisk(disk.reader, {
      isFile: disk.identity.kind === 'file',
      raw: job.raw === true,
      ...(job.trustBitmap === undefined ? {} : { trustBitmap: job.trustBitmap }),
      ...(job.sectorSize === undefined ? {} : { sectorSize: job.sectorSize }),
      ...options,
    });
    checkPartitions(job, inspected);
    const source = { disk, inspected };
    const refusals: PermafrostError[] = [];
    const described = {
      ...describeDisk(1, disk, inspected),
      ...(await planLimits(disk.identity, options)),
    };
    const disks: DiskPlan[] = [];
    const newIds =
      job.newIds === true ? await planNewIds(disk.reader, inspected.table, options.signal) : undefined;
    for (const [i, path] of job.targets.entries()) {
      const target = await planTarget(i + 1, path, source, { job, refusals, newIds, ...options });
      targets.push(target);
      disks.push(await describeTargetPlan(target, described, options));
    }
    return { plan: describePlan(job, source, described, disks, refusals), source, targets, refusals };
  } catch (error) {
    await closeAll(disk, targets);
    throw error;
  }
}

/** Before anything is opened: the locks of one disk would stand in each other's way, and say less. */
async function checkDistinct({ source, targets }: CloneJob): Promise<void> {
  for (const [i, target] of targets.entries()) {
    if (await shareStorage(source, target))
      throw new PermafrostError('device/is-source', { device: target, source });
    for (const other of targets.slice(0, i))
      if (await shareStorage(other, target))
        throw new PermafrostError('device/named-twice', { device: target, other });
  }
}

interface Planning extends Pick<RunOptions, 'signal'> {
  readonly job: CloneJob;
  readonly refusals: PermafrostError[];
  readonly newIds: NewIdsPlan | undefined;
}

async function planTarget(
  number: number,
  path: string,
  { disk: source, inspected }: ImageSource,
  { job, refusals, newIds, signal }: Planning,
): Promise<ClonePlace> {
  const { grow, layout, scratch, targets: all, noBootEntry } = job;
  const { table } = inspected;
  const disk = await openOrRefuse(path, refusals);
  const sizeBytes = disk?.identity.sizeBytes ?? source.identity.sizeBytes;
  const name = disk?.identity.path ?? path;
  try {
    const {
      layout: placed,
      refusals: found,
      ...planned
    } = await planTargetLayout({
      reader: source.reader,
      table,
      regions: inspected.regions.map((one) => ({
        ...one,
        usedBytes: one.used.totalBytes,
        kept: () => Promise.resolve(one.used),
      })),
      device: name,
      sizeBytes,
      // A file has the sectors that its table says.
      sectorSize: disk?.identity.kind === 'device' ? disk.identity.sectorSize : table.sectorSize,
      ...(grow === undefined ? {} : { grow }),
      ...(layout === undefined ? {} : { layout }),
      ...(scratch === undefined ? {} : { scratch }),
      ...(signal === undefined ? {} : { signal }),
    });
    refusals.push(...found);
    const spans = placeRegions(
      inspected.regions.map(({ region }) => region),
      sizeBytes,
      placed,
    );
    const inspectedOf = new Map(inspected.regions.map((one) => [one.region, one]));
    const places = new Map(spans.map(({ region, to }) => [inspectedOf.get(region)!, to]));
    const opened = disk === undefined ? {} : { disk };
    // Of several targets, each goes to a machine of its own.
    const bootEntry =
      disk?.identity.kind === 'device' && all.length === 1 && noBootEntry !== true
        ? await planEntry(source.reader, table.sectorSize, newIds)
        : undefined;
    return {
      ...{ number, ...opened, path: name, sizeBytes, places, ...planned },
      ...(bootEntry === undefined ? {} : { bootEntry }),
      ...(newIds === undefined ? {} : { newIds }),
    };
  } catch (error) {
    await disk?.close();
    throw error;
  }
}

/** What keeps one target from being opened is a reason to refuse, beside those of the others. */
async function openOrRefuse(path: string, refusals: PermafrostError[]): Promise<OpenDisk | undefined> {
  try {
    return await openTarget(path);
  } catch (error) {
    if (!isPermafrostError(error)) throw error;
    refusals.push(error);
    return undefined;
  }
}

async function describeTargetPlan(
  target: ClonePlace,
  source: DiskPlan,
  options: Pick<RunOptions, 'signal'>,
): Promise<DiskPlan> {
  const { number, disk, path, sizeBytes, places, tables, changes } = target;
  const identity: DiskIdentity = disk?.identity ?? describeTarget(path, sizeBytes);
  const placed = new Map([...places].map(([{ region }, to]) => [region.start, to]));
  const regions = source.regions.map((region) => ({
    ...region,
    warnings: [],
    included: region.included && placed.has(region.start),
  }));
  const isShrunk = (numbers: readonly number[]): boolean =>
    target.shrinks.some(({ number: shrunk }) => numbers.includes(shrunk));
  const cut = regions.find(
    ({ start, length, partitions }) =>
      (placed.get(start)?.length ?? length) < length && !isShrunk(partitions),
  );
  return {
    number,
    identity,
    sizeBytes,
    sectorSize: source.sectorSize,
    table: source.table,
    regions,
    usedBytes: regions.reduce((sum, region) => sum + (region.included ? region.usedBytes : 0), 0),
    warnings: [
      ...tables.warnings,
      ...(cut !== undefined && sizeBytes >= tables.minimumBytes
        ? [say('job/ends-inside-source', { place: cut.name })]
        : []),
    ],
    destroys: disk === undefined ? [] : await describeContents(disk, { whole: true, regions: [] }, options),
    tableWrites: tables.writes.map(({ what, offset, bytes }) => ({
      what,
      offset,
      bytesHex: Buffer.from(bytes).toString('hex'),
    })),
    ...(changes.length === 0 ? {} : { layout: changes }),
    ...(target.shrinking === undefined ? {} : { shrinking: target.shrinking }),
    ...(target.resizing === undefined ? {} : { resizing: target.resizing }),
    ...(target.bootEntry === undefined ? {} : { bootEntry: target.bootEntry }),
    ...(target.newIds === undefined ? {} : { newIds: target.newIds }),
    ...(await planLimits(identity, options)),
  };
}

function describePlan(
  job: CloneJob,
  { disk, inspected }: ImageSource,
  source: DiskPlan,
  disks: readonly DiskPlan[],
  refusals: readonly PermafrostError[],
): Plan {
  const where = disks.map(({ identity }) => describeIdentity(identity));
  const newIds = disks[0]?.newIds;
  const list = [where.slice(0, -1).join(', '), ...where.slice(-1)]
    .filter((text) => text !== '')
    .join(' and ');
  const warnings = [
    ...source.warnings,
    ...source.regions.flatMap((region) =>
      region.warnings.map((warning) => say('about/said', { place: region.name, remark: warning })),
    ),
    ...disks.flatMap(({ identity, warnings: own }) =>
      own.map((warning) => say('about/said', { place: identity.path, remark: warning })),
    ),
    ...cloneTwinWarnings({ ...source, ...(newIds === undefined ? {} : { newIds }) }),
  ];
  return sealPlan(
    {
      job,
      summary: `Clone ${describeIdentity(disk.identity)} to ${list}.`,
      source,
      disks,
      readBytes: source.usedBytes,
      writeBytes: disks.reduce((sum, { usedBytes }) => sum + usedBytes, 0),
      warnings,
      refusals: refusals.map((refusal) => refusal.toJSON()),
    },
    inspected.regions.map(({ used }) => used.toBytes()),
  );
}
