import assert from 'node:assert/strict';
import test from 'node:test';
import { buildConsoleFont } from './console-font.ts';
import { encodeFont, parseFont, type Glyph } from './psf.ts';

const glyph = (fill: number): Glyph => new Array<number>(16).fill(fill);

/** A base font in version 1: 256 glyphs, glyph i standing for character i, lines and a few others at the end. */
function versionOne(): Uint8Array {
  const codes = Array.from({ length: 256 }, (_, index) => index);
  codes[254] = 0x2500;
  codes[255] = 0x2502;
  const bitmaps = codes.flatMap((code) => {
    if (code === 0x2500) return glyph(0).with(7, 0xff);
    if (code === 0x2502) return glyph(0x10);
    return code === 0x20
      ? glyph(0)
      : glyph(0)
          .with(15, code & 0xff)
          .with(14, code >> 8)
          .with(13, 1);
  });
  const table = codes.flatMap((code) => [code & 0xff, code >> 8, 0xff, 0xff]);
  return Uint8Array.from([0x36, 0x04, 0x02, 16, ...bitmaps, ...table]);
}

void test('a font is read back as it was written, ASCII at its own places', () => {
  const base = parseFont(versionOne());
  assert.equal(base.size, 256);
  const bytes = encodeFont(base);
  assert.deepEqual([...bytes.subarray(32 + 65 * 16, 32 + 66 * 16)], [...base.get(65)!]);
  assert.deepEqual(parseFont(bytes), base);
});

void test('the console font has 512 glyphs at most and every sign that screens are drawn with', () => {
  const font = parseFont(buildConsoleFont(parseFont(versionOne())));
  for (const sign of '▏▎▍▌▋▊▉█▁▂▃▄▅▆▇░▒▓▖▗▘▝╭╮╯╰✔✖❯⚠ℹ⠋⣷') {
    assert.ok(
      font.get(sign.codePointAt(0)!)?.some((row) => row !== 0),
      sign,
    );
  }
  assert.deepEqual(font.get(0x258c), glyph(0xf0));
  assert.deepEqual(font.get(0x2584), [...new Array<number>(8).fill(0), ...new Array<number>(8).fill(0xff)]);
  assert.deepEqual(font.get(0x20), glyph(0));
});

void test('what is no font, is cut short, or holds too much is refused', () => {
  assert.throws(() => parseFont(new Uint8Array(64)), /no PC Screen Font/);
  assert.throws(() => parseFont(versionOne().subarray(0, 100)), /middle of a glyph/);
  const crowd = new Map(
    Array.from({ length: 600 }, (_, code) => [
      code + 0x100,
      glyph(0)
        .with(0, code & 255)
        .with(1, code >> 8),
    ]),
  );
  assert.throws(() => encodeFont(crowd), /too many/);
});
