/** Events of a job as lines for people. What is not known here is left out: `--json` shows everything. */
import type { JobEvent } from './job-port.ts';

/** How often progress is told. */
const PROGRESS_EVERY_MS = 5000;

/** Gives the lines of each event as it comes. */
export class EventLines {
  readonly #now: () => number;
  #toldAt = -Infinity;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  of(event: JobEvent): string[] {
    switch (event['type']) {
      case 'job': {
        const overwrites = Array.isArray(event['overwrites']) ? event['overwrites'] : [];
        return [
          `job "${word(event['id'])}", images in ${word(event['repository'])}`,
          ...overwrites.map((disk) => `OVERWRITES ${word(disk)}`),
        ];
      }
      case 'step':
        return [`step ${word(event['step'])} of ${word(event['steps'])}: ${kindOf(event)}`];
      case 'progress':
        return this.#progress(event);
      case 'waiting':
        return event['what'] === undefined ? [] : [`waiting: ${word(event['what'])}`];
      case 'note':
        return [`note: ${word(event['note'])}`];
      case 'report':
        return [`${kindOf(event)}: ${word(event['outcome'])}`];
      case 'result':
        return [`the job ended: ${word(event['outcome'])}`, ...errorLines(event['error'])];
      case 'unreadable':
        return [`not an event: ${word(event['text'])}`];
      default:
        return [];
    }
  }

  #progress(event: JobEvent): string[] {
    if (this.#now() - this.#toldAt < PROGRESS_EVERY_MS) return [];
    this.#toldAt = this.#now();
    const total = event['totalBytes'] === undefined ? '' : ` of ${megabytes(event['totalBytes'])}`;
    return [`  ${word(event['phase'])}: ${megabytes(event['doneBytes'])}${total} MB`];
  }
}

function kindOf(event: JobEvent): string {
  return word((event['job'] as { kind?: unknown } | null | undefined)?.kind);
}

function errorLines(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return [];
  const { message, hint } = error as Record<string, unknown>;
  return [message, hint]
    .flatMap((text) => (typeof text === 'string' ? text.split('\n') : []))
    .map((line) => `  ${word(line)}`);
}

const megabytes = (bytes: unknown): string => (Number(bytes) / 1e6).toFixed(0);

/** A guest is not to be trusted with the terminal: no control characters. */
function word(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, ' ');
}
