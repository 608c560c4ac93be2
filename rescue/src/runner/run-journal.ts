/** Which run is under way, in a file: a runner that starts after one that died can say what it was. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { HostState, Run } from './job-host.ts';

export class RunJournal {
  readonly #path: string;
  #kept: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The run that had not ended when the runner did; kept until the next state is noted. */
  interrupted(): Run | undefined {
    try {
      const run = JSON.parse(readFileSync(this.#path, 'utf8')) as Partial<Run>;
      const isWhole = typeof run.id === 'string' && typeof run.startedAt === 'string';
      if (!isWhole || typeof run.job?.kind !== 'string') return undefined;
      this.#kept = run.id;
      return run as Run;
    } catch {
      return undefined;
    }
  }

  /** Before a run begins to work, and after it has ended. */
  note(state: HostState): void {
    const run = state.kind === 'running' ? state.run : undefined;
    if (run?.id === this.#kept) return;
    this.#kept = run?.id;
    if (run === undefined) rmSync(this.#path, { force: true });
    else {
      writeFileSync(`${this.#path}.new`, `${JSON.stringify(run)}\n`, { mode: 0o600 });
      renameSync(`${this.#path}.new`, this.#path);
    }
  }
}
