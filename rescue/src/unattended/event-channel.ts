/**
 * A port on which everything that happens is told as JSON lines: a serial port, or one of a virtual serial card. It
 * never holds a job up: what nobody reads waits in a bounded queue, in which progress is replaced by newer progress,
 * and what does not fit is left out and counted, results last.
 */
import { close, constants, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface EventChannel {
  readonly path: string;
  write(event: { readonly type: string }): void;
  /** Waits until all was read, but not long, and closes. Idempotent. */
  close(): Promise<void>;
}

interface Line {
  readonly type: string;
  readonly bytes: Buffer;
}

const MOST_BYTES = 16 * 1024 * 1024;
const RETRY_MS = 50;
const CLOSE_LIMIT_MS = 5000;
/** What is left out last. */
const results = new Set(['report', 'result', 'error']);

/** Opens the port at `path`. Throws as `open` does. */
export function openEventChannel(path: string, mostBytes = MOST_BYTES): EventChannel {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
  const fd = openSync(path, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  const queue: Line[] = [];
  let queuedBytes = 0;
  let leftOut = 0;
  /** How much of the first line is out: it must be finished before anything else. */
  let sentBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  let isOpen = true;

  const push = (event: { readonly type: string }): void => {
    const bytes = Buffer.from(`${JSON.stringify(event)}\n`);
    queue.push({ type: event.type, bytes });
    queuedBytes += bytes.length;
  };
  const remove = (index: number): void => {
    queuedBytes -= queue[index]!.bytes.length;
    queue.splice(index, 1);
  };
  const makeRoom = (): void => {
    while (queuedBytes > mostBytes && queue.length > 1) {
      const first = sentBytes > 0 ? 1 : 0;
      const least = queue.findIndex(({ type }, i) => i >= first && !results.has(type));
      const index = least >= 0 ? least : first;
      // The newest result outlives all others.
      if (index >= queue.length - 1 && results.has(queue.at(-1)!.type)) return;
      remove(index);
      leftOut++;
    }
  };
  const give = (): void => {
    queue.length = 0;
    queuedBytes = 0;
    isOpen = false;
  };
  const pump = (): void => {
    timer = undefined;
    while (queue.length > 0) {
      const { bytes } = queue[0]!;
      try {
        sentBytes += writeSync(fd, bytes, sentBytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          give(); // the port is gone
          return;
        }
        timer = setTimeout(pump, RETRY_MS);
        return;
      }
      if (sentBytes < bytes.length) continue;
      sentBytes = 0;
      remove(0);
      if (leftOut > 0) {
        const count = leftOut;
        leftOut = 0;
        push({ type: 'left-out', count } as { type: string });
      }
    }
  };
  let closing: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    const untilMs = performance.now() + CLOSE_LIMIT_MS;
    while (queue.length > 0 && performance.now() < untilMs) await sleep(RETRY_MS);
    clearTimeout(timer);
    give();
    // Not waited for: a serial port sends what it has first, however slowly.
    close(fd, () => undefined);
  };
  return {
    path,
    write(event) {
      if (!isOpen) return;
      const last = queue.length - 1;
      const isUntouched = last > 0 || (last === 0 && sentBytes === 0);
      if (event.type === 'progress' && isUntouched && queue[last]!.type === 'progress') remove(last);
      push(event);
      makeRoom();
      if (timer === undefined) pump();
    },
    close: () => (closing ??= drain()),
  };
}
