/**
 * What the terminal UI costs a job, and how soon it answers a key while one runs at full speed: the runner checks an
 * image again and again, with the UI of another process attached on a terminal of its own and without, in turns.
 * Usage: node rescue/test/tui/measure-ui.ts [--rounds N] [--gib N]   Needs dist/permafrost.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import xterm from '@xterm/headless';
import type { JobHost } from '../../src/runner/job-host.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '6' }, gib: { type: 'string', default: '2' } },
});
const permafrost = resolve('dist/permafrost');
const folder = mkdtempSync(join(process.env['PERMAFROST_SCRATCH'] ?? '/var/tmp', 'permafrost-ui-bench-'));
process.env['PERMAFROST_RUN_DIR'] = join(folder, 'run');
// Where the runner listens is decided when its modules are loaded.
const { RunnerClient } = await import('../../src/runner/runner-client.ts');

const F1 = '\x1bOP';
/** What only the page that explains the other one says. */
const HELP = 'P pauses it';

const repository = join(folder, 'repository');
const job = { kind: 'verify', repository } as const;

/** Files that compress no better than photographs do. */
function makeRepository(): void {
  const path = join(folder, 'disk.img');
  const file = openSync(path, 'w');
  const piece = randomBytes(64 << 20);
  for (let i = 0; i < Number(values.gib) * 16; i++) {
    // Another beginning of each chunk makes it another chunk.
    for (let at = 0; at < piece.length; at += 65536) piece.writeUInt32LE(i, at);
    writeSync(file, piece);
  }
  closeSync(file);
  execFileSync(permafrost, ['image', path, '--repo', repository, '--raw', '--level', '1'], {
    stdio: 'ignore',
  });
  rmSync(path);
}

/** User and system time of a process so far, in seconds. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Starts the job; resolves to its seconds when it has ended. */
async function runJob(host: JobHost): Promise<number> {
  const { digest } = await host.plan(job);
  const ended = new Promise<number>((done, fail) => {
    const stop = host.subscribe((state) => {
      if (state.kind !== 'ended') return;
      stop();
      if (state.report?.outcome === 'done') done(state.report.seconds);
      else fail(new Error(JSON.stringify(state.error ?? state.report)));
    });
  });
  await host.start(job, digest);
  const seconds = await ended;
  await host.dismiss();
  return seconds;
}

/** The UI on a terminal of its own, and what that shows. */
class Ui {
  readonly #child: ChildProcess;
  readonly #screen = new xterm.Terminal({ cols: 80, rows: 24, allowProposedApi: true });
  #changed: () => void = () => undefined;

  private constructor() {
    const command = `stty cols 80 rows 24; exec ${permafrost} tui`;
    this.#child = spawn('script', ['-qfec', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, TERM: 'xterm', LANG: 'C.UTF-8' },
    });
    this.#child
      .stdout!.setEncoding('utf8')
      .on('data', (text: string) => this.#screen.write(text, () => this.#changed()));
  }

  static async start(): Promise<Ui> {
    const ui = new Ui();
    await ui.shows('Permafrost');
    return ui;
  }

  async shows(text: string, wanted = true): Promise<void> {
    while (this.#text().includes(text) !== wanted)
      await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  /** Milliseconds from the key until the screen shows `text`, or no longer does. */
  async press(key: string, text: string, wanted: boolean): Promise<number> {
    const start = performance.now();
    this.#child.stdin!.write(key);
    await this.shows(text, wanted);
    return performance.now() - start;
  }

  /** The process of the UI itself, below that of the terminal and its shell. */
  get pid(): number {
    const pid = this.#child.pid!;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'exit');
    process.kill(this.pid, 'SIGTERM');
    await ended;
  }

  #text(): string {
    const { active } = this.#screen.buffer;
    return Array.from(
      { length: this.#screen.rows },
      (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '',
    ).join(' ');
  }
}

const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;

async function main(): Promise<void> {
  makeRepository();
  const runner = spawn(permafrost, ['runner'], { stdio: 'inherit' });
  const host = await RunnerClient.open();
  while (host.state.kind === 'lost') await sleep(100);
  try {
    await runJob(host);
    const ratios: number[] = [];
    const shares: number[] = [];
    const keys: number[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const alone = await runJob(host);
      const ui = await Ui.start();
      // What it does when it starts is no cost of a job.
      await sleep(2000);
      const [uiBefore, runnerBefore] = [processorSeconds(ui.pid), processorSeconds(runner.pid!)];
      const watched = await runJob(host);
      const [uiSeconds, runnerSeconds] = [
        processorSeconds(ui.pid) - uiBefore,
        processorSeconds(runner.pid!) - runnerBefore,
      ];
      ratios.push(alone / watched);
      shares.push(uiSeconds / (uiSeconds + runnerSeconds));
      await ui.end();
      // A new one goes to the job that runs; the old one may still be at the report of the one before.
      const last = runJob(host);
      const asked = await Ui.start();
      await asked.shows('Checking');
      for (let i = 0; i < 5 && host.state.kind === 'running'; i++) {
        keys.push(await asked.press(F1, HELP, true), await asked.press(F1, HELP, false));
      }
      await last;
      await asked.end();
      console.error(
        `alone ${alone.toFixed(2)} s, watched ${watched.toFixed(2)} s; processor: runner ${runnerSeconds.toFixed(2)} s, UI ${uiSeconds.toFixed(2)} s`,
      );
    }
    console.log('| what | median | worst |');
    console.log('|---|---|---|');
    const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
    console.log(
      `| speed with the UI, of that without | ${percent(median(ratios))} | ${percent(Math.min(...ratios))} |`,
    );
    console.log(
      `| processor time of the UI, of all | ${percent(median(shares))} | ${percent(Math.max(...shares))} |`,
    );
    console.log(
      `| a key until the screen answers (${keys.length}) | ${median(keys).toFixed(0)} ms | ${Math.max(...keys).toFixed(0)} ms |`,
    );
  } finally {
    await host.close();
    const ended = once(runner, 'exit');
    runner.kill('SIGTERM');
    await ended;
  }
}

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
