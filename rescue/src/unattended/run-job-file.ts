/** Carries out a job file: every disk and the repository are found first, then step by step until one fails. */
import {
  listDisks,
  PermafrostError,
  runImage,
  runRestore,
  runVerify,
  type Job,
  type OnProgress,
  type Outcome,
  type Plan,
  type Report,
} from '../engine/index.ts';
import { resolveDisk, type Disks } from './disk-rule.ts';
import type { JobFile, Step } from './job-file.ts';
import { readRecord, writeRecord } from './job-record.ts';
import { placeRepository } from './repository-rule.ts';

/** Seconds before a disk is overwritten, where the file does not say. */
const COUNTDOWN_SECONDS = 10;

export interface JobFileEvents {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly onPlan?: (plan: Plan) => void;
  /** All steps with their disks found, and how long to wait before the first; resolves when it may begin. */
  readonly onReady: (jobs: readonly Job[], countdownSeconds: number) => Promise<void>;
  readonly onReport: (report: Report) => void;
}

export interface JobFileResult {
  readonly outcome: Outcome;
  readonly reports: readonly Report[];
  /** The file that keeps this result, beside the images. */
  readonly recordPath: string;
}

/** Throws `job-file/disk`, `job-file/repository`, `job-file/already-run` and what `onReady` throws, before any write. */
export async function runJobFile(file: JobFile, events: JobFileEvents): Promise<JobFileResult> {
  const repository = await placeRepository(file.repository, events.signal);
  try {
    const earlier = file.repeat ? undefined : await readRecord(repository.path, file.id);
    if (earlier !== undefined)
      throw new PermafrostError('job-file/already-run', {
        id: file.id,
        when: earlier.finishedAt ?? 'an unknown time',
        outcome: earlier.outcome ?? 'unknown',
      });
    const disks = await listDisks();
    const jobs = file.steps.map((step) => jobOf(step, repository.path, disks));
    const overwrites = jobs.some(({ kind }) => kind === 'restore');
    await events.onReady(jobs, file.countdown ?? (overwrites ? COUNTDOWN_SECONDS : 0));
    const reports: Report[] = [];
    for (const job of jobs) {
      const report = await runStep(job, events);
      reports.push(report);
      events.onReport(report);
      if (!isGood(report.outcome)) break;
    }
    const outcome = worst(reports);
    const recordPath = await writeRecord(repository.path, { id: file.id, outcome, reports });
    return { outcome, reports, recordPath };
  } finally {
    await repository.release();
  }
}

function jobOf(step: Step, repository: string, disks: Disks): Job {
  if ('image' in step) {
    const { source, 'skip-gaps': skipGaps, ...rest } = step.image;
    return {
      kind: 'image',
      sources: [resolveDisk(source, disks)],
      repository,
      ...defined(rest),
      ...defined({ skipGaps }),
    };
  }
  if ('restore' in step) {
    const { target, disk, image, ...rest } = step.restore;
    const targets = [{ target: resolveDisk(target, disks), ...defined({ disk }) }];
    return { kind: 'restore', repository, image, targets, ...defined(rest) };
  }
  return { kind: 'verify', repository, ...defined(step.verify) };
}

/** Without the fields that are undefined, as jobs want it. */
function defined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function runStep(job: Job, { signal, onProgress, onPlan }: JobFileEvents): Promise<Report> {
  const options = { ...defined({ signal, onProgress, onPlan }) };
  switch (job.kind) {
    case 'image':
      return runImage(job, options);
    case 'restore':
      return runRestore(job, options);
    case 'verify':
      return runVerify(job, options);
  }
}

function isGood(outcome: Outcome): boolean {
  return outcome === 'done' || outcome === 'done-with-gaps';
}

/** The outcome of all: the first that is not good, else whether there were gaps. */
function worst(reports: readonly Report[]): Outcome {
  const bad = reports.find(({ outcome }) => !isGood(outcome));
  if (bad !== undefined) return bad.outcome;
  return reports.some(({ outcome }) => outcome === 'done-with-gaps') ? 'done-with-gaps' : 'done';
}
