/**
 * Where jobs run, as front ends see it: in this process, or in the runner of the rescue environment, which is
 * spoken to over a socket. A front end may come late or go away without touching a job; one job runs at a time.
 */
import type { ErrorReport, Gap, Job, Plan, Progress, Report } from '../engine/index.ts';
import type { RepositoryRule } from '../unattended/job-file.ts';

export interface JobHost {
  /** The state now; each change replaces it by a new object. */
  readonly state: HostState;
  /** Calls `listener` after every change of {@link state}; the result ends that. */
  subscribe(listener: (state: HostState) => void): () => void;
  /**
   * Brings a folder for images within reach, mounting what it is on. The same rule gives the same place until it is
   * released. Throws `job-file/repository` with what to do.
   */
  place(rule: RepositoryRule, signal?: AbortSignal): Promise<Place>;
  /** Unmounts what {@link place} mounted, unless a running job needs it. */
  release(placeId: string): Promise<void>;
  /** What `job` would do; writes nothing. */
  plan(job: Job, signal?: AbortSignal): Promise<Plan>;
  /**
   * Starts `job` as it was confirmed by the digest of its plan, with `workers` threads, by itself as many as are of use.
   * Throws `job/busy` while one runs.
   */
  start(job: Job, digest: string, workers?: number): Promise<void>;
  /** Ends the job that runs, a countdown, a waiting, or what would follow by itself, cleanly. */
  cancel(): Promise<void>;
  /** Holds the job that runs before its next piece of work; it keeps its disks. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** The report was seen: from `ended` to `idle`. */
  dismiss(): Promise<void>;
  /** Leaves. A job in this process is cancelled first; one in the runner goes on. */
  close(): Promise<void>;
}

/** A folder for images that can be reached. */
export interface Place {
  readonly id: string;
  readonly rule: RepositoryRule;
  readonly path: string;
  readonly freeBytes?: number;
}

export type HostState = IdleState | CountdownState | RunningState | EndedState | LostState;

/** Nothing runs. */
export interface IdleState {
  readonly kind: 'idle';
  /** What a job file waits for before it can begin; `cancel` ends that. */
  readonly waiting?: string;
  /** A job file that could not be begun, until it is dismissed. */
  readonly problem?: FileProblem;
}

export interface FileProblem {
  /** Where the file came from, for people. */
  readonly source: string;
  readonly error: ErrorReport;
  readonly next?: NextAction;
}

/** What the machine does by itself in a moment; `cancel` and `dismiss` stop it. */
export interface NextAction {
  readonly action: 'power-off' | 'reboot';
  readonly secondsLeft: number;
}

/** A job file was found and begins by itself, unless it is cancelled. */
export interface CountdownState {
  readonly kind: 'countdown';
  readonly file: JobFileStep;
  readonly jobs: readonly Job[];
  /** Disks that will be overwritten, as people know them. */
  readonly overwrites: readonly string[];
  readonly secondsLeft: number;
}

/** What runs or ran. */
export interface Run {
  readonly id: string;
  readonly job: Job;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Where it is a step of a job file. */
  readonly file?: JobFileStep;
}

export interface JobFileStep {
  readonly id: string;
  /** Where it came from, for people: `the stick PERMAFROST`. */
  readonly source: string;
  /** From 1; 0 before the first. */
  readonly step: number;
  readonly steps: number;
}

export interface RunningState {
  readonly kind: 'running';
  readonly run: Run;
  /** Absent until it is made. */
  readonly plan?: Plan;
  readonly progress?: Progress;
  readonly paused: boolean;
  readonly cancelling: boolean;
  /** The newest gaps, as they come; at most 20. */
  readonly gaps: readonly Gap[];
  readonly gapCount: number;
  /** What the job waits for, if it does: `the share //nas/images does not answer`. */
  readonly waiting?: string;
}

/** The job has ended. */
export interface EndedState {
  readonly kind: 'ended';
  readonly run: Run;
  readonly plan?: Plan;
  /** Absent where the job did not get as far: then `error` says why. */
  readonly report?: Report;
  readonly error?: ErrorReport;
  /** The files that keep the report. */
  readonly reportPaths: readonly string[];
  /** What follows by itself, and when. */
  readonly next?: NextAction;
}

/** The runner does not answer; `error` says what is known. It is looked for until it is back. */
export interface LostState {
  readonly kind: 'lost';
  readonly error: ErrorReport;
}
