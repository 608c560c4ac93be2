/**
 * Checks that images can be restored: every page of their trees, every chunk those name, and for a whole
 * repository also that each pack is, byte for byte, what its name says.
 */
import { isPermafrostError, throwIfCancelled, errorWords } from '../base/errors.ts';
import { FOLDERS, ID_BYTES } from '../repository/format.ts';
import { FrameReader, type FramePool } from '../repository/frame-reader.ts';
import type { Manifest } from '../repository/manifest.ts';
import { tags } from '../repository/page.ts';
import { readBadMap, readTree } from '../repository/tree-reader.ts';
import { Repository, type PackSet } from '../repository/repository.ts';
import { secondOpinionPool } from '../repository/second-opinion.ts';
import { gatedPool, withPool, type RunOptions } from './run-options.ts';
import type { Gap, Report } from './job-report.ts';
import type { VerifyJob } from './job.ts';
import { ProgressMeter } from './progress.ts';
import { ReportBuilder } from './report.ts';
import { acquire } from './slots.ts';
import { selectImage } from './select-image.ts';
import { BitSet, verifyFrames } from './verify-frames.ts';
import { type Said, say } from '../base/remarks.ts';

/** Runs `job` to its report; an image that does not verify is a result, not an exception. */
export async function runVerify(job: VerifyJob, options: RunOptions = {}): Promise<Report> {
  const meter = new ProgressMeter(options);
  const report = new ReportBuilder(job, meter, options.onGap);
  return report.finish(async () => {
    meter.begin('inspecting');
    const repository = await Repository.open(job.repository);
    try {
      if (job.independent === true) {
        await verify(job, repository, gatedPool(await secondOpinionPool(), options), options, meter, report);
      } else await withPool(options, (pool) => verify(job, repository, pool, options, meter, report));
    } finally {
      await repository.close();
    }
  });
}

async function verify(
  job: VerifyJob,
  repository: Repository,
  pool: FramePool,
  options: RunOptions,
  meter: ProgressMeter,
  report: ReportBuilder,
): Promise<void> {
  const packs = await repository.loadPacks();
  const reader = new FrameReader(repository, packs, pool);
  const images = await imagesToVerify(job, repository, report);
  for (const { id, problem } of packs.damaged)
    report.problem(say('verify/pack', { pack: short(id), problem }));

  // First which chunks the images need, and whether their trees can be walked at all.
  const needed = new BitSet(packs.index.chunkCount);
  const frames = new BitSet(packs.index.frameCount);
  const gaps = new Map<string, Gap[]>();
  const need = (id: Buffer, offset: number): boolean => {
    const chunk = packs.index.find(id, offset);
    if (chunk < 0) return false;
    needed.add(chunk);
    frames.add(packs.index.frameOf(chunk));
    return true;
  };
  for (const image of images) gaps.set(image.id, await walkImage(image, reader, need, options.signal));

  const wanted = job.image === undefined ? undefined : frames;
  const list: number[] = [];
  let totalBytes = 0;
  for (let frame = 0; frame < packs.index.frameCount; frame++) {
    if (wanted !== undefined && !wanted.has(frame)) continue;
    list.push(frame);
    totalBytes += packs.index.frame(frame).lengths.reduce((sum, length) => sum + length, 0);
  }
  const packBytes = packs.packs.reduce((sum, pack) => sum + pack.sizeBytes, 0);
  meter.begin('verifying', totalBytes + (wanted === undefined ? packBytes : 0));
  if (wanted === undefined) await verifyPackHashes(repository, packs, pool, meter, report, options.signal);
  const result = await verifyFrames({
    reader,
    pool,
    frames: list,
    onBytes: (bytes) => meter.add(bytes),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  for (const { pack, offset, problem } of result.problems)
    report.problem(say('verify/pack-at', { pack: short(pack), atStart: offset, problem }));

  // Then whether all of them were found, and which parts of which images suffer if not.
  let unreadable = 0;
  for (const image of images) {
    const lost = gaps.get(image.id)!;
    if (result.problems.length > 0 || lost.length > 0)
      lost.push(...(await walkImageForLost(image, reader, result.good, options.signal)));
    for (const gap of lost) report.gap(gap);
    if (lost.length > 0) {
      unreadable++;
      report.problem(
        say('verify/image-lost', {
          image: image.id.slice(0, 8),
          name: image.name,
          partCount: lost.length,
        }),
      );
    }
  }
  report.sum('images', images.length);
  report.sum('imagesDamaged', unreadable);
  report.sum('packs', packs.packs.length + packs.damaged.length);
  report.sum('chunks', packs.index.chunkCount);
  report.sum('verifiedBytes', totalBytes);
}

async function imagesToVerify(
  job: VerifyJob,
  repository: Repository,
  report: ReportBuilder,
): Promise<Manifest[]> {
  if (job.image !== undefined) {
    const { machine, ofDisk } = job;
    const image = await selectImage(repository, {
      image: job.image,
      ...(machine === undefined ? {} : { machine }),
      ...(ofDisk === undefined ? {} : { ofDisk }),
    });
    report.image(image);
    return [image];
  }
  const { images, damaged } = await repository.listImages();
  for (const { id, problem } of damaged)
    report.problem(say('verify/image', { image: id.slice(0, 8), problem }));
  return images;
}

/** Notes every chunk that `image` needs; what cannot be walked or is in no pack comes back as gaps. */
async function walkImage(
  image: Manifest,
  reader: FrameReader,
  need: (ids: Buffer, offset: number) => boolean,
  signal: AbortSignal | undefined,
): Promise<Gap[]> {
  const gaps: Gap[] = [];
  await forEachChunk(image, reader, signal, gaps, (gapOf, ids, offset) => {
    if (!need(ids, offset)) gaps.push(gapOf(say('lost/not-there')));
  });
  return gaps;
}

/** The parts of `image` whose chunks are in a pack but not among the `good` ones. */
async function walkImageForLost(
  image: Manifest,
  reader: FrameReader,
  good: BitSet,
  signal: AbortSignal | undefined,
): Promise<Gap[]> {
  const gaps: Gap[] = [];
  await forEachChunk(image, reader, signal, [], (gapOf, ids, offset) => {
    const chunk = reader.packs.index.find(ids, offset);
    if (chunk >= 0 && !good.has(chunk)) gaps.push(gapOf(say('lost/in-pack')));
  });
  return gaps;
}

async function forEachChunk(
  image: Manifest,
  reader: FrameReader,
  signal: AbortSignal | undefined,
  gaps: Gap[],
  visit: (gapOf: (reason: Said) => Gap, ids: Buffer, offset: number) => void,
): Promise<void> {
  const { chunkBytes } = image;
  for (const disk of image.disks) {
    for (const region of disk.regions) {
      if (region.content === undefined) continue;
      const gapAt = (first: number, count: number, reason: Said): Gap => ({
        disk: disk.number,
        region: region.name,
        offset: region.start + first * chunkBytes,
        length: Math.min(count * chunkBytes, region.length - first * chunkBytes),
        reason,
      });
      for await (const part of readTree(reader, region.content)) {
        throwIfCancelled(signal);
        if (part.kind === 'lost') gaps.push(gapAt(part.first, part.count, part.problem.problem));
        if (part.kind !== 'leaf') continue;
        for (let i = 0; i < part.count; i++) {
          const tag = part.page.tags[i]!;
          if (tag < tags.data) continue;
          visit((reason) => gapAt(part.first + i, 1, reason), part.page.ids, i * ID_BYTES);
          if (tag === tags.bad && (await readBadMap(reader, part.page, i, chunkBytes)) === undefined)
            gaps.push(gapAt(part.first + i, 1, say('lost/bad-list')));
        }
      }
    }
  }
}

/** Every pack must hash to its name. */
async function verifyPackHashes(
  repository: Repository,
  packs: PackSet,
  pool: FramePool,
  meter: ProgressMeter,
  report: ReportBuilder,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const { id, sizeBytes } of packs.packs) {
    throwIfCancelled(signal);
    const slot = await acquire(pool);
    try {
      const file = await repository.packFile(id);
      // What the page cache still has from writing says nothing about the medium.
      await file.dropCache();
      const hash = await slot.hashRange(file, 0, file.sizeBytes);
      if (hash.toString('hex') !== id) report.problem(say('verify/pack-changed', { pack: short(id) }));
    } catch (error) {
      const failed = repository.store.failure(
        error,
        'read',
        repository.store.path(FOLDERS.packs, `${id}.pack`),
      );
      if (!isPermafrostError(failed, 'repository/failed')) throw failed;
      report.problem(say('verify/pack', { pack: short(id), problem: errorWords(failed) }));
    } finally {
      slot.release();
    }
    meter.add(sizeBytes);
  }
}

function short(id: string): string {
  return id.slice(0, 16);
}
