/** The state of one run as front ends see it, made of what the engine tells. */
import {
  isPermafrostError,
  type ErrorReport,
  type Gap,
  type Plan,
  type Progress,
  type Report,
  type RunOptions,
} from '../engine/index.ts';
import type { EndedState, Run, RunningState } from './job-host.ts';

/** Gaps that a state shows; the report has them all. */
const SHOWN_GAPS = 20;

export class RunView {
  readonly #publish: (state: RunningState) => void;
  #state: RunningState;
  #gaps: readonly Gap[] = [];
  #gapCount = 0;
  #waiting: string | undefined;

  /** Publishes the state now, and each one that follows. */
  constructor(run: Run, publish: (state: RunningState) => void) {
    this.#publish = publish;
    this.#state = { kind: 'running', run, paused: false, cancelling: false, gaps: [], gapCount: 0 };
    publish(this.#state);
  }

  get run(): Run {
    return this.#state.run;
  }

  /** Goes into the options of the run. */
  readonly observers: Required<Pick<RunOptions, 'onGap' | 'onPlan' | 'onProgress'>> = {
    onPlan: (plan) => this.plan(plan),
    onProgress: (progress) => this.progress(progress),
    onGap: (gap) => this.gap(gap),
  };

  plan(plan: Plan): void {
    this.#become({ plan });
  }

  progress(progress: Progress): void {
    this.#become({ progress, gaps: this.#gaps, gapCount: this.#gapCount });
  }

  /** Shown with the next progress: a dying disk has thousands of them a second. */
  gap(gap: Gap): void {
    this.#gapCount++;
    this.#gaps = [...this.#gaps, gap].slice(-SHOWN_GAPS);
  }

  paused(paused: boolean): void {
    this.#become({ paused });
  }

  cancelling(): void {
    this.#become({ cancelling: true, paused: false });
  }

  waiting(what: string | undefined): void {
    this.#waiting = what;
    this.#become({});
  }

  /** The state after its end. */
  ended(
    end: { readonly report?: Report; readonly error?: ErrorReport },
    reportPaths: readonly string[],
  ): EndedState {
    const { run, plan } = this.#state;
    return { kind: 'ended', run, ...(plan === undefined ? {} : { plan }), ...end, reportPaths };
  }

  #become(changes: Partial<RunningState>): void {
    this.#state = { ...this.#state, ...changes };
    this.#publish(this.#waiting === undefined ? this.#state : { ...this.#state, waiting: this.#waiting });
  }
}

/** Any error as data; one that nobody foresaw is a bug and says so. */
export function errorReportOf(error: unknown): ErrorReport {
  if (isPermafrostError(error)) return error.toJSON();
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: 'bug',
    message: `this is a bug: ${detail}`,
    hint: 'Please report it with the lines above. What was committed before is not affected.',
    details: {},
  };
}
