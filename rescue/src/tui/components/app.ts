/**
 * The lines of a session on its terminal: all that Ink has to draw. No JSX, so that Node runs it from the sources:
 * three elements are not worth a build step before every test.
 */
import { Box, Text } from 'ink';
import { createElement, memo, useSyncExternalStore, type ReactElement } from 'react';
import type { Session } from '../session.ts';
import { lookOf, type Theme } from '../theme.ts';
import type { Line } from './line.ts';

export interface AppProps {
  readonly session: Session;
}

export function App({ session }: AppProps): ReactElement {
  const { lines } = useSyncExternalStore(session.subscribe, session.laid);
  const { theme } = session;
  return createElement(
    Box,
    { flexDirection: 'column' },
    ...lines.map((line, key) => createElement(Row, { key, line, theme })),
  );
}

interface RowProps {
  readonly line: Line;
  readonly theme: Theme;
}

function PlainRow({ line, theme }: RowProps): ReactElement {
  // An empty text has no height.
  if (line.length === 0) return createElement(Text, null, ' ');
  return createElement(
    Text,
    { wrap: 'truncate' },
    ...line.map(({ text, tone }, key) => createElement(Text, { key, ...lookOf(tone, theme) }, text)),
  );
}

const Row = memo(
  PlainRow,
  (before, after) => before.theme === after.theme && sameLine(before.line, after.line),
);

function sameLine(a: Line, b: Line): boolean {
  return a.length === b.length && a.every(({ text, tone }, i) => b[i]!.text === text && b[i]!.tone === tone);
}
