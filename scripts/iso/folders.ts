/** Where the build of the image reads and writes; the same options for every step of it. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface Folders {
  /** The project's root. */
  readonly project: string;
  /** Everything that the build makes on its way; may be removed at any time. */
  readonly work: string;
  /** Downloaded packages, kept between builds. */
  readonly cache: string;
  /** The finished ISO. */
  readonly output: string;
}

/** Reads `--work DIR`, `--cache DIR` and `--output FILE` from the command line. */
export function readFolders(args: readonly string[] = process.argv.slice(2)): Folders {
  const project = resolve(import.meta.dirname, '../..');
  const { values } = parseArgs({
    args: [...args],
    options: {
      work: { type: 'string', default: join(project, 'build/iso') },
      cache: { type: 'string', default: join(project, 'build/debian-packages') },
      output: { type: 'string', default: join(project, 'dist/permafrost.iso') },
    },
  });
  const folders = {
    project,
    work: resolve(values.work),
    cache: resolve(values.cache),
    output: resolve(values.output),
  };
  mkdirSync(folders.work, { recursive: true });
  mkdirSync(folders.cache, { recursive: true });
  return folders;
}
