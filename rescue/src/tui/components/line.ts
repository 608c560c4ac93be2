/** A drawn line: pieces of text with what they are. */
import { cutText, drawable, wrapText } from '../text.ts';
import type { Theme, Tone } from '../theme.ts';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

export type Line = readonly Span[];

/** What lines are made for. */
export interface Canvas {
  readonly width: number;
  readonly theme: Theme;
}

export function span(text: string, tone: Tone = 'plain'): Span {
  return { text, tone };
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + text.length, 0);
}

export function lineText(line: Line): string {
  return line.map(({ text }) => text).join('');
}

/** `text` wrapped to the canvas, every line behind `indent` blanks. */
export function wrapped(text: string, tone: Tone, { width, theme }: Canvas, indent = 0): Line[] {
  const room = Math.max(8, width - indent);
  return wrapText(drawable(text, theme.unicode), room).map((part) => [span(' '.repeat(indent) + part, tone)]);
}

/** `text` on one line, cut where it is too long. */
export function oneLine(text: string, width: number, theme: Theme): string {
  return cutText(drawable(text, theme.unicode), width, theme.marks.ellipsis);
}
