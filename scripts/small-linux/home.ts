/** What a person has in a home folder: large and small files, links, holes, and names that need care. The same each time. */
import {
  linkSync,
  mkdirSync,
  openSync,
  closeSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createCipheriv } from 'node:crypto';
import { join } from 'node:path';

/** Bytes that do not compress. */
function noise(sizeBytes: number, seed: number): Buffer {
  const key = Buffer.alloc(16, seed);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

/** Fills the new folder `home`. */
export function fillHome(home: string): void {
  const photos = join(home, 'photos');
  const letters = join(home, 'letters');
  for (const folder of [photos, letters]) mkdirSync(folder, { recursive: true });
  for (let number = 1; number <= 12; number++)
    writeFileSync(join(photos, `picture ${number}.jpg`), noise(700_000 + number * 31_337, number));
  for (let number = 1; number <= 300; number++)
    writeFileSync(join(letters, `letter-${number}.txt`), `Letter ${number}\n`.repeat(number));
  writeFileSync(join(home, 'Ünïcode – ☃ and spaces.txt'), 'snow\n');
  writeFileSync(join(home, 'empty'), '');
  symlinkSync('photos/picture 1.jpg', join(home, 'best'));
  linkSync(join(letters, 'letter-1.txt'), join(home, 'first-letter'));
  const sparse = join(home, 'sparse');
  const file = openSync(sparse, 'w');
  for (const at of [0, 3 << 20, 11 << 20]) writeSync(file, noise(5000, at >> 20), 0, 5000, at);
  closeSync(file);
  truncateSync(sparse, 16 << 20);
}
