/** Runs contestants in turn, round after round, each ending with its data synced, and keeps their times. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Contestant {
  readonly name: string;
  /** Prepares a run, not timed. */
  readonly before?: string;
  readonly command: string;
  /** File or folder whose size is the result's. */
  readonly output?: string;
}

export interface Result {
  readonly group: string;
  readonly name: string;
  readonly medianSeconds: number;
  readonly minSeconds: number;
  readonly maxSeconds: number;
  /** Largest resident memory of one process of it, in bytes. */
  readonly peakBytes: number;
  readonly outputBytes?: number;
  /** Median of what Permafrost's commit took to read its packs back, a part of its time. */
  readonly rereadSeconds?: number;
}

/** Where Permafrost's report of the last run lies, in the working folder. */
export const REPORT = 'report.jsonl';

/** Words of names that are left out, to spare time: `PERMAFROST_BENCH_WITHOUT=borg,restic`. */
const without = (process.env['PERMAFROST_BENCH_WITHOUT'] ?? '').split(',').filter((word) => word !== '');

export class Bench {
  readonly folder: string;
  readonly rounds: number;
  readonly results: Result[] = [];
  readonly #environment: NodeJS.ProcessEnv;

  constructor(folder: string, rounds: number) {
    this.folder = folder;
    this.rounds = rounds;
    this.#environment = {
      ...process.env,
      BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
      BORG_BASE_DIR: join(folder, 'borg-base'),
      RESTIC_PASSWORD: 'bench',
      RESTIC_CACHE_DIR: join(folder, 'cache'),
    };
  }

  /** Runs `command` by bash in the working folder; its standard output. */
  shell(command: string): string {
    return execFileSync('bash', ['-euo', 'pipefail', '-c', command], {
      cwd: this.folder,
      env: this.#environment,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 28,
    });
  }

  /** Bytes of a file, or of all files of a folder. */
  sizeOf(path: string): number {
    const full = join(this.folder, path);
    if (statSync(full).isDirectory()) return Number(this.shell(`du -sb ${path} | cut -f1`));
    return statSync(full).size;
  }

  /** The sums of the report of Permafrost's last run. */
  reportSums(): Readonly<Record<string, number>> {
    const last = readFileSync(join(this.folder, REPORT), 'utf8').trim().split('\n').at(-1)!;
    return (JSON.parse(last) as { sums: Record<string, number> }).sums;
  }

  /** Seconds and peak memory of one run, after the caches were emptied. */
  time(command: string): { seconds: number; peakBytes: number } {
    this.shell('sync; echo 3 > /proc/sys/vm/drop_caches');
    const startMs = performance.now();
    const quoted = `'${command.replaceAll("'", `'\\''`)}'`;
    this.shell(`/usr/bin/time -f %M -o peak bash -euo pipefail -c ${quoted}`);
    const seconds = (performance.now() - startMs) / 1000;
    const peakBytes =
      Number(readFileSync(join(this.folder, 'peak'), 'utf8').trim().split('\n').at(-1)) * 1024;
    return { seconds, peakBytes };
  }

  race(group: string, all: readonly Contestant[]): void {
    const contestants = all.filter(({ name }) => !without.some((word) => name.includes(word)));
    const runs = contestants.map(() => ({ seconds: [] as number[], rereads: [] as number[], peakBytes: 0 }));
    for (let round = 0; round < this.rounds; round++) {
      contestants.forEach(({ before, command }, i) => {
        if (before !== undefined) this.shell(before);
        const { seconds, peakBytes } = this.time(command);
        runs[i]!.seconds.push(seconds);
        runs[i]!.peakBytes = Math.max(runs[i]!.peakBytes, peakBytes);
        if (command.includes(REPORT)) runs[i]!.rereads.push((this.reportSums()['rereadMs'] ?? 0) / 1000);
      });
    }
    contestants.forEach(({ name, output }, i) => {
      const { seconds, rereads, peakBytes } = runs[i]!;
      const rereadSeconds = median(rereads);
      this.add({
        group,
        name,
        medianSeconds: median(seconds),
        minSeconds: Math.min(...seconds),
        maxSeconds: Math.max(...seconds),
        peakBytes,
        ...(output === undefined ? {} : { outputBytes: this.sizeOf(output) }),
        ...(rereadSeconds > 0 ? { rereadSeconds } : {}),
      });
    });
  }

  add(result: Result): void {
    this.results.push(result);
    const { group, name, medianSeconds, outputBytes, rereadSeconds } = result;
    const bytes = outputBytes === undefined ? '' : `  ${(outputBytes / 1e6).toFixed(1)} MB`;
    const reread = rereadSeconds === undefined ? '' : `  (re-read ${rereadSeconds.toFixed(2)} s)`;
    console.log(`${group.padEnd(24)} ${name.padEnd(32)} ${medianSeconds.toFixed(2)} s${reread}${bytes}`);
  }
}

export function median(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
