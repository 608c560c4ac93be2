/** What can be chosen, marked or filled in, as lines; what cannot says why. */
import { drawable } from '../text.ts';
import type { Block, FieldItem, Item } from '../view.ts';
import { blockLines } from './blocks.ts';
import { lineWidth, oneLine, span, type Canvas, type Line, type Span } from './line.ts';

export interface ItemState {
  readonly focused: boolean;
  /** Where the next character of a field goes. */
  readonly cursor: number;
  /** The width that labels of fields on this screen share. */
  readonly labelWidth: number;
}

const INDENT = 4;

export function itemLines(item: Item, state: ItemState, canvas: Canvas): Line[] {
  const { theme, width } = canvas;
  const pointer = state.focused ? `${theme.marks.focus} ` : '  ';
  const grey = item.reason !== undefined;
  const tone = state.focused
    ? 'focus'
    : grey
      ? 'faint'
      : item.kind === 'choice'
        ? (item.tone ?? 'plain')
        : 'plain';
  const lines: Line[] = [];
  if (item.kind === 'field') lines.push(fieldLine(item, state, canvas));
  else {
    const box = boxOf(item, canvas);
    const aside =
      item.kind === 'choice' && item.aside !== undefined ? drawable(item.aside, theme.unicode) : '';
    const room = width - pointer.length - box.length - (aside === '' ? 0 : aside.length + 2);
    const label = oneLine(item.label, room, theme);
    const line: Span[] = [span(pointer, 'strong'), ...(box === '' ? [] : [span(box)]), span(label, tone)];
    if (aside !== '') line.push(span(aside.padStart(width - lineWidth(line))));
    lines.push(line);
  }
  const inner = { theme, width: width - INDENT };
  const reason: Block[] =
    item.reason === undefined ? [] : [{ kind: 'text', text: item.reason, tone: 'warning' }];
  for (const block of [...reason, ...(item.detail ?? [])])
    lines.push(...blockLines(block, inner).map((line) => indented(line)));
  return lines;
}

function indented(line: Line): Line {
  return line.length === 0 ? line : [span(' '.repeat(INDENT)), ...line];
}

function boxOf(item: Item, { theme: { marks } }: Canvas): string {
  if (item.kind === 'check') return `${item.checked ? marks.checked : marks.unchecked} `;
  if (item.kind === 'choice' && item.reason !== undefined) return `${marks.grey} `;
  if (item.kind === 'choice' && item.marked !== undefined)
    return `${item.marked ? marks.checked : marks.unchecked} `;
  return '';
}

/** Label, then the text with the place of the next character marked; the end is shown where it is too long. */
function fieldLine(
  { label, value, secret, placeholder }: FieldItem,
  { focused, cursor, labelWidth }: ItemState,
  { theme, width }: Canvas,
): Line {
  const pointer = focused ? `${theme.marks.focus} ` : '  ';
  const name = oneLine(label, Math.max(8, Math.floor(width / 2)), theme).padEnd(labelWidth);
  const room = Math.max(8, width - pointer.length - name.length - 5);
  const head: Span[] = [span(pointer, 'strong'), span(`${name} `, focused ? 'strong' : 'plain'), span('[')];
  if (!focused) {
    const shown =
      value === '' ? (placeholder ?? '') : secret === true ? theme.marks.secret.repeat(value.length) : value;
    return [...head, span(oneLine(shown, room, theme).padEnd(Math.min(room, 30))), span(']')];
  }
  if (value === '' && placeholder !== undefined) {
    const hint = oneLine(placeholder, room, theme).padEnd(Math.min(room, 30));
    return [...head, span(hint.slice(0, 1), 'focus'), span(hint.slice(1)), span(']')];
  }
  // One character for each one typed, or the mark would stand in the wrong place.
  const characters = Array.from(value).map((character) =>
    secret === true ? theme.marks.secret : drawable(character, theme.unicode)[0]!,
  );
  const from = Math.max(0, cursor - room + 1);
  const before = characters.slice(from, cursor).join('');
  const at = characters[cursor] ?? ' ';
  const after = characters.slice(cursor + 1, from + room).join('');
  const padding = ' '.repeat(Math.max(0, Math.min(room, 30) - before.length - 1 - after.length));
  return [...head, span(before), span(at, 'focus'), span(after + padding), span(']')];
}
