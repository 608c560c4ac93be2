/** The host of jobs in the runner, as a front end in another process sees it. Looks for the runner until it is back. */
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import {
  asIs,
  errorOfReport,
  type ErrorReport,
  type Job,
  PermafrostError,
  type Plan,
  type Said,
  say,
} from '../engine/index.ts';
import type { RepositoryRule } from '../unattended/job-file.ts';
import type { HostState, JobHost, Place } from './job-host.ts';
import { JsonLines } from './json-lines.ts';
import {
  MOST_ANSWER_BYTES,
  PROTOCOL,
  RUNNER_END,
  RUNNER_SOCKET,
  toLine,
  type ClientMessage,
  type Request,
  type RunnerMessage,
} from './protocol.ts';

const RETRY_MS = 500;
/** How often one is looked for that is just being started. */
const START_RETRY_MS = 50;

export interface RunnerClientOptions {
  readonly path?: string;
  readonly endPath?: string;
  /** How long {@link RunnerClient.open} waits for a runner that is being started. Default: not at all. */
  readonly patienceMs?: number;
}

interface Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class RunnerClient implements JobHost {
  readonly #path: string;
  readonly #endPath: string;
  readonly #listeners = new Set<(state: HostState) => void>();
  readonly #calls = new Map<number, Call>();
  #state: HostState = lost(say('runner/not-reached'));
  #socket: Socket | undefined;
  #nextCall = 0;
  #isClosed = false;
  #retry: NodeJS.Timeout | undefined;
  #whenTried: (() => void) | undefined;
  /** Until then a runner that does not answer is one that is being started. */
  #patientUntil: number;
  #bye: ErrorReport | undefined;

  private constructor({ path = RUNNER_SOCKET, endPath = RUNNER_END, patienceMs = 0 }: RunnerClientOptions) {
    this.#path = path;
    this.#endPath = endPath;
    this.#patientUntil = performance.now() + patienceMs;
  }

  /** Resolves when the state of the runner is known, or that it does not answer. */
  static async open(options: RunnerClientOptions = {}): Promise<RunnerClient> {
    const client = new RunnerClient(options);
    await new Promise<void>((resolve) => {
      client.#whenTried = resolve;
      client.#connect();
    });
    return client;
  }

  get state(): HostState {
    return this.#state;
  }

  subscribe(listener: (state: HostState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async place(rule: RepositoryRule, signal?: AbortSignal): Promise<Place> {
    const place = (await this.#call({ method: 'place', rule }, signal)) as Place;
    // The runner keeps secrets to itself; this one is ours.
    return { ...place, rule };
  }

  async release(placeId: string): Promise<void> {
    await this.#call({ method: 'release', placeId });
  }

  async plan(job: Job, signal?: AbortSignal): Promise<Plan> {
    return (await this.#call({ method: 'plan', job }, signal)) as Plan;
  }

  async start(job: Job, digest: string, workers?: number): Promise<void> {
    await this.#call({ method: 'start', job, digest, ...(workers === undefined ? {} : { workers }) });
  }

  async cancel(): Promise<void> {
    await this.#call({ method: 'cancel' });
  }

  async pause(): Promise<void> {
    await this.#call({ method: 'pause' });
  }

  async resume(): Promise<void> {
    await this.#call({ method: 'resume' });
  }

  async dismiss(): Promise<void> {
    await this.#call({ method: 'dismiss' });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    return Promise.resolve();
  }

  #connect(): void {
    const socket = (this.#socket = connect(this.#path));
    const lines = new JsonLines(MOST_ANSWER_BYTES);
    let problem = say('runner/ended');
    socket.on('connect', () => this.#send({ hello: { protocol: PROTOCOL } }));
    socket.on('data', (bytes: Buffer) => {
      for (const line of lines.take(bytes)) {
        if ('problem' in line) {
          problem = line.problem;
          socket.destroy();
          return;
        }
        this.#receive(line.value as RunnerMessage);
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      problem = error.code === 'ENOENT' ? say('runner/not-started') : asIs(error.message);
    });
    socket.on('close', () => void this.#onGone(problem));
  }

  async #onGone(problem: Said): Promise<void> {
    this.#socket = undefined;
    const bye = this.#bye;
    this.#bye = undefined;
    const end = await readFile(this.#endPath, 'utf8').catch(() => '');
    const said =
      end.trim() === '' ? problem : say('runner/said', { problem, detail: end.trim().slice(0, 2000) });
    const state: HostState = bye === undefined ? lost(said) : { kind: 'lost', error: bye };
    for (const { reject } of this.#calls.values()) reject(errorFrom(state.error));
    this.#calls.clear();
    if (this.#isClosed) return;
    if (performance.now() < this.#patientUntil) {
      this.#retry = setTimeout(() => this.#connect(), START_RETRY_MS);
      return;
    }
    if (this.#state.kind !== 'lost' || this.#state.error.message !== state.error.message) this.#become(state);
    this.#tried();
    this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
  }

  #receive(message: RunnerMessage): void {
    if ('state' in message) {
      const { state, samePlan } = message;
      const { plan } = this.#state as { plan?: Plan };
      this.#become(samePlan === true && plan !== undefined ? ({ ...state, plan } as HostState) : state);
      this.#tried();
    } else if ('answer' in message) {
      const call = this.#calls.get(message.answer);
      this.#calls.delete(message.answer);
      if ('error' in message) call?.reject(errorFrom(message.error));
      else call?.resolve(message.result);
    } else if ('bye' in message) this.#bye = message.bye;
  }

  #become(state: HostState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  #tried(): void {
    this.#patientUntil = 0;
    this.#whenTried?.();
    this.#whenTried = undefined;
  }

  #call(request: Request, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { state } = this;
      if (this.#socket === undefined || state.kind === 'lost') {
        reject(state.kind === 'lost' ? errorFrom(state.error) : errorFrom(lost(say('runner/ended')).error));
        return;
      }
      const call = this.#nextCall++;
      const onAbort = (): void => this.#send({ abort: call });
      this.#calls.set(call, {
        resolve: (result) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(result);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', onAbort);
          reject(error);
        },
      });
      this.#send({ call, request });
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  #send(message: ClientMessage): void {
    this.#socket?.write(toLine(message));
  }
}

function lost(problem: Said): Extract<HostState, { kind: 'lost' }> {
  return { kind: 'lost', error: new PermafrostError('runner/lost', { problem }).toJSON() };
}

function errorFrom(report: ErrorReport): PermafrostError {
  return errorOfReport(report) ?? new PermafrostError('runner/protocol', { problem: asIs(report.message) });
}
