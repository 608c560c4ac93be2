/**
 * Benchmarks against peers: every contestant does the same work on the same file system, in turn, round after
 * round, and ends with its data synced. Medians and ratios are printed and written to docs/.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { plot } from './bench-plot.ts';

interface Contestant {
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
  readonly outputBytes?: number;
}

const root = resolve(import.meta.dirname, '..');
const rounds = Number(process.argv[2] ?? 5);
const work = mkdtempSync(join(process.env['PERMAFROST_SCRATCH'] ?? tmpdir(), 'permafrost-bench-'));
const permafrost = join(root, 'dist/permafrost');
const results: Result[] = [];
const environment = {
  ...process.env,
  BORG_REPO: join(work, 'borg'),
  BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
  RESTIC_REPOSITORY: join(work, 'restic'),
  RESTIC_PASSWORD: 'bench',
  RESTIC_CACHE_DIR: join(work, 'cache'),
  BORG_BASE_DIR: join(work, 'borg-base'),
};

function shell(command: string): string {
  return execFileSync('bash', ['-euo', 'pipefail', '-c', command], {
    cwd: work,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  });
}

function sizeOf(path: string): number {
  const full = join(work, path);
  return statSync(full).isDirectory() ? Number(shell(`du -sb ${path} | cut -f1`)) : statSync(full).size;
}

/** Words of names that are left out, to spare time: `PERMAFROST_BENCH_WITHOUT=borg,restic`. */
const without = (process.env['PERMAFROST_BENCH_WITHOUT'] ?? '').split(',').filter((word) => word !== '');

function race(group: string, all: readonly Contestant[]): void {
  const contestants = all.filter(({ name }) => !without.some((word) => name.includes(word)));
  const seconds = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, before, command } of contestants) {
      if (before !== undefined) shell(before);
      shell('sync; echo 3 > /proc/sys/vm/drop_caches');
      const startMs = performance.now();
      shell(command);
      seconds.get(name)!.push((performance.now() - startMs) / 1000);
    }
  }
  for (const { name, output } of contestants) {
    const sorted = seconds.get(name)!.sort((a, b) => a - b);
    const result: Result = {
      group,
      name,
      medianSeconds: sorted[Math.floor(sorted.length / 2)]!,
      minSeconds: sorted[0]!,
      maxSeconds: sorted.at(-1)!,
      ...(output === undefined ? {} : { outputBytes: sizeOf(output) }),
    };
    results.push(result);
    const bytes = result.outputBytes === undefined ? '' : `  ${(result.outputBytes / 1e6).toFixed(1)} MB`;
    console.log(`${group.padEnd(22)} ${name.padEnd(34)} ${result.medianSeconds.toFixed(2)} s${bytes}`);
  }
}

/** An ext4 file system with real files: this machine's programs, libraries and documents. */
function makeSource(): void {
  shell(
    'truncate -s 4G source.img; mke2fs -q -F -t ext4 source.img; mkdir -p mnt; mount -o loop source.img mnt',
  );
  try {
    shell(
      'mkdir mnt/files; for d in /usr/lib/x86_64-linux-gnu /usr/share /usr/bin; do [ "$(du -sm mnt/files | cut -f1)" -gt 1100 ] || cp -a --parents $d mnt/files 2>/dev/null || true; done',
    );
  } finally {
    shell('umount mnt');
  }
  shell('partclone.ext4 -c -a0 -s source.img -O used.bin -L log 2>/dev/null');
}

function capture(): void {
  const partclone = 'partclone.ext4 -c -s source.img -o - -L log 2>/dev/null';
  race('first image, level 3', [
    {
      name: 'permafrost',
      before: 'rm -rf repo; sync',
      command: `${permafrost} image source.img --repo repo >/dev/null 2>&1`,
      output: 'repo',
    },
    {
      name: 'partclone | zstd -3 -T0',
      before: 'rm -f a.zst',
      command: `${partclone} | zstd -q -3 -T0 -o a.zst; sync a.zst`,
      output: 'a.zst',
    },
    {
      name: 'partclone -a0 | zstd -3 -T0',
      before: 'rm -f b.zst',
      command: `${partclone} -a0 | zstd -q -3 -T0 -o b.zst; sync b.zst`,
      output: 'b.zst',
    },
    {
      name: 'fsarchiver -Z3 -j2',
      before: 'rm -f c.fsa',
      command: 'fsarchiver savefs -Z3 -j2 -o c.fsa $(cat loop) >/dev/null 2>&1; sync c.fsa',
      output: 'c.fsa',
    },
    {
      name: 'zstd -3 -T0 of the used bytes',
      before: 'rm -f d.zst',
      command: 'zstd -q -3 -T0 used.bin -o d.zst; sync d.zst',
      output: 'd.zst',
    },
    {
      name: 'borg, zstd 3, device',
      before: 'rm -rf borg; borg init -e none',
      command: 'borg create -C zstd,3 --read-special ::a $(cat loop); sync',
      output: 'borg',
    },
    {
      name: 'restic, device',
      before: 'rm -rf restic; restic -q init',
      command: 'restic -q backup --stdin < $(cat loop); sync',
      output: 'restic',
    },
  ]);
}

function again(): void {
  race('second image, unchanged', [
    { name: 'permafrost', command: `${permafrost} image source.img --repo repo >/dev/null 2>&1` },
    {
      name: 'dd of the used bytes, direct',
      command: 'dd if=used.bin of=/dev/null bs=4M iflag=direct status=none',
    },
    { name: 'borg', command: 'borg create -C zstd,3 --read-special ::b$RANDOM$RANDOM $(cat loop); sync' },
    { name: 'restic', command: 'restic -q backup --stdin < $(cat loop); sync' },
  ]);
}

function restore(): void {
  const blank = 'rm -f target.img; truncate -s 4G target.img';
  race('restore', [
    {
      name: 'permafrost --no-verify',
      before: blank,
      command: `${permafrost} restore latest target.img --repo repo --yes --no-verify >/dev/null 2>&1`,
    },
    {
      name: 'permafrost, read back',
      before: blank,
      command: `${permafrost} restore latest target.img --repo repo --yes >/dev/null 2>&1`,
    },
    {
      name: 'zstd -dc | partclone -r',
      before: blank,
      command: 'zstd -dc a.zst | partclone.restore -C -s - -O target.img -L log 2>/dev/null; sync target.img',
    },
  ]);
}

try {
  makeSource();
  mkdirSync(join(work, 'cache'));
  shell('losetup --find --show --read-only source.img > loop');
  try {
    console.log(`${(sizeOf('used.bin') / 1e9).toFixed(2)} GB used, ${rounds} rounds`);
    capture();
    again();
    restore();
  } finally {
    shell('losetup --detach $(cat loop)');
  }
  writeFileSync(
    join(root, 'docs/benchmarks.json'),
    `${JSON.stringify({ usedBytes: sizeOf('used.bin'), rounds, results }, null, 2)}\n`,
  );
  writeFileSync(join(root, 'docs/benchmarks.svg'), plot(results));
} finally {
  rmSync(work, { recursive: true, force: true });
}
