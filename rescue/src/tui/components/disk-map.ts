/**
 * A disk drawn as a bar: every region as wide as its share, never too small to see; used bytes darker than unused
 * ones, what a job has done full. Below it stands what the regions are called.
 */
import { cutText, drawable } from '../text.ts';
import type { MapBlock, MapRegion } from '../view.ts';
import { span, type Canvas, type Line, type Span } from './line.ts';

const MAX_WIDTH = 100;
const MIN_CELLS = 3;

/** Two lines, or none where there is nothing to draw or no room for it. */
export function mapLines({ regions, sizeBytes, indent = 0 }: MapBlock, { width, theme }: Canvas): Line[] {
  const { marks } = theme;
  const room = Math.min(width - indent, MAX_WIDTH) - 2;
  const shown = shownRegions(regions, sizeBytes, room);
  if (shown.length === 0 || sizeBytes === 0) return [];
  const widths = cellWidths(shown, room);
  const margin = ' '.repeat(indent);
  const bar: Span[] = [span(`${margin}${marks.wall}`)];
  let labels = `${margin} `;
  for (const [i, region] of shown.entries()) {
    if (i > 0) {
      bar.push(span(marks.wall));
      labels += ' ';
    }
    bar.push(...cells(region, widths[i]!, marks));
    labels += cutText(drawable(region.label, theme.unicode), widths[i]!, '').padEnd(widths[i]!);
  }
  bar.push(span(marks.wall));
  return [bar, [span(labels.trimEnd())]];
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
