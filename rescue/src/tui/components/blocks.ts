/** Facts as lines: text, tables, bars, maps. */
import { cutText, drawable } from '../text.ts';
import type { BarBlock, Block, TableBlock } from '../view.ts';
import { mapLines } from './disk-map.ts';
import { oneLine, span, wrapped, type Canvas, type Line } from './line.ts';

const BAR_CELLS = 40;

export function blockLines(block: Block, canvas: Canvas): Line[] {
  switch (block.kind) {
    case 'text':
      return wrapped(block.text, block.tone ?? 'plain', canvas, block.indent ?? 0);
    case 'table':
      return tableLines(block, canvas);
    case 'map':
      return mapLines(block, canvas);
    case 'bar':
      return [barLine(block, canvas)];
    case 'space':
      return [[]];
  }
}

/** Columns two blanks apart; where they are too wide together the widest is cut. */
function tableLines({ header, rows, align = [], indent = 0 }: TableBlock, { width, theme }: Canvas): Line[] {
  const all = [...(header === undefined ? [] : [header]), ...rows].map((row) =>
    row.map((cell) => drawable(cell, theme.unicode)),
  );
  const columns = Math.max(0, ...all.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0)),
  );
  const room = width - indent - 2 * (columns - 1);
  for (let excess = widths.reduce((a, b) => a + b, 0) - room; excess > 0; excess--) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= 4) break;
    widths[widest]!--;
  }
  return all.map((row, i) => {
    const cells = widths.map((cells, column) => {
      const cell = cutText(row[column] ?? '', cells, theme.marks.ellipsis);
      return align[column] === 'right' ? cell.padStart(cells) : cell.padEnd(cells);
    });
    const text = cutText(' '.repeat(indent) + cells.join('  ').trimEnd(), width, theme.marks.ellipsis);
    return [span(text, header !== undefined && i === 0 ? 'strong' : 'plain')];
  });
}

function barLine({ share, label }: BarBlock, { width, theme }: Canvas): Line {
  const cells = Math.min(BAR_CELLS, Math.max(10, width - 40));
  const { copied, unused } = theme.marks;
  const filled = share === undefined ? 0 : Math.floor(Math.min(1, Math.max(0, share)) * cells);
  const rest = oneLine(label, Math.max(0, width - cells - 1), theme);
  return [
    span(copied.repeat(filled), 'good'),
    span(unused.repeat(cells - filled)),
    span(` ${rest}`, 'strong'),
  ];
}
