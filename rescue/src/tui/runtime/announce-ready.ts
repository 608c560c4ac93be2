/** Tells the rescue environment that its screens are drawn, and whoever waits for that on the serial port. */
import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import type { Console } from './console.ts';

/** Prints one line when all consoles of the machine are drawn for the first time. */
const READY = '/usr/lib/permafrost/ready';

/** Does nothing for consoles that the environment does not know; never throws. */
export function announceReady(consoles: readonly Console[]): void {
  const names = consoles.flatMap(({ path }) => (path === undefined ? [] : [basename(path)]));
  if (names.length === 0) return;
  execFile(READY, names, (_, stdout) => {
    const line = stdout.trim();
    if (line !== '') consoles.find(({ isSerial }) => isSerial)?.announce(line);
  });
}
