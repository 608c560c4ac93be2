/** The first serial port: everything it said, and the screen that a terminal there would show. */
import xterm from '@xterm/headless';
import { HostSocket } from './host-socket.ts';
import { Watch } from './watch.ts';

const keys = {
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  enter: '\r',
  escape: '\x1b',
  tab: '\t',
  backspace: '\x7f',
  f1: '\x1bOP',
} as const;
export type SerialKey = keyof typeof keys;

const mostLogged = 8 << 20;

export class SerialScreen {
  readonly #terminal: xterm.Terminal;
  readonly #watch = new Watch();
  readonly #decoder = new TextDecoder();
  readonly #socket: HostSocket;
  #log = '';

  private constructor(socket: HostSocket, cols: number, rows: number) {
    this.#socket = socket;
    this.#terminal = new xterm.Terminal({ cols, rows, scrollback: 500, allowProposedApi: true });
  }

  static async listen(path: string, columns = 80, rows = 24): Promise<SerialScreen> {
    const socket = await HostSocket.listen(path, (bytes) => screen.#receive(bytes));
    const screen = new SerialScreen(socket, columns, rows);
    // A terminal answers when it is asked what it is or where its cursor stands.
    screen.#terminal.onData((answer) => void screen.#socket.send(answer).catch(() => undefined));
    return screen;
  }

  get path(): string {
    return this.#socket.path;
  }

  #receive(bytes: Buffer): void {
    // The terminal's own decoder loses characters whose bytes come in two pieces.
    const text = this.#decoder.decode(bytes, { stream: true });
    this.#log += text.slice(0, Math.max(0, mostLogged - this.#log.length));
    this.#terminal.write(text, () => this.#watch.changed());
    this.#watch.changed();
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
  }

  /** Everything that was said, with its control sequences; the first 8 MiB. */
  get log(): string {
    return this.#log;
  }

  /** Everything that was said, as lines of plain text. */
  get plainLog(): string {
    return plainText(this.#log);
  }

  /** The screen as it is now: its rows without the spaces at their ends. */
  get rows(): string[] {
    const buffer = this.#terminal.buffer.active;
    return Array.from({ length: this.#terminal.rows }, (_, row) => {
      return buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? '';
    });
  }

  get text(): string {
    return this.rows.join('\n');
  }

  /** Waits until the serial port has said `pattern` at any time; resolves to the match. */
  says(pattern: RegExp, seconds: number): Promise<RegExpExecArray> {
    return this.#watch.until(
      () => pattern.exec(plainText(this.#log)) ?? undefined,
      seconds,
      () => `the serial port says ${String(pattern)}`,
    );
  }

  /** Waits until the screen shows `pattern`; resolves to the match. */
  shows(pattern: RegExp | string, seconds: number): Promise<RegExpExecArray> {
    const wanted = typeof pattern === 'string' ? new RegExp(escapePattern(pattern)) : pattern;
    return this.#watch.until(
      () => wanted.exec(this.text) ?? undefined,
      seconds,
      () => `the serial screen shows ${String(pattern)}`,
    );
  }

  /** Waits until `probe` of the screen's rows gives a value. */
  becomes<T>(probe: (rows: readonly string[]) => T | undefined, seconds: number, what: string): Promise<T> {
    return this.#watch.until(
      () => probe(this.rows),
      seconds,
      () => what,
    );
  }

  async type(text: string): Promise<void> {
    await this.#socket.send(text);
  }

  async press(...names: readonly SerialKey[]): Promise<void> {
    for (const name of names) await this.#socket.send(keys[name]);
  }

  end(reason: Error): void {
    this.#socket.close();
    this.#watch.end(reason);
  }
}

/** `text` without the control sequences of terminals, its lines ended by a newline. */
export function plainText(text: string): string {
  return text

    .replace(/\x1b(\[[0-9;?=>]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[ -~])/g, '')
    .replace(/\r+\n?/g, '\n')

    .replace(/[\x00-\x08\x0b-\x1f]/g, '');
}

const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
