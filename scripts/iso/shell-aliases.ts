/**
 * The shell of the image is BusyBox, which runs small programs of its own before those of PATH. At a console the whole
 * ones are wanted: etc/permafrost/aliases names them by their paths, and every login shell reads it.
 */
import { lstatSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { run } from './command.ts';

/** Of every program of BusyBox that `root` has a whole one of: `alias NAME=PATH`, one a line. */
export function shellAliases(root: string): string {
  const applets = run(join(root, 'usr/bin/busybox'), ['--list']).trim().split('\n').sort();
  return applets
    .flatMap((name) => {
      const path = ['/usr/sbin', '/usr/bin']
        .map((folder) => `${folder}/${name}`)
        .find((each) => name !== 'busybox' && isWhole(root, each));
      return path === undefined ? [] : [`alias ${name}=${path}\n`];
    })
    .join('');
}

export function writeShellAliases(root: string): void {
  writeFileSync(join(root, 'etc/permafrost/aliases'), shellAliases(root));
}

/** Whether `path` is there, and no link to BusyBox; links lead to where they would in the running system. */
function isWhole(root: string, path: string, mostLinks = 8): boolean {
  const stats = lstatSync(join(root, path), { throwIfNoEntry: false });
  if (stats === undefined) return false;
  if (!stats.isSymbolicLink()) return stats.isFile();
  const target = readlinkSync(join(root, path));
  if (basename(target) === 'busybox' || mostLinks === 0) return false;
  return isWhole(root, resolve(dirname(path), target), mostLinks - 1);
}
