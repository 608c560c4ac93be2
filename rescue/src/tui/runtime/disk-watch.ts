/**
 * Watches which disks there are, cheaply: a few small files of sysfs every second or two. Only when something has
 * changed are the disks described again, and never while a job reads or writes them.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addLimits, describeDisks, type ListedDisk } from '../../engine/index.ts';

const INTERVAL_MS = 1500;

export interface DiskWatchOptions {
  readonly onDisks: (disks: readonly ListedDisk[]) => void;
  readonly onError: (error: unknown) => void;
  /** A job runs: disks are left alone until it has ended. */
  readonly isBusy: () => boolean;
  readonly describe?: (signal: AbortSignal) => Promise<readonly ListedDisk[]>;
  /** Asks the disks themselves, which can take seconds. */
  readonly limit?: (disks: readonly ListedDisk[], signal: AbortSignal) => Promise<readonly ListedDisk[]>;
  readonly signature?: () => Promise<string>;
  readonly intervalMs?: number;
}

export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #controller = new AbortController();
  #last: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** Looks at once, and from then on. */
  start(): void {
    void this.#look();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }

  async #look(): Promise<void> {
    const { onError, isBusy, signature = diskSignature } = this.#options;
    const { signal } = this.#controller;
    try {
      if (this.#last === undefined || !isBusy()) await this.#lookFor(await signature());
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
    // Stopped meanwhile: a timer that is set now would keep the program from ending.
    if (signal.aborted) return;
    this.#timer = setTimeout(() => void this.#look(), this.#options.intervalMs ?? INTERVAL_MS);
  }

  /** Describes the disks if their signature is `now`, and was another. */
  async #lookFor(now: string): Promise<void> {
    if (now === this.#last) return;
    const { onDisks, signature = diskSignature } = this.#options;
    const { describe = describeDisks, limit = addLimits } = this.#options;
    const { signal } = this.#controller;
    const disks = await describe(signal);
    if (signal.aborted) return;
    this.#last = now;
    onDisks(disks);
    // Nobody waits for what a disk that dies says of itself.
    const limited = await limit(disks, signal);
    const isNews = limited.some(({ limits = [] }) => limits.length > 0);
    if (isNews && !this.#controller.signal.aborted && (await signature()) === now) onDisks(limited);
  }
}

/** Changes when a disk comes or goes, gets a medium or partitions, or something is mounted or let go. */
export async function diskSignature(): Promise<string> {
  const root = '/sys/block';
  const names = (await readdir(root).catch(() => [])).filter((name) => !/^z?ram\d/.test(name)).sort();
  const facts = await Promise.all(
    names.map(async (name) => {
      const read = (file: string): Promise<string> =>
        readFile(join(root, name, file), 'utf8').then(
          (text) => text.trim(),
          () => '',
        );
      const size = await read('size');
      // Loop devices without a file are many, and nothing.
      if (size === '0' && name.startsWith('loop')) return '';
      const entries = await readdir(join(root, name)).catch(() => []);
      const partitions = entries.filter((entry) => entry.startsWith(name)).sort();
      const holders = await readdir(join(root, name, 'holders')).catch(() => []);
      return [name, size, await read('diskseq'), await read('ro'), ...partitions, '<', ...holders].join(' ');
    }),
  );
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const mounted = mounts
    .split('\n')
    .map((line) => line.split(' ').slice(2, 5).join(' '))
    .join('\n');
  const swaps = await readFile('/proc/swaps', 'utf8').catch(() => '');
  return [...facts, mounted, swaps.replaceAll(/\s\d+/g, '')].join('\n');
}
