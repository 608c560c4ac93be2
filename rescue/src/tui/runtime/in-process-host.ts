/** A host of jobs in this process: until there is one for every front end. */
import { statfs } from 'node:fs/promises';
import {
  isPermafrostError,
  PauseGate,
  planClone,
  planImage,
  planRestore,
  PermafrostError,
  runClone,
  runImage,
  runRestore,
  runVerify,
  type Gap,
  type Job,
  type Plan,
  type Progress,
  type Report,
} from '../../engine/index.ts';
import type { HostState, JobHost, Place } from '../../runner/job-host.ts';
import type { RepositoryRule } from '../../unattended/job-file.ts';
import { placeRepository, type PlacedRepository } from '../../unattended/repository-rule.ts';

export class InProcessHost implements JobHost {
  readonly #listeners = new Set<(state: HostState) => void>();
  readonly #places = new Map<string, PlacedRepository>();
  #state: HostState = { kind: 'idle' };
  #controller = new AbortController();
  #gate = new PauseGate();

  get state(): HostState {
    return this.#state;
  }

  #become(state: HostState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }

  subscribe(listener: (state: HostState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async place(rule: RepositoryRule, signal?: AbortSignal): Promise<Place> {
    const placed = await placeRepository(rule, signal === undefined ? {} : { signal });
    const id = `p${this.#places.size + 1}`;
    this.#places.set(id, placed);
    const free = await statfs(placed.path).then(
      (s) => s.bavail * s.bsize,
      () => undefined,
    );
    return { id, rule, path: placed.path, ...(free === undefined ? {} : { freeBytes: free }) };
  }

  async release(placeId: string): Promise<void> {
    await this.#places.get(placeId)?.release();
    this.#places.delete(placeId);
  }

  async plan(job: Job, signal?: AbortSignal): Promise<Plan> {
    const options = signal === undefined ? {} : { signal };
    if (job.kind === 'image') return planImage(job, options);
    if (job.kind === 'restore') return planRestore(job, options);
    if (job.kind === 'clone') return planClone(job, options);
    return {
      job,
      digest: 'verify',
      summary: 'Verify',
      disks: [],
      readBytes: 0,
      writeBytes: 0,
      warnings: [],
      refusals: [],
    };
  }

  start(job: Job, digest: string): Promise<void> {
    if (this.#state.kind === 'running') return Promise.reject(new Error('a job runs already'));
    this.#controller = new AbortController();
    this.#gate = new PauseGate();
    const run = { id: String(Date.now()), job, startedAt: new Date().toISOString() };
    this.#become({ kind: 'running', run, paused: false, cancelling: false, gaps: [], gapCount: 0 });
    const options = {
      signal: this.#controller.signal,
      gate: this.#gate,
      onGap: (gap: Gap) => {
        const { state } = this;
        if (state.kind === 'running')
          this.#become({ ...state, gaps: [...state.gaps, gap].slice(-20), gapCount: state.gapCount + 1 });
      },
      onPlan: (plan: Plan) => {
        if (this.#state.kind === 'running') this.#become({ ...this.#state, plan });
      },
      onProgress: (progress: Progress) => {
        if (this.#state.kind === 'running') this.#become({ ...this.#state, progress });
      },
    };
    const work = (): Promise<Report> => {
      if (job.kind === 'image') return runImage(job, { ...options, confirmed: digest });
      if (job.kind === 'restore') return runRestore(job, { ...options, confirmed: digest });
      if (job.kind === 'clone') return runClone(job, { ...options, confirmed: digest });
      return runVerify(job, options);
    };
    void work().then(
      (report) => this.#become({ kind: 'ended', run, report, reportPaths: [] }),
      (error: unknown) => {
        const known = isPermafrostError(error)
          ? error
          : new PermafrostError('usage/invalid', { problem: String(error) });
        this.#become({ kind: 'ended', run, error: known.toJSON(), reportPaths: [] });
      },
    );
    return Promise.resolve();
  }

  cancel(): Promise<void> {
    if (this.#state.kind === 'running') this.#become({ ...this.#state, cancelling: true });
    this.#controller.abort();
    return Promise.resolve();
  }

  pause(): Promise<void> {
    this.#gate.pause();
    if (this.#state.kind === 'running') this.#become({ ...this.#state, paused: true });
    return Promise.resolve();
  }

  resume(): Promise<void> {
    this.#gate.resume();
    if (this.#state.kind === 'running') this.#become({ ...this.#state, paused: false });
    return Promise.resolve();
  }

  dismiss(): Promise<void> {
    this.#become({ kind: 'idle' });
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#controller.abort();
    await Promise.allSettled([...this.#places.values()].map((place) => place.release()));
  }
}
