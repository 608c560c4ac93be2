/**
 * Locks say who is at work in a repository. Any number of writers share it; only deletion is exclusive.
 *
 * A lock names the boot, process and start time of its holder and a random nonce, and is refreshed each minute.
 * Clocks are never compared: a lock is dead only if this very boot's process is gone; if it is of an earlier boot of
 * this machine, on a disk of its own; or if the observer itself has seen no refresh for 15 minutes.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { uniqueMachineName } from '../base/machine-name.ts';
import {
  isOfThisBoot,
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
  /** What tells the machine from all others, where something does. */
  readonly machine?: string;
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

/** Takes a shared lock: what every writer holds. `machine` is for tests. */
export async function acquireLock(store: Store, machine?: string): Promise<HeldLock> {
  const nonce = randomBytes(8).toString('hex');
  const holder = await ownIdentity();
  const name = machine ?? (await uniqueMachineName());
  let refresh = 0;
  const write = (): Promise<void> => {
    const content: LockContent = {
      permafrost: 'lock',
      version: 1,
      nonce,
      ...holder,
      host: hostname(),
      ...(name === undefined ? {} : { machine: name }),
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

export interface ObserverOptions {
  /** A monotonic clock in milliseconds. */
  readonly nowMs?: () => number;
  readonly machine?: () => Promise<string | undefined>;
  readonly isOnOwnDisk?: () => Promise<boolean>;
}

/** Watches the locks of others. One instance must live as long as it is to notice missing refreshes. */
export class LockObserver {
  readonly #store: Store;
  readonly #seen = new Map<string, { refresh: string; atMs: number }>();
  readonly #options: Required<ObserverOptions>;

  constructor(store: Store, options: ObserverOptions = {}) {
    const {
      nowMs = () => performance.now(),
      machine = uniqueMachineName,
      isOnOwnDisk = () => store.isOnDisk(),
    } = options;
    this.#store = store;
    this.#options = { nowMs, machine, isOnOwnDisk };
  }

  /** The state of the lock with `nonce`; a writer without a lock is dead. */
  async state(nonce: string): Promise<LockState> {
    const bytes = await this.#store.read(FOLDERS.locks, `${nonce}.json`);
    if (bytes === undefined) return 'dead';
    const lock = parseLock(bytes);
    const running = lock === undefined ? undefined : await isRunning(lock);
    if (running !== undefined) return running ? 'alive' : 'dead';
    if (lock !== undefined && (await this.#isOfEarlierBoot(lock))) return 'dead';
    // From another machine or namespace, or unreadable: only watching tells.
    const refresh = bytes.toString('latin1');
    const seen = this.#seen.get(nonce);
    if (seen?.refresh !== refresh) {
      this.#seen.set(nonce, { refresh, atMs: this.#options.nowMs() });
      return seen === undefined ? 'unknown' : 'alive';
    }
    return this.#options.nowMs() - seen.atMs >= DEAD_AFTER_MS ? 'dead' : 'unknown';
  }

  /**
   * The power went, or the machine was switched off: no process of it can run on. Both are asked for: firmware of two
   * machines can say the same, but then they cannot both have the disk; and who shares a folder over the network may
   * see it as a disk, but is another machine than the one that writes.
   */
  async #isOfEarlierBoot(lock: Holder): Promise<boolean> {
    if (lock.machine === undefined || (await isOfThisBoot(lock))) return false;
    return lock.machine === (await this.#options.machine()) && (await this.#options.isOnOwnDisk());
  }
}

type Holder = ProcessIdentity & { readonly machine?: string };

function parseLock(bytes: Buffer): Holder | undefined {
  try {
    const fields = parseSealed(bytes, 'lock');
    const identity = parseProcessIdentity(fields);
    const { machine } = fields;
    return identity === undefined || typeof machine !== 'string' ? identity : { ...identity, machine };
  } catch {
    // A torn or foreign lock is judged by watching it.
    return undefined;
  }
}
