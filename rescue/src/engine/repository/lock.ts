/**
 * Locks say who is at work in a repository. Any number of writers share it; only deletion is exclusive.
 *
 * A lock names the boot, process and start time of its holder and a random nonce, and is refreshed each minute.
 * Clocks are never compared: a lock is dead only if this very boot's process is gone, or if the observer itself
 * has seen no refresh for 15 minutes.
 */
import { randomBytes } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { FOLDERS } from './format.ts';
import { encodeSealed, parseSealed } from './sealed-json.ts';
import type { Store } from './store.ts';

const REFRESH_MS = 60_000;
const DEAD_AFTER_MS = 15 * 60_000;

interface LockContent {
  readonly permafrost: 'lock';
  readonly version: 1;
  readonly nonce: string;
  readonly bootId: string;
  /** The namespace that `pid` belongs to: in another container the same number is another process. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** Start time of the process in clock ticks since boot, from /proc/PID/stat: a reused PID differs in it. */
  readonly startTime: string;
  readonly host: string;
  /** Counts refreshes. */
  readonly refresh: number;
}

/** A lock held by this process until {@link release}. */
export interface HeldLock {
  /** 16 hex digits; the names of this writer's unfinished files begin with it. */
  readonly nonce: string;
  release(): Promise<void>;
}

/** What an observer knows of another's lock. */
export type LockState = 'alive' | 'dead' | 'unknown';

/** Takes a shared lock: what every writer holds. */
export async function acquireLock(store: Store): Promise<HeldLock> {
  const nonce = randomBytes(8).toString('hex');
  const here = await readPlace();
  const startTime = (await processStartTime(process.pid)) ?? '';
  let refresh = 0;
  const write = (): Promise<void> => {
    const content: LockContent = {
      permafrost: 'lock',
      version: 1,
      nonce,
      ...here,
      pid: process.pid,
      startTime,
      host: hostname(),
      refresh: refresh++,
    };
    return store.writeDurably(FOLDERS.locks, `${nonce}.json`, encodeSealed(content), `${nonce}-lock.partial`);
  };
  await write();
  let refreshing: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    // A refresh that fails is tried again in a minute; 15 in a row make others think the holder is gone.
    refreshing = write().catch(() => undefined);
  }, REFRESH_MS);
  timer.unref();
  return {
    nonce,
    async release() {
      clearInterval(timer);
      await refreshing;
      await store.remove(FOLDERS.locks, `${nonce}.json`);
    },
  };
}

/** Watches the locks of others. One instance must live as long as it is to notice missing refreshes. */
export class LockObserver {
  readonly #store: Store;
  readonly #seen = new Map<string, { refresh: string; atMs: number }>();
  readonly #nowMs: () => number;

  /** `nowMs` is a monotonic clock in milliseconds. */
  constructor(store: Store, nowMs: () => number = () => performance.now()) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  /** The state of the lock with `nonce`; a writer without a lock is dead. */
  async state(nonce: string): Promise<LockState> {
    const bytes = await this.#store.read(FOLDERS.locks, `${nonce}.json`);
    if (bytes === undefined) return 'dead';
    const lock = parseLock(bytes);
    const here = await readPlace();
    if (lock !== undefined && lock.bootId === here.bootId && lock.pidNamespace === here.pidNamespace)
      return (await processStartTime(lock.pid)) === lock.startTime ? 'alive' : 'dead';
    // From another boot or machine, or unreadable: only watching tells.
    const refresh = bytes.toString('latin1');
    const seen = this.#seen.get(nonce);
    if (seen?.refresh !== refresh) {
      this.#seen.set(nonce, { refresh, atMs: this.#nowMs() });
      return seen === undefined ? 'unknown' : 'alive';
    }
    return this.#nowMs() - seen.atMs >= DEAD_AFTER_MS ? 'dead' : 'unknown';
  }
}

type LockHolder = Pick<LockContent, 'bootId' | 'pidNamespace' | 'pid' | 'startTime'>;

function parseLock(bytes: Buffer): LockHolder | undefined {
  try {
    const { bootId, pidNamespace, pid, startTime } = parseSealed(bytes, 'lock');
    if (
      typeof bootId === 'string' &&
      typeof pidNamespace === 'string' &&
      Number.isSafeInteger(pid) &&
      typeof startTime === 'string'
    )
      return { bootId, pidNamespace, pid: pid as number, startTime };
  } catch {
    // A torn or foreign lock is judged by watching it.
  }
  return undefined;
}

async function readPlace(): Promise<{ bootId: string; pidNamespace: string }> {
  return {
    bootId: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
    pidNamespace: await readlink('/proc/self/ns/pid'),
  };
}

/** Field 22 of /proc/PID/stat (proc(5)); undefined if there is no such process or it is only a zombie. */
async function processStartTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The command name is in parentheses and may itself hold blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
