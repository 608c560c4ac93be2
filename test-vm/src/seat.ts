/** A person at a console of the machine: reads what it shows, and presses keys. */
import type { Machine } from './machine.ts';
import { limitMs } from './watch.ts';

export type SeatKey = 'up' | 'down' | 'enter' | 'escape' | 'backspace';

export interface Seat {
  /** The lines that are shown. */
  rows(): Promise<readonly string[]>;
  press(key: SeatKey): Promise<void>;
  type(text: string): Promise<void>;
}

/** At the other end of the first serial line. */
export function serialSeat({ serial }: Machine): Seat {
  return {
    rows: () => Promise.resolve(serial.rows),
    press: (key) => serial.press(key),
    type: (text) => serial.type(text),
  };
}

/** The whole screen as one line of words, once it shows `wanted`; fails with what it shows instead. */
export async function sees(seat: Seat, wanted: RegExp | string, seconds = 30): Promise<string> {
  const matches = (text: string): boolean =>
    typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
  return wait(seat, seconds, `shows ${String(wanted)}`, (rows) => {
    // What is longer than a line goes on below.
    const text = rows.join(' ').replaceAll(/\s+/g, ' ');
    return matches(text) ? text : undefined;
  });
}

/** Moves to the entry that says `label` in its first lines, and presses Enter. */
export async function choose(seat: Seat, label: string): Promise<void> {
  for (let tries = 0; tries < 40; tries++) {
    const focus = await wait(seat, 30, `has a focus, looking for ${label}`, focusOf);
    if (focus.includes(label)) return seat.press('enter');
    await seat.press('down');
    await wait(seat, 30, `answers to a key, looking for ${label}`, (rows) => {
      const now = focusOf(rows);
      // While a picture is drawn there may be none, or the old one.
      return now === undefined || now === focus ? undefined : true;
    });
  }
  throw new Error(`there is no ${label}:\n${(await seat.rows()).join('\n')}`);
}

/** The entry with the focus, and the line below it if that says more about it. */
function focusOf(rows: readonly string[]): string | undefined {
  const at = rows.findIndex((row) => /^ [›>] /.test(row));
  if (at < 0) return undefined;
  const below = rows[at + 1] ?? '';
  return /^ {5}/.test(below) ? `${rows[at]!} ${below.trim()}` : rows[at]!;
}

async function wait<T>(
  seat: Seat,
  seconds: number,
  what: string,
  probe: (rows: readonly string[]) => T | undefined,
): Promise<T> {
  const end = performance.now() + limitMs(seconds);
  for (;;) {
    const rows = await seat.rows();
    const found = probe(rows);
    if (found !== undefined) return found;
    if (performance.now() > end)
      throw new Error(`not within ${seconds} s: the console ${what}. It shows:\n${rows.join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
