/**
 * Turns bytes done into progress snapshots: a few a second, exactly one final, with rate and time left computed
 * here for every front end.
 */
import type { Phase, Progress } from './job-report.ts';
import type { PauseGate } from './pause-gate.ts';

const INTERVAL_MS = 250;
/** The rate is that of the last so many samples. */
const WINDOW = 20;

export type OnProgress = (progress: Progress) => void;

export interface MeterOptions {
  readonly onProgress?: OnProgress;
  readonly gate?: Pick<PauseGate, 'isPaused' | 'pausedMs'>;
}

export class ProgressMeter {
  readonly #emit: OnProgress;
  readonly #extra: () => Partial<Progress>;
  readonly #timer: NodeJS.Timeout;
  readonly #phases: { phase: Phase; startMs: number }[] = [];
  readonly #gate: Pick<PauseGate, 'isPaused' | 'pausedMs'>;
  #subject = '';
  /** Bytes done in this phase of the regions it has touched. */
  #regions = new Map<string, NonNullable<Progress['region']>>();
  #region: string | undefined;
  #doneBytes = 0;
  #totalBytes: number | undefined;
  #badBytes = 0;
  #samples: { atMs: number; doneBytes: number }[] = [];
  #ended = false;

  /** `extra` adds what only the job knows, at the moment of a snapshot. */
  constructor(
    { onProgress = () => undefined, gate = { isPaused: false, pausedMs: 0 } }: MeterOptions,
    extra: () => Partial<Progress> = () => ({}),
  ) {
    this.#emit = onProgress;
    this.#gate = gate;
    this.#extra = extra;
    this.#timer = setInterval(() => this.#sample(), INTERVAL_MS);
    this.#timer.unref();
  }

  /** A new phase begins, of `totalBytes` if that is known. */
  begin(phase: Phase, totalBytes?: number): void {
    this.#phases.push({ phase, startMs: performance.now() });
    this.#doneBytes = 0;
    this.#totalBytes = totalBytes;
    this.#samples = [];
    this.#regions.clear();
    this.#region = undefined;
    this.#sample();
  }

  /** What is being worked on from now on. */
  subject(subject: string): void {
    this.#subject = subject;
    this.#region = undefined;
  }

  /** The region that is being worked on from now on, of the disk at `path` with the number `disk`. */
  region(path: string, disk: number, name: string): void {
    this.#subject = `${path} ${name}`;
    this.#region = `${disk} ${name}`;
    if (!this.#regions.has(this.#region)) this.#regions.set(this.#region, { disk, name, doneBytes: 0 });
  }

  add(bytes: number, badBytes = 0): void {
    this.#doneBytes += bytes;
    this.#badBytes += badBytes;
    const region = this.#region === undefined ? undefined : this.#regions.get(this.#region);
    if (region !== undefined)
      this.#regions.set(this.#region!, { ...region, doneBytes: region.doneBytes + bytes });
  }

  get badBytes(): number {
    return this.#badBytes;
  }

  /** Seconds of each phase so far, in order. */
  phases(): { phase: Phase; seconds: number }[] {
    return this.#phases.map(({ phase, startMs }, i) => ({
      phase,
      seconds: ((this.#phases[i + 1]?.startMs ?? performance.now()) - startMs) / 1000,
    }));
  }

  /** Emits the final snapshot; nothing comes after it. Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    if (this.#phases.length > 0) this.#emit(this.#snapshot(true));
  }

  #sample(): void {
    if (this.#phases.length === 0) return;
    // Samples of a pause would push those out that tell the rate.
    if (!this.#gate.isPaused || this.#samples.length === 0)
      this.#samples.push({ atMs: this.#workedMs(), doneBytes: this.#doneBytes });
    if (this.#samples.length > WINDOW) this.#samples.shift();
    this.#emit(this.#snapshot(false));
  }

  /** A clock that stands still while the job is paused. */
  #workedMs(): number {
    return performance.now() - this.#gate.pausedMs;
  }

  #snapshot(final: boolean): Progress {
    const oldest = this.#samples[0];
    const elapsedMs = oldest === undefined ? 0 : this.#workedMs() - oldest.atMs;
    const rate = elapsedMs > 0 ? ((this.#doneBytes - oldest!.doneBytes) / elapsedMs) * 1000 : 0;
    const left =
      this.#totalBytes === undefined || rate <= 0 ? undefined : (this.#totalBytes - this.#doneBytes) / rate;
    const region = this.#region === undefined ? undefined : this.#regions.get(this.#region);
    return {
      phase: this.#phases.at(-1)!.phase,
      subject: this.#subject,
      doneBytes: this.#doneBytes,
      ...(this.#totalBytes === undefined ? {} : { totalBytes: this.#totalBytes }),
      badBytes: this.#badBytes,
      bytesPerSecond: rate,
      ...(left === undefined ? {} : { secondsLeft: Math.max(0, left) }),
      ...this.#extra(),
      ...(region === undefined ? {} : { region }),
      final,
    };
  }
}
