/**
 * Reads PC Screen Fonts of versions 1 and 2 and writes version 2, all of 8×16 pixels. Such a file is a header, the
 * glyphs, and for each glyph the characters that it stands for (UCS-2 in version 1, UTF-8 in version 2).
 */

/** 16 rows of 8 pixels, the leftmost in the highest bit. */
export type Glyph = readonly number[];

export const glyphRows = 16;
export const glyphCount = 512;

const magic2 = 0x864ab572;

function glyphAt(bytes: Uint8Array, offset: number): Glyph {
  const rows = [...bytes.subarray(offset, offset + glyphRows)];
  if (rows.length !== glyphRows) throw new Error('the font ends in the middle of a glyph');
  return rows;
}

function parseVersion1(bytes: Uint8Array): Map<number, Glyph> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[3] !== glyphRows) throw new Error('the font is not 16 pixels high');
  const count = (bytes[2]! & 1) === 0 ? 256 : 512;
  const glyphs = new Map<number, Glyph>();
  let offset = 4 + count * glyphRows;
  for (let index = 0; index < count; index++) {
    const glyph = glyphAt(bytes, 4 + index * glyphRows);
    let inSequence = false;
    for (; offset + 2 <= bytes.length; offset += 2) {
      const code = view.getUint16(offset, true);
      if (code === 0xffff) break;
      if (code === 0xfffe) inSequence = true;
      else if (!inSequence && !glyphs.has(code)) glyphs.set(code, glyph);
    }
    offset += 2;
  }
  return glyphs;
}

function parseVersion2(bytes: Uint8Array): Map<number, Glyph> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [headerBytes, flags, count, glyphBytes] = [8, 12, 16, 20].map((at) => view.getUint32(at, true));
  if (flags !== 1 || glyphBytes !== glyphRows) throw new Error('the font is not 8×16 with a Unicode table');
  const glyphs = new Map<number, Glyph>();
  let start = headerBytes! + count! * glyphBytes;
  for (let index = 0; index < count!; index++) {
    const end = bytes.indexOf(0xff, start);
    if (end < 0) throw new Error('the Unicode table of the font ends early');
    const sequence = bytes.indexOf(0xfe, start);
    const single = bytes.subarray(start, sequence >= 0 && sequence < end ? sequence : end);
    const glyph = glyphAt(bytes, headerBytes! + index * glyphBytes);
    for (const character of new TextDecoder().decode(single)) {
      const code = character.codePointAt(0)!;
      if (!glyphs.has(code)) glyphs.set(code, glyph);
    }
    start = end + 1;
  }
  return glyphs;
}

/** The glyph of each character in a font of 8×16 pixels; characters that are sequences are left out. */
export function parseFont(bytes: Uint8Array): Map<number, Glyph> {
  if (bytes[0] === 0x36 && bytes[1] === 0x04) return parseVersion1(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 32 && view.getUint32(0, true) === magic2) return parseVersion2(bytes);
  throw new Error('this is no PC Screen Font');
}

/**
 * A font of 512 glyphs. Characters that look the same share a glyph. ASCII stays at its own places: the console
 * clears with glyph 32. Glyph 0 is what is shown for a character that the font lacks. Throws on too many glyphs.
 */
export function encodeFont(characters: ReadonlyMap<number, Glyph>): Uint8Array {
  const byShape = new Map<string, { glyph: Glyph; codes: number[] }>();
  for (const [code, glyph] of [...characters].sort(([a], [b]) => a - b)) {
    const shape = glyph.join();
    const known = byShape.get(shape);
    if (known === undefined) byShape.set(shape, { glyph, codes: [code] });
    else known.codes.push(code);
  }
  const places = new Array<{ glyph: Glyph; codes: readonly number[] } | undefined>(glyphCount).fill(
    undefined,
  );
  const rest: { glyph: Glyph; codes: number[] }[] = [];
  for (const entry of byShape.values()) {
    const ascii = entry.codes.find((code) => code >= 0x20 && code < 0x7f);
    if (entry.codes.includes(0xfffd)) places[0] = entry;
    else if (ascii !== undefined) places[ascii] = entry;
    else rest.push(entry);
  }
  for (let place = 1; place < glyphCount; place++) places[place] ??= rest.shift();
  if (rest.length > 0) throw new Error(`the font has ${rest.length} glyphs too many`);
  const header = new Uint8Array(32);
  const view = new DataView(header.buffer);
  [magic2, 0, 32, 1, glyphCount, glyphRows, glyphRows, 8].forEach((value, index) => {
    view.setUint32(index * 4, value, true);
  });
  const bitmaps = places.flatMap((place) => place?.glyph ?? new Array<number>(glyphRows).fill(0));
  const table = places.flatMap((place) => [
    ...new TextEncoder().encode(String.fromCodePoint(...(place?.codes ?? []))),
    0xff,
  ]);
  return Uint8Array.from([...header, ...bitmaps, ...table]);
}
