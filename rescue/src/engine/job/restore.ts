/**
 * Restoring: clears the target's tables and signatures, writes everything but what makes it usable, then that,
 * the disk's head last, and reads it all back. A cut at any moment leaves a disk that nobody takes for whole.
 */
import type { BlockFile, ChunkPool } from 'blockdev-native';
import { PermafrostError, throwIfCancelled } from '../base/errors.ts';
import { openTarget, type OpenDisk } from '../device/device.ts';
import { tableSectorSize } from '../device/identity.ts';
import type { ImagedRegion } from '../repository/manifest.ts';
import { bootWarnings, checkWritten } from './boot-check-job.ts';
import { giveNewIds } from './give-new-ids.ts';
import { growFileSystems } from './grow-file-system.ts';
import type { Report } from './job-report.ts';
import type { RestoreJob } from './job.ts';
import type { Plan } from './plan.ts';
import type { PlacedRegion } from './place-regions.ts';
import { entryFor } from './plan-entry.ts';
import { checkConfirmed, limitWarnings, throwIfRefused } from './plan-parts.ts';
import { ProgressMeter } from './progress.ts';
import { readBack } from './read-back.ts';
import { ReportBuilder } from './report.ts';
import { prepareRestore, type PlannedTarget, type PreparedRestore } from './restore-plan.ts';
import type { Expected } from './restore-held.ts';
import { RegionRestore } from './restore-region.ts';
import { closeShrunk, shrinkRegions, type ShrunkRegion } from './shrink-file-system.ts';
import { writeBootEntry } from './write-boot-entry.ts';
import { withPool, type RunOptions } from './run-options.ts';
import {
  clearTarget,
  endsOf,
  flush,
  grownParts,
  patchesOutside,
  settleTarget,
  writePatches,
  wrongPatches,
  type Patch,
} from './target-steps.ts';

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
  const meter = new ProgressMeter(options);
  const report = new ReportBuilder(job, meter, options.onGap);
  return report.finish(() =>
    withPool(options, async (pool) => {
      meter.begin('inspecting');
      const prepared = await prepareRestore(job, pool, options);
      const { plan, image, targets } = prepared;
      try {
        report.plan(plan.digest);
        options.onPlan?.(plan);
        report.image(image);
        report.warn(...limitWarnings(plan), ...plan.warnings);
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

type Placed = PlacedRegion<ImagedRegion>;

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
  /** By the numbers of their partitions. */
  #shrunk: ReadonlyMap<number, ShrunkRegion> = new Map();

  constructor(context: TargetContext) {
    this.#context = context;
  }

  async run(): Promise<void> {
    const { target, meter, options } = this.#context;
    if (target.shrinks.length > 0) meter.begin('shrinking');
    this.#shrunk = await shrinkRegions(target, options.signal, (number) =>
      meter.region(target.path, target.imaged.number, `partition ${number}`),
    );
    try {
      await this.#restore();
    } finally {
      await closeShrunk(this.#shrunk);
    }
  }

  async #restore(): Promise<void> {
    const { target, meter, report, options } = this.#context;
    const created = target.disk === undefined ? await openTarget(target.path, target.sizeBytes) : undefined;
    const disk = target.disk ?? created!;
    try {
      await disk.checkUnchanged();
      throwIfCancelled(options.signal);
      await disk.allowWrites();
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
      if (target.growths.length > 0) {
        meter.begin('growing');
        report.warn(...(await growFileSystems(disk, target.growths)));
      }
      const sectorSize = tableSectorSize(disk.identity, target.imaged.sectorSize);
      let renewed: ReadonlyMap<string, string> = new Map();
      if (target.newIds !== undefined) {
        meter.begin('new ids');
        const given = await giveNewIds(disk, target.newIds, sectorSize);
        renewed = given.renewed;
        const { changes, unmended } = given;
        report.newIds({ number: target.imaged.number, identity: disk.identity, changes, unmended });
        if (given.error !== undefined) throw given.error;
      }
      if (target.bootEntry !== undefined) {
        await disk.file.dropCache();
        report.warn(...(await writeBootEntry(disk, entryFor(target.bootEntry, renewed), sectorSize)));
      }
      const left = await settleTarget(disk);
      if (left !== undefined) report.warn(left);
      if (target.whole) await this.#checkBoot(disk);
    } finally {
      await created?.close();
    }
  }

  async #checkBoot({ reader, identity }: OpenDisk): Promise<void> {
    const { target, report, options } = this.#context;
    const { number, sectorSize } = target.imaged;
    const check = await checkWritten(reader, identity, sectorSize, options.signal);
    if (typeof check === 'string') {
      report.warn(check);
      return;
    }
    report.boot([{ number, identity, check }]);
    report.warn(...bootWarnings({ number, identity, check }));
  }

  #totalBytes(): number {
    return this.#context.target.regions.reduce(
      (sum, { region }) => sum + region.sums.dataBytes + region.sums.zeroBytes,
      0,
    );
  }

  async #clear(file: BlockFile): Promise<void> {
    const { target, prepared } = this.#context;
    const { sizeBytes, whole, regions, emptied, changes } = target;
    const places = [...regions, ...emptied].map(({ to }) => to);
    const ends = [...endsOf(places, prepared.image.chunkBytes), ...grownParts(changes)];
    await clearTarget(file, sizeBytes, whole, ends);
  }

  async #write(
    file: BlockFile,
  ): Promise<{ expected: Map<Placed, Expected[]>; restores: Map<Placed, RegionRestore> }> {
    const { target, meter } = this.#context;
    const restores = new Map(target.regions.map((placed) => [placed, this.#regionRestore(file, placed)]));
    const expected = new Map<Placed, Expected[]>();
    for (const [{ region }, restore] of restores) {
      meter.region(target.path, target.imaged.number, region.name);
      await restore.restoreRest();
    }
    await flush(file);
    const isHead = ({ region }: Placed): boolean => region.kind === 'head';
    const ordered = [...restores].sort(([a], [b]) => Number(isHead(a)) - Number(isHead(b)));
    for (const [placed, restore] of ordered) {
      const { region } = placed;
      if (region.kind === 'head') {
        await writePatches(file, this.#outside());
        await flush(file);
      }
      meter.region(target.path, target.imaged.number, region.name);
      expected.set(placed, await restore.restoreHeld());
    }
    if (!target.whole) await this.#writeNewEntries(file);
    return { expected, restores };
  }

  /** A partition is whole before the table says that it is there; one copy of a GPT is good at any moment. */
  async #writeNewEntries(file: BlockFile): Promise<void> {
    for (const patch of this.#outside()) {
      await flush(file);
      await writePatches(file, [patch]);
    }
  }

  #regionRestore(file: BlockFile, { region, to }: Placed): RegionRestore {
    const { job, target, prepared, pool, meter, report, options, onWritten } = this.#context;
    const changes = this.#shrunk.get(region.partitions[0] ?? 0);
    return new RegionRestore({
      file,
      reader: prepared.reader,
      pool,
      content: region.content!,
      name: region.name,
      ...to,
      imagedLength: region.length,
      chunkBytes: prepared.image.chunkBytes,
      patches: target.tables.writes,
      ...(changes === undefined ? {} : { changes }),
      delta: job.delta === true,
      zeroUnused: job.zeroUnused === true,
      keepGoing: job.keepGoing === true,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.gate === undefined ? {} : { gate: options.gate }),
      onBytes: (bytes, written) => {
        meter.add(bytes);
        onWritten(written);
      },
      onGap: (offset, length, reason) =>
        report.gap({ disk: target.imaged.number, region: region.name, offset, length, reason }),
    });
  }

  /** Table writes where the target gets nothing of the image. */
  #outside(): Patch[] {
    const { tables, regions } = this.#context.target;
    return patchesOutside(
      tables.writes,
      regions.map(({ to }) => to),
    );
  }

  async #verify(
    disk: OpenDisk,
    restores: ReadonlyMap<Placed, RegionRestore>,
    expected: ReadonlyMap<Placed, Expected[]>,
  ): Promise<void> {
    const { job, target, prepared, pool, meter, options } = this.#context;
    if (job.noVerify === true) return;
    meter.begin('reading back', this.#totalBytes());
    // A file system without O_DIRECT would answer out of memory.
    await disk.file.dropCache();
    const wrong: { offset: number; length: number }[] = [];
    for (const [placed, restore] of restores) {
      const { region, to } = placed;
      meter.region(target.path, target.imaged.number, region.name);
      const found = await readBack({
        file: disk.file,
        pool,
        reader: prepared.reader,
        content: region.content!,
        ...to,
        chunkBytes: prepared.image.chunkBytes,
        expected: expected.get(placed)!,
        isLost: (chunk) => restore.isLost(chunk),
        zeroUnused: job.zeroUnused === true,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        onBytes: (bytes) => meter.add(bytes),
      });
      wrong.push(...found);
    }
    wrong.push(...(await wrongPatches(disk, this.#outside())));
    const first = wrong[0];
    if (first !== undefined)
      throw new PermafrostError('device/read-back-differs', {
        device: disk.identity.path,
        ...first,
        count: wrong.length,
      });
  }
}
