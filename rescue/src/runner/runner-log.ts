/** The runner's log: what it did, for people, in a file that does not grow without end. */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const MOST_BYTES = 1024 * 1024;

export interface RunnerLog {
  /** Never throws: a full disk ends no job. */
  write(line: string): void;
}

/** Adds to the file at `path`; of a full one `path.1` is made, in place of the one before. */
export function openRunnerLog(path: string, mostBytes = MOST_BYTES): RunnerLog {
  let size = 0;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    size = statSync(path).size;
  } catch {
    // The first line.
  }
  return {
    write(line) {
      const text = `${new Date().toISOString()} ${line.trimEnd().replaceAll('\n', '\n  ')}\n`;
      try {
        if (size > 0 && size + Buffer.byteLength(text) > mostBytes) {
          renameSync(path, `${path}.1`);
          size = 0;
        }
        appendFileSync(path, text, { mode: 0o600 });
        size += Buffer.byteLength(text);
      } catch {
        // Nobody could be told.
      }
    },
  };
}
