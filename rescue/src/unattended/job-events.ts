/** Everything that happens while a job file is carried out, as plain data: the JSON lines of every front end. */
import type { ErrorReport, Job, Outcome, Plan, Progress, Report } from '../engine/index.ts';
import type { EndAction } from './job-file.ts';

/** The disks and the repository were found. */
export interface JobEvent {
  readonly type: 'job';
  readonly id: string;
  /** Where the images are, in words. */
  readonly repository: string;
  readonly jobs: readonly Job[];
  /** Disks that will be overwritten, as people know them. */
  readonly overwrites: readonly string[];
  readonly countdownSeconds: number;
  /** From 1; later steps were done by a run that was interrupted. */
  readonly firstStep: number;
}

/** A step begins. */
export interface StepEvent {
  readonly type: 'step';
  /** From 1. */
  readonly step: number;
  readonly steps: number;
  readonly job: Job;
  /** It was begun before and interrupted. */
  readonly continues: boolean;
}

/** What the job waits for; none when the waiting is over. */
export interface WaitingEvent {
  readonly type: 'waiting';
  readonly what?: string;
}

/** Something to know that changes nothing. */
export interface NoteEvent {
  readonly type: 'note';
  readonly note: string;
}

/** The end, and the last event. */
export interface ResultEvent {
  readonly type: 'result';
  readonly id: string;
  readonly outcome: Outcome;
  /** That of a command that ends so. */
  readonly exitCode: number;
  /** The file that keeps this result beside the images; absent if it could not be written. */
  readonly recordPath?: string;
  /** What the machine is to do now. */
  readonly end: EndAction;
  /** Why it did not get as far as a report. */
  readonly error?: ErrorReport;
}

export type JobFileEvent =
  | JobEvent
  | StepEvent
  | WaitingEvent
  | NoteEvent
  | ResultEvent
  | ({ readonly type: 'plan' } & Plan)
  | ({ readonly type: 'progress' } & Progress)
  | ({ readonly type: 'report' } & Report);
