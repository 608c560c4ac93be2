/**
 * Text as it can be drawn: every character one cell wide. What comes from disks and other people may hold
 * anything; what a console cannot show becomes a question mark, in ASCII also letters with marks.
 */

/** Wider than a cell, or none of its own: East Asian and emoji blocks, joiners, and marks that combine. */
const notOneCell =
  /[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe10-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]|\p{M}|\p{Cf}/gu;

const plain: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  Ä: 'Ae',
  Ö: 'Oe',
  Ü: 'Ue',
  ß: 'ss',
  '…': '...',
  '–': '-',
  '—': '-',
  '“': '"',
  '”': '"',
  '„': '"',
  '’': "'",
  '×': 'x',
  '→': '->',
  '←': '<-',
  '·': '-',
  '•': '*',
  '›': '>',
  '↑': 'Up',
  '↓': 'Down',
};

/** `text` in characters that take one cell each; in ASCII where `unicode` is false. */
export function drawable(text: string, unicode: boolean): string {
  const clean = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ').replaceAll(notOneCell, '?');
  if (unicode) return clean;
  return clean.replaceAll(/[^\x20-\x7e]/gu, (character) => plain[character] ?? deaccented(character));
}

function deaccented(character: string): string {
  const base = character.normalize('NFD')[0]!;
  return base >= ' ' && base <= '~' ? base : '?';
}

/** `text` broken at blanks into lines of at most `width` cells; a word that is longer is cut into pieces. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (let word of paragraph.split(' ')) {
      while (word.length > width) {
        const room = line === '' ? width : width - line.length - 1;
        if (room > 0) {
          line = line === '' ? word.slice(0, room) : `${line} ${word.slice(0, room)}`;
          word = word.slice(room);
        }
        lines.push(line);
        line = '';
      }
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

/** Like {@link wrapText}; a line that is set in, or begins with its number, goes on below its first word. */
export function wrapLine(text: string, width: number): string[] {
  const [lead] = /^ *(?:\d+\. )?/.exec(text)!;
  if (text.length <= width) return [text];
  if (lead.length >= width) return wrapText(text, width);
  const lines = wrapText(text.slice(lead.length), width - lead.length);
  return lines.map((line, i) => (i === 0 ? lead : ' '.repeat(lead.length)) + line);
}

/** `text` cut to `width` cells, with a mark where something is missing. */
export function cutText(text: string, width: number, ellipsis: string): string {
  if (text.length <= width) return text;
  return width <= ellipsis.length
    ? text.slice(0, Math.max(0, width))
    : text.slice(0, width - ellipsis.length) + ellipsis;
}
