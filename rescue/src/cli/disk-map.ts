/** A disk drawn as a bar: every region as wide as its share, used bytes full, unused ones light. */

/** What the map needs of a region. */
export interface MapRegion {
  readonly kind: string;
  readonly start: number;
  readonly length: number;
  readonly partitions: readonly number[];
  readonly usedBytes: number;
}

const MAX_WIDTH = 76;
const MIN_CELLS = 3;

/** Two lines: the bar, and below it the partition numbers. Heads, gaps and tails too small to see are left out. */
export function mapLines(regions: readonly MapRegion[], sizeBytes: number, width: number): string[] {
  const cells = Math.min(width, MAX_WIDTH) - 4;
  const shown = regions.filter(({ kind, length }) => isContent(kind) || length / sizeBytes > 0.5 / cells);
  if (shown.length === 0 || sizeBytes === 0) return [];
  const separators = shown.length - 1;
  const total = shown.reduce((sum, { length }) => sum + length, 0);
  const widths = shown.map(({ length }) =>
    Math.max(MIN_CELLS, Math.round((length / total) * (cells - separators))),
  );
  // What the small ones got above their share, the largest give up.
  for (let excess = widths.reduce((a, b) => a + b, separators) - cells; excess > 0; excess--) {
    const largest = widths.indexOf(Math.max(...widths));
    if (widths[largest]! <= MIN_CELLS) break;
    widths[largest]!--;
  }
  const bar = shown.map((region, i) => fill(region, widths[i]!)).join('│');
  const numbers = shown.map((region, i) => label(region).slice(0, widths[i]).padEnd(widths[i]!)).join(' ');
  return [`  │${bar}│`, `   ${numbers}`.trimEnd()];
}

function isContent(kind: string): boolean {
  return kind === 'partition' || kind === 'whole';
}

function fill({ kind, length, usedBytes }: MapRegion, width: number): string {
  if (!isContent(kind)) return '·'.repeat(width);
  const used = usedBytes === 0 ? 0 : Math.max(1, Math.round((usedBytes / length) * width));
  return '█'.repeat(Math.min(width, used)) + '░'.repeat(Math.max(0, width - used));
}

function label({ kind, partitions }: MapRegion): string {
  return kind === 'whole' ? 'whole disk' : partitions.join('+');
}
