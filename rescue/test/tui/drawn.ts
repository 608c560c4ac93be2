/** What a session shows, as text, and sessions without a terminal. */
import { lineText } from '../../src/tui/components/line.ts';
import type { Effect } from '../../src/tui/flow/effects.ts';
import type { FlowState } from '../../src/tui/flow/state.ts';
import type { Key } from '../../src/tui/keys.ts';
import { Session } from '../../src/tui/session.ts';
import { makeTheme, type Theme } from '../../src/tui/theme.ts';

export interface TestSession {
  readonly session: Session;
  readonly effects: readonly Effect[];
  /** All lines that are shown. */
  readonly screen: () => string[];
  /** Keys by name; what is no name is typed. */
  readonly press: (...keys: readonly string[]) => void;
  /** The line with the mark of the focus; empty where nothing has it. */
  readonly focused: () => string;
}

const names = new Set([
  'up',
  'down',
  'left',
  'right',
  'home',
  'end',
  'page-up',
  'page-down',
  'enter',
  'escape',
  'tab',
  'back-tab',
  'backspace',
  'delete',
  'clear',
  'f1',
  'f2',
]);

export const unicodeTheme = makeTheme({ unicode: true, colors: true });
export const asciiTheme = makeTheme({ unicode: false, colors: false });

/** A session in `state`, of which no effect is carried out. */
export function testSession(
  state: FlowState,
  theme: Theme = unicodeTheme,
  frame = { columns: 80, rows: 24 },
): TestSession {
  const effects: Effect[] = [];
  const { language, rescue, isRoot, host } = state;
  const session = new Session({
    language,
    rescue,
    isRoot,
    host,
    theme,
    frame,
    runEffect: (effect) => effects.push(effect),
    state,
  });
  const screen = (): string[] => session.laid().lines.map((line) => lineText(line));
  return {
    session,
    effects,
    screen,
    press: (...keys) => {
      for (const key of keys)
        if (names.has(key)) session.press({ name: key } as Key);
        else for (const text of key) session.press({ name: 'text', text });
    },
    focused: () => screen().find((line) => line.startsWith(` ${theme.marks.focus} `)) ?? '',
  };
}
