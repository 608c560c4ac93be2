/** Imaging: saves what was planned, and commits it as an image. */
import { basename } from 'node:path';
import { isPermafrostError, PermafrostError } from '../base/errors.ts';
import { PROGRAM } from '../base/program.ts';
import type { OpenDisk } from '../device/device.ts';
import type { ImagedDisk, ImagedRegion } from '../repository/manifest.ts';
import { Repository } from '../repository/repository.ts';
import { RepositoryWriter } from '../repository/writer.ts';
import { captureRegion } from './capture.ts';
import { isIncluded, prepareImage } from './image-plan.ts';
import type { InspectedDisk, InspectedRegion } from './inspect-disk.ts';
import type { Report } from './job-report.ts';
import type { ImageJob } from './job.ts';
import { describeMachine } from './machine.ts';
import { checkConfirmed, describeTable, limitWarnings, throwIfRefused } from './plan-parts.ts';
import { ProgressMeter } from './progress.ts';
import { ReportBuilder } from './report.ts';
import { withPool, type RunOptions } from './run-options.ts';
import { say } from '../base/remarks.ts';

/** Runs `job` to its report. */
export async function runImage(job: ImageJob, options: RunOptions = {}): Promise<Report> {
  let writer: RepositoryWriter | undefined;
  const meter = new ProgressMeter(options, () => writer?.sums ?? {});
  const report = new ReportBuilder(job, meter, options.onGap);
  return report.finish(async () => {
    meter.begin('inspecting');
    const { plan, sources, refusals } = await prepareImage(job, options);
    try {
      report.plan(plan.digest);
      options.onPlan?.(plan);
      report.warn(...limitWarnings(plan), ...plan.warnings);
      throwIfRefused(plan.refusals, refusals);
      checkConfirmed(plan, options.confirmed);
      const repository = await openOrCreate(job);
      try {
        await withPool(options, async (pool) => {
          meter.begin('recovering');
          writer = await RepositoryWriter.open(repository, {
            pool,
            level: job.level ?? DEFAULT_LEVEL,
            ...(options.signal === undefined ? {} : { signal: options.signal }),
          });
          try {
            meter.begin('reading', plan.readBytes);
            const disks: ImagedDisk[] = [];
            for (const [i, { disk, inspected }] of sources.entries()) {
              report.disk(i + 1, disk.identity);
              disks.push(
                await captureDisk(i + 1, disk, inspected, {
                  repository,
                  writer,
                  pool,
                  meter,
                  report,
                  options,
                }),
              );
            }
            meter.begin('committing');
            const { manifest, rereadMs } = await writer.commit({
              name: job.name ?? defaultName(disks),
              created: new Date().toISOString(),
              program: PROGRAM,
              machine: await describeMachine(),
              disks,
              warnings: plan.warnings,
            });
            report.image(manifest);
            report.sum('rereadMs', Math.round(rereadMs));
          } catch (error) {
            throw withMissingBytes(error, plan.readBytes, writer);
          } finally {
            const { reusedBytes, newBytes, storedBytes, salvagedBytes } = writer.sums;
            report.sum('usedBytes', plan.readBytes);
            report.sum('reusedBytes', reusedBytes);
            report.sum('newBytes', newBytes);
            report.sum('storedBytes', storedBytes);
            report.sum('salvagedBytes', salvagedBytes);
            report.sum('badBytes', meter.badBytes);
            await writer.close();
          }
        });
      } finally {
        if (!repository.store.directoriesDurable) report.warn(say('job/not-durable'));
        await repository.close();
      }
    } finally {
      await Promise.all(sources.map(({ disk }) => disk.close()));
    }
  });
}

/** Zstandard level where none was asked for. */
const DEFAULT_LEVEL = 3;

interface CaptureContext {
  readonly repository: Repository;
  readonly writer: RepositoryWriter;
  readonly pool: Parameters<Parameters<typeof withPool>[1]>[0];
  readonly meter: ProgressMeter;
  readonly report: ReportBuilder;
  readonly options: RunOptions;
}

async function captureDisk(
  number: number,
  disk: OpenDisk,
  inspected: InspectedDisk,
  { repository, writer, pool, meter, report, options }: CaptureContext,
): Promise<ImagedDisk> {
  const regions: ImagedRegion[] = [];
  for (const part of inspected.regions) {
    const { region, used } = part;
    const described = describeRegion(part);
    if (!isIncluded(part)) {
      regions.push({ ...described, sums: { usedBytes: 0, dataBytes: 0, zeroBytes: 0, badBytes: 0 } });
      continue;
    }
    meter.region(disk.identity.path, number, region.name);
    const { content, sums } = await captureRegion({
      file: disk.file,
      start: region.start,
      length: region.length,
      used,
      chunkBytes: repository.chunkBytes,
      pool,
      writer,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      onBytes: (bytes, badBytes) => meter.add(bytes, badBytes),
      onBad: (offset, length) =>
        report.gap({ disk: number, region: region.name, offset, length, reason: say('gap/unread') }),
    });
    regions.push({ ...described, content, sums });
  }
  await disk.checkUnchanged();
  const { path, model, serial, wwn, sizeBytes } = disk.identity;
  return {
    number,
    path,
    ...(model === undefined ? {} : { model }),
    ...(serial === undefined ? {} : { serial }),
    ...(wwn === undefined ? {} : { wwn }),
    sizeBytes,
    sectorSize: inspected.table.sectorSize,
    table: describeTable(inspected.table),
    regions,
  };
}

function describeRegion(part: InspectedRegion): Omit<ImagedRegion, 'content' | 'sums'> {
  const { region, fileSystem, raw, overridden, warnings } = part;
  return {
    kind: region.kind,
    name: region.name,
    start: region.start,
    length: region.length,
    partitions: region.partitions,
    ...(fileSystem === undefined ? {} : { fileSystem: describeFileSystem(fileSystem) }),
    ...(raw === undefined ? {} : { raw: raw.reason }),
    ...(overridden === undefined ? {} : { overridden: overridden.reason }),
    warnings,
  };
}

function describeFileSystem(
  info: NonNullable<InspectedRegion['fileSystem']>,
): NonNullable<ImagedRegion['fileSystem']> {
  const { kind, label, uuid, sizeBytes, blockSize, state } = info;
  return {
    kind,
    ...(label === undefined ? {} : { label }),
    ...(uuid === undefined ? {} : { uuid }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(blockSize === undefined ? {} : { blockSize }),
    state,
  };
}

/** The repository of `job`, created where there is none yet. */
async function openOrCreate(job: ImageJob): Promise<Repository> {
  try {
    return await Repository.open(job.repository);
  } catch (error) {
    if (!isPermafrostError(error, 'repository/not-found')) throw error;
    return Repository.create(
      job.repository,
      job.chunkBytes === undefined ? {} : { chunkBytes: job.chunkBytes },
    );
  }
}

/** A full disk says how much is missing: at the compression seen so far, for what is still to be read. */
function withMissingBytes(error: unknown, usedBytes: number, writer: RepositoryWriter): unknown {
  if (!isPermafrostError(error, 'repository/full')) return error;
  const { reusedBytes, newBytes, storedBytes } = writer.sums;
  const leftBytes = Math.max(0, usedBytes - reusedBytes - newBytes);
  const ratio = newBytes > 0 ? Math.min(1, storedBytes / newBytes) : 1;
  const missingBytes = Math.max(Math.ceil(leftBytes * ratio), error.details.missingBytes);
  return new PermafrostError('repository/full', { ...error.details, missingBytes }, { cause: error });
}

function defaultName(disks: readonly ImagedDisk[]): string {
  const names = disks.map(({ model, serial, path }) =>
    model === undefined && serial === undefined ? basename(path) : [model, serial].filter(Boolean).join(' '),
  );
  return names.join(' + ');
}
