/** Why a machine did not get as far as a result, for the person who has to find out. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobEvent } from './job-port.ts';
import type { Machine } from './machine.ts';
import { vgaText } from './screen-text.ts';
import { limitMs } from './watch.ts';

/** What was waited for when it went wrong. */
export type Phase = 'start' | 'result';

const LAST_LINES = 8;

/** Lines of text; `seconds` is the limit that was set for that phase. */
export async function whyNoResult(machine: Machine, phase: Phase, seconds: number): Promise<string[]> {
  const before = phase === 'start' ? 'it had started' : 'the job had ended';
  if (!machine.isOn) {
    const end = await machine.ended;
    const how = end === 0 ? 'the machine switched itself off' : `QEMU ended (${end})`;
    return [`${how} before ${before}`, ...lastWords(machine, phase)];
  }
  const trouble = panicOf(machine.serial.plainLog);
  if (trouble !== undefined) return [`the machine's system has crashed: ${trouble}`];
  const words = lastWords(machine, phase);
  return [
    `${phase === 'start' ? 'the machine has not started' : 'there is no result'} within ${(limitMs(seconds) / 1000).toFixed(0)} s`,
    ...words,
    ...(phase === 'start' && words.length === 0 ? await screenLines(machine) : []),
  ];
}

/** The kernel's last words, if it has said any. */
export function panicOf(log: string): string | undefined {
  return /Kernel panic - not syncing: ([^\n]*)/.exec(log)?.[1];
}

function lastWords(machine: Machine, phase: Phase): string[] {
  if (phase === 'result') {
    const last = machine.job.events.findLast(({ type }) => type !== 'progress') ?? machine.job.events.at(-1);
    return [last === undefined ? 'the job has said nothing' : `the last that the job said: ${shortly(last)}`];
  }
  const rows = machine.serial.rows.filter((row) => /\w/.test(row));
  return rows.length === 0 ? [] : linesUnder('its serial port shows:', rows);
}

function linesUnder(title: string, rows: readonly string[]): string[] {
  return [title, ...rows.slice(-LAST_LINES).map((row) => `  ${row}`)];
}

function shortly(event: JobEvent): string {
  return JSON.stringify(event).slice(0, 300);
}

/** What firmware writes to a screen in text mode; a screen with pictures gives no text. */
async function screenLines(machine: Machine): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-screen-'));
  try {
    const rows = (await vgaText(machine, join(folder, 'text'))).filter((row) => /\w{3}/.test(row));
    return linesUnder('its screen shows:', rows.length === 0 ? ['nothing'] : rows);
  } catch {
    return [];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
