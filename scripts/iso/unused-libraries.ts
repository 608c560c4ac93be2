/** Takes libraries out of a system that none of its programs uses. */
import { globSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findElf, readPrograms } from './elf.ts';

/** What programs load by name alone: the C library for names of hosts, and for the end of a thread. */
const loadedByName = /^(libnss_\w+|libgcc_s)\.so\.\d+$/;

/** Libraries of packages that have many, and of which the programs here link with a few. */
export function removeUnusedLibraries(root: string): void {
  const folder = join(root, 'usr/lib');
  for (;;) {
    const needed = new Set(readPrograms(root, findElf(root)).flatMap(({ needs }) => needs));
    const names = globSync('lib*.so*', { cwd: folder });
    const isUsed = (name: string): boolean => needed.has(name) || loadedByName.test(name);
    const used = new Set(names.filter(isUsed).map((name) => realpathSync(join(folder, name))));
    // The names that only a linker asks for go too.
    const unused = names.filter((name) => !isUsed(name) && !used.has(join(realpathSync(folder), name)));
    if (unused.length === 0) return;
    for (const name of unused) rmSync(join(folder, name));
  }
}
