/** A real terminal for the UI: tmux, of which a test reads the screen and presses the keys. */
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../support/command.ts';
import { limitMs } from '../support/patience.ts';

export interface TerminalOptions {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
  /** Without one, as Linux's own screens are, what was drawn stays when a program leaves its second screen. */
  readonly hasSecondScreen?: boolean;
}

export class Terminal {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  /** Starts `command` on a terminal of its own, which is gone after the test. */
  static async open(t: TestContext, options: TerminalOptions): Promise<Terminal> {
    const { command, env = {}, columns = 80, rows = 24, hasSecondScreen = true } = options;
    const terminal = new Terminal(`permafrost-test-${process.pid}-${++count}`);
    const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
    const line = [
      'env',
      ...Object.entries({ LANG: 'C.UTF-8', ...env }).map(([name, value]) => `${name}=${value}`),
      ...command,
    ];
    // What it ended with stays on the screen.
    const script = `${line.map(quote).join(' ')}; echo "ended with $?"; exec cat`;
    t.after(() => run('tmux', ['-L', terminal.#socket, 'kill-server'], { accept: [0, 1] }));
    await terminal.#tmux(
      '-u',
      '-f',
      '/dev/null',
      ...['set-option', '-g', 'alternate-screen', hasSecondScreen ? 'on' : 'off', ';'],
      'new-session',
      '-d',
      '-x',
      String(columns),
      '-y',
      String(rows),
      script,
    );
    return terminal;
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    return (await run('tmux', ['-L', this.#socket, ...args])).stdout;
  }

  /** The lines that are shown. */
  async screen(): Promise<string> {
    return this.#tmux('capture-pane', '-p');
  }

  /** The screen once it shows `wanted`; fails with what it shows when that takes too long. */
  async see(wanted: string | RegExp, seconds = 120): Promise<string> {
    const end = performance.now() + limitMs(seconds);
    for (;;) {
      const screen = await this.screen();
      // What is longer than a line goes on below.
      const flowing = screen.replaceAll(/\s+/g, ' ');
      if (typeof wanted === 'string' ? flowing.includes(wanted) : wanted.test(flowing)) return screen;
      if (performance.now() > end) throw new Error(`never seen: ${String(wanted)}\n${screen}`);
      await delay(50);
    }
  }

  /** Keys by their tmux names: `Enter`, `Down`, `Escape`, `F1`. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#tmux('send-keys', key);
  }

  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', text);
  }

  /** What the entry with the focus is called, '' while it is drawn: what stands beside it may come later. */
  async #focused(): Promise<string> {
    const line = (await this.screen()).split('\n').find((shown) => /^ [›>] /.test(shown)) ?? '';
    return line.trim().split(/ {2,}/)[0]!;
  }

  /** Presses `key` until the line with the focus shows `wanted`. */
  async moveTo(wanted: string, key = 'Down'): Promise<void> {
    for (let i = 0; i < 60; i++) {
      const focused = await this.#focused();
      if (focused.includes(wanted)) return;
      await this.press(key);
      // Only another focus answers the key: a picture is also drawn anew because a disk came. A key that is not
      // waited for would move the focus on after the wanted entry was seen.
      const end = performance.now() + limitMs(5);
      for (let now = focused; (now === focused || now === '') && performance.now() < end;) {
        await delay(20);
        now = await this.#focused();
      }
    }
    throw new Error(`the focus never came to: ${wanted}\n${await this.screen()}`);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }
}

let count = 0;
