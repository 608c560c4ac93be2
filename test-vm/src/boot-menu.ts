/** GRUB's menu, by way of the serial port: GRUB marks the chosen line with a star. */
import type { Machine } from './machine.ts';

const chosenLine = (rows: readonly string[]): string | undefined =>
  rows.map((row) => /^\s*[|│]?\*(.*?)\s*[|│]?\s*$/.exec(row)?.[1]?.trim()).find((text) => text !== undefined);

/** Waits for the menu, moves down to the entry whose text starts with `title`, and starts it. */
export async function chooseEntry(machine: Machine, title: string, seconds = 60): Promise<void> {
  const { serial } = machine;
  let chosen = await serial.becomes(chosenLine, seconds, 'the boot menu is shown');
  for (let steps = 0; !chosen.startsWith(title); steps++) {
    if (steps > 60) throw new Error(`the boot menu has no entry "${title}"; the last is "${chosen}"`);
    const before = chosen;
    await serial.press('down');
    chosen = await serial.becomes(
      (rows) => {
        const now = chosenLine(rows);
        // Half of a line is no other line.
        const unfinished = now !== undefined && now !== title && title.startsWith(now);
        return now === before || unfinished ? undefined : now;
      },
      10,
      `the boot menu moves on from "${before}"`,
    );
  }
  await serial.press('enter');
}
