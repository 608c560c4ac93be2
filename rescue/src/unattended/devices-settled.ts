/** The end of the rescue environment's start: screens and the runner are there before its devices are. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stateFolder } from '../engine/index.ts';
import { isRescueEnvironment } from './network.ts';

/** Is there once all drivers are loaded and every disk that was found is read-only (usr/lib/permafrost/devices). */
const SETTLED = join(stateFolder, 'devices-settled');
const LOOK_MS = 50;

/**
 * Resolves when disks and ports can be looked at: in the rescue environment when its start is over, elsewhere at once,
 * and when `signal` aborts. There is no limit: a disk that is not read-only yet must not be looked at.
 */
export async function devicesSettled(signal?: AbortSignal, path = SETTLED): Promise<void> {
  if (path === SETTLED && !(await isRescueEnvironment())) return;
  while (!existsSync(path) && signal?.aborted !== true) await delay(LOOK_MS);
}
