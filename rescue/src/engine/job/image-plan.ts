/** Planning an image: which disks, which of their bytes, where to, and every reason to refuse. */
import { PermafrostError } from '../base/errors.ts';
import { openSource, type OpenDisk } from '../device/device.ts';
import { describeIdentity } from '../device/identity.ts';
import { MAX_CHUNK_BYTES, MIN_CHUNK_BYTES } from '../repository/format.ts';
import { MAX_TEXT_LENGTH } from '../repository/manifest.ts';
import { inspectDisk, type InspectedDisk, type InspectedRegion } from './inspect-disk.ts';
import type { ImageJob } from './job.ts';
import type { DiskPlan, Plan, RegionPlan } from './plan.ts';
import { describeTable, planLimits, sealPlan } from './plan-parts.ts';
import { repositoryPlace, type RepositoryPlace } from './repository-place.ts';
import type { RunOptions } from './run-options.ts';
import { type Said, say } from '../base/remarks.ts';

/** A source held open, and what is on it. */
export interface ImageSource {
  readonly disk: OpenDisk;
  readonly inspected: InspectedDisk;
}

/** A planned image. The caller closes the sources. */
export interface PreparedImage {
  readonly plan: Plan;
  readonly sources: readonly ImageSource[];
  readonly refusals: readonly PermafrostError[];
}

/** What `job` would do. Writes nothing and leaves nothing open. */
export async function planImage(job: ImageJob, options: Pick<RunOptions, 'signal'> = {}): Promise<Plan> {
  const { plan, sources } = await prepareImage(job, options);
  await Promise.all(sources.map(({ disk }) => disk.close()));
  return plan;
}

/** Opens and inspects the sources. Throws what makes a plan impossible; reasons to refuse are in the plan. */
export async function prepareImage(
  job: ImageJob,
  options: Pick<RunOptions, 'signal'>,
): Promise<PreparedImage> {
  checkJob(job);
  const refusals: PermafrostError[] = [];
  const sources: ImageSource[] = [];
  try {
    for (const path of job.sources) {
      const disk = await openSource(path);
      sources.push({ disk, inspected: await inspect(disk, job, options) });
    }
    for (const { inspected } of sources) checkPartitions(job, inspected);
    const place = await repositoryPlace(job.repository, job.allowUnresolved);
    for (const { disk } of sources) {
      if (job.forceSameDisk !== true && (await disk.isAmong(place.disks)))
        refusals.push(
          new PermafrostError('repository/on-source', {
            repository: job.repository,
            device: disk.identity.path,
          }),
        );
    }
    return { plan: await describePlan(job, sources, refusals, place, options), sources, refusals };
  } catch (error) {
    await Promise.all(sources.map(({ disk }) => disk.close()));
    throw error;
  }
}

/** Whether the job reads a region: partitions that were not asked for have no used bytes. */
export function isIncluded({ region, fileSystem, raw }: InspectedRegion): boolean {
  return (
    (region.kind !== 'partition' && region.kind !== 'whole') || fileSystem !== undefined || raw !== undefined
  );
}

async function inspect(
  disk: OpenDisk,
  job: ImageJob,
  options: Pick<RunOptions, 'signal'>,
): Promise<InspectedDisk> {
  try {
    return await inspectDisk(disk.reader, {
      isFile: disk.identity.kind === 'file',
      raw: job.raw === true,
      skipGaps: job.skipGaps === true,
      ...(job.trustBitmap === undefined ? {} : { trustBitmap: job.trustBitmap }),
      ...(job.partitions === undefined ? {} : { partitions: job.partitions }),
      ...(job.sectorSize === undefined ? {} : { sectorSize: job.sectorSize }),
      ...options,
    });
  } catch (error) {
    await disk.close();
    throw error;
  }
}

function checkJob(job: ImageJob): void {
  const fail = (problem: Said): never => {
    throw new PermafrostError('usage/invalid', { problem });
  };
  if (job.sources.length === 0) fail(say('asked/no-source'));
  // Nothing could be restored by it but what an unset variable of a script names.
  if (job.name === '') fail(say('asked/no-name'));
  if (new Set(job.sources).size !== job.sources.length) fail(say('asked/source-twice'));
  if (job.partitions !== undefined && job.sources.length !== 1) fail(say('asked/one-source'));
  const { level = 3, chunkBytes, name = '' } = job;
  if (name.length > MAX_TEXT_LENGTH)
    fail(say('asked/long-name', { most: String(MAX_TEXT_LENGTH), length: String(name.length) }));
  if (!Number.isInteger(level) || level < 1 || level > 19) fail(say('asked/level', { level: String(level) }));
  if (chunkBytes !== undefined && (chunkBytes < MIN_CHUNK_BYTES || chunkBytes > MAX_CHUNK_BYTES))
    fail(say('asked/chunks', { leastBytes: MIN_CHUNK_BYTES, mostBytes: MAX_CHUNK_BYTES }));
}

/** Every partition that the job names must exist. Throws `usage/invalid`. */
export function checkPartitions(
  job: Pick<ImageJob, 'partitions' | 'trustBitmap'>,
  { table, regions }: InspectedDisk,
): void {
  const known = new Set(table.partitions.map(({ number }) => number));
  if (regions.some(({ region }) => region.kind === 'whole')) known.add(0);
  const unknown = [...(job.partitions ?? []), ...(job.trustBitmap ?? [])].find(
    (number) => !known.has(number),
  );
  if (unknown !== undefined)
    throw new PermafrostError('usage/invalid', {
      problem:
        known.size === 0
          ? say('asked/no-partitions', { number: unknown })
          : say('asked/no-partition', { number: unknown, list: [...known].sort((a, b) => a - b).join(', ') }),
      hint: 'Run "permafrost inspect" on the disk to see its partitions.',
    });
}

async function describePlan(
  job: ImageJob,
  sources: readonly ImageSource[],
  refusals: readonly PermafrostError[],
  { freeBytes, warnings: placeWarnings }: RepositoryPlace,
  options: Pick<RunOptions, 'signal'>,
): Promise<Plan> {
  const disks = await Promise.all(
    sources.map(async ({ disk, inspected }, i) => ({
      ...describeDisk(i + 1, disk, inspected),
      ...(await planLimits(disk.identity, options)),
    })),
  );
  const readBytes = disks.reduce((sum, disk) => sum + disk.usedBytes, 0);
  const warnings = placeWarnings.concat(
    disks.flatMap((disk) => [
      ...disk.warnings,
      ...disk.regions.flatMap((region) =>
        region.warnings.map((warning) => say('about/said', { place: region.name, remark: warning })),
      ),
    ]),
  );
  const extents = sources.flatMap(({ inspected }) => inspected.regions.map(({ used }) => used.toBytes()));
  return sealPlan(
    {
      job,
      summary: `Save an image of ${sources.map(({ disk }) => describeIdentity(disk.identity)).join(' and ')} in ${job.repository}.`,
      disks,
      readBytes,
      writeBytes: 0,
      ...(freeBytes === undefined ? {} : { freeBytes }),
      warnings,
      refusals: refusals.map((refusal) => refusal.toJSON()),
    },
    extents,
  );
}

/** A disk and what is on it, as plans show it. */
export function describeDisk(
  number: number,
  disk: OpenDisk,
  { table, regions, warnings }: InspectedDisk,
): DiskPlan {
  const described = regions.map((part): RegionPlan => {
    const { region, fileSystem, used, raw, overridden } = part;
    return {
      name: region.name,
      kind: region.kind,
      start: region.start,
      length: region.length,
      partitions: region.partitions,
      ...(fileSystem === undefined ? {} : { fileSystem }),
      usedBytes: used.totalBytes,
      ...(raw === undefined ? {} : { raw }),
      ...(overridden === undefined ? {} : { overridden }),
      warnings: part.warnings,
      included: isIncluded(part),
    };
  });
  return {
    number,
    identity: disk.identity,
    sizeBytes: disk.identity.sizeBytes,
    sectorSize: table.sectorSize,
    table: describeTable(table),
    regions: described,
    usedBytes: described.reduce((sum, region) => sum + region.usedBytes, 0),
    warnings,
  };
}
