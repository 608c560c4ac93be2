/**
 * GRUB's menu, by way of the serial port: GRUB marks the chosen line with a star. UEFI's firmware writes its own
 * console to that port too, and the lines of its frame are no UTF-8.
 */
import type { Machine } from './machine.ts';

interface Chosen {
  readonly row: number;
  /** As far as it is drawn. */
  readonly text: string;
}

export function chosenEntry(rows: readonly string[]): Chosen | undefined {
  for (const [row, line] of rows.entries()) {
    const text = /^\s*[|│\uFFFD]?\*(.*?)\s*[|│\uFFFD]?\s*$/.exec(line)?.[1];
    if (text !== undefined) return { row, text: text.trim() };
  }
  return undefined;
}

/** Whether the mark is on another entry. Half of a line is the same one as the whole of it. */
export function hasMoved(from: Chosen, to: Chosen): boolean {
  return from.row !== to.row || !(to.text.startsWith(from.text) || from.text.startsWith(to.text));
}

/** Waits for the menu, moves down to the entry whose text starts with `title`, and starts it. */
export async function chooseEntry(machine: Machine, title: string, seconds = 60): Promise<void> {
  await moveTo(machine, title, seconds);
  await machine.serial.press('enter');
}

/** As {@link chooseEntry}, with more words on the kernel's command line: GRUB lets people edit an entry. */
export async function chooseEntryWith(machine: Machine, title: string, words: string): Promise<void> {
  const { serial } = machine;
  await moveTo(machine, title, 60);
  await serial.type('e');
  // The cursor is in the first line, which says how the entry is called.
  const down = await serial.becomes(
    (rows) => {
      const first = rows.findIndex((row) => row.includes('setparams'));
      const line = rows.findIndex((row) => /^\s*[|│]?\s*linux +\//.test(row));
      return first < 0 || line < 0 ? undefined : line - first;
    },
    30,
    'the entry is shown',
  );
  for (let line = 0; line < down; line++) await serial.press('down');
  const [endOfLine, start] = ['\x05', '\x18']; // Ctrl-E, Ctrl-X
  await serial.type(`${endOfLine} ${words}`);
  // There is a frame, and long lines go on in the next row, after a mark.
  await serial.becomes(
    (rows) =>
      rows
        .join('')
        .replaceAll(/[\s\\|│]/g, '')
        .includes(words.replaceAll(' ', '')) || undefined,
    30,
    `the entry has ${words}`,
  );
  await serial.type(start);
}

/** A key comes over a serial line as three bytes; firmware that is busy loses one now and then. */
const MOST_LOST_KEYS = 5;

async function moveTo(machine: Machine, title: string, seconds: number): Promise<void> {
  const { serial } = machine;
  let chosen = await serial.becomes(chosenEntry, seconds, 'the boot menu is shown');
  let lost = 0;
  for (let steps = 0; !chosen.text.startsWith(title); steps++) {
    if (steps > 60) throw new Error(`the boot menu has no entry "${title}"; the last is "${chosen.text}"`);
    const before = chosen;
    const key = isAbove(serial.rows, title, before) ? 'up' : 'down';
    await serial.press(key);
    try {
      chosen = await serial.becomes(
        (rows) => {
          const now = chosenEntry(rows);
          if (now === undefined || !hasMoved(before, now)) return undefined;
          return now.text !== title && title.startsWith(now.text) ? undefined : now;
        },
        5,
        `the boot menu moves on from "${before.text}"`,
      );
    } catch (error) {
      if (++lost > MOST_LOST_KEYS) throw error;
    }
  }
}

/** Whether the entry is in sight above the chosen one: a key that came late took the mark too far. */
export function isAbove(rows: readonly string[], title: string, { row }: Chosen): boolean {
  return rows.slice(0, row).some((line) => /^\s*[|│\uFFFD]?\s*(.*)$/.exec(line)![1]!.startsWith(title));
}
