/**
 * Locks say who is at work in a repository. Any number of writers share it; only deletion is exclusive.
 *
 * A lock names the boot, process and start time of its holder and a random nonce, and is refreshed each minute.
 * Clocks are never compared: a lock is dead only if this very boot's process is gone, or if the observer itself
 * has seen no refresh for 15 minutes.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  isRunning,
  ownIdentity,
  parseProcessIdentity,
  type ProcessIdentity,
} from '../base/process-identity.ts';
import { FOLDERS } from './format.ts';
import { encodeSealed, parseSealed } from './sealed-json.ts';
import type { Store } from './store.ts';

const REFRESH_MS = 60_000;
const DEAD_AFTER_MS = 15 * 60_000;

interface LockContent extends ProcessIdentity {
  readonly permafrost: 'lock';
  readonly version: 1;
  readonly nonce: string;
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
  const holder = await ownIdentity();
  let refresh = 0;
  const write = (): Promise<void> => {
    const content: LockContent = {
      permafrost: 'lock',
      version: 1,
      nonce,
      ...holder,
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
    const running = lock === undefined ? undefined : await isRunning(lock);
    if (running !== undefined) return running ? 'alive' : 'dead';
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

function parseLock(bytes: Buffer): ProcessIdentity | undefined {
  try {
    return parseProcessIdentity(parseSealed(bytes, 'lock'));
  } catch {
    // A torn or foreign lock is judged by watching it.
    return undefined;
  }
}
