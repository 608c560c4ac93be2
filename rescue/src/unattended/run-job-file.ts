/**
 * Carries out a job file: every disk and the repository are found first, then step by step until one fails. What was
 * interrupted, by a power cut or a crash, goes on where it was.
 */
import { createHash } from 'node:crypto';
import {
  asIs,
  exitCodeOf,
  exitCodes,
  isGood,
  isPermafrostError,
  isRunning,
  type Job,
  listDisks,
  type Outcome,
  ownIdentity,
  parseProcessIdentity,
  PermafrostError,
  type Report,
  runJob,
  type RunOptions,
  say,
} from '../engine/index.ts';
import { describePlace } from './describe-place.ts';
import type { JobEvent, JobFileEvent, ResultEvent } from './job-events.ts';
import type { JobFile } from './job-file.ts';
import { mayWrite, readRecord, writeRecord, type JobRecord } from './job-record.ts';
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

/** What an earlier run left to be done. */
interface Position {
  readonly firstStep: number;
  readonly reports: readonly Report[];
  /** Keys of the disks that were being overwritten when it ended. */
  readonly overwriting: readonly string[];
  readonly begun: boolean;
  readonly startedAt: string;
}

class FileRun {
  readonly #file: JobFile;
  readonly #place: PlacedRepository;
  readonly #options: JobFileOptions;
  readonly #digest: string;
  #recordPath: string | undefined;
  #keepsRecord = true;
  #isLost = false;

  constructor(file: JobFile, place: PlacedRepository, options: JobFileOptions) {
    this.#file = file;
    this.#place = place;
    this.#options = options;
    this.#digest = createHash('sha256').update(JSON.stringify(file.steps)).digest('hex');
  }

  async run(): Promise<ResultEvent> {
    const { onReady, emit, dryRun, signal } = this.#options;
    const position = await this.#position();
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
      await this.#keepStarted(i, true, found[i]!, reports, position.startedAt);
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
        await this.#keepStarted(i + 1, false, found[i + 1]!, reports, position.startedAt);
    }
    const outcome = worst(reports);
    await this.#keepFinished(outcome, reports, position.startedAt);
    return this.#result(outcome);
  }

  async #find(): Promise<FoundStep[]> {
    const disks = await (this.#options.listDisks ?? listDisks)();
    return this.#file.steps.map((step) => findStep(step, this.#place.path, disks));
  }

  /** Where to begin. Throws `job-file/already-run`, `job-file/running` and `job-file/changed`. */
  async #position(): Promise<Position> {
    const { id, repeat } = this.#file;
    const earlier = await readRecord(this.#place.path, id);
    const fresh: Position = {
      firstStep: 0,
      reports: [],
      overwriting: [],
      begun: false,
      startedAt: new Date().toISOString(),
    };
    if (earlier === undefined) return fresh;
    if (earlier.state === 'started') {
      const { stepsDone, stepBegun, overwriting, reports, fileDigest, startedAt, owner } = earlier;
      const by = parseProcessIdentity({ ...owner });
      // This process carries out one file at a time: a record of its own is one that it could not finish, as when the
      // stick was pulled out.
      if (by !== undefined && by.pid !== process.pid && (await isRunning(by)) === true)
        throw new PermafrostError('job-file/running', { id, pid: by.pid });
      if (fileDigest === this.#digest && stepsDone < this.#file.steps.length)
        return { firstStep: stepsDone, reports, overwriting, begun: stepBegun, startedAt };
      if (stepBegun && overwriting.length > 0)
        throw new PermafrostError('job-file/changed', { id, disks: overwriting });
      return fresh;
    }
    if (repeat) return fresh;
    const { finishedAt = 'an unknown time', outcome = 'unknown' } =
      earlier.state === 'finished' ? earlier : {};
    throw new PermafrostError('job-file/already-run', { id, when: finishedAt, outcome });
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

  async #keepStarted(
    stepsDone: number,
    stepBegun: boolean,
    step: FoundStep,
    reports: readonly Report[],
    startedAt: string,
  ): Promise<void> {
    await this.#keep({
      state: 'started',
      startedAt,
      owner: await ownIdentity(),
      stepsDone,
      stepBegun,
      overwriting: stepBegun && step.overwrites ? step.disks.map(({ key }) => key) : [],
      reports,
    });
  }

  /** A repository that went away takes no outcome with it: what was done is done. */
  async #keepFinished(outcome: Outcome, reports: readonly Report[], startedAt: string): Promise<void> {
    const record = {
      state: 'finished',
      startedAt,
      finishedAt: new Date().toISOString(),
      outcome,
      stepsDone: reports.filter((report) => isGood(report.outcome)).length,
      stepBegun: false,
      overwriting: [],
      reports,
    } as const;
    try {
      await this.#keep(record);
    } catch (error) {
      if (!isPermafrostError(error)) throw error;
      this.#recordPath = undefined;
      this.#isLost = true;
      this.#options.emit({
        type: 'note',
        note: `The result could not be kept beside the images: ${error.message}.`,
      });
    }
  }

  async #keep(record: Omit<JobRecord, 'id' | 'machine' | 'program' | 'fileDigest'>): Promise<void> {
    if (!this.#keepsRecord) return;
    const { id, repeat } = this.#file;
    try {
      this.#recordPath = await writeRecord(this.#place.path, { id, fileDigest: this.#digest, ...record });
    } catch (error) {
      if (!isPermafrostError(error, 'repository/failed') || (await mayWrite(this.#place.path))) throw error;
      if (!repeat)
        throw new PermafrostError('job-file/repository', {
          rule: describePlace(this.#file.repository),
          problem: asIs(
            `may only be read, so that nothing could keep this machine from running "${id}" again at every start; "repeat: true" in the job allows that`,
          ),
        });
      this.#keepsRecord = false;
      this.#options.emit({
        type: 'note',
        note: 'The repository may only be read: no record of this job is kept.',
      });
    }
  }

  #result(outcome: Outcome): ResultEvent {
    const key = isGood(outcome) ? 'end' : 'on-failure';
    const end = this.#isLost ? withoutRecord(this.#file, key, this.#options.emit) : this.#file[key];
    return {
      type: 'result',
      id: this.#file.id,
      outcome,
      exitCode: exitCodeOf[outcome],
      ...(this.#recordPath === undefined ? {} : { recordPath: this.#recordPath }),
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
