/** Files that stand for disks: empty ones, ones full of noise, and what is in them. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

/** A file of `sizeBytes` that takes no space yet. */
export async function emptyFile(path: string, sizeBytes: number): Promise<string> {
  const file = await open(path, 'w');
  await file.truncate(sizeBytes);
  await file.close();
  return path;
}

/** A file full of bytes that do not compress and are the same each time; 32-bit xorshift. */
export async function noisyFile(path: string, sizeBytes: number, seed = 1): Promise<string> {
  const file = await open(path, 'w');
  const words = new Uint32Array(1 << 20);
  let state = (seed * 2654435761 + 88675123) >>> 0 || 1;
  for (let at = 0; at < sizeBytes; at += words.byteLength) {
    for (let index = 0; index < words.length; index++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[index] = state;
    }
    await file.write(new Uint8Array(words.buffer), 0, Math.min(words.byteLength, sizeBytes - at), at);
  }
  await file.close();
  return path;
}

export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest('hex');
}
