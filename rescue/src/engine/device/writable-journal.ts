/**
 * Who has which protected disk set writable: `writable/NAME`, one file a disk, changed only under a lock, so that
 * the last one to let go, or whoever comes after a crash, sets it read-only again. It is gone after a boot, and so
 * is what it speaks of.
 */
import { mkdir, readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { native } from 'blockdev-native';
import { PermafrostError } from '../base/errors.ts';
import { isRunning, parseProcessIdentity, type ProcessIdentity } from '../base/process-identity.ts';
import { readText, type System } from './system.ts';

/** One that needs the disk writable. */
export interface Holder extends ProcessIdentity {
  readonly id: string;
  /** Where it mounts something of the disk. */
  readonly mountPoint?: string;
}

export interface WritableEntry {
  /** The disk's sequence number. */
  readonly sequence: string;
  /** Names of partitions that were read-only by themselves and were set writable too. */
  readonly partitions: readonly string[];
  readonly holders: readonly Holder[];
}

const LOCK_NAME = '.lock';
const LOCK_PAUSE_MS = 20;
const LOCK_ATTEMPTS = 1500;

function folderOf(system: System): string {
  return join(system.stateRoot, 'writable');
}

/** Runs `work` while no other process has the journal. */
export async function withJournal<T>(system: System, work: () => Promise<T>): Promise<T> {
  const folder = folderOf(system);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, LOCK_NAME);
  const lock = await native.open(path, { write: true, create: 'if-absent' });
  try {
    for (let attempt = 0; !(await lock.lock('exclusive')); attempt++) {
      if (attempt === LOCK_ATTEMPTS)
        throw new PermafrostError('device/failed', { path, syscall: 'flock', errno: 'EWOULDBLOCK' });
      await setTimeout(LOCK_PAUSE_MS);
    }
    return await work();
  } finally {
    await lock.close();
  }
}

/** Names of the disks with an entry. */
export async function journaledDisks(system: System): Promise<string[]> {
  const names = await readdir(folderOf(system)).catch(() => []);
  return names.filter((name) => !name.startsWith('.'));
}

/** The entry of the disk `name`; one without holders where there is none, or none that makes sense. */
export async function readEntry(system: System, name: string): Promise<WritableEntry> {
  const text = await readText(join(folderOf(system), name));
  const empty: WritableEntry = { sequence: '', partitions: [], holders: [] };
  try {
    const { sequence, partitions, holders } = JSON.parse(text ?? '') as Record<string, unknown>;
    if (typeof sequence !== 'string' || !Array.isArray(partitions) || !Array.isArray(holders)) return empty;
    return {
      sequence,
      partitions: partitions.filter((part) => typeof part === 'string'),
      holders: holders.flatMap((fields: Record<string, unknown>) => {
        const owner = parseProcessIdentity(fields);
        const { id, mountPoint } = fields;
        if (owner === undefined || typeof id !== 'string') return [];
        return { ...owner, id, ...(typeof mountPoint === 'string' ? { mountPoint } : {}) };
      }),
    };
  } catch {
    return empty;
  }
}

export async function writeEntry(system: System, name: string, entry: WritableEntry): Promise<void> {
  const path = join(folderOf(system), name);
  const partial = join(folderOf(system), `.${name}.partial`);
  await writeFile(partial, JSON.stringify(entry), { mode: 0o600 });
  await rename(partial, path);
}

export async function removeEntry(system: System, name: string): Promise<void> {
  await unlink(join(folderOf(system), name)).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  });
}

/** The holders whose process still runs, and those whose process is gone. */
export async function sortHolders(
  holders: readonly Holder[],
): Promise<{ alive: readonly Holder[]; gone: readonly Holder[] }> {
  const running = await Promise.all(holders.map(isRunning));
  // One that cannot be seen from here is left alone.
  return {
    alive: holders.filter((_, i) => running[i] !== false),
    gone: holders.filter((_, i) => running[i] === false),
  };
}
