/**
 * Job files that a host sends over a port of a virtual serial card, one JSON line each:
 * `{"type":"job","text":"version: 1\n…"}`. The end of a line is the one thing that a port without an end can show for
 * certain; whoever holds the other side owns the machine anyway.
 */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { MOST_JOB_FILE_BYTES } from './job-file.ts';

export const JOB_PORT = '/dev/virtio-ports/permafrost.job';

export type PortLine = { readonly text: string } | { readonly problem: string };

/** As JSON a text can be six times as long. */
const LONGEST_LINE_BYTES = 6 * MOST_JOB_FILE_BYTES + 1024;
const PAUSE_MS = 250;

/** What comes over the port at `path`, until `signal` aborts; ends at once if there is no such port. */
export async function* readJobPort(signal: AbortSignal, path = JOB_PORT): AsyncGenerator<PortLine> {
  let port: FileHandle;
  try {
    port = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    yield { problem: `the port ${path} cannot be opened: ${(error as Error).message}` };
    return;
  }
  const lines = new PortLines();
  const buffer = Buffer.alloc(64 * 1024);
  try {
    while (!signal.aborted) {
      const bytesRead = await readNow(port, buffer);
      if (bytesRead === 0) await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
      else yield* lines.take(buffer.subarray(0, bytesRead));
    }
  } catch (error) {
    yield { problem: `the port ${path} cannot be read: ${(error as Error).message}` };
  } finally {
    await port.close().catch(() => undefined);
  }
}

/** No data is an error here, and nobody at the other side looks like an end: both mean later, and are 0. */
async function readNow(port: FileHandle, buffer: Buffer): Promise<number> {
  try {
    return (await port.read(buffer, 0, buffer.length, null)).bytesRead;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

/** Cuts what comes into lines and reads them; bounded whatever comes. */
export class PortLines {
  #pieces: Buffer[] = [];
  #length = 0;
  #tooLong = false;

  *take(bytes: Buffer): Generator<PortLine> {
    let from = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
      this.#add(bytes.subarray(from, end));
      from = end + 1;
      const line = this.#tooLong ? undefined : Buffer.concat(this.#pieces).toString('utf8').trim();
      this.#pieces = [];
      this.#length = 0;
      const isTooLong = this.#tooLong;
      this.#tooLong = false;
      if (isTooLong) yield { problem: `a line is longer than ${LONGEST_LINE_BYTES} bytes` };
      else if (line !== undefined && line !== '') yield parsePortLine(line);
    }
    this.#add(bytes.subarray(from));
  }

  #add(piece: Buffer): void {
    if (this.#tooLong || piece.length === 0) return;
    this.#length += piece.length;
    if (this.#length > LONGEST_LINE_BYTES) {
      this.#tooLong = true;
      this.#pieces = [];
    } else this.#pieces.push(Buffer.from(piece));
  }
}

function parsePortLine(line: string): PortLine {
  try {
    const { type, text } = JSON.parse(line) as { type?: unknown; text?: unknown };
    if (type === 'job' && typeof text === 'string') return { text };
  } catch {
    // said below
  }
  return { problem: 'what came is not one JSON line {"type":"job","text":"…"}' };
}
