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

/** Keys by QEMU's names. */
const qemuKeys: Readonly<Record<SeatKey, string>> = {
  up: 'up',
  down: 'down',
  enter: 'ret',
  escape: 'esc',
  backspace: 'backspace',
};

/**
 * At the machine's own screen and keyboard. What the screen shows is read where the kernel keeps it: the characters of
 * the first console, four bytes each.
 */
export function screenSeat(machine: Machine): Seat {
  return {
    rows: async () => {
      const said = await machine.agent.run('stty size </dev/tty1; base64 </dev/vcsu1');
      const [size, ...lines] = said.split('\n');
      const columns = Number(size!.split(' ')[1]);
      const bytes = Buffer.from(lines.join(''), 'base64');
      const characters = Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) =>
        String.fromCodePoint(bytes.readUInt32LE(i * 4)),
      ).join('');
      return Array.from({ length: Math.ceil(characters.length / columns) }, (_, row) =>
        characters.slice(row * columns, (row + 1) * columns).trimEnd(),
      );
    },
    press: (key) => machine.press(qemuKeys[key]),
    type: (text) => machine.type(text),
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

/** Moves to the entry that says `label` in what it says of itself, and presses Enter. */
export async function choose(seat: Seat, label: string): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    const focus = focusOf(await settled(seat));
    if (focus?.includes(label) === true) return seat.press('enter');
    // Where a page is longer than the screen, what can be chosen may be below it: a key goes on reading.
    const before = (await seat.rows()).join('\n');
    await seat.press('down');
    await wait(seat, 30, `answers to a key, looking for ${label}`, (rows) =>
      rows.join('\n') === before ? undefined : true,
    );
  }
  throw new Error(`there is no ${label}:\n${(await seat.rows()).join('\n')}`);
}

/** The screen, once a whole picture was drawn: two looks at it show the same. */
async function settled(seat: Seat): Promise<readonly string[]> {
  let last = await seat.rows();
  const end = performance.now() + limitMs(30);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const rows = await seat.rows();
    if (rows.join('\n') === last.join('\n')) return rows;
    if (performance.now() > end) throw new Error(`the screen does not come to rest:\n${rows.join('\n')}`);
    last = rows;
  }
}

/** The entry with the focus, and what stands below it and is its own. */
function focusOf(rows: readonly string[]): string | undefined {
  const at = rows.findIndex((row) => /^ [›>] /.test(row));
  if (at < 0) return undefined;
  const end = rows.findIndex((row, i) => i > at && !/^ {5}/.test(row));
  return rows
    .slice(at, end < 0 ? undefined : end)
    .map((row) => row.trim())
    .join(' ');
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
