/**
 * Where a command writes: text for people, or JSON lines for programs. On a terminal progress is a bar that is
 * redrawn; elsewhere it is a plain line now and then.
 */
import type { ErrorReport, Progress } from '../engine/index.ts';
import { formatBytes, formatDuration, formatRate, formatShare, wrap } from './format.ts';

export interface OutputOptions {
  readonly json: boolean;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

const PLAIN_INTERVAL_MS = 10_000;
const DEFAULT_WIDTH = 80;
const BAR_WIDTH = 24;

export class Output {
  readonly json: boolean;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  #barLines = 0;
  #lastPlainMs = -Infinity;
  #lastPhase = '';

  constructor({ json, stdout, stderr }: OutputOptions) {
    this.json = json;
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  get width(): number {
    const columns = this.#stdout.columns as number | undefined;
    return Math.max(40, columns ?? DEFAULT_WIDTH);
  }

  /** Lines for people; nothing with --json. */
  print(...lines: readonly string[]): void {
    if (this.json) return;
    this.#clearBar();
    for (const line of lines) this.#stdout.write(`${line}\n`);
  }

  /** A sentence, wrapped. */
  say(sentence: string, indent = ''): void {
    this.print(...wrap(sentence, this.width, indent));
  }

  /** One JSON line; nothing without --json. */
  emit(type: string, value: object): void {
    if (this.json) this.#stdout.write(`${JSON.stringify({ type, ...value })}\n`);
  }

  progress(progress: Progress): void {
    if (this.json) this.emit('progress', progress);
    else if (this.#stderr.isTTY) this.#drawBar(progress);
    else this.#plainLine(progress);
  }

  /** What went wrong and what to do: on standard error, or the last JSON line. */
  error({ code, message, hint, details }: ErrorReport): void {
    if (this.json) {
      this.emit('error', { code, message, hint, details });
      return;
    }
    this.#clearBar();
    for (const line of wrap(`permafrost: ${message}`, this.width)) this.#stderr.write(`${line}\n`);
    for (const line of wrap(hint, this.width, '  ')) this.#stderr.write(`${line}\n`);
  }

  #drawBar(progress: Progress): void {
    this.#clearBar();
    if (progress.final) return;
    const lines = progressLines(progress).map((line) => line.slice(0, this.width - 1));
    this.#stderr.write(`${lines.join('\n')}\n`);
    this.#barLines = lines.length;
  }

  #clearBar(): void {
    if (this.#barLines === 0) return;
    // Up to the bar's first line, and erase from there: other lines take its place.
    this.#stderr.write(`\u001b[${this.#barLines}A\r\u001b[J`);
    this.#barLines = 0;
  }

  #plainLine(progress: Progress): void {
    const nowMs = performance.now();
    const due = progress.phase !== this.#lastPhase || nowMs - this.#lastPlainMs >= PLAIN_INTERVAL_MS;
    if (!due || progress.final) return;
    this.#lastPhase = progress.phase;
    this.#lastPlainMs = nowMs;
    this.#stderr.write(`${progressLines(progress).join('  ')}\n`);
  }
}

/** One line with the bar, rate and time left; a second one with what is special about the job. */
function progressLines(progress: Progress): string[] {
  const { phase, subject, doneBytes, totalBytes, bytesPerSecond, secondsLeft, badBytes } = progress;
  if (totalBytes === undefined) return [`${phase} …  ${subject}`];
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const filled = Math.round(share * BAR_WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  const parts = [
    `${phase} ${bar} ${formatShare(doneBytes, totalBytes)}`,
    `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`,
    formatRate(bytesPerSecond),
    ...(secondsLeft === undefined ? [] : [`${formatDuration(secondsLeft)} left`]),
  ];
  const { reusedBytes, newBytes, storedBytes } = progress;
  const details = [
    subject,
    ...(newBytes === undefined
      ? []
      : [`new ${formatBytes(newBytes)} → ${formatBytes(storedBytes ?? 0)} stored`]),
    ...(reusedBytes === undefined || reusedBytes === 0 ? [] : [`already there ${formatBytes(reusedBytes)}`]),
    ...(progress.targets ?? []).flatMap(({ path, error }) => (error === undefined ? [] : [`${path} FAILED`])),
    ...(badBytes > 0 ? [`unreadable ${formatBytes(badBytes)}`] : []),
  ];
  return [parts.join('  '), `  ${details.join(' · ')}`];
}
