/** Collects what does not add up: the first few in words, the rest as a number. */

export interface Doubts {
  readonly count: number;
  add(sentence: string): void;
  /** All of them as one sentence; empty if there are none. */
  text(): string;
}

const SHOWN = 3;

export function makeDoubts(): Doubts {
  const shown: string[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    add(sentence) {
      count++;
      if (shown.length < SHOWN) shown.push(sentence);
    },
    text() {
      const more = count > shown.length ? `; and ${count - shown.length} more` : '';
      return shown.join('; ') + more;
    },
  };
}
