/** Cuts what comes over a socket into lines of JSON; bounded whatever comes. */
import { type Said, say } from '../engine/index.ts';

export type JsonLine = { readonly value: unknown } | { readonly problem: Said };

export class JsonLines {
  readonly #mostBytes: number;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** What has come to an end with `bytes`. After a problem nothing that follows can be trusted. */
  *take(bytes: Buffer): Generator<JsonLine> {
    let from = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
      if (!this.#add(bytes.subarray(from, end))) {
        yield this.#tooLong();
        return;
      }
      from = end + 1;
      const line = Buffer.concat(this.#pieces).toString('utf8');
      this.#pieces = [];
      this.#length = 0;
      yield parse(line);
    }
    if (!this.#add(bytes.subarray(from))) yield this.#tooLong();
  }

  #add(piece: Buffer): boolean {
    this.#length += piece.length;
    if (this.#length > this.#mostBytes) {
      this.#pieces = [];
      return false;
    }
    if (piece.length > 0) this.#pieces.push(Buffer.from(piece));
    return true;
  }

  #tooLong(): JsonLine {
    return { problem: say('runner/long-line', { mostBytes: this.#mostBytes }) };
  }
}

function parse(line: string): JsonLine {
  try {
    return { value: JSON.parse(line) as unknown };
  } catch {
    return { problem: say('runner/no-json') };
  }
}
