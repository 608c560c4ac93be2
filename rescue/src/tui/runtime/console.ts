/**
 * One terminal that the UI is drawn on: this process's own, or a console opened by its path. Owns raw mode, the
 * keys, the size, and what Ink draws; can give the terminal to a shell and take it back.
 */
import { spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { emitKeypressEvents } from 'node:readline';
import { ReadStream, WriteStream } from 'node:tty';
import { render, type Instance } from 'ink';
import { createElement } from 'react';
import { App } from '../components/app.ts';
import type { Frame } from '../components/layout.ts';
import { keyFrom, type NodeKey } from '../keys.ts';
import type { Session } from '../session.ts';

/** How long after Esc what follows still belongs to it: a serial line brings a key's bytes one by one. */
const ESCAPE_MS = 60;
/** How often the size of a console is asked for that sends no signal when it changes. */
const SIZE_MS = 2000;
/** Erases everything, and goes to the first line. */
const ERASE = '\x1b[0m\x1b[2J\x1b[H';

const fallback: Frame = { columns: 80, rows: 24 };

/** TERM and the locale of a console, and how it is reached. */
export interface ConsoleOptions {
  /** A device such as `/dev/ttyS0`; this process's own terminal if left out. */
  readonly path?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export class Console {
  readonly path: string | undefined;
  readonly environment: ConsoleOptions['environment'];
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  #session: Session | undefined;
  #instance: Instance | undefined;
  #sizeTimer: NodeJS.Timeout | undefined;

  /** Throws the system's error where the device cannot be opened. */
  constructor({ path, environment }: ConsoleOptions) {
    this.path = path;
    this.environment = environment;
    if (path === undefined) {
      this.#input = process.stdin;
      this.#output = process.stdout;
    } else {
      // Neither waits for a carrier, nor becomes the terminal whose Ctrl-C ends this process.
      const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
      this.#input = new ReadStream(openSync(path, flags));
      this.#output = new WriteStream(openSync(path, flags));
    }
    // A terminal that has gone away ends nothing.
    this.#output.on('error', () => undefined);
    this.#input.on('error', () => undefined);
  }

  /** A serial line is slow: fewer pictures a second. */
  get isSerial(): boolean {
    return (
      /\/tty(S|USB|AMA|ACM)|\/hvc/.test(this.path ?? '') ||
      this.environment['TERM']?.startsWith('vt') === true
    );
  }

  /** Whether the picture stays when the UI is taken off: Linux's own screens and old terminals have no second screen. */
  get #keepsPicture(): boolean {
    return /^(linux|vt\d)/.test(this.environment['TERM'] ?? '');
  }

  /** The size that the terminal reports; of lines that know none that of the environment, or 80×24. */
  get frame(): Frame {
    const sized = (value: number | undefined, name: string, otherwise: number): number => {
      if (value !== undefined && value > 0) return value;
      const given = Number(this.environment[name]);
      return Number.isInteger(given) && given > 0 ? given : otherwise;
    };
    return {
      columns: sized(this.#output.columns, 'COLUMNS', fallback.columns),
      rows: sized(this.#output.rows, 'LINES', fallback.rows),
    };
  }

  /** Draws `session` until {@link close}; its keys come from here. `onGone` is called when the terminal is no more. */
  show(session: Session, onGone: () => void): void {
    this.#session = session;
    emitKeypressEvents(this.#input, { escapeCodeTimeout: ESCAPE_MS } as never);
    this.#input.on('keypress', this.#onKey);
    this.#input.on('end', onGone);
    this.#output.on('resize', this.#onResize);
    if (this.path !== undefined) {
      this.#sizeTimer = setInterval(() => this.#refreshSize(), SIZE_MS);
      this.#sizeTimer.unref();
    }
    this.#draw();
  }

  /** Gives the terminal back as it was found. */
  close(): void {
    clearInterval(this.#sizeTimer);
    this.#undraw();
    this.#input.off('keypress', this.#onKey);
    this.#output.off('resize', this.#onResize);
    this.#input.unref();
    if (this.path === undefined) return;
    this.#input.destroy();
    this.#output.destroy();
  }

  /** Writes a line below what was on the terminal before the UI, and draws the UI again. */
  announce(line: string): void {
    this.#undraw();
    this.#output.write(`\r\n${line}\r\n`);
    this.#draw();
  }

  /** Runs a shell on the terminal; resolves when it has ended and the UI is drawn again. */
  async runShell(greeting: string): Promise<void> {
    this.#undraw();
    this.#output.write(`${this.#keepsPicture ? ERASE : ''}${greeting}\r\n`);
    const shell = this.environment['SHELL'] ?? '/bin/sh';
    const fd =
      this.path === undefined ? undefined : openSync(this.path, constants.O_RDWR | constants.O_NOCTTY);
    try {
      await new Promise<void>((resolve) => {
        const stdio = fd === undefined ? ('inherit' as const) : [fd, fd, fd];
        // A console of its own must become the shell's controlling terminal, or it has no job control.
        const [file, args] = fd === undefined ? [shell, []] : ['setsid', ['-c', shell, '-l']];
        const child = spawn(file, args, { stdio, env: { ...process.env, ...this.environment } });
        child.once('error', () => resolve());
        child.once('exit', () => resolve());
      });
    } finally {
      if (fd !== undefined) closeSync(fd);
      this.#draw();
    }
  }

  #draw(): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#input.setRawMode(true);
    this.#input.resume();
    const { columns, rows } = this.frame;
    // Ink asks the stream, and guesses by other programs where it does not know.
    if (!(this.#output.columns > 0 && this.#output.rows > 0))
      Object.assign(this.#output, { columns, rows } satisfies Frame);
    session.resize(this.frame);
    this.#instance = render(createElement(App, { session }), {
      stdin: this.#input,
      stdout: this.#output,
      stderr: this.#output,
      exitOnCtrlC: false,
      patchConsole: false,
      interactive: true,
      alternateScreen: true,
      incrementalRendering: true,
      maxFps: 30,
    });
  }

  #undraw(): void {
    this.#instance?.unmount();
    this.#instance?.cleanup();
    this.#instance = undefined;
    this.#input.pause();
    try {
      this.#input.setRawMode(false);
    } catch {
      // The terminal is gone: there is no mode to set.
    }
  }

  readonly #onKey = (text: string | undefined, nodeKey: NodeKey): void => {
    const session = this.#session;
    if (session === undefined || this.#instance === undefined) return;
    const key = keyFrom(text, nodeKey);
    if (key === undefined) return;
    if (key.name === 'redraw') {
      this.#undraw();
      this.#draw();
    } else session.press(key);
  };

  readonly #onResize = (): void => {
    this.#session?.resize(this.frame);
  };

  #refreshSize(): void {
    const [columns, rows] = this.#output.getWindowSize();
    if (columns === 0 || rows === 0) return;
    if (columns === this.#output.columns && rows === this.#output.rows) return;
    Object.assign(this.#output, { columns, rows } satisfies Frame);
    this.#output.emit('resize');
  }
}
