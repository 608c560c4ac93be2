/**
 * Carries out a job file: every disk and the repository are found first, then step by step until one fails. What was
 * interrupted, by a power cut or a crash, goes on where it was.
 */
import {
  exitCodeOf,
  exitCodes,
  isGood,
  isPermafrostError,
  type Job,
  listDisks,
  type Outcome,
  type Report,
  runJob,
  type RunOptions,
  say,
} from '../engine/index.ts';
import { describePlace } from './describe-place.ts';
import type { JobEvent, JobFileEvent, ResultEvent } from './job-events.ts';
import type { JobFile } from './job-file.ts';
import { RecordKeeper } from './record-keeper.ts';
import { placeRepository, type PlacedRepository } from './repository-rule.ts';
import { stepAgain } from './step-again.ts';
import { checkPlannedDisks, checkSameDisks, findStep, type FoundStep } from './steps.ts';
import { watchServer } from './watch-server.ts';

/** Seconds before a disk is overwritten, where the file does not say. */
const COUNTDOWN_SECONDS = 10;

export interface JobFileOptions {
  readonly signal?: AbortSignal;
  /** Gets everything that happens, in order; the last event is the result, also where this function throws. */
  readonly emit: (event: JobFileEvent) => void;
  /** The countdown: resolves when the first step may begin. What it throws ends the job before any write. */
  readonly onReady: (event: JobEvent) => Promise<void>;
  /** How long to wait for the repository where the file does not say, in seconds; default 60. */
  readonly waitSeconds?: number;
  /** Find everything, make nothing, and end after {@link onReady}. */
  readonly dryRun?: boolean;
  /** The disks of this machine; tests put their own in place. */
  readonly listDisks?: typeof listDisks;
  /** Further options of every run, such as a gate for pauses. */
  readonly runOptions?: Omit<RunOptions, 'signal' | 'onPlan' | 'onProgress' | 'workers'>;
}

/** Resolves to the last event. Throws `job-file/…`, `job/cancelled` and what `onReady` throws, before any write. */
export async function runJobFile(file: JobFile, options: JobFileOptions): Promise<ResultEvent> {
  let result: ResultEvent;
  const seen: { report: boolean } = { report: false };
  const emit = (event: JobFileEvent): void => {
    seen.report ||= event.type === 'report';
    options.emit(event);
  };
  try {
    result = await withRepository(file, { ...options, emit });
  } catch (error) {
    const report = isPermafrostError(error) ? error.toJSON() : undefined;
    const outcome = isPermafrostError(error, 'job/cancelled') ? 'cancelled' : 'failed';
    // A machine that has run the job, or whose person stopped it, stays: else it would start and end for ever.
    const stays = outcome === 'cancelled' || isPermafrostError(error, 'job-file/already-run');
    emit({
      type: 'result',
      id: file.id,
      outcome,
      exitCode: isPermafrostError(error) ? error.exitCode : exitCodes.failed,
      // What was done after the last record would be done again.
      end: stays ? 'stay' : seen.report ? withoutRecord(file, 'on-failure', emit) : file['on-failure'],
      ...(report === undefined ? {} : { error: report }),
    });
    throw error;
  }
  emit(result);
  return result;
}

/** What the machine may do although the next start will know nothing of this one: not begin it all again. */
function withoutRecord(
  file: JobFile,
  key: 'end' | 'on-failure',
  emit: (event: JobFileEvent) => void,
): ResultEvent['end'] {
  const action = file[key];
  if (action !== 'reboot' || file.repeat) return action;
  emit({
    type: 'note',
    note: 'The machine is not started again: nothing would keep it from doing this again.',
  });
  return 'stay';
}

async function withRepository(file: JobFile, options: JobFileOptions): Promise<ResultEvent> {
  const { signal, emit, dryRun = false } = options;
  const place = await placeRepository(file.repository, {
    ...(signal === undefined ? {} : { signal }),
    onWaiting: (what) => emit(waiting(what)),
    onNote: (note) => emit({ type: 'note', note }),
    waitSeconds: dryRun ? 0 : (file.wait ?? options.waitSeconds ?? 60),
    untouched: dryRun,
    folder: dryRun ? 'any' : readsImages(file.steps) ? 'existing' : 'create',
  });
  const silent = say('about/said', { place: describePlace(file.repository), remark: say('place/silent') });
  const stopWatching =
    place.server === undefined
      ? undefined
      : watchServer(place.server, (isThere) => emit(waiting(isThere ? undefined : silent)));
  try {
    return await new FileRun(file, place, options).run();
  } finally {
    stopWatching?.();
    await place.release().catch((error: unknown) => {
      if (!isPermafrostError(error)) throw error;
      emit({ type: 'note', note: `${error.message}. ${error.hint}` });
    });
  }
}

/** Whether images must be there already. Where none is made or read, as by a clone, the folder is for the record alone. */
const readsImages = (steps: JobFile['steps']): boolean =>
  !steps.some((step) => 'image' in step) && steps.some((step) => 'restore' in step || 'verify' in step);

function waiting(what: string | undefined): JobFileEvent {
  return { type: 'waiting', ...(what === undefined ? {} : { what }) };
}

class FileRun {
  readonly #file: JobFile;
  readonly #place: PlacedRepository;
  readonly #options: JobFileOptions;
  readonly #record: RecordKeeper;

  constructor(file: JobFile, place: PlacedRepository, options: JobFileOptions) {
    this.#file = file;
    this.#place = place;
    this.#options = options;
    this.#record = new RecordKeeper(file, place.path, (note) => options.emit({ type: 'note', note }));
  }

  async run(): Promise<ResultEvent> {
    const { onReady, emit, dryRun, signal } = this.#options;
    const position = await this.#record.position();
    let found = await this.#find();
    const left = found.slice(position.firstStep);
    const overwrites = left.flatMap((step) => (step.overwrites ? step.disks.map(({ name }) => name) : []));
    const event: JobEvent = {
      type: 'job',
      id: this.#file.id,
      repository: describePlace(this.#file.repository),
      jobs: found.map(({ job }) => job),
      overwrites: [...new Set(overwrites)],
      countdownSeconds: this.#file.countdown ?? (overwrites.length > 0 ? COUNTDOWN_SECONDS : 0),
      firstStep: position.firstStep + 1,
    };
    emit(event);
    await onReady(event);
    if (dryRun === true) return this.#result('done');
    const announced = found;
    found = await this.#find();
    checkSameDisks(announced, found);
    const reports = [...position.reports];
    for (let i = position.firstStep; i < found.length; i++) {
      const begun = position.begun && i === position.firstStep;
      await this.#record.started(i, true, found[i]!, reports, position.startedAt);
      const overwriting = found[i]!.disks.map(({ key }) => key);
      const report = await stepAgain(
        (again) => this.#step(i, found[i]!, again ? overwriting : begun ? position.overwriting : undefined),
        {
          server: this.#place.server,
          ...(signal === undefined ? {} : { signal }),
          onNote: (note) => emit({ type: 'note', note }),
        },
      );
      reports.push(report);
      emit({ type: 'report', ...report });
      if (!isGood(report.outcome)) break;
      if (i + 1 < found.length)
        await this.#record.started(i + 1, false, found[i + 1]!, reports, position.startedAt);
    }
    const outcome = worst(reports);
    await this.#record.finished(outcome, reports, position.startedAt);
    return this.#result(outcome);
  }

  async #find(): Promise<FoundStep[]> {
    const disks = await (this.#options.listDisks ?? listDisks)();
    return this.#file.steps.map((step) => findStep(step, this.#place.path, disks));
  }

  async #step(
    index: number,
    announced: FoundStep,
    interruptedOn: readonly string[] | undefined,
  ): Promise<Report> {
    const { signal, emit, runOptions = {} } = this.#options;
    // What only differs is what the interrupted run had not written yet.
    const resumes =
      interruptedOn !== undefined && announced.disks.every(({ key }) => interruptedOn.includes(key));
    const job: Job =
      (announced.job.kind === 'restore' || announced.job.kind === 'clone') && resumes
        ? { ...announced.job, delta: true }
        : announced.job;
    emit({
      type: 'step',
      step: index + 1,
      steps: this.#file.steps.length,
      job,
      continues: interruptedOn !== undefined,
    });
    return runJob(job, {
      ...runOptions,
      ...(signal === undefined ? {} : { signal }),
      ...(announced.workers === undefined ? {} : { workers: announced.workers }),
      onProgress: (progress) => emit({ type: 'progress', ...progress }),
      onPlan: (plan) => {
        emit({ type: 'plan', ...plan });
        checkPlannedDisks(announced, plan);
      },
    });
  }

  #result(outcome: Outcome): ResultEvent {
    const key = isGood(outcome) ? 'end' : 'on-failure';
    const { path: recordPath } = this.#record;
    const end = this.#record.isLost ? withoutRecord(this.#file, key, this.#options.emit) : this.#file[key];
    return {
      type: 'result',
      id: this.#file.id,
      outcome,
      exitCode: exitCodeOf[outcome],
      ...(recordPath === undefined ? {} : { recordPath }),
      end: outcome === 'cancelled' ? 'stay' : end,
    };
  }
}

/** The outcome of all: the first that is not good, else whether there were gaps. */
function worst(reports: readonly Report[]): Outcome {
  const bad = reports.find(({ outcome }) => !isGood(outcome));
  if (bad !== undefined) return bad.outcome;
  return reports.some(({ outcome }) => outcome === 'done-with-gaps') ? 'done-with-gaps' : 'done';
}
