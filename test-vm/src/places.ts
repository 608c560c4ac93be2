/** Where things are: the image under test, and the folders that outlive a test. */
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';

export const projectFolder = resolve(import.meta.dirname, '../..');
/** For what is kept between runs; `make clean` empties it. */
export const buildFolder = join(projectFolder, 'build/vm');

/** The image: `PERMAFROST_ISO`, else what `make iso` has built. */
export async function findIso(): Promise<string> {
  const path = resolve(process.env['PERMAFROST_ISO'] ?? join(projectFolder, 'dist/permafrost.iso'));
  await access(path).catch(() => {
    throw new Error(`there is no ${path}: build it with \`make iso\``);
  });
  return path;
}
