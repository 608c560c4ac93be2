/**
 * Runs test files, each in a process of its own, a bounded number at once, each under a time limit:
 *   node scripts/test-files.ts [--jobs N] [--limit SECONDS] [--counts FILE] FILE...
 * Every file reports through node:test's own reporter. `--counts` receives the sums as JSON, so that a
 * caller on the other side of sudo can add them up.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { addCounts, countsFromTap, noCounts, type Counts } from './test-counts.ts';

const running = new Set<ChildProcess>();

/** Ends the file's process and whatever it started: each file leads a process group of its own. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}

interface FileResult {
  readonly counts: Counts;
  readonly output: string;
  readonly seconds: number;
}

async function runFile(path: string, limitMs: number, scratch: string): Promise<FileResult> {
  const started = performance.now();
  const tap = join(scratch, `${path.replaceAll('/', '+')}.tap`);
  const reporters = [
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=tap',
    `--test-reporter-destination=${tap}`,
  ];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...reporters, path], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => (output += text));
  }
  const timer = setTimeout(() => killGroup(child), limitMs);
  // 'exit', not 'close': something left behind could hold the pipes open for ever.
  const exit = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      setTimeout(() => resolve(signal ?? `exit ${code ?? -1}`), 20);
    });
  });
  const late = performance.now() - started >= limitMs;
  clearTimeout(timer);
  running.delete(child);
  killGroup(child);
  const counts = countsFromTap(await readFile(tap, 'utf8').catch(() => ''));
  const problem = late
    ? `took longer than ${limitMs / 1000} s and was ended`
    : exit !== 'exit 0' && counts.failed === 0
      ? `ended with ${exit} though no test failed`
      : counts.passed + counts.failed + counts.skipped === 0
        ? 'ran no test'
        : undefined;
  const seconds = (performance.now() - started) / 1000;
  // The reporter's own sums per file would drown the tests; ours follow in one line.
  const shown = output.replace(/^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) .*\n/gm, '');
  if (problem === undefined) return { counts, output: shown, seconds };
  return {
    counts: { ...counts, failed: counts.failed + 1 },
    output: `${shown}✖ ${path} ${problem}\n`,
    seconds,
  };
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      jobs: { type: 'string', default: '2' },
      limit: { type: 'string', default: '600' },
      counts: { type: 'string' },
    },
  });
  const limitMs = Number(values.limit) * 1000;
  const scratch = await mkdtemp(join(tmpdir(), 'permafrost-tap-'));
  const queue = [...positionals];
  let sum = noCounts;
  const worker = async (): Promise<void> => {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      const { counts, output, seconds } = await runFile(path, limitMs, scratch);
      sum = addCounts(sum, counts);
      const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
      process.stdout.write(
        `\n${path}\n${output}  ${counts.passed} passed, ${counts.failed} failed${skipped} (${seconds.toFixed(1)} s)\n`,
      );
    }
  };
  try {
    await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  if (values.counts !== undefined) await writeFile(values.counts, JSON.stringify(sum));
  return sum.failed === 0 && sum.passed > 0 ? 0 : 1;
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.on(signal, () => {
    running.forEach(killGroup);
    process.exit(code);
  });
}
process.exitCode = await main();
