/** A host of jobs that does what a test tells it: the contract of job-host.ts without disks. */
import type { Job, Plan, Progress, Report } from '../../src/engine/index.ts';
import type { HostState, JobHost, Place } from '../../src/runner/job-host.ts';
import type { RepositoryRule } from '../../src/unattended/job-file.ts';

export interface FakeHostOptions {
  readonly plan?: (job: Job) => Plan | Promise<Plan>;
  readonly place?: (rule: RepositoryRule, signal?: AbortSignal) => Place | Promise<Place>;
  readonly start?: (job: Job, digest: string) => void | Promise<void>;
}

export class FakeHost implements JobHost {
  readonly #listeners = new Set<(state: HostState) => void>();
  readonly #options: FakeHostOptions;
  #state: HostState = { kind: 'idle' };
  /** What was asked of it, in order. */
  readonly calls: string[] = [];

  constructor(options: FakeHostOptions = {}) {
    this.#options = options;
  }

  get state(): HostState {
    return this.#state;
  }

  become(state: HostState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }

  subscribe(listener: (state: HostState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async place(rule: RepositoryRule, signal?: AbortSignal): Promise<Place> {
    this.calls.push(`place ${JSON.stringify(rule)}`);
    if (this.#options.place !== undefined) return this.#options.place(rule, signal);
    return { id: 'p1', rule, path: 'path' in rule ? rule.path : '/nowhere' };
  }

  async release(placeId: string): Promise<void> {
    this.calls.push(`release ${placeId}`);
    return Promise.resolve();
  }

  async plan(job: Job): Promise<Plan> {
    this.calls.push(`plan ${job.kind}`);
    if (this.#options.plan === undefined) throw new Error('no plan was prepared');
    return this.#options.plan(job);
  }

  async start(job: Job, digest: string, workers?: number): Promise<void> {
    this.calls.push(['start', job.kind, digest, ...(workers === undefined ? [] : [workers])].join(' '));
    await this.#options.start?.(job, digest);
  }

  progress(progress: Progress): void {
    if (this.#state.kind === 'running') this.become({ ...this.#state, progress });
  }

  end(report: Report): void {
    if (this.#state.kind !== 'running') throw new Error('nothing runs');
    const { run, plan } = this.#state;
    this.become({ kind: 'ended', run, ...(plan === undefined ? {} : { plan }), report, reportPaths: [] });
  }

  cancel(): Promise<void> {
    this.calls.push('cancel');
    return Promise.resolve();
  }

  pause(): Promise<void> {
    this.calls.push('pause');
    if (this.#state.kind === 'running') this.become({ ...this.#state, paused: true });
    return Promise.resolve();
  }

  resume(): Promise<void> {
    this.calls.push('resume');
    if (this.#state.kind === 'running') this.become({ ...this.#state, paused: false });
    return Promise.resolve();
  }

  dismiss(): Promise<void> {
    this.calls.push('dismiss');
    this.become({ kind: 'idle' });
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.calls.push('close');
    return Promise.resolve();
  }
}
