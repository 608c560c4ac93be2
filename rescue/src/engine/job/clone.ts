/**
 * Cloning: reads a disk once and writes it to any number of others, in the order of a restore: what was there is
 * cleared first, the beginnings of regions come late, the head last. A target that fails is given up by itself.
 */
import type { ChunkPool, Slot } from 'blockdev-native';
import { availableParallelism } from 'node:os';
import { isPermafrostError, throwIfCancelled } from '../base/errors.ts';
import { readFailure } from '../device/device-failure.ts';
import { ID_BYTES } from '../repository/format.ts';
import { bootWarnings } from './boot-check-job.ts';
import { closeClone, prepareClone, type PreparedClone } from './clone-plan.ts';
import { CloneTarget, type ExpectedBatch } from './clone-target.ts';
import type { InspectedRegion } from './inspect-disk.ts';
import type { Report } from './job-report.ts';
import type { CloneJob } from './job.ts';
import { checkConfirmed, limitWarnings, throwIfRefused } from './plan-parts.ts';
import { ProgressMeter } from './progress.ts';
import { ReportBuilder } from './report.ts';
import { withPool, type RunOptions } from './run-options.ts';
import { closeShrunk, shrinkRegions, type ShrunkRegion } from './shrink-file-system.ts';
import { acquire, eachInSlot } from './slots.ts';
import { countUsedChunks, usedBatches, type Batch } from './used-chunks.ts';
import { say } from '../base/remarks.ts';

/** Chunks are as large as keeps their ids, 32 bytes each, within 32 MiB up to 4 TiB of used bytes. */
const MOST_CHUNKS = 2 ** 20;
const LEAST_CHUNK_BYTES = 256 * 1024;
const MOST_CHUNK_BYTES = 4 * 1024 * 1024;
const MOST_WORKERS = 16;

/** Runs `job` to its report. */
export async function runClone(job: CloneJob, options: RunOptions = {}): Promise<Report> {
  let targets: readonly CloneTarget[] = [];
  const meter = new ProgressMeter(options, () =>
    targets.length === 0 ? {} : { targets: targets.map(({ progress }) => progress) },
  );
  const report = new ReportBuilder(job, meter, options.onGap);
  return report.finish(async () => {
    meter.begin('inspecting');
    const prepared = await prepareClone(job, options);
    const { plan, source, refusals } = prepared;
    const shrunk: ReadonlyMap<number, ShrunkRegion>[] = [];
    try {
      report.plan(plan.digest);
      options.onPlan?.(plan);
      report.warn(...limitWarnings(plan), ...plan.warnings);
      throwIfRefused(plan.refusals, refusals);
      checkConfirmed(plan, options.confirmed);
      report.disk(1, source.disk.identity);
      for (const place of prepared.targets) {
        if (place.shrinks.length > 0) meter.begin('shrinking');
        const onRegion = (number: number): void => meter.region(place.path, 1, `partition ${number}`);
        shrunk.push(await shrinkRegions(place, options.signal, onRegion));
      }
      targets = prepared.targets.map((place, i) => new CloneTarget(place, shrunk[i]));
      // One more for each target, so that all of them are written to at once.
      const workers = options.workers ?? Math.min(availableParallelism() + 1 + targets.length, MOST_WORKERS);
      await withPool({ ...options, workers }, (pool) =>
        withSpare(job, { ...options, workers }, async (spare) => {
          const clone = new Clone({ job, prepared, targets, pool, spare, meter, report, options });
          try {
            await clone.run();
          } finally {
            report.sum('usedBytes', plan.readBytes);
            report.sum('readBytes', clone.readBytes);
            report.sum(
              'writtenBytes',
              targets.reduce((sum, { writtenBytes }) => sum + writtenBytes, 0),
            );
            report.sum('badBytes', meter.badBytes);
            const otherwise = options.signal?.aborted === true ? 'cancelled' : 'failed';
            report.targets(targets.map((target) => target.report(report.hasGaps, otherwise)));
            await Promise.all(targets.map((target) => target.close()));
          }
        }),
      );
    } finally {
      await Promise.all(shrunk.map(closeShrunk));
      await closeClone(prepared);
    }
  });
}

/** A pool to compare targets with, whose slots nobody holds while waiting for one of the other pool. */
function withSpare(
  job: CloneJob,
  options: RunOptions,
  work: (spare: ChunkPool | undefined) => Promise<void>,
): Promise<void> {
  return job.delta === true ? withPool(options, work) : work(undefined);
}

interface CloneContext {
  readonly job: CloneJob;
  readonly prepared: PreparedClone;
  readonly targets: readonly CloneTarget[];
  readonly pool: ChunkPool;
  readonly spare: ChunkPool | undefined;
  readonly meter: ProgressMeter;
  readonly report: ReportBuilder;
  readonly options: RunOptions;
}

/** A region on its way, with what its chunks turned out to be. */
interface ClonedRegion {
  readonly inspected: InspectedRegion;
  readonly held: ReadonlySet<number>;
  /** BLAKE3 of each used chunk that is not held, in their order. */
  readonly ids: Buffer;
}

class Clone {
  readonly #context: CloneContext;
  readonly #chunkBytes: number;
  readonly #regions: readonly ClonedRegion[];
  #readBytes = 0;

  constructor(context: CloneContext) {
    this.#context = context;
    const { plan, source } = context.prepared;
    this.#chunkBytes = chunkBytesFor(plan.readBytes);
    this.#regions = source.inspected.regions.map((inspected) => this.#clonedRegion(inspected));
  }

  /** Bytes read from the source. */
  get readBytes(): number {
    return this.#readBytes;
  }

  async run(): Promise<void> {
    const { prepared, meter, job, report, options } = this.#context;
    const { disk } = prepared.source;
    await disk.checkUnchanged();
    throwIfCancelled(options.signal);
    await this.#each((target) => target.open());
    meter.begin('clearing');
    await this.#each((target) => target.clear(this.#chunkBytes));
    meter.begin('writing', prepared.plan.readBytes);
    await this.#write();
    meter.begin('finishing');
    await this.#each((target) => target.flush());
    await disk.checkUnchanged();
    if (job.noVerify !== true) await this.#verify();
    throwIfCancelled(options.signal);
    if (prepared.targets.some(({ growths }) => growths.length > 0)) {
      meter.begin('growing');
      await this.#each(async (target) => report.warn(...(await target.grow())));
    }
    if (job.newIds === true) {
      meter.begin('new ids');
      // One by one: file systems of two targets may have the same identifiers until then.
      for (const target of this.#context.targets)
        await target.attempt(() =>
          target.giveNewIds(prepared.plan.source!.sectorSize, (given) => report.newIds(given)),
        );
      this.#throwIfNoneLeft();
    }
    await this.#each(async (target) =>
      report.warn(...(await target.writeBootEntry(prepared.plan.source!.sectorSize))),
    );
    await this.#each(async (target) => {
      const left = await target.settle();
      if (left !== undefined) report.warn(left);
      const checked = await target.checkBoot(prepared.plan.source!.sectorSize, options.signal);
      if (typeof checked === 'string') report.warn(checked);
      else {
        report.boot([checked]);
        report.warn(...bootWarnings(checked));
      }
    });
    report.verified(job.noVerify !== true);
  }

  #clonedRegion(inspected: InspectedRegion): ClonedRegion {
    const { region } = inspected;
    const held = new Set<number>();
    for (const target of this.#context.targets)
      for (const chunk of target.heldChunks(inspected, this.#chunkBytes)) held.add(chunk);
    const chunks = { ...region, used: inspected.used, chunkBytes: this.#chunkBytes };
    return { inspected, held, ids: Buffer.alloc(countUsedChunks(chunks, held) * ID_BYTES) };
  }

  /** Does `work` with every target that is left, at once; throws once none is. */
  async #each(work: (target: CloneTarget) => Promise<void>): Promise<void> {
    const { targets } = this.#context;
    await Promise.all(targets.map((target) => target.attempt(() => work(target))));
    this.#throwIfNoneLeft();
  }

  #throwIfNoneLeft(): void {
    const { targets } = this.#context;
    if (targets.every(({ error }) => error !== undefined)) throw targets[0]!.error!;
  }

  async #write(): Promise<void> {
    for (const region of this.#regions) await this.#copy(region);
    await this.#each((target) => target.flush());
    const isHead = ({ inspected }: ClonedRegion): boolean => inspected.region.kind === 'head';
    for (const region of this.#regions) if (!isHead(region)) await this.#copyHeld(region);
    await this.#each((target) => target.writeOutside());
    await this.#each((target) => target.flush());
    for (const region of this.#regions) if (isHead(region)) await this.#copyHeld(region);
  }

  #batches({ inspected, held }: ClonedRegion): Iterable<Batch> {
    const { used, region } = inspected;
    const perBatch = Math.floor(this.#context.pool.frameBytes / this.#chunkBytes);
    return usedBatches({ ...region, used, chunkBytes: this.#chunkBytes }, perBatch, held);
  }

  /** Everything of a region but what is held back. */
  async #copy(cloned: ClonedRegion): Promise<void> {
    const { prepared, targets, pool, spare, meter, options } = this.#context;
    meter.region(prepared.source.disk.identity.path, 1, cloned.inspected.region.name);
    await eachInSlot(pool, this.#batches(cloned), options.signal, async (slot, batch) => {
      this.#throwIfNoneLeft();
      const { content, badBytes } = await this.#read(slot, batch, cloned);
      content.ids.copy(cloned.ids, batch.first * ID_BYTES);
      const read = { region: cloned.inspected, batch, ...content };
      for (const target of targets) await target.attempt(() => target.write(slot, read, spare));
      meter.add(batch.usedBytes, badBytes);
    });
    this.#throwIfNoneLeft();
  }

  async #read(
    slot: Slot,
    { lengths, reads, usedBytes }: Pick<Batch, 'lengths' | 'reads' | 'usedBytes'>,
    { inspected }: ClonedRegion,
  ): Promise<{ content: { ids: Buffer; zero: Uint8Array }; badBytes: number }> {
    const { prepared, report } = this.#context;
    const { file } = prepared.source.disk;
    let content;
    try {
      content = await slot.readChunks(file, { lengths, reads });
    } catch (error) {
      throw isPermafrostError(error) ? error : readFailure(error, file.path);
    }
    this.#readBytes += usedBytes;
    const { bad } = content;
    let badBytes = 0;
    for (let k = 0; k < bad.length; k += 2) {
      badBytes += bad[k + 1]!;
      report.gap({
        disk: 1,
        region: inspected.region.name,
        offset: bad[k]!,
        length: bad[k + 1]!,
        reason: say('gap/zeros-written'),
      });
    }
    return { content, badBytes };
  }

  /** What was held back of a region: read only now, so that it need not be kept. */
  async #copyHeld(cloned: ClonedRegion): Promise<void> {
    const { prepared, targets, pool, meter, options } = this.#context;
    const { region, used } = cloned.inspected;
    meter.region(prepared.source.disk.identity.path, 1, region.name);
    for (const chunk of cloned.held) {
      throwIfCancelled(options.signal);
      const start = chunk * this.#chunkBytes;
      const length = Math.min(this.#chunkBytes, region.length - start);
      const part = used.slice(start, length, -start);
      const reads = Float64Array.from(
        part.toPairs().flatMap(([at, bytes]) => [at, region.start + start + at, bytes]),
      );
      const slot = await acquire(pool);
      try {
        const what = { lengths: Uint32Array.of(length), reads, usedBytes: part.totalBytes };
        const { badBytes } = await this.#read(slot, what, cloned);
        const bytes = slot.bytes(0, length);
        for (const target of targets)
          await target.attempt(() => target.writeHeld(cloned.inspected, start, bytes, part.count > 0));
        meter.add(part.totalBytes, badBytes);
      } finally {
        slot.release();
      }
    }
    this.#throwIfNoneLeft();
  }

  async #verify(): Promise<void> {
    const { targets, pool, prepared, meter, options } = this.#context;
    const left = targets.filter(({ error }) => error === undefined);
    meter.begin('reading back', prepared.plan.readBytes * left.length);
    for (const target of left) target.begin();
    meter.subject(left.map(({ path }) => path).join(', '));
    await this.#each((target) =>
      target.verify(pool, this.#expected(), options.signal, (bytes) => meter.add(bytes)),
    );
  }

  *#expected(): Generator<ExpectedBatch> {
    for (const region of this.#regions)
      for (const batch of this.#batches(region)) {
        const from = batch.first * ID_BYTES;
        yield {
          region: region.inspected,
          batch,
          ids: region.ids.subarray(from, from + batch.chunks.length * ID_BYTES),
        };
      }
  }
}

/** The smallest power of two that needs no more than {@link MOST_CHUNKS} chunks. */
function chunkBytesFor(usedBytes: number): number {
  let chunkBytes = LEAST_CHUNK_BYTES;
  while (chunkBytes < MOST_CHUNK_BYTES && usedBytes / chunkBytes > MOST_CHUNKS) chunkBytes *= 2;
  return chunkBytes;
}
