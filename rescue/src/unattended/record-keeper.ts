/**
 * The record of one run of a job file, beside its images: where the next start goes on, or that there is nothing left to
 * be done.
 */
import { createHash } from 'node:crypto';
import {
  asIs,
  isGood,
  isPermafrostError,
  isRunning,
  type Outcome,
  ownIdentity,
  parseProcessIdentity,
  PermafrostError,
  type Report,
} from '../engine/index.ts';
import { describePlace } from './describe-place.ts';
import type { JobFile } from './job-file.ts';
import { mayWrite, readRecord, writeRecord, type JobRecord } from './job-record.ts';
import type { FoundStep } from './steps.ts';

/** What an earlier run left to be done. */
export interface Position {
  readonly firstStep: number;
  readonly reports: readonly Report[];
  /** Keys of the disks that were being overwritten when it ended. */
  readonly overwriting: readonly string[];
  readonly begun: boolean;
  readonly startedAt: string;
}

export class RecordKeeper {
  readonly #file: JobFile;
  readonly #folder: string;
  readonly #digest: string;
  readonly #onNote: (note: string) => void;
  #path: string | undefined;
  #keepsRecord = true;
  #isLost = false;

  /** Of `file`, in the repository's `folder`; `onNote` gets sentences about what is not kept. */
  constructor(file: JobFile, folder: string, onNote: (note: string) => void) {
    this.#file = file;
    this.#folder = folder;
    this.#onNote = onNote;
    this.#digest = createHash('sha256').update(JSON.stringify(file.steps)).digest('hex');
  }

  /** Of the record as it was written last; undefined where there is none. */
  get path(): string | undefined {
    return this.#path;
  }

  /** Whether what was done could not be kept. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Where to begin. Throws `job-file/already-run`, `job-file/running` and `job-file/changed`. */
  async position(): Promise<Position> {
    const { id, repeat } = this.#file;
    const earlier = await readRecord(this.#folder, id);
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

  /**
   * Keeps where the next start goes on: at `step`, which `stepsDone` are before, whether it is about to begin or the one
   * before it has ended. Throws where it cannot be kept and the file may not be run without a record.
   */
  async started(
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
  async finished(outcome: Outcome, reports: readonly Report[], startedAt: string): Promise<void> {
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
      this.#path = undefined;
      this.#isLost = true;
      this.#onNote(`The result could not be kept beside the images: ${error.message}.`);
    }
  }

  async #keep(record: Omit<JobRecord, 'id' | 'machine' | 'program' | 'fileDigest'>): Promise<void> {
    if (!this.#keepsRecord) return;
    const { id, repeat } = this.#file;
    try {
      this.#path = await writeRecord(this.#folder, { id, fileDigest: this.#digest, ...record });
    } catch (error) {
      if (!isPermafrostError(error, 'repository/failed') || (await mayWrite(this.#folder))) throw error;
      if (!repeat)
        throw new PermafrostError('job-file/repository', {
          rule: describePlace(this.#file.repository),
          problem: asIs(
            `may only be read, so that nothing could keep this machine from running "${id}" again at every start; "repeat: true" in the job allows that`,
          ),
        });
      this.#keepsRecord = false;
      this.#onNote('The repository may only be read: no record of this job is kept.');
    }
  }
}
