/** Where the build of the Buildroot base keeps its parts, below the folder of work of the image. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Folders } from '../folders.ts';

export interface BuildFolders {
  /** The build system: a root of its own, in which everything runs. */
  readonly system: string;
  /** What goes in: sources and archives, laid out as Buildroot looks for them. */
  readonly inputs: string;
  /** Buildroot's output: `O=`. */
  readonly output: string;
  /** Where Buildroot puts what it has downloaded, which here is copied from the inputs. */
  readonly downloads: string;
  /** Everything that make says. */
  readonly log: string;
}

export function buildFolders(folders: Folders): BuildFolders {
  const below = (name: string): string => join(folders.work, 'buildroot', name);
  const found = {
    ...{ system: below('system'), inputs: below('inputs'), output: below('output') },
    ...{ downloads: below('downloads'), log: below('build.log') },
  };
  for (const folder of [found.inputs, found.output, found.downloads]) mkdirSync(folder, { recursive: true });
  return found;
}
