/** Where the build of the image reads and writes; the same options for every step of it. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What kernel and tools are: Debian's packages, or built from source by Buildroot (docs/boot.md). */
export type Base = 'debian' | 'buildroot';

export interface Folders {
  readonly base: Base;
  /** The project's root. */
  readonly project: string;
  /** Everything that the build makes on its way; may be removed at any time. */
  readonly work: string;
  /** Downloaded packages, kept between builds. */
  readonly cache: string;
  /** The finished ISO. */
  readonly output: string;
}

/** Where each base is built, unless the command line says otherwise: both may be there at the same time. */
const defaults: Readonly<Record<Base, { readonly work: string; readonly output: string }>> = {
  debian: { work: 'build/iso', output: 'dist/permafrost.iso' },
  buildroot: { work: 'build/iso-buildroot', output: 'dist/permafrost-buildroot.iso' },
};

/** Reads `--base BASE`, `--work DIR`, `--cache DIR` and `--output FILE` from the command line. */
export function readFolders(args: readonly string[] = process.argv.slice(2)): Folders {
  const project = resolve(import.meta.dirname, '../..');
  const { values } = parseArgs({
    args: [...args],
    options: {
      base: { type: 'string', default: 'debian' },
      work: { type: 'string' },
      cache: { type: 'string', default: join(project, 'build/debian-packages') },
      output: { type: 'string' },
    },
  });
  const { base } = values;
  if (base !== 'debian' && base !== 'buildroot')
    throw new Error(`there is no base ${base}: debian or buildroot`);
  const folders: Folders = {
    base,
    project,
    work: resolve(values.work ?? join(project, defaults[base].work)),
    cache: resolve(values.cache),
    output: resolve(values.output ?? join(project, defaults[base].output)),
  };
  mkdirSync(folders.work, { recursive: true });
  mkdirSync(folders.cache, { recursive: true });
  return folders;
}

/** The folder that has the kernel as `boot/vmlinuz-RELEASE` and its modules in `usr/lib/modules/RELEASE`. */
export const kernelFolder = ({ base, work }: Folders): string =>
  join(work, base === 'debian' ? 'boot' : 'kernel');
