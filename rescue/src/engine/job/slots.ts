/** Work that is spread over the slots of a pool: as much of it at once as there are slots. */
import { PermafrostError, throwIfCancelled } from '../base/errors.ts';

interface Pool<S> {
  acquire(): Promise<S>;
}

/** A slot of the pool; `job/cancelled` if the pool was abandoned. */
export async function acquire<S>(pool: Pool<S>): Promise<S> {
  try {
    return await pool.acquire();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ECANCELED')
      throw new PermafrostError('job/cancelled', {}, { cause: error });
    throw error;
  }
}

/**
 * Calls `work` with each of `items` and a slot, in their order, without waiting for the one before: only for a free
 * slot, which goes back once `work` has ended. Rejects, once all that was begun has ended, with `job/cancelled` or
 * the first error of `work`, after which nothing more is begun.
 */
export async function eachInSlot<S extends { release(): void }, T>(
  pool: Pool<S>,
  items: Iterable<T>,
  signal: AbortSignal | undefined,
  work: (slot: S, item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  for (const item of items) {
    const slot = await acquire(pool);
    // Decided only now: while waiting for the slot, one before may have failed.
    if (failure !== undefined || signal?.aborted === true) {
      slot.release();
      break;
    }
    const done = work(slot, item)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => {
        slot.release();
        running.delete(done);
      });
    running.add(done);
  }
  await Promise.all(running);
  throwIfCancelled(signal);
  if (failure !== undefined) throw failure.error as Error;
}
