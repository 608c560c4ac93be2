/**
 * A disk drawn as a bar: every region as wide as its share, never too small to see. Where it is known how much of
 * each is used, used bytes are darker than unused ones, what a job has done is full, and the regions are called below
 * the bar; where it is not, their names stand in it.
 */
import { drawable, wrapText } from '../text.ts';
import type { MapBlock, MapRegion } from '../view.ts';
import { span, type Canvas, type Line, type Span } from './line.ts';

const MAX_WIDTH = 100;
const MIN_CELLS = 3;

/** One line or more, or none where there is nothing to draw or no room for it. */
export function mapLines(block: MapBlock, canvas: Canvas): Line[] {
  const { regions, sizeBytes, indent = 0 } = block;
  const { theme } = canvas;
  const room = Math.min(canvas.width - indent, MAX_WIDTH) - 2;
  const shown = shownRegions(regions, sizeBytes, room);
  if (shown.length === 0 || sizeBytes === 0) return [];
  const widths = cellWidths(shown, room);
  const isKnown = shown.some(({ usedBytes }) => usedBytes !== undefined);
  const names = shown.map(({ labels }, i) => {
    const drawn = labels.map((label) => drawable(label, theme.unicode));
    return drawn.find(({ length }) => length <= widths[i]! - (isKnown ? 0 : 1)) ?? '';
  });
  const bar: Span[] = [span(`${' '.repeat(indent)}${theme.marks.wall}`)];
  for (const [i, region] of shown.entries()) {
    if (i > 0) bar.push(span(theme.marks.wall));
    if (isKnown || !isContent(region.kind)) bar.push(...cells(region, widths[i]!, theme.marks));
    else bar.push(span(` ${names[i]!}`.padEnd(widths[i]!)));
  }
  bar.push(span(theme.marks.wall));
  const below = isKnown
    ? [` ${names.map((name, i) => name.padEnd(widths[i]!)).join(' ')}`.trimEnd()]
    : shortened(shown, names, canvas, indent);
  return [
    bar,
    ...underline(shown, widths, canvas, indent),
    ...withLegend(below, block, canvas).map((text) => [span(' '.repeat(indent) + text)]),
  ];
}

/** A line below the bar that shows which region has the focus. */
function underline(
  shown: readonly MapRegion[],
  widths: readonly number[],
  { theme }: Canvas,
  indent: number,
): Line[] {
  const at = shown.findIndex(({ focused }) => focused === true);
  if (at < 0) return [];
  const before = indent + 1 + widths.slice(0, at).reduce((sum, width) => sum + width + 1, 0);
  return [[span(' '.repeat(before)), span(theme.marks.under.repeat(widths[at]!), 'strong')]];
}

/** The whole names of the regions that have no room for them in the bar. */
function shortened(
  shown: readonly MapRegion[],
  names: readonly string[],
  { theme, width }: Canvas,
  indent: number,
): string[] {
  const cut = shown.flatMap(({ labels: [whole] }, i) => {
    const drawn = drawable(whole ?? '', theme.unicode);
    // Blanks within a name do not end a line.
    return drawn === names[i] ? [] : [drawn.replaceAll(' ', GLUE)];
  });
  if (cut.length === 0) return [];
  return wrapText(cut.join('   '), Math.max(8, width - indent - 1)).map(
    (line) => ` ${line.replaceAll(GLUE, ' ')}`,
  );
}

const GLUE = '\u00a0';

/** With what the marks mean: at the end of the last line where it has room for that, or below it. */
function withLegend(
  lines: readonly string[],
  { legend = [], indent = 0 }: MapBlock,
  { width, theme }: Canvas,
): string[] {
  if (legend.length === 0) return [...lines];
  const text = legend
    .map(([mark, word]) => `${theme.marks[mark]} ${drawable(word, theme.unicode)}`)
    .join('  ');
  const last = lines.at(-1) ?? '';
  const room = Math.min(width - indent, MAX_WIDTH);
  if (last.length + 3 + text.length > room) return [...lines, ` ${text}`];
  return [...lines.slice(0, -1), last + text.padStart(room - last.length)];
}

/** Regions that have room: where there is too little the smallest that hold nothing go first, then the smallest. */
function shownRegions(regions: readonly MapRegion[], sizeBytes: number, room: number): MapRegion[] {
  const visible = regions.filter(({ kind, length }) => isContent(kind) || length / sizeBytes > 0.5 / room);
  const most = Math.floor((room + 1) / (MIN_CELLS + 1));
  if (visible.length <= most) return visible;
  const weight = ({ kind, length }: MapRegion): number => (isContent(kind) ? sizeBytes : 0) + length;
  const chosen = new Set(visible.toSorted((a, b) => weight(b) - weight(a)).slice(0, Math.max(0, most)));
  return visible.filter((region) => chosen.has(region));
}

function cellWidths(shown: readonly MapRegion[], room: number): number[] {
  const free = room - (shown.length - 1);
  const total = shown.reduce((sum, { length }) => sum + length, 0);
  const widths = shown.map(({ length }) => Math.max(MIN_CELLS, Math.round((length / total) * free)));
  // What the small ones got above their share the largest give up; what is left over they get.
  for (let excess = widths.reduce((a, b) => a + b, 0) - free; excess !== 0; excess -= Math.sign(excess)) {
    const largest = widths.indexOf(Math.max(...widths));
    widths[largest]! -= Math.sign(excess);
  }
  return widths;
}

function isContent(kind: string): boolean {
  return kind === 'partition' || kind === 'whole';
}

function cells(
  { kind, length, usedBytes, doneBytes }: MapRegion,
  width: number,
  marks: Canvas['theme']['marks'],
): Span[] {
  if (!isContent(kind)) return [span(marks.gap.repeat(width))];
  if (usedBytes === undefined) return [span(marks.unused.repeat(width))];
  const atLeastOne = (bytes: number, of: number, cellsOf: number): number =>
    bytes <= 0 ? 0 : Math.min(cellsOf, Math.max(1, Math.floor((bytes / of) * cellsOf)));
  const used = usedBytes >= length ? width : atLeastOne(usedBytes, length, width);
  const done = usedBytes === 0 ? 0 : Math.min(used, atLeastOne(doneBytes ?? 0, usedBytes, used));
  return [
    span(marks.copied.repeat(done), 'good'),
    span(marks.used.repeat(used - done), 'accent'),
    span(marks.unused.repeat(width - used)),
  ].filter(({ text }) => text !== '');
}
