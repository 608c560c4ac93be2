/**
 * A screen as exactly as many lines as the terminal has rows: a title, the facts and choices (a window on them
 * where they are too many, with what has the focus in it), and the keys that do something here.
 */
import type { Words } from '../words/words.ts';
import type { Item, View } from '../view.ts';
import { blockLines } from './blocks.ts';
import { itemLines } from './items.ts';
import { lineWidth, oneLine, span, wrapped, type Canvas, type Line, type Span } from './line.ts';

export interface Frame {
  readonly columns: number;
  readonly rows: number;
}

export interface LayoutState {
  readonly focus: string | undefined;
  readonly cursor: number;
  /** First line shown; without it the window follows the focus. */
  readonly scroll?: number;
  /** One line about what just happened. */
  readonly notice?: { readonly text: string; readonly bad: boolean };
}

export interface Laid {
  readonly lines: readonly Line[];
  /** Lines of text that do not fit: how far it can be scrolled. */
  readonly maxScroll: number;
  /** The first line of the content that is shown. */
  readonly first: number;
  /** How many lines the content has. */
  readonly contentLines: number;
  /** Where what has the focus is, if not in the window. */
  readonly focusOutside?: 'above' | 'below';
}

/** What everything is drawn for; smaller ones work, and say so. */
export const wantedFrame: Frame = { columns: 80, rows: 24 };
const MAX_COLUMNS = 132;

export function layoutView(
  view: View,
  state: LayoutState,
  frame: Frame,
  canvasTheme: Canvas['theme'],
  words: Words,
): Laid {
  // The last column stays empty: a terminal may break the line after it.
  const width = Math.max(20, Math.min(frame.columns, MAX_COLUMNS) - 1);
  const canvas: Canvas = { width, theme: canvasTheme };
  const top = topLines(view, frame, canvas, words);
  const { lines: content, focusStart, focusEnd, isFirst } = contentLines(view, state, canvas);
  const windowFor = (bottom: readonly Line[]): Window => {
    // Two lines part the content from what is above and below it.
    const room = Math.max(1, frame.rows - top.length - bottom.length - 2);
    const maxScroll = Math.max(0, content.length - room);
    const following =
      view.items.length === 0 ? 0 : windowStart(content.length, room, isFirst ? 0 : focusStart, focusEnd);
    const first = Math.min(maxScroll, state.scroll ?? following);
    const focusOutside =
      state.focus === undefined
        ? undefined
        : focusStart >= first + room
          ? 'below'
          : focusStart < first
            ? 'above'
            : undefined;
    return { room, maxScroll, first, ...(focusOutside === undefined ? {} : { focusOutside }) };
  };
  // What Enter does depends on what is in sight.
  let bottom = bottomLines(view, state, canvas, words);
  let { room, maxScroll, first, focusOutside } = windowFor(bottom);
  if (focusOutside !== undefined) {
    bottom = bottomLines(view, state, canvas, words, true);
    ({ room, maxScroll, first, focusOutside } = windowFor(bottom));
  }
  const visible = content.slice(first, first + room);
  const padding = Array.from({ length: room - visible.length }, (): Line => []);
  const rule = (more: boolean, mark: string): Line => {
    const hint = more ? ` ${mark} ${words.common.more} ` : '';
    const { line } = canvasTheme.marks;
    return [span(line.repeat(Math.max(0, width - hint.length - 2)) + hint + line.repeat(2))];
  };
  const lines = [
    ...top,
    rule(first > 0, canvasTheme.marks.up),
    ...visible,
    ...padding,
    rule(first < maxScroll, canvasTheme.marks.down),
    ...bottom,
  ];
  return {
    lines: clip(lines, frame),
    maxScroll,
    first,
    contentLines: content.length,
    ...(focusOutside === undefined ? {} : { focusOutside }),
  };
}

interface Window {
  readonly room: number;
  readonly maxScroll: number;
  readonly first: number;
  readonly focusOutside?: 'above' | 'below';
}

/** On terminals that are smaller than any layout the keys are the last thing to go. */
function clip(lines: readonly Line[], { rows }: Frame): Line[] {
  return lines.length <= rows ? [...lines] : [...lines.slice(0, Math.max(0, rows - 1)), lines.at(-1)!];
}

function topLines(view: View, frame: Frame, canvas: Canvas, words: Words): Line[] {
  const { width, theme } = canvas;
  const small = frame.columns < wantedFrame.columns || frame.rows < wantedFrame.rows;
  const title = oneLine(view.title, width - 14, theme);
  const { product } = words.common;
  const name = view.title.startsWith(product) ? '' : product;
  const lines: Line[] = [[span(` ${title}`, 'title'), span(name.padStart(width - title.length - 1))]];
  if (small) lines.push(...wrapped(words.common.small(frame.columns, frame.rows), 'warning', canvas));
  return lines;
}

function bottomLines(
  view: View,
  { notice, focus }: LayoutState,
  canvas: Canvas,
  words: Words,
  outside = false,
): Line[] {
  const { marks } = canvas.theme;
  const said: Line[] =
    notice === undefined
      ? []
      : wrapped(
          notice.bad ? `${marks.warning} ${notice.text}` : notice.text,
          notice.bad ? 'warning' : 'good',
          canvas,
          1,
        );
  return [...said, ...keyBar(keysOf(view, words, outside, focus), canvas)];
}

interface KeyHint {
  readonly key: string;
  readonly label: string;
}

/** The keys that do something on `view`, in the order of the key bar; where what has the focus is not in sight, Enter only goes there. */
export function keysOf(view: View, words: Words, outside = false, focus?: string): KeyHint[] {
  const { keys } = words;
  const hints: KeyHint[] = [];
  if (view.items.length > 1) hints.push({ key: keys.arrows, label: keys.move });
  else if (view.scrolls === true) hints.push({ key: keys.arrows, label: keys.scroll });
  const checks = view.items.some(({ kind }) => kind === 'check');
  const focused = view.items.find(({ id }) => id === focus);
  if (outside) hints.push({ key: keys.enter, label: keys.readOn });
  else if (focused?.kind === 'check') hints.push({ key: `${keys.enter}, ${keys.space}`, label: keys.toggle });
  else if (view.items.some(({ kind, reason }) => kind !== 'check' && reason === undefined))
    hints.push({
      key: keys.enter,
      label: (focused?.kind === 'choice' ? focused.enterLabel : undefined) ?? view.enterLabel ?? keys.choose,
    });
  else if (view.enter !== undefined) hints.push({ key: keys.enter, label: view.enter.label });
  if (view.items.some((item) => item.kind === 'choice' && item.space !== undefined))
    hints.push({ key: keys.space, label: view.spaceLabel ?? keys.mark });
  else if (checks && (outside || focused?.kind !== 'check'))
    hints.push({ key: keys.space, label: keys.toggle });
  if (view.sidewaysLabel !== undefined && focused?.kind === 'choice' && focused.sideways !== undefined)
    hints.push({ key: keys.sideways, label: view.sidewaysLabel });
  for (const { key, label } of view.keys) hints.push({ key: key === 'Space' ? keys.space : key, label });
  if (view.back !== undefined) {
    const { label } = view.back;
    // Two keys for the same are one hint.
    const same = hints.findIndex((hint) => hint.label === label && hint.key.length === 1);
    if (same >= 0) hints[same] = { key: `${hints[same]!.key}, Esc`, label };
    else hints.push({ key: 'Esc', label });
  }
  hints.push({ key: 'F1', label: keys.help });
  return hints;
}

function keyBar(hints: readonly KeyHint[], { width, theme }: Canvas): Line[] {
  const lines: Span[][] = [[]];
  for (const { key, label } of hints) {
    const parts = [span(` ${oneLine(key, 18, theme)}`, 'key'), span(` ${oneLine(label, 30, theme)} `)];
    if (lineWidth([...lines.at(-1)!, ...parts]) > width) lines.push([]);
    lines.at(-1)!.push(...parts);
  }
  return lines;
}

function contentLines(
  view: View,
  state: LayoutState,
  canvas: Canvas,
): { lines: Line[]; focusStart: number; focusEnd: number; isFirst: boolean } {
  const inner: Canvas = { ...canvas, width: canvas.width - 1 };
  const lines: Line[] = [];
  if (view.question !== undefined) lines.push(...wrapped(view.question, 'strong', inner), []);
  for (const block of view.body) lines.push(...blockLines(block, inner));
  if (view.body.length > 0 && view.items.length > 0) lines.push([]);
  let focusStart = 0;
  let focusEnd = 0;
  const labelWidth = Math.min(
    Math.floor(inner.width / 2),
    Math.max(0, ...view.items.map((item) => (item.kind === 'field' ? fieldLabelWidth(item, inner) : 0))),
  );
  const all = view.items.map((item) => {
    const focused = item.id === state.focus;
    return { item, focused, drawn: itemLines(item, { focused, cursor: state.cursor, labelWidth }, inner) };
  });
  // Where one entry has several facts under it, all that have any need air to be told apart.
  const airy = all.some(({ drawn }) => drawn.length > 2);
  for (const { item, focused, drawn } of all) {
    if (item.heading !== undefined) {
      if (lines.at(-1)?.length !== 0) lines.push([]);
      if (item.heading !== '') lines.push(...wrapped(item.heading, 'strong', inner));
    }
    if (focused) [focusStart, focusEnd] = [lines.length, lines.length + drawn.length];
    lines.push(...drawn);
    if (airy && drawn.length > 1) lines.push([]);
  }
  while (lines.length > 0 && lines.at(-1)!.length === 0) lines.pop();
  return {
    lines: lines.map((line) => (line.length === 0 ? line : [span(' '), ...line])),
    focusStart,
    focusEnd,
    isFirst: view.items[0]?.id === state.focus,
  };
}

function fieldLabelWidth(item: Item, canvas: Canvas): number {
  return oneLine(item.label, canvas.width, canvas.theme).length;
}

/** The first line of the window: the focus is in it, in the middle where there is a choice. */
function windowStart(total: number, room: number, focusStart: number, focusEnd: number): number {
  if (total <= room) return 0;
  // The first item keeps what is above it in sight, if both fit.
  if (focusEnd <= room) return 0;
  const middle = Math.floor((focusStart + focusEnd - room) / 2);
  return Math.max(0, Math.min(total - room, Math.min(focusStart, middle)));
}
