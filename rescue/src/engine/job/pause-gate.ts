/** Holds a job before its next piece of work. What it has begun is finished; its disks stay open and claimed. */
import { PermafrostError, throwIfCancelled } from '../base/errors.ts';

export class PauseGate {
  #pausedAtMs: number | undefined;
  #earlierMs = 0;
  readonly #waiting = new Set<() => void>();
  readonly #nowMs: () => number;

  /** `nowMs` is a monotonic clock in milliseconds. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  get isPaused(): boolean {
    return this.#pausedAtMs !== undefined;
  }

  /** For how long the job was held so far, in milliseconds, a pause that goes on included. */
  get pausedMs(): number {
    return this.#earlierMs + (this.#pausedAtMs === undefined ? 0 : this.#nowMs() - this.#pausedAtMs);
  }

  pause(): void {
    this.#pausedAtMs ??= this.#nowMs();
  }

  resume(): void {
    this.#earlierMs = this.pausedMs;
    this.#pausedAtMs = undefined;
    for (const go of this.#waiting) go();
    this.#waiting.clear();
  }

  /** Resolves at once, or when the pause ends. Throws `job/cancelled`: a cancel ends a pause. */
  async pass(signal?: AbortSignal): Promise<void> {
    while (this.isPaused) {
      throwIfCancelled(signal);
      const { promise, resolve, reject } = Promise.withResolvers<undefined>();
      const go = (): void => resolve(undefined);
      const cancel = (): void => reject(new PermafrostError('job/cancelled', {}));
      this.#waiting.add(go);
      signal?.addEventListener('abort', cancel, { once: true });
      try {
        await promise;
      } finally {
        this.#waiting.delete(go);
        signal?.removeEventListener('abort', cancel);
      }
    }
  }
}
