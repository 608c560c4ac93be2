/** Benchmark results as an SVG of horizontal bars, one block a group; the line on a bar spans minimum and maximum. */
import type { Result } from './race.ts';

const ROW = 22;
const LABEL = 250;
const BAR = 420;

export function plot(results: readonly Result[]): string {
  const groups = [...new Set(results.map(({ group }) => group))];
  const parts: string[] = [];
  let y = 10;
  for (const group of groups) {
    const rows = results.filter((result) => result.group === group);
    const longest = Math.max(...rows.map(({ maxSeconds }) => maxSeconds));
    parts.push(`<text x="10" y="${y + 14}" font-weight="bold">${escape(group)}</text>`);
    y += ROW;
    for (const { name, medianSeconds, minSeconds, maxSeconds } of rows) {
      const x = (seconds: number): number => LABEL + (seconds / longest) * BAR;
      const colour = name.startsWith('permafrost') ? '#1f6feb' : '#9aa4ad';
      parts.push(
        `<text x="20" y="${y + 14}">${escape(name)}</text>`,
        `<rect x="${LABEL}" y="${y + 3}" width="${(x(medianSeconds) - LABEL).toFixed(1)}" height="14" fill="${colour}"/>`,
        `<line x1="${x(minSeconds).toFixed(1)}" x2="${x(maxSeconds).toFixed(1)}" y1="${y + 10}" y2="${y + 10}" stroke="black"/>`,
        `<text x="${LABEL + BAR + 10}" y="${y + 14}">${medianSeconds.toFixed(2)} s</text>`,
      );
      y += ROW;
    }
    y += 10;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="760" height="${y}" font-family="sans-serif" font-size="13">\n<rect width="100%" height="100%" fill="white"/>\n${parts.join('\n')}\n</svg>\n`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
