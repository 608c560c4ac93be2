import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, inflateSync } from 'node:zlib';
import { encodePng, parsePpm } from './picture.ts';

const ppm = (width: number, height: number, pixels: readonly (readonly number[])[]): Buffer =>
  Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), Buffer.from(pixels.flat())]);

/** The chunks of a PNG by their names; each must have its own checksum. */
function chunksOf(png: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    assert.equal(png.readUInt32BE(at + 8 + length), crc32(body));
    chunks.set(body.toString('latin1', 0, 4), body.subarray(4));
    at += 12 + length;
  }
  return chunks;
}

const [black, red, white] = [
  [0, 0, 0],
  [255, 0, 0],
  [255, 255, 255],
] as const;

test('few colours take half a byte a pixel, and every pixel keeps its own', () => {
  const chunks = chunksOf(encodePng(parsePpm(ppm(3, 2, [black, red, white, red, red, black]))));
  assert.deepEqual([...chunks.keys()], ['IHDR', 'PLTE', 'IDAT', 'IEND']);
  assert.deepEqual([...chunks.get('IHDR')!], [0, 0, 0, 3, 0, 0, 0, 2, 4, 3, 0, 0, 0]);
  assert.deepEqual([...chunks.get('PLTE')!], [...black, ...red, ...white]);
  assert.deepEqual([...inflateSync(chunks.get('IDAT')!)], [0, 0x01, 0x20, 0, 0x11, 0x00]);
});

test('more colours take a byte, and too many are refused', () => {
  const shades = (count: number): number[][] => Array.from({ length: count }, (_, i) => [i & 255, i >> 8, 7]);
  const chunks = chunksOf(encodePng(parsePpm(ppm(17, 1, shades(17)))));
  assert.equal(chunks.get('IHDR')![8], 8);
  assert.deepEqual([...inflateSync(chunks.get('IDAT')!)], [0, ...Array(17).keys()]);
  assert.throws(() => encodePng(parsePpm(ppm(257, 1, shades(257)))), /more than 256 colours/);
});

test('what is no picture, or half of one, is refused', () => {
  assert.throws(() => parsePpm(Buffer.from('P5\n1 1\n255\n0')), /no picture/);
  assert.throws(() => parsePpm(ppm(2, 2, [black])), /ends too soon/);
});
