/** What a key does to the text of a field. */
import type { Key } from './keys.ts';

/** Characters of a field: more than any path or password has. */
const MAX_FIELD = 1024;

export interface Edited {
  readonly value: string;
  /** Where the next character goes, in characters from the start. */
  readonly cursor: number;
}

/** The text and the cursor after `key`; undefined if it is none that edits. */
export function editField(value: string, cursor: number, key: Key): Edited | undefined {
  const characters = Array.from(value);
  const spliced = (start: number, count: number, ...typed: readonly string[]): Edited => ({
    value: characters.toSpliced(start, count, ...typed).join(''),
    cursor: start + typed.length,
  });
  const placed = (at: number): Edited => ({ value, cursor: Math.max(0, Math.min(characters.length, at)) });
  switch (key.name) {
    case 'text': {
      const typed = Array.from(key.text);
      return characters.length + typed.length > MAX_FIELD ? placed(cursor) : spliced(cursor, 0, ...typed);
    }
    case 'backspace':
      return cursor === 0 ? placed(0) : spliced(cursor - 1, 1);
    case 'delete':
      return spliced(cursor, 1);
    case 'clear':
      return { value: '', cursor: 0 };
    case 'left':
      return placed(cursor - 1);
    case 'right':
      return placed(cursor + 1);
    case 'home':
      return placed(0);
    case 'end':
      return placed(characters.length);
    default:
      return undefined;
  }
}
