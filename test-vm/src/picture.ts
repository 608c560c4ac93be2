/**
 * Pictures of a screen as small PNG files. A text console has a handful of colours: an index into a palette of at most
 * 16 takes half a byte a pixel, and most of that is the background (PNG Specification, 3rd edition, 11.2.2 to 11.2.4).
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';
import type { Machine } from './machine.ts';

/** Writes a picture of the machine's screen to `path`; throws where it has more than 256 colours. */
export async function takePicture(machine: Machine, path: string): Promise<void> {
  const raw = `${path}.ppm`;
  await machine.qmp.execute('screendump', { filename: raw, format: 'ppm' });
  try {
    await writeFile(path, encodePng(parsePpm(await readFile(raw))));
  } finally {
    await rm(raw, { force: true });
  }
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each pixel, row by row. */
  readonly pixels: Uint8Array;
}

/** A binary portable pixmap with 8 bits a channel. */
export function parsePpm(bytes: Uint8Array): Picture {
  const header = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(Buffer.from(bytes.subarray(0, 64)).toString('latin1'));
  if (header === null) throw new Error('this is no picture of 8 bits a channel');
  const [width, height] = [Number(header[1]), Number(header[2])];
  const pixels = bytes.subarray(header[0].length, header[0].length + width * height * 3);
  if (pixels.length < width * height * 3) throw new Error('the picture ends too soon');
  return { width, height, pixels };
}

/** The picture with a palette, as PNG. */
export function encodePng({ width, height, pixels }: Picture): Buffer {
  const palette = new Map<number, number>();
  const indexes = new Uint8Array(width * height);
  for (let i = 0; i < indexes.length; i++) {
    const colour = (pixels[i * 3]! << 16) | (pixels[i * 3 + 1]! << 8) | pixels[i * 3 + 2]!;
    let index = palette.get(colour);
    if (index === undefined) palette.set(colour, (index = palette.size));
    if (index > 255) throw new Error('the picture has more than 256 colours');
    indexes[i] = index;
  }
  const depth = palette.size <= 16 ? 4 : 8;
  const rowBytes = Math.ceil((width * depth) / 8);
  const rows = Buffer.alloc(height * (rowBytes + 1));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const index = indexes[y * width + x]!;
      // Each row begins with its filter, which is none.
      const at = y * (rowBytes + 1) + 1 + ((x * depth) >> 3);
      rows[at]! |= depth === 8 ? index : x % 2 === 0 ? index << 4 : index;
    }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([depth, 3, 0, 0, 0], 8);
  const colours = Buffer.from([...palette.keys()].flatMap((c) => [c >> 16, (c >> 8) & 255, c & 255]));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    chunk('PLTE', colours),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
