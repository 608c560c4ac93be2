/** Collects what a job did into its report. */
import { isPermafrostError, type ErrorReport } from '../base/errors.ts';
import type { Manifest } from '../repository/manifest.ts';
import { PROGRAM } from '../base/program.ts';
import type { DiskIdentity } from '../device/identity.ts';
import type { CheckedDisk, Gap, Outcome, Report, TargetReport } from './job-report.ts';
import type { Job } from './job.ts';
import type { NewIdsReport } from './new-ids-report.ts';
import type { ProgressMeter } from './progress.ts';
import { say, type Said } from '../base/remarks.ts';

/** Gaps that a report lists; a failing disk can have millions. */
const MAX_GAPS = 1000;

export class ReportBuilder {
  readonly #job: Job;
  readonly #meter: ProgressMeter;
  readonly #onGap: (gap: Gap) => void;
  readonly #startedAt = new Date().toISOString();
  readonly #startMs = performance.now();
  readonly #gaps: Gap[] = [];
  #gapCount = 0;
  readonly #warnings: Said[] = [];
  readonly #problems: Said[] = [];
  readonly #sums: Record<string, number> = {};
  readonly #disks: { number: number; identity: DiskIdentity }[] = [];
  #image: Report['image'];
  #planDigest: string | undefined;
  #verified: boolean | undefined;
  #targets: readonly TargetReport[] | undefined;
  readonly #boot: CheckedDisk[] = [];
  readonly #newIds: NewIdsReport[] = [];

  constructor(job: Job, meter: ProgressMeter, onGap: (gap: Gap) => void = () => undefined) {
    this.#job = job;
    this.#meter = meter;
    this.#onGap = onGap;
  }

  plan(digest: string): void {
    this.#planDigest = digest;
  }

  disk(number: number, identity: DiskIdentity): void {
    this.#disks.push({ number, identity });
  }

  image({ id, name, sequence }: Pick<Manifest, 'id' | 'name' | 'sequence'>): void {
    this.#image = { id, name, sequence };
  }

  sum(name: string, value: number): void {
    this.#sums[name] = value;
  }

  warn(...warnings: readonly Said[]): void {
    this.#warnings.push(...warnings);
  }

  /** Something that makes the whole not verify. */
  problem(problem: Said): void {
    this.#problems.push(problem);
  }

  gap(gap: Gap): void {
    this.#onGap(gap);
    this.#gapCount++;
    const last = this.#gaps.at(-1);
    const joins =
      last?.disk === gap.disk &&
      last.region === gap.region &&
      last.reason === gap.reason &&
      last.offset + last.length === gap.offset;
    if (joins) {
      this.#gapCount--;
      this.#gaps[this.#gaps.length - 1] = { ...last, length: last.length + gap.length };
    } else if (this.#gaps.length < MAX_GAPS) this.#gaps.push(gap);
  }

  get hasGaps(): boolean {
    return this.#gapCount > 0;
  }

  verified(verified: boolean): void {
    this.#verified = verified;
  }

  /** How each of several targets ended; a later call replaces an earlier one. */
  targets(targets: readonly TargetReport[]): void {
    this.#targets = targets;
  }

  boot(checked: readonly CheckedDisk[]): void {
    this.#boot.push(...checked);
  }

  newIds(ids: NewIdsReport): void {
    this.#newIds.push(ids);
    this.warn(
      ...ids.unmended.map((problem) => say('about/said', { place: ids.identity.path, remark: problem })),
    );
  }

  /** Runs `work` and turns its end, whatever it is, into the report. Bugs are thrown on. */
  async finish(work: () => Promise<void>): Promise<Report> {
    let error: ErrorReport | undefined;
    let outcome: Outcome = 'done';
    try {
      await work();
      if (this.#problems.length > 0) outcome = 'does-not-verify';
      else if (this.hasGaps) outcome = 'done-with-gaps';
      error = this.#targets?.find((target) => target.error !== undefined)?.error;
      if (error !== undefined) outcome = 'done-in-part';
    } catch (thrown) {
      if (!isPermafrostError(thrown)) throw thrown;
      error = thrown.toJSON();
      outcome =
        thrown.code === 'job/cancelled' ? 'cancelled' : thrown.exitCode === 4 ? 'does-not-verify' : 'failed';
    } finally {
      this.#meter.end();
    }
    return {
      job: this.#job,
      outcome,
      ...(this.#planDigest === undefined ? {} : { planDigest: this.#planDigest }),
      program: PROGRAM,
      startedAt: this.#startedAt,
      seconds: (performance.now() - this.#startMs) / 1000,
      phases: this.#meter.phases(),
      ...(this.#image === undefined ? {} : { image: this.#image }),
      disks: this.#disks,
      sums: this.#sums,
      // Regions are gone through in their order of work; people look a place up on the disk.
      gaps: this.#gaps.toSorted((a, b) => a.disk - b.disk || a.offset - b.offset),
      gapsLeftOut: this.#gapCount - this.#gaps.length,
      ...(this.#verified === undefined ? {} : { verified: this.#verified }),
      warnings: [...this.#warnings, ...this.#problems],
      ...(this.#targets === undefined ? {} : { targets: this.#targets }),
      ...(this.#newIds.length === 0 ? {} : { newIds: this.#newIds }),
      ...(this.#boot.length === 0 ? {} : { boot: this.#boot }),
      ...(error === undefined ? {} : { error }),
    };
  }
}
