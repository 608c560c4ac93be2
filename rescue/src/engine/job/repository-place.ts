/** Where a repository is, or would be: on which disks, and with how much room. */
import { stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isPermafrostError, errorWords } from '../base/errors.ts';
import { disksHolding } from '../device/holding-disk.ts';
import { say, type Said } from '../base/remarks.ts';

export interface RepositoryPlace {
  /** Whole disks that hold it; none for network shares and memory. */
  readonly disks: readonly string[];
  readonly freeBytes?: number;
  /** Things to know; full sentences. */
  readonly warnings: readonly Said[];
}

/** Throws `repository/unresolved` if the disks cannot be found out; with `allowUnresolved` that is a warning. */
export async function repositoryPlace(path: string, allowUnresolved = false): Promise<RepositoryPlace> {
  const folder = await existingFolder(resolve(path));
  const warnings: Said[] = [];
  const disks = await disksHolding(folder).catch((error: unknown) => {
    if (!allowUnresolved || !isPermafrostError(error, 'repository/unresolved')) throw error;
    warnings.push(say('job/repository-disk', { problem: errorWords(error) }));
    return [];
  });
  const free = await statfs(folder).then(
    (s) => s.bavail * s.bsize,
    () => undefined,
  );
  return { disks, warnings, ...(free === undefined ? {} : { freeBytes: free }) };
}

/** The folder itself, or the nearest one above it that exists: where it would be created. */
async function existingFolder(path: string): Promise<string> {
  const exists = await stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  );
  return exists || path === dirname(path) ? path : existingFolder(dirname(path));
}
