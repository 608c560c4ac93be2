/** The log that faultfs keeps (faultfs/log.c), read back. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One line of the log. `id` numbers a file or folder under all its names; the root's is 1. */
export type Operation =
  | {
      op: 'have';
      id: number;
      parent: number;
      name: string;
      path: string;
      kind: 'file' | 'folder' | 'symlink';
    }
  | { op: 'create' | 'mkdir' | 'link' | 'unlink' | 'rmdir'; id: number; parent: number; name: string }
  | { op: 'symlink'; id: number; parent: number; name: string; target: string }
  | { op: 'rename'; id: number; parent: number; name: string; toParent: number; toName: string }
  | { op: 'write'; id: number; at: number; length: number; data: number }
  | { op: 'truncate'; id: number; at: number; length: number }
  | { op: 'zero'; id: number; at: number; length: number }
  | { op: 'fsync' | 'fdatasync' | 'fsyncdir'; id: number }
  | { op: 'mark'; text: string };

/** What changes bytes or the size of a file: `truncate` sets the size to `at`. */
export type ContentChange = Extract<Operation, { op: 'write' | 'truncate' | 'zero' }>;

export interface OperationLog {
  readonly folder: string;
  readonly operations: readonly Operation[];
  /** The first index that a cut can have: before it stands what was there at the start. */
  readonly start: number;
  /** The marks of the test, each with its index: a cut after a mark is one at `index + 1` or later. */
  readonly marks: readonly { readonly text: string; readonly index: number }[];
}

/** Reads the log in `folder` (faultfs.ts, `logFolder`), after the unmount. */
export async function readLog(folder: string): Promise<OperationLog> {
  const text = await readFile(join(folder, 'operations.jsonl'), 'utf8');
  const operations = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Operation);
  const start = operations.findIndex((operation) => operation.op !== 'have');
  const marks = operations.flatMap((operation, index) =>
    operation.op === 'mark' ? [{ text: operation.text, index }] : [],
  );
  return { folder, operations, start: start < 0 ? operations.length : start, marks };
}
