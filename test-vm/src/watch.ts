/** Waiting for something that arrives in pieces: a probe that is tried again after each change, under a time limit. */

/** How much longer everything may take than on the machine that the limits were made for. */
export const timeoutFactor = Number(process.env['PERMAFROST_TIMEOUT_FACTOR'] ?? 1);

/** A time limit in milliseconds, for slow machines multiplied by `PERMAFROST_TIMEOUT_FACTOR`. */
export const limitMs = (seconds: number): number => seconds * 1000 * timeoutFactor;

export class Watch {
  readonly #waiting = new Set<() => void>();
  #ended: Error | undefined;

  /** Says that a probe may answer differently now. */
  changed(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Nothing more will come: what still waits, now or later, fails with `reason`. */
  end(reason: Error): void {
    this.#ended ??= reason;
    this.changed();
  }

  /**
   * The first value of `probe` that is not undefined. Rejects after `seconds` (times the factor) with a message made
   * of `what`, and where nothing more can come.
   */
  until<T>(probe: () => T | undefined, seconds: number, what: () => string): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      const look = (): void => {
        let value: T | undefined;
        try {
          value = probe();
        } catch (error) {
          finish();
          reject(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        if (value !== undefined) {
          finish();
          resolve(value);
        } else if (this.#ended !== undefined) {
          finish();
          reject(new Error(`${what()}: ${this.#ended.message}`, { cause: this.#ended }));
        }
      };
      const timer = setTimeout(() => {
        finish();
        reject(new Error(`${what()}: not within ${limitMs(seconds) / 1000} s`));
      }, limitMs(seconds));
      this.#waiting.add(look);
      look();
    });
  }
}
