/** What placing a repository does to the machine; tests put their own in place. */
import type { acquireWritable, describeDisks, RunProgram } from '../engine/index.ts';
import type { Server } from './network.ts';

export interface PlaceSystem {
  readonly run: RunProgram;
  readonly describeDisks: typeof describeDisks;
  readonly acquireWritable: typeof acquireWritable;
  /** What is wrong, where no address can be had. */
  readonly bringUpNetwork: (signal?: AbortSignal) => Promise<string | undefined>;
  readonly answers: (server: Server) => Promise<boolean>;
  /** Rejects when `signal` aborts. */
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<unknown>;
  readonly nowMs: () => number;
}
