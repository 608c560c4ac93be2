/**
 * Restoring: clears the target's tables and signatures, writes everything but what makes it usable, then that,
 * the disk's head last, and reads it all back. A cut at any moment leaves a disk that nobody takes for whole.
 */
import type { BlockFile, ChunkPool } from 'blockdev-native';
import { PermafrostError, throwIfCancelled } from '../base/errors.ts';
import { openTarget, writeFailure, type OpenDisk } from '../device/device.ts';
import type { ImagedRegion } from '../repository/manifest.ts';
import type { Plan, Report, RestoreJob } from './job.ts';
import { checkConfirmed, throwIfRefused } from './plan-parts.ts';
import { ProgressMeter } from './progress.ts';
import { readBack } from './read-back.ts';
import { ReportBuilder } from './report.ts';
import { prepareRestore, type PlannedTarget, type PreparedRestore } from './restore-plan.ts';
import { RegionRestore, type Expected, type Patch } from './restore-region.ts';
import { withPool, type RunOptions } from './run-options.ts';
import { zeroRange } from './zero-range.ts';

/** What is cleared at both ends of a target and at the start of a partition that stays empty. */
const CLEAR_BYTES = 1024 * 1024;

/** What `job` would do. Writes nothing and leaves nothing open. */
export function planRestore(job: RestoreJob, options: Pick<RunOptions, 'signal'> = {}): Promise<Plan> {
  return withPool({ ...options, workers: 2 }, async (pool) => {
    const prepared = await prepareRestore(job, pool, options);
    await closeAll(prepared);
    return prepared.plan;
  });
}

/** Runs `job` to its report. */
export async function runRestore(job: RestoreJob, options: RunOptions = {}): Promise<Report> {
  const meter = new ProgressMeter(options.onProgress);
  const report = new ReportBuilder(job, meter);
  return report.finish(() =>
    withPool(options, async (pool) => {
      meter.begin('inspecting');
      const prepared = await prepareRestore(job, pool, options);
      const { plan, image, targets } = prepared;
      try {
        report.plan(plan.digest);
        options.onPlan?.(plan);
        report.image(image);
        report.warn(...plan.warnings);
        throwIfRefused(plan.refusals, prepared.refusals);
        checkConfirmed(plan, options.confirmed);
        let writtenBytes = 0;
        const onWritten = (bytes: number): void => {
          writtenBytes += bytes;
        };
        for (const target of targets) {
          const restore = new TargetRestore({
            job,
            target,
            prepared,
            pool,
            meter,
            report,
            options,
            onWritten,
          });
          await restore.run();
        }
        report.sum('usedBytes', plan.writeBytes);
        report.sum('writtenBytes', writtenBytes);
        report.verified(job.noVerify !== true);
      } finally {
        await closeAll(prepared);
      }
    }),
  );
}

async function closeAll({ targets, repository }: PreparedRestore): Promise<void> {
  await Promise.all(targets.map(async ({ disk }) => disk?.close()));
  await repository.close();
}

interface TargetContext {
  readonly job: RestoreJob;
  readonly target: PlannedTarget;
  readonly prepared: PreparedRestore;
  readonly pool: ChunkPool;
  readonly meter: ProgressMeter;
  readonly report: ReportBuilder;
  readonly options: RunOptions;
  readonly onWritten: (bytes: number) => void;
}

/** One disk of the image on its way to one target. */
class TargetRestore {
  readonly #context: TargetContext;

  constructor(context: TargetContext) {
    this.#context = context;
  }

  async run(): Promise<void> {
    const { target, meter, report, options } = this.#context;
    const created = target.disk === undefined ? await openTarget(target.path, target.sizeBytes) : undefined;
    const disk = target.disk ?? created!;
    try {
      await disk.checkUnchanged();
      report.disk(target.imaged.number, disk.identity);
      meter.subject(disk.identity.path);
      meter.begin('clearing');
      await this.#clear(disk.file);
      meter.begin('writing', this.#totalBytes());
      const { expected, restores } = await this.#write(disk.file);
      meter.begin('finishing');
      await flush(disk.file);
      await this.#verify(disk, restores, expected);
      throwIfCancelled(options.signal);
      await this.#settle(disk);
    } finally {
      await created?.close();
    }
  }

  #totalBytes(): number {
    return this.#context.target.regions.reduce((sum, { sums }) => sum + sums.dataBytes + sums.zeroBytes, 0);
  }

  /** Nothing that was on the target may be taken for what will be. */
  async #clear(file: BlockFile): Promise<void> {
    const { target, prepared } = this.#context;
    const { sizeBytes, imaged, whole, regions } = target;
    const { chunkBytes } = prepared.image;
    if (whole) {
      await zeroRange(file, 0, Math.min(CLEAR_BYTES, sizeBytes));
      await zeroRange(file, Math.max(0, sizeBytes - CLEAR_BYTES), Math.min(CLEAR_BYTES, sizeBytes));
      // Before anything else goes: a cut must not leave the old table over partitions that have begun to change.
      await flush(file);
    }
    const cleared = whole ? imaged.regions.filter(({ start }) => start < sizeBytes) : regions;
    for (const { start, length, content } of cleared) {
      const bytes = content === undefined ? CLEAR_BYTES : chunkBytes;
      await zeroRange(file, start, Math.min(bytes, length, sizeBytes - start));
    }
    await flush(file);
  }

  async #write(
    file: BlockFile,
  ): Promise<{ expected: Map<ImagedRegion, Expected[]>; restores: Map<ImagedRegion, RegionRestore> }> {
    const { target, meter } = this.#context;
    const restores = new Map(target.regions.map((region) => [region, this.#regionRestore(file, region)]));
    const expected = new Map<ImagedRegion, Expected[]>();
    for (const [region, restore] of restores) {
      meter.subject(`${target.path} ${region.name}`);
      await restore.restoreRest();
    }
    await flush(file);
    const ordered = [...restores].sort(([a], [b]) => Number(a.kind === 'head') - Number(b.kind === 'head'));
    for (const [region, restore] of ordered) {
      if (region.kind === 'head') {
        await this.#writeOutside(file);
        await flush(file);
      }
      expected.set(region, await restore.restoreHeld());
    }
    return { expected, restores };
  }

  #regionRestore(file: BlockFile, region: ImagedRegion): RegionRestore {
    const { job, target, prepared, pool, meter, report, options, onWritten } = this.#context;
    return new RegionRestore({
      file,
      reader: prepared.reader,
      pool,
      content: region.content!,
      name: region.name,
      start: region.start,
      length: Math.min(region.length, target.sizeBytes - region.start),
      imagedLength: region.length,
      chunkBytes: prepared.image.chunkBytes,
      patches: target.tables.writes,
      delta: job.delta === true,
      zeroUnused: job.zeroUnused === true,
      keepGoing: job.keepGoing === true,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      onBytes: (bytes, written) => {
        meter.add(bytes);
        onWritten(written);
      },
      onGap: (offset, length, reason) =>
        report.gap({ disk: target.imaged.number, region: region.name, offset, length, reason }),
    });
  }

  /** Table writes behind the end of the imaged disk, on a larger target. */
  #outside(): Patch[] {
    const { target } = this.#context;
    const end = target.imaged.sizeBytes;
    return target.tables.writes.flatMap(({ offset, bytes }) => {
      const from = Math.max(0, end - offset);
      return from < bytes.length ? [{ offset: offset + from, bytes: bytes.subarray(from) }] : [];
    });
  }

  async #writeOutside(file: BlockFile): Promise<void> {
    for (const { offset, bytes } of this.#outside()) {
      try {
        await file.write(offset, bytes);
      } catch (error) {
        throw writeFailure(error, file.path);
      }
    }
  }

  async #verify(
    disk: OpenDisk,
    restores: ReadonlyMap<ImagedRegion, RegionRestore>,
    expected: ReadonlyMap<ImagedRegion, Expected[]>,
  ): Promise<void> {
    const { job, target, prepared, pool, meter, options } = this.#context;
    if (job.noVerify === true) return;
    meter.begin('reading back', this.#totalBytes());
    const wrong: { offset: number; length: number }[] = [];
    for (const [region, restore] of restores) {
      meter.subject(`${target.path} ${region.name}`);
      const found = await readBack({
        file: disk.file,
        pool,
        reader: prepared.reader,
        content: region.content!,
        start: region.start,
        length: Math.min(region.length, target.sizeBytes - region.start),
        chunkBytes: prepared.image.chunkBytes,
        expected: expected.get(region)!,
        isLost: (chunk) => restore.isLost(chunk),
        zeroUnused: job.zeroUnused === true,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        onBytes: (bytes) => meter.add(bytes),
      });
      wrong.push(...found);
    }
    for (const { offset, bytes } of this.#outside()) {
      const there = await disk.reader.read(offset, bytes.length);
      if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).equals(there))
        wrong.push({ offset, length: bytes.length });
    }
    const first = wrong[0];
    if (first !== undefined)
      throw new PermafrostError('device/read-back-differs', {
        device: disk.identity.path,
        ...first,
        count: wrong.length,
      });
  }

  /** Makes the kernel forget what it knew of the disk. */
  async #settle(disk: OpenDisk): Promise<void> {
    const { report } = this.#context;
    if (!disk.file.isBlockDevice) return;
    await disk.file.dropCache();
    try {
      await disk.rereadPartitions();
    } catch {
      report.warn(
        `The kernel did not read the new partition table of ${disk.identity.path}; unplug it or reboot before use.`,
      );
    }
  }
}

async function flush(file: BlockFile): Promise<void> {
  try {
    await file.flush();
  } catch (error) {
    throw writeFailure(error, file.path);
  }
}
