/** The places that are in reach: each rule is mounted once, and unmounted when nobody needs it any more. */
import { randomUUID } from 'node:crypto';
import { opendir, statfs } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RepositoryRule } from '../unattended/job-file.ts';
import type { Server } from '../unattended/network.ts';
import { placeRepository, type PlacedRepository, type PlaceOptions } from '../unattended/repository-rule.ts';
import type { Place } from './job-host.ts';

/** How long a folder that was in reach may take to answer before it is mounted anew. */
const ANSWER_LIMIT_MS = 3000;

interface Made {
  readonly place: Place;
  readonly placed: PlacedRepository;
}

interface Entry {
  readonly making: Promise<Made>;
  /** Once it is. */
  made?: Made;
  /** Jobs that use it now. */
  uses: number;
  /** To be unmounted after the last use. */
  unwanted: boolean;
}

export class PlaceTable {
  readonly #entries = new Map<string, Entry>();

  /** The place of `rule`, mounted if it is not yet. Throws `job-file/repository`. */
  async place(rule: RepositoryRule, options: PlaceOptions): Promise<Place> {
    const key = JSON.stringify(rule);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      const { place } = await known.making;
      known.unwanted = false;
      if (known.uses > 0 || (await isAlive(place.path))) return withFree(place);
      // A stick that was pulled out, a server that forgot us.
      await this.#remove(key).catch(() => undefined);
    }
    const entry: Entry = { making: this.#make(rule, options), uses: 0, unwanted: false };
    this.#entries.set(key, entry);
    try {
      entry.made = await entry.making;
      return entry.made.place;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  /** Unmounts the place `id`, after the job that uses it. Throws `job-file/unmount`. */
  async release(id: string): Promise<void> {
    for (const [key, entry] of this.#entries) {
      if (entry.made?.place.id !== id) continue;
      if (entry.uses > 0) entry.unwanted = true;
      else await this.#remove(key);
    }
  }

  /** Keeps the place that holds `path` until the result is called; its server, if it has one. */
  use(path: string | undefined): { readonly server?: Server; readonly end: () => Promise<void> } {
    for (const [key, entry] of this.#entries) {
      if (path === undefined || entry.made === undefined || !isWithin(entry.made.place.path, path)) continue;
      entry.uses++;
      const { server } = entry.made.placed;
      return {
        ...(server === undefined ? {} : { server }),
        end: async () => {
          if (--entry.uses === 0 && entry.unwanted) await this.#remove(key).catch(() => undefined);
        },
      };
    }
    return { end: () => Promise.resolve() };
  }

  /** Unmounts everything. */
  async releaseAll(): Promise<void> {
    await Promise.allSettled([...this.#entries.keys()].map((key) => this.#remove(key)));
  }

  async #make(rule: RepositoryRule, options: PlaceOptions): Promise<Made> {
    const placed = await placeRepository(rule, options);
    return { place: await withFree({ id: randomUUID(), rule, path: placed.path }), placed };
  }

  async #remove(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    const made = await entry.making.catch(() => undefined);
    await made?.placed.release();
  }
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}

async function withFree({ id, rule, path }: Place): Promise<Place> {
  const place = { id, rule, path };
  const freeBytes = await within(
    statfs(place.path).then(
      ({ bavail, bsize }) => bavail * bsize,
      () => undefined,
    ),
  );
  return freeBytes === undefined ? place : { ...place, freeBytes };
}

async function isAlive(path: string): Promise<boolean> {
  const looked = opendir(path).then(
    async (folder) => {
      try {
        await folder.read();
        return true;
      } finally {
        await folder.close();
      }
    },
    // A folder that is yet to be made is no sign of death.
    (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT',
  );
  return (await within(looked.catch(() => false))) ?? false;
}

/** What `work` resolves to, or undefined if it takes too long. */
async function within<T>(work: Promise<T>): Promise<T | undefined> {
  const limit = new AbortController();
  try {
    return await Promise.race([
      work,
      sleep(ANSWER_LIMIT_MS, undefined, { signal: limit.signal, ref: false }).catch(() => undefined),
    ]);
  } finally {
    limit.abort();
  }
}
