/**
 * The console's font: letters of Terminus (console-setup-linux), with the block elements, braille dots, rounded
 * corners and marks drawn here that no font of Debian's has together. 512 glyphs are all that a console can hold.
 */
import { encodeFont, glyphRows, type Glyph } from './psf.ts';

const rows = (row: (y: number) => number): Glyph =>
  Array.from({ length: glyphRows }, (_, y) => row(y) & 0xff);

/** A drawing of up to 16 lines of 8, `#` for a pixel, that starts `top` rows from the upper edge. */
function drawing(top: number, text: string): Glyph {
  const lines = text.trim().split(/\s+/);
  return rows((y) => parseInt((lines[y - top] ?? '').replaceAll('.', '0').replaceAll('#', '1') || '0', 2));
}

function* blockElements(): Generator<[number, Glyph]> {
  for (let eighths = 1; eighths < 8; eighths++) {
    yield [0x2580 + eighths, rows((y) => (y >= glyphRows - 2 * eighths ? 0xff : 0))];
    yield [0x2590 - eighths, rows(() => 0xff << (8 - eighths))];
  }
  yield [0x2580, rows((y) => (y < 8 ? 0xff : 0))];
  yield [0x2588, rows(() => 0xff)];
  yield [0x2590, rows(() => 0x0f)];
  yield [0x2591, rows((y) => [0x88, 0, 0x22, 0][y % 4]!)];
  yield [0x2592, rows((y) => [0x55, 0xaa][y % 2]!)];
  yield [0x2593, rows((y) => [0xdd, 0xff, 0x77, 0xff][y % 4]!)];
  // Quadrants: upper left 1, upper right 2, lower left 4, lower right 8.
  const quadrants = {
    0x2596: 4,
    0x2597: 8,
    0x2598: 1,
    0x2599: 13,
    0x259a: 9,
    0x259b: 7,
    0x259c: 11,
    0x259d: 2,
  };
  for (const [code, bits] of Object.entries({ ...quadrants, 0x259e: 6, 0x259f: 14 })) {
    const half = (left: number, right: number): number =>
      (bits & left ? 0xf0 : 0) | (bits & right ? 0x0f : 0);
    yield [Number(code), rows((y) => (y < 8 ? half(1, 2) : half(4, 8)))];
  }
}

const brailleUsed = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏⣾⣽⣻⢿⡿⣟⣯⣷⠁⠂⠄⡀⢀⠠⠐⠈';

/** Bit 0 to 2 are the upper three dots on the left, 3 to 5 those on the right, 6 and 7 the lowest of each side. */
function braille(code: number): Glyph {
  const dots = [0, 1, 2, 0, 1, 2, 3, 3];
  const bits = code - 0x2800;
  return rows((y) =>
    dots.reduce((row, level, bit) => {
      const right = (bit >= 3 && bit < 6) || bit === 7;
      const lit = (bits >> bit) & 1 && (y === 1 + level * 4 || y === 2 + level * 4);
      return lit ? row | (right ? 0x06 : 0x60) : row;
    }, 0),
  );
}

/** Corners that join the base font's own light lines. */
function* roundedCorners(base: ReadonlyMap<number, Glyph>): Generator<[number, Glyph]> {
  const level = base.get(0x2500)?.findIndex((row) => row !== 0);
  const bar = base.get(0x2502)?.[0];
  if (level === undefined || level < 0 || bar === undefined) throw new Error('the base font has no lines');
  const corner = (right: boolean, down: boolean): Glyph =>
    rows((y) => {
      const distance = down ? y - level : level - y;
      // The bar ends one row before the line, whose end is a pixel short: that is the roundness.
      if (distance >= 2) return bar;
      if (distance === 1) return right ? bar >> 1 : bar << 1;
      return distance === 0 ? (right ? 0x07 : 0xe0) : 0;
    });
  yield [0x256d, corner(true, true)];
  yield [0x256e, corner(false, true)];
  yield [0x256f, corner(false, false)];
  yield [0x2570, corner(true, false)];
}

function* marks(): Generator<[number, Glyph]> {
  const tick = drawing(3, '.......# ......## ......#. .....##. #....#.. ##..##.. .#..#... .####... ..##....');
  const cross = drawing(4, '##....## .##..##. ..####.. ...##... ...##... ..####.. .##..##. ##....##');
  yield [0x2713, tick];
  yield [0x2714, tick];
  yield [0x2716, cross];
  yield [0x2717, cross];
  yield [
    0x276f,
    drawing(3, '.##..... ..##.... ...##... ....##.. .....##. ....##.. ...##... ..##.... .##.....'),
  ];
  yield [
    0x26a0,
    drawing(2, '...#.... ..#.#... ..#.#... .#.#.#.. .#.#.#.. .#.#.#.. #..#..#. #.....#. #..#..#. #######.'),
  ];
  yield [
    0x2139,
    drawing(2, '...##... ...##... ........ ..###... ...##... ...##... ...##... ...##... ..####..'),
  ];
}

/** Ranges of characters, ends included, that are taken from the base font where it has them. */
const kept: readonly (readonly [number, number])[] = [
  [0x20, 0x7e],
  [0xa0, 0x17f],
  [0x400, 0x45f],
  [0x490, 0x491],
  [0x2013, 0x2014],
  [0x2018, 0x201a],
  [0x201c, 0x201e],
  [0x2022, 0x2022],
  [0x2026, 0x2026],
  [0x203a, 0x203a],
  [0x20ac, 0x20ac],
  [0x2116, 0x2116],
  [0x2190, 0x2195],
  [0x221a, 0x221a],
  [0x2248, 0x2248],
  [0x2260, 0x2260],
  [0x2264, 0x2265],
  [0x2500, 0x257f],
  [0x25a0, 0x25cf],
  [0x2666, 0x2666],
  [0xfffd, 0xfffd],
];

/** The console's font as a PSF version 2 file, upon the glyphs of an 8×16 base font. */
export function buildConsoleFont(base: ReadonlyMap<number, Glyph>): Uint8Array {
  const font = new Map<number, Glyph>();
  for (const [first, last] of kept) {
    for (let code = first; code <= last; code++) {
      const glyph = base.get(code);
      if (glyph !== undefined) font.set(code, glyph);
    }
  }
  for (const [code, glyph] of [...blockElements(), ...roundedCorners(base), ...marks()])
    font.set(code, glyph);
  for (const character of brailleUsed)
    font.set(character.codePointAt(0)!, braille(character.codePointAt(0)!));
  return encodeFont(font);
}
