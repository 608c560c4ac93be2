/** What is on the screen of a machine that has no system yet to be asked. */
import { readFile } from 'node:fs/promises';
import type { Machine } from './machine.ts';

/** The 25 rows of VGA text mode, read out of the card's memory. */
export async function vgaText(machine: Machine, scratch: string): Promise<string[]> {
  await machine.qmp.execute('pmemsave', { val: 0xb8000, size: 80 * 25 * 2, filename: scratch });
  const cells = await readFile(scratch);
  return Array.from({ length: 25 }, (_, row) => {
    const codes = Array.from({ length: 80 }, (__, column) => cells[(row * 80 + column) * 2]!);
    return codes
      .map((code) => (code >= 32 && code < 127 ? String.fromCharCode(code) : ' '))
      .join('')
      .trimEnd();
  });
}

/** How large a part of the picture has a colour, as [red, green, blue], each within 24. */
export async function shareOfColour(
  machine: Machine,
  scratch: string,
  colour: readonly [number, number, number],
): Promise<number> {
  await machine.qmp.execute('screendump', { filename: scratch, format: 'ppm' });
  const bytes = await readFile(scratch);
  const header = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.toString('latin1', 0, 64));
  if (header === null) throw new Error('QEMU wrote no picture');
  const start = header[0].length;
  const pixels = Number(header[1]) * Number(header[2]);
  let count = 0;
  for (let at = start; at + 2 < bytes.length; at += 3) {
    if (colour.every((value, part) => Math.abs(bytes[at + part]! - value) <= 24)) count++;
  }
  return count / pixels;
}

/** Looks again and again until `look` gives a value; for what announces itself to nobody. */
export async function eventually<T>(
  look: () => Promise<T | undefined>,
  seconds: number,
  what: string,
): Promise<T> {
  const end = performance.now() + seconds * 1000 * Number(process.env['PERMAFROST_TIMEOUT_FACTOR'] ?? 1);
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
