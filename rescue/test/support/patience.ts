/** Waiting for what a test needs, not for a time: the limits are for what hangs, not for a machine that is slow. */
import { setTimeout as sleep } from 'node:timers/promises';

/** How much longer everything may take than on the machine that the limits were made for. */
const factor = Number(process.env['PERMAFROST_TIMEOUT_FACTOR'] ?? 1);

/** A limit of `seconds`, in milliseconds, for slow machines multiplied by `PERMAFROST_TIMEOUT_FACTOR`. */
export const limitMs = (seconds: number): number => seconds * 1000 * factor;

/** Resolves when `probe` says yes; rejects with `what` if it does not within `seconds`, times the factor. */
export async function until(
  what: string,
  probe: () => boolean | Promise<boolean>,
  seconds = 120,
): Promise<void> {
  const end = performance.now() + limitMs(seconds);
  while (!(await probe())) {
    if (performance.now() > end) throw new Error(`not within ${limitMs(seconds) / 1000} s: ${what}`);
    await sleep(10);
  }
}

/**
 * Processor time that this process has taken so far, in milliseconds: what a parser takes is measured by it, since a clock
 * also counts what others do on the machine.
 */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
