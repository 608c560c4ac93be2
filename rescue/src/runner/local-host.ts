/** The host of jobs in this process: one job at a time, its state for whoever looks. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  PauseGate,
  PermafrostError,
  planJob,
  runJob,
  say,
  type Job,
  type Plan,
  type Report,
} from '../engine/index.ts';
import type { RepositoryRule } from '../unattended/job-file.ts';
import { watchServer } from '../unattended/watch-server.ts';
import { describePlace } from '../unattended/describe-place.ts';
import type { EndedState, HostState, IdleState, JobHost, NextAction, Place } from './job-host.ts';
import { PlaceTable } from './place-table.ts';
import { keepReport, newRunId, repositoryReports } from './report-keeper.ts';
import { errorReportOf, RunView } from './run-view.ts';

export interface LocalHostOptions {
  /** Keeps the reports of all runs too; they are kept beside the images anyway. */
  readonly reportFolder?: string;
  /** Switches the machine off, or starts it again. */
  readonly endMachine?: (action: NextAction['action']) => Promise<void>;
  /** Something to know that changes nothing; a full sentence. */
  readonly onNote?: (note: string) => void;
}

/** What occupies the host. */
export interface Work {
  /** For messages: `the restore to /dev/sda`. */
  readonly what: string;
  readonly controller: AbortController;
  readonly gate: PauseGate;
  view?: RunView;
  /** Resolves when it is not soon over after all; until then a job that is started waits for its end. */
  readonly notBrief?: Promise<undefined>;
}

const SECONDS_BEFORE_END = 10;
/** How long a cancelled job may take to end when the program leaves. */
const CLOSE_LIMIT_MS = 10_000;

export class LocalHost implements JobHost {
  readonly places = new PlaceTable();
  readonly #options: LocalHostOptions;
  readonly #listeners = new Set<(state: HostState) => void>();
  #state: HostState = { kind: 'idle' };
  #work: { readonly work: Work; readonly done: Promise<void> } | undefined;
  #ending: AbortController | undefined;
  /** The state without what would follow. */
  #last: HostState | undefined;

  constructor(options: LocalHostOptions = {}) {
    this.#options = options;
  }

  get state(): HostState {
    return this.#state;
  }

  subscribe(listener: (state: HostState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  place(rule: RepositoryRule, signal?: AbortSignal): Promise<Place> {
    return this.places.place(rule, {
      ...(signal === undefined ? {} : { signal }),
      // A person looks on: they would rather know than wait.
      waitSeconds: 0,
      folder: 'any',
      onNote: (note) => this.note(`${describePlace(rule)}: ${note}`),
    });
  }

  release(placeId: string): Promise<void> {
    return this.places.release(placeId);
  }

  plan(job: Job, signal?: AbortSignal): Promise<Plan> {
    return planJob(job, signal);
  }

  async start(job: Job, digest: string, workers?: number): Promise<void> {
    const other = this.#work;
    if (other?.work.notBrief !== undefined) await Promise.race([other.work.notBrief, other.done]);
    return new Promise((resolve) => {
      this.occupy(describeJob(job), async (work) => {
        const startedAt = new Date();
        const run = { id: newRunId(job.kind, startedAt), job, startedAt: startedAt.toISOString() };
        const view = (work.view = new RunView(run, (state) => this.become(state)));
        resolve();
        const repository = 'repository' in job ? job.repository : undefined;
        const { server, end } = this.places.use(repository);
        const stopWatching =
          server === undefined
            ? undefined
            : watchServer(server, (isThere) =>
                view.waiting(
                  isThere
                    ? undefined
                    : say('about/said', { place: server.host, remark: say('place/silent') }),
                ),
              );
        try {
          const report = await runJob(job, {
            signal: work.controller.signal,
            gate: work.gate,
            confirmed: digest,
            ...(workers === undefined ? {} : { workers }),
            ...view.observers,
          });
          const beside = repository === undefined ? [] : await repositoryReports(repository);
          const paths = await this.keep(run.id, report, beside);
          return () => this.become(view.ended({ report }, paths));
        } catch (error) {
          return () => this.become(view.ended({ error: errorReportOf(error) }, []));
        } finally {
          stopWatching?.();
          await end();
        }
      });
    });
  }

  cancel(): Promise<void> {
    this.#stopEnding();
    const work = this.#work?.work;
    work?.view?.cancelling();
    work?.controller.abort();
    return Promise.resolve();
  }

  pause(): Promise<void> {
    const work = this.#work?.work;
    if (work?.view !== undefined && !work.controller.signal.aborted) {
      work.gate.pause();
      work.view.paused(true);
    }
    return Promise.resolve();
  }

  resume(): Promise<void> {
    const work = this.#work?.work;
    work?.gate.resume();
    work?.view?.paused(false);
    return Promise.resolve();
  }

  dismiss(): Promise<void> {
    this.#stopEnding();
    if (this.#work === undefined && ['ended', 'idle'].includes(this.#state.kind))
      this.become({ kind: 'idle' });
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.cancel();
    const limit = sleep(CLOSE_LIMIT_MS, undefined, { ref: false });
    await Promise.race([this.#work?.done, limit]);
    await Promise.race([this.places.releaseAll(), limit]);
  }

  /** Resolves when what occupies the host has ended. */
  async settled(): Promise<void> {
    await this.#work?.done;
  }

  /**
   * Runs `perform`, alone, and what it resolves to when the host is free again: what shows the end. Throws `job/busy`
   * at once while anything else occupies the host. See {@link Work.notBrief}.
   */
  occupy(what: string, perform: (work: Work) => Promise<() => void>, notBrief?: Promise<undefined>): void {
    if (this.#work !== undefined) throw new PermafrostError('job/busy', { what: this.#work.work.what });
    this.#stopEnding();
    const work: Work = {
      what,
      controller: new AbortController(),
      gate: new PauseGate(),
      ...(notBrief === undefined ? {} : { notBrief }),
    };
    const entry = { work, done: Promise.resolve() };
    this.#work = entry;
    entry.done = perform(work)
      // What fails here has no run to show it.
      .catch((error: unknown) => () => this.note(`${what}: ${errorReportOf(error).message}`))
      .then((show) => {
        this.#work = undefined;
        show();
      });
  }

  become(state: HostState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  note(note: string): void {
    this.#options.onNote?.(note);
  }

  /** Keeps a report in `folders` and in the host's own; the paths. */
  keep(id: string, report: Report, folders: readonly string[] = []): Promise<string[]> {
    const { reportFolder } = this.#options;
    return keepReport(id, report, [...folders, ...(reportFolder === undefined ? [] : [reportFolder])]);
  }

  /** The last state of a job file, and what follows by itself, if anything may. */
  async endWith(state: EndedState | IdleState, action: NextAction['action'] | 'stay'): Promise<void> {
    const { endMachine } = this.#options;
    if (action === 'stay' || endMachine === undefined) {
      this.become(state);
      return;
    }
    const ending = (this.#ending = new AbortController());
    this.#last = state;
    for (let secondsLeft = SECONDS_BEFORE_END; secondsLeft > 0; secondsLeft--) {
      const next = { action, secondsLeft };
      if (state.kind === 'ended') this.become({ ...state, next });
      else if (state.problem !== undefined) this.become({ ...state, problem: { ...state.problem, next } });
      await sleep(1000, undefined, { signal: ending.signal }).catch(() => undefined);
      if (ending.signal.aborted) return;
    }
    this.become(state);
    this.note(action === 'reboot' ? 'The machine starts again now.' : 'The machine is switched off now.');
    await endMachine(action).catch((error: unknown) => this.note(errorReportOf(error).message));
  }

  #stopEnding(): void {
    if (this.#ending === undefined || this.#ending.signal.aborted) return;
    this.#ending.abort();
    if (this.#last !== undefined) this.become(this.#last);
  }
}

/** For messages: `the restore of latest to /dev/sda`. */
export function describeJob(job: Job): string {
  switch (job.kind) {
    case 'image':
      return `the imaging of ${job.sources.join(' and ')}`;
    case 'restore':
      return `the restore of ${job.image} to ${job.targets.map(({ target }) => target).join(' and ')}`;
    case 'clone':
      return `the cloning of ${job.source} to ${job.targets.join(' and ')}`;
    case 'verify':
      return `the check of ${job.image ?? 'all images'} in ${job.repository}`;
    case 'bootcheck':
      return `the check of whether what is on ${job.target} starts`;
  }
}
