/** What every `run` takes besides its job, and the pool that carries it. */
import { native, type ChunkPool } from 'blockdev-native';
import type { Gap } from './job-report.ts';
import type { Plan } from './plan.ts';
import type { PauseGate } from './pause-gate.ts';
import type { OnProgress } from './progress.ts';

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Gets the plan that is carried out, before anything is written. */
  readonly onPlan?: (plan: Plan) => void;
  /** Gets every part that cannot be read or restored, as it is found; neighbours are not joined. */
  readonly onGap?: (gap: Gap) => void;
  /** Holds the job before its next piece of work. */
  readonly gate?: PauseGate;
  /** Threads; default: as many as the machine has use for. */
  readonly workers?: number;
  /** The digest of the plan that was confirmed; `run` refuses if what it would do has become another. */
  readonly confirmed?: string;
}

/** How long reads under way may take to end by themselves after a cancel. */
const PATIENCE_MS = 3000;

/** Runs `work` with a pool; a cancel that hung reads do not heed abandons them. */
export async function withPool<T>(
  options: Pick<RunOptions, 'signal' | 'workers' | 'gate'>,
  work: (pool: ChunkPool) => Promise<T>,
): Promise<T> {
  const { signal, workers } = options;
  const pool = native.createPool(workers === undefined ? {} : { workers });
  let patience: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    patience = setTimeout(() => pool.abandon(), PATIENCE_MS);
  };
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await work(gatedChunkPool(pool, options));
  } finally {
    clearTimeout(patience);
    signal?.removeEventListener('abort', onAbort);
    await pool.close();
  }
}

interface Pool<S> {
  acquire(): Promise<S>;
}

/** Gives a slot of `pool` to whoever passes the gate: since all work on bytes needs one, that holds all of it. */
export function gatedPool<S>(pool: Pool<S>, { gate, signal }: Pick<RunOptions, 'gate' | 'signal'>): Pool<S> {
  if (gate === undefined) return pool;
  return {
    async acquire() {
      await gate.pass(signal);
      return pool.acquire();
    },
  };
}

function gatedChunkPool(pool: ChunkPool, options: Pick<RunOptions, 'gate' | 'signal'>): ChunkPool {
  const { workers, frameBytes } = pool;
  return {
    workers,
    frameBytes,
    acquire: gatedPool(pool, options).acquire.bind(pool),
    abandon: () => pool.abandon(),
    close: () => pool.close(),
  };
}
