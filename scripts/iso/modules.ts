/**
 * Installs kernel modules: chosen, closed over what they need, uncompressed (the image compresses better and loads
 * faster) and otherwise untouched, since Secure Boot checks the signature at their end.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run, runUnpacked } from './command.ts';
import { kernelFolder, type Folders } from './folders.ts';
import { closeModules, parseModulesDep, parseSoftdep, type ModuleChoice } from './module-closure.ts';

const below = 'usr/lib/modules';

/** The kernel's release, as `uname -r` will say it. */
export function kernelRelease(folders: Folders): string {
  const releases = readdirSync(join(kernelFolder(folders), below));
  if (releases.length !== 1) throw new Error(`expected one kernel, found ${releases.join(', ') || 'none'}`);
  return releases[0]!;
}

/** Copies the modules of `choice` into the root folder `target` and indexes them; returns how many there are. */
export function installModules(folders: Folders, choice: ModuleChoice, target: string): number {
  const release = kernelRelease(folders);
  const kernel = kernelFolder(folders);
  const tools = join(folders.work, 'tools');
  const source = join(kernel, below, release);
  const depmod = (root: string): string =>
    runUnpacked(tools, 'kmod', ['-b', root, release], { argv0: 'depmod' });
  if (!existsSync(join(source, 'modules.dep'))) depmod(kernel);
  const read = (name: string): string => readFileSync(join(source, name), 'utf8');
  const paths = closeModules(
    parseModulesDep(read('modules.dep')),
    parseSoftdep(read('modules.softdep')),
    choice,
    read('modules.builtin').trim().split('\n'),
  );
  const destination = join(target, below, release);
  // Where all that was asked for is built in, nothing else makes it.
  mkdirSync(destination, { recursive: true });
  for (const path of paths) {
    mkdirSync(dirname(join(destination, path)), { recursive: true });
    copyFileSync(join(source, path), join(destination, path));
  }
  const packed = paths.filter((path) => path.endsWith('.xz')).map((path) => join(destination, path));
  if (packed.length > 0) run('xz', ['--decompress', ...packed]);
  for (const name of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    copyFileSync(join(source, name), join(destination, name));
  }
  depmod(target);
  return paths.length;
}
