/** Two disks with the same identifiers in one machine: what can go wrong, and what to do about it. */
import type { NewIdsPlan } from '../boot/new-ids.ts';
import { key } from '../boot/new-ids.ts';
import { describeDisks, type ListedDisk } from './list-disks.ts';
import type { DiskPlan } from './plan.ts';
import { type Said, say } from '../base/remarks.ts';

/** Of a disk of this machine that nobody needs to wait for, in milliseconds. */
const LIMIT_MS = 15_000;

/** What a disk will have, as plans know it. */
export type CopiedIds = Pick<DiskPlan, 'table' | 'regions'> & { readonly newIds?: NewIdsPlan };

/** Identifiers that a copy keeps, in lower case: those that nobody renews. */
export function keptIds({ table, regions, newIds }: CopiedIds): string[] {
  const renewed = new Set(newIds?.renewed.map(({ id }) => key(id)) ?? []);
  const ids = [
    ...(table.diskId === undefined ? [] : [table.diskId]),
    ...regions.flatMap(({ included, fileSystem }) =>
      included && fileSystem?.uuid !== undefined ? [fileSystem.uuid] : [],
    ),
  ].map(key);
  return [...new Set(ids)].filter((id) => !renewed.has(id));
}

/** Of a clone beside its source: a full warning, or none where nothing is the same. */
export function cloneTwinWarnings(source: CopiedIds): Said[] {
  const kept = keptIds(source);
  if (kept.length === 0) return [];
  if (source.newIds === undefined) return [say('twins/clone', { why: say('twins/detach-or-renew') })];
  const idCount = kept.length;
  return [say('twins/clone-keeps', { idCount, list: list(kept), why: say('twins/detach') })];
}

/**
 * Of what is restored to the disks `targets` (paths): a warning for each other disk of this machine that has the same
 * identifiers. Nobody waits for a disk that does not answer; that is said too. Throws `job/cancelled`.
 */
export async function restoreTwinWarnings(
  copies: readonly CopiedIds[],
  targets: readonly string[],
  signal?: AbortSignal,
): Promise<Said[]> {
  const kept = new Set(copies.flatMap(keptIds));
  if (kept.size === 0) return [];
  const limit = AbortSignal.timeout(LIMIT_MS);
  const looked = describeDisks(signal === undefined ? limit : AbortSignal.any([signal, limit]));
  const late = new Promise<undefined>((resolve) => limit.addEventListener('abort', () => resolve(undefined)));
  const listed = await Promise.race([
    looked.catch((error: unknown) => {
      if (limit.aborted && signal?.aborted !== true) return undefined;
      throw error;
    }),
    late,
  ]);
  if (listed === undefined) return [say('twins/unknown')];
  return twinsAmong(kept, listed, targets);
}

/** The warnings, from what is known of the disks. */
export function twinsAmong(
  kept: ReadonlySet<string>,
  listed: readonly ListedDisk[],
  targets: readonly string[],
): Said[] {
  return listed.flatMap(({ disk, diskId, regions }) => {
    if (targets.includes(disk.path)) return [];
    const ids = [diskId, ...regions.map(({ fileSystem }) => fileSystem.uuid)];
    const same = [...new Set(ids.flatMap((id) => (id === undefined || !kept.has(key(id)) ? [] : [key(id)])))];
    if (same.length === 0) return [];
    const name = [disk.path, disk.model, disk.backingFile].filter((part) => part !== undefined).join(', ');
    return [say('twins/restore', { name, list: list(same), why: say('twins/detach-or-renew') })];
  });
}

function list(ids: readonly string[]): string {
  return ids.length <= 3
    ? ids.join(', ')
    : say('list/more', { list: ids.slice(0, 3).join(', '), moreCount: ids.length - 3 });
}
