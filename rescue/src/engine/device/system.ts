/** Where the kernel and udev show themselves; tests put trees of their own in place. */
import { readFile } from 'node:fs/promises';

export interface System {
  readonly sysRoot: string;
  readonly procRoot: string;
  readonly runRoot: string;
  readonly devRoot: string;
  /** Where the rescue environment keeps what it must know until the next boot. */
  readonly stateRoot: string;
}

/** `PERMAFROST_RUN_DIR` stands for `/run/permafrost`: tests have one of their own. */
export const stateFolder: string = process.env['PERMAFROST_RUN_DIR'] ?? '/run/permafrost';

export const liveSystem: System = {
  sysRoot: '/sys',
  procRoot: '/proc',
  runRoot: '/run',
  devRoot: '/dev',
  stateRoot: stateFolder,
};

/** The text of a small file of the kernel's, trimmed; `undefined` if it cannot be read. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    // Attributes come and go with their devices, and some answer with an error while a disk is busy.
    return undefined;
  }
}

/** As {@link readText}, as a whole number not below zero. */
export async function readNumber(path: string): Promise<number | undefined> {
  const text = await readText(path);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Text in which the kernel wrote blanks, line ends and backslashes as `\ooo` (octal). */
export function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes: number[] = [];
  const source = Buffer.from(text, 'utf8');
  for (let i = 0; i < source.length; i++) {
    const digits = source.toString('latin1', i + 1, i + 4);
    if (source[i] === 0x5c && /^[0-3][0-7]{2}$/.test(digits)) {
      bytes.push(parseInt(digits, 8));
      i += 3;
    } else bytes.push(source[i]!);
  }
  return Buffer.from(bytes).toString('utf8');
}
