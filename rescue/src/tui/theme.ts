/**
 * How things look: tones become one of 8 colours and bold, marks become characters that the console's font has.
 * Nothing is said by colour alone: every tone that means something goes with a word or a mark.
 */

/** What a piece of text is, not how it looks. */
export type Tone =
  'plain' | 'title' | 'strong' | 'faint' | 'good' | 'warning' | 'danger' | 'focus' | 'key' | 'accent';

export interface Look {
  readonly color?: 'red' | 'green' | 'yellow' | 'blue' | 'cyan' | 'magenta' | 'white';
  readonly bold?: boolean;
  readonly inverse?: boolean;
}

export interface Marks {
  readonly focus: string;
  readonly checked: string;
  readonly unchecked: string;
  readonly done: string;
  readonly failed: string;
  readonly warning: string;
  readonly grey: string;
  readonly line: string;
  readonly wall: string;
  readonly used: string;
  readonly unused: string;
  readonly copied: string;
  readonly gap: string;
  readonly bullet: string;
  readonly more: string;
  readonly secret: string;
  readonly ellipsis: string;
  readonly up: string;
  readonly down: string;
  /** Below what has the focus. */
  readonly under: string;
}

export interface Theme {
  /** Characters outside ASCII may be used. */
  readonly unicode: boolean;
  readonly colors: boolean;
  readonly marks: Marks;
}

const looks: Readonly<Record<Tone, Look>> = {
  plain: {},
  title: { color: 'cyan', bold: true },
  strong: { bold: true },
  // Grey and dim cannot be seen on a VGA console with a large font: plain, and words that say it.
  faint: {},
  good: { color: 'green', bold: true },
  warning: { color: 'yellow', bold: true },
  danger: { color: 'red', bold: true },
  focus: { inverse: true },
  key: { bold: true },
  accent: { color: 'cyan' },
};

const unicodeMarks: Marks = {
  focus: '›',
  checked: '[■]',
  unchecked: '[ ]',
  done: '✓',
  failed: '✗',
  warning: '!',
  grey: '×',
  line: '─',
  wall: '│',
  used: '▓',
  unused: '░',
  copied: '█',
  gap: '·',
  bullet: '•',
  more: '…',
  secret: '•',
  ellipsis: '…',
  up: '↑',
  down: '↓',
  under: '━',
};

const asciiMarks: Marks = {
  focus: '>',
  checked: '[x]',
  unchecked: '[ ]',
  done: 'OK',
  failed: 'X',
  warning: '!',
  grey: 'x',
  line: '-',
  wall: '|',
  used: '+',
  unused: '.',
  copied: '#',
  gap: ' ',
  bullet: '*',
  more: '...',
  secret: '*',
  ellipsis: '...',
  up: '^',
  down: 'v',
  under: '=',
};

/** How `tone` looks in `theme`. */
export function lookOf(tone: Tone, theme: Theme): Look {
  const { color, ...rest } = looks[tone];
  return theme.colors && color !== undefined ? { ...rest, color } : rest;
}

export function makeTheme(options: { unicode: boolean; colors: boolean }): Theme {
  return { ...options, marks: options.unicode ? unicodeMarks : asciiMarks };
}

/** The theme for a terminal, by its TERM and the locale. */
export function themeFor(environment: Readonly<Record<string, string | undefined>>): Theme {
  const term = environment['TERM'] ?? 'dumb';
  const locale = environment['LC_ALL'] ?? environment['LC_CTYPE'] ?? environment['LANG'] ?? '';
  const plainTerminal = /^(dumb|vt100|vt102|vt52|ansi|unknown)/.test(term);
  return makeTheme({
    unicode: !plainTerminal && /utf-?8/i.test(locale),
    colors: !/^(dumb|vt\d+|unknown)/.test(term) && environment['NO_COLOR'] === undefined,
  });
}
