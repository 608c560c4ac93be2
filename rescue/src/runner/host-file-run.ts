/** Carries out a job file in a host, so that every front end sees its countdown, its steps and its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PermafrostError, type Report } from '../engine/index.ts';
import type { BootJob } from '../unattended/boot-job.ts';
import type { JobEvent, JobFileEvent, ResultEvent } from '../unattended/job-events.ts';
import { runJobFile } from '../unattended/run-job-file.ts';
import type { Run } from './job-host.ts';
import type { LocalHost, Work } from './local-host.ts';
import { newRunId } from './report-keeper.ts';
import { errorReportOf, RunView } from './run-view.ts';

export interface FileRunOptions {
  /** How long to wait for the repository where the file does not say, in seconds. */
  readonly waitSeconds?: number;
  /** Gets everything that happens, in order. */
  readonly onEvent?: (event: JobFileEvent) => void;
}

/** Begins `job`; resolves when it, and what follows it, has ended. Throws `job/busy`. */
export function runFileInHost(host: LocalHost, job: BootJob, options: FileRunOptions = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    host.occupy(`the job "${job.file.id}"`, async (work) => {
      const end = await new HostFileRun(host, job, work, options).run();
      return () => void end().then(resolve, reject);
    });
  });
}

class HostFileRun {
  readonly #host: LocalHost;
  readonly #job: BootJob;
  readonly #work: Work;
  readonly #options: FileRunOptions;
  #view: RunView | undefined;
  #report: Report | undefined;
  readonly #reportPaths: string[] = [];
  #keeping: Promise<unknown> = Promise.resolve();
  #result: ResultEvent | undefined;

  constructor(host: LocalHost, job: BootJob, work: Work, options: FileRunOptions) {
    this.#host = host;
    this.#job = job;
    this.#work = work;
    this.#options = options;
  }

  /** Resolves to what shows the end, and does what follows it, when the host is free again. */
  async run(): Promise<() => Promise<void>> {
    const { waitSeconds } = this.#options;
    let failure: unknown;
    try {
      await runJobFile(this.#job.file, {
        signal: this.#work.controller.signal,
        emit: (event) => this.#onEvent(event),
        onReady: (event) => this.#countDown(event),
        ...(waitSeconds === undefined ? {} : { waitSeconds }),
        runOptions: { gate: this.#work.gate, onGap: (gap) => this.#view?.gap(gap) },
      });
    } catch (error) {
      failure = error;
    }
    await this.#keeping;
    const error = failure === undefined ? this.#result?.error : errorReportOf(failure);
    const action = this.#result?.end ?? 'stay';
    if (this.#view !== undefined) {
      const { recordPath } = this.#result ?? {};
      const ended = this.#view.ended(
        {
          ...(this.#report === undefined ? {} : { report: this.#report }),
          ...(error === undefined ? {} : { error }),
        },
        [...(recordPath === undefined ? [] : [recordPath]), ...this.#reportPaths],
      );
      return () => this.#host.endWith(ended, action);
    }
    if (error === undefined || this.#result?.outcome === 'cancelled')
      return () => this.#host.endWith({ kind: 'idle' }, 'stay');
    const problem = { source: this.#job.source, error };
    return () => this.#host.endWith({ kind: 'idle', problem }, action);
  }

  #onEvent(event: JobFileEvent): void {
    this.#options.onEvent?.(event);
    switch (event.type) {
      case 'waiting':
        if (this.#view !== undefined) this.#view.waiting(event.what);
        else
          this.#host.become({ kind: 'idle', ...(event.what === undefined ? {} : { waiting: event.what }) });
        return;
      case 'step': {
        const startedAt = new Date();
        const { id } = this.#job.file;
        const run: Run = {
          id: newRunId(event.job.kind, startedAt),
          job: event.job,
          startedAt: startedAt.toISOString(),
          file: { id, source: this.#job.source, step: event.step, steps: event.steps },
        };
        this.#view = new RunView(run, (state) => this.#host.become(state));
        this.#work.view = this.#view;
        return;
      }
      case 'plan':
        this.#view?.plan(event);
        return;
      case 'progress':
        this.#view?.progress(event);
        return;
      case 'report': {
        this.#report = event;
        const id = this.#view?.run.id ?? newRunId(event.job.kind);
        // Beside the images they all are in the record of the job file.
        this.#keeping = this.#keeping.then(async () => {
          this.#reportPaths.push(...(await this.#host.keep(id, event)));
        });
        return;
      }
      case 'note':
        this.#host.note(event.note);
        return;
      case 'result':
        this.#result = event;
        return;
    }
  }

  async #countDown({ jobs, overwrites, countdownSeconds, firstStep }: JobEvent): Promise<void> {
    const { signal } = this.#work.controller;
    const { id, steps } = this.#job.file;
    const file = { id, source: this.#job.source, step: firstStep - 1, steps: steps.length };
    for (let secondsLeft = countdownSeconds; secondsLeft > 0 && !signal.aborted; secondsLeft--) {
      this.#host.become({ kind: 'countdown', file, jobs, overwrites, secondsLeft });
      await sleep(1000, undefined, { signal }).catch(() => undefined);
    }
    if (signal.aborted) throw new PermafrostError('job/cancelled', { kept: 'Nothing was written.' });
  }
}
