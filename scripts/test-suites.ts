/** What `scripts/test.ts` runs: commands that pass or fail, test files, and several of them side by side. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addCounts, noCounts, type Counts } from './test-counts.ts';
import { asRoot } from './test-root.ts';
import { cleanScratch } from './test-scratch.ts';

export const tiers = ['fast', 'all', 'long', 'vm'] as const;
export type Tier = (typeof tiers)[number];
const limitSeconds: Record<Tier, number> = { fast: 120, all: 600, long: 4 * 3600, vm: 600 };

/** How much more `make test-long` does, unless the environment says otherwise. */
const longFactors = {
  PERMAFROST_FUZZ_FACTOR: '20',
  PERMAFROST_KILLS: '100',
  PERMAFROST_FLIPS: '300',
  PERMAFROST_CUTS: '100',
} as const;

export interface Suite {
  readonly name: string;
  readonly run: () => Promise<Counts>;
}

const passed: Counts = { ...noCounts, passed: 1 };
export const failed: Counts = { ...noCounts, failed: 1 };

const running = new Set<ChildProcess>();
let interrupted = false;

/** Whether a signal has come: nothing new is to be started. */
export const wasInterrupted = (): boolean => interrupted;

/** After Ctrl-C or a TERM what runs is ended, nothing new is started, and what was left is cleaned up. */
export function stopOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interrupted = true;
      for (const child of running) child.kill(signal);
    });
  }
}

/** Runs a command to its end and resolves to whether it exited with 0; `show` gets its output as it comes. */
function execute(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  show: (text: string) => void,
): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command[0]!, command.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', show);
    child.once('error', (error) => {
      show(`${command.join(' ')}: ${error.message}\n`);
      resolve(false);
    });
    child.once('close', (code) => {
      running.delete(child);
      resolve(code === 0);
    });
  });
}

const print = (text: string): void => void process.stdout.write(text);

/** One command that passes or fails as a whole. */
export interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

export const check = (name: string, ...command: readonly string[]): Check => ({ name, command });

/** Several checks as one suite, two at once: most of them leave half of the machine idle. */
export function checks(list: readonly Check[], name = 'checks', jobs = 2): Suite {
  const run = async (): Promise<Counts> => {
    const queue = [...list];
    let sum = noCounts;
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined && !interrupted; next = queue.shift()) {
        const started = performance.now();
        let output = '';
        const good = await execute(next.command, process.env, (text) => (output += text));
        sum = addCounts(sum, good ? passed : failed);
        print(`${output}${good ? '✔' : '✖'} ${next.name} (${seconds(started)} s)\n`);
      }
    };
    await Promise.all(Array.from({ length: jobs }, worker));
    return sum;
  };
  return { name, run };
}

export const seconds = (started: number): string => ((performance.now() - started) / 1000).toFixed(0);

/** Suites of which one leaves a part of the machine idle that the other can use. */
export function together(...list: readonly Suite[]): Suite {
  const run = async (): Promise<Counts> => {
    const counts = await Promise.all(list.map(({ run }) => run()));
    return counts.reduce(addCounts);
  };
  return { name: list.map(({ name }) => name).join(' and '), run };
}

export interface FileOptions {
  readonly tier: Tier;
  readonly scratch: string;
  readonly root?: boolean;
  /** How many files run at once. */
  readonly jobs?: number;
  /** How much longer everything takes than alone on the machine. */
  readonly slowness?: number;
  /** The image that virtual machines start, if not the one of `make iso`, and the certificate that it is signed with. */
  readonly signed?: { readonly iso: string; readonly ownerKey: string };
}

export function testFiles(name: string, files: readonly string[], options: FileOptions): Suite {
  const { tier, scratch, root = false, jobs = 2, slowness = 1, signed } = options;
  const run = async (): Promise<Counts> => {
    if (files.length === 0) {
      console.log(`no test file matches`);
      return failed;
    }
    const factor = Number(process.env['PERMAFROST_TIMEOUT_FACTOR'] ?? 1) * slowness;
    const countsPath = join(scratch, `${name.replaceAll(' ', '-')}.json`);
    const limit = limitSeconds[tier] * factor;
    const command = [
      process.execPath,
      'scripts/test-files.ts',
      '--jobs',
      String(jobs),
      '--limit',
      String(limit),
      '--counts',
      countsPath,
    ];
    const testScratch = join(scratch, 'files');
    await mkdir(testScratch, { recursive: true });
    const env: NodeJS.ProcessEnv = {
      ...(tier === 'long' ? longFactors : {}),
      ...process.env,
      PERMAFROST_TIMEOUT_FACTOR: String(factor),
      PERMAFROST_SCRATCH: testScratch,
      ...(root ? { PERMAFROST_PROGRAM: programFor(scratch) } : {}),
      ...(signed === undefined ? {} : { PERMAFROST_ISO: signed.iso, PERMAFROST_OWNER_KEY: signed.ownerKey }),
      // The program is started from its sources thousands of times; compiled once, each start takes a fifth.
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(scratch, 'compiled'),
    };
    const whole = [...command, ...files];
    const done = await execute(root ? asRoot(whole, env) : whole, env, print);
    const counts = await readFile(countsPath, 'utf8').then(
      (text) => JSON.parse(text) as Counts,
      () => failed,
    );
    const left = await cleanScratch(testScratch);
    if (left.length > 0) console.log(`\n✖ these tests left behind:\n  ${left.join('\n  ')}`);
    const strayed = left.length > 0 || (!done && counts.failed === 0);
    return strayed ? addCounts(counts, failed) : counts;
  };
  return { name, run };
}

/** The executable as tests start it. A copy: `dist/permafrost` is what a person may build anew meanwhile. */
export const programFor = (scratch: string): string => join(scratch, 'permafrost');

/** What cannot be done here is said, and counted as skipped. */
export const notRun = (name: string, why: string): Suite => ({
  name,
  run: () => {
    console.log(`○ not run: ${why}`);
    return Promise.resolve({ ...noCounts, skipped: 1 });
  },
});
