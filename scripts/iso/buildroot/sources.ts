/**
 * Lays the sources of the lock file out for Buildroot: archives that are identical with Buildroot's go where it
 * looks for downloads, Debian's own sources are unpacked and patched as dpkg-source would, inside the build system.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { run, say } from '../command.ts';
import { cachedPath } from '../fetch.ts';
import type { Folders } from '../folders.ts';
import { enter } from './build-system.ts';
import type { BuildFolders } from './folders.ts';
import type { BuildrootLock, LockedSource } from './lock-file.ts';
import { kernelArchive, kernelSourcePackage } from './packages.ts';

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The name of a further archive of a source, `unicode-data` of `x.orig-unicode-data.tar.xz`; '' for the main one. */
const componentOf = (path: string): string | undefined =>
  /\.orig(?:-([\w-]+))?\.tar\.\w+$/.exec(path)?.[1] ?? (/\.orig\.tar\./.test(path) ? '' : undefined);

/**
 * The commands of the shell that make the folder `name` out of a source's files in /inputs/files, in the order and
 * with the meaning of the formats `1.0` and `3.0 (quilt)`; each patch must apply.
 */
export function unpackCommands(name: string, files: readonly string[]): string[] {
  const folder = quote(`/inputs/debian/${name}`);
  const commands = ['set -e', `mkdir -p ${folder}`, `cd ${folder}`];
  const archives = files
    .flatMap((file) => {
      const component = componentOf(file);
      return component === undefined ? [] : [{ file, component }];
    })
    .sort((a, b) => (a.component < b.component ? -1 : 1));
  for (const { file, component } of archives) {
    const into = component === '' ? '.' : quote(component);
    commands.push(
      `mkdir -p ${into}`,
      `tar -xf ${quote(`/inputs/files/${file}`)} -C ${into} --strip-components=1 --no-same-owner`,
    );
  }
  const changes = files.find((file) => file.endsWith('.diff.gz'));
  if (changes !== undefined) commands.push(`gzip -dc ${quote(`/inputs/files/${changes}`)} | patch -p1 -s`);
  const debian = files.find((file) => /\.debian\.tar\.\w+$/.test(file));
  if (debian !== undefined) commands.push(`tar -xf ${quote(`/inputs/files/${debian}`)} --no-same-owner`);
  if (debian !== undefined) {
    commands.push(
      'if [ -e debian/patches/series ]; then sed "s/#.*//" debian/patches/series | while read -r name level rest; do',
      '[ -z "$name" ] || { echo "$name"; patch -s -N -F0 "${level:--p1}" -i "debian/patches/$name"; }',
      'done; fi',
    );
  }
  return commands;
}

function layDebian(folders: Folders, build: BuildFolders, source: LockedSource, epoch: number): void {
  const folder = join(build.inputs, 'debian', source.package);
  const stamp = `${folder}.stamp`;
  const key = createHash('sha256')
    .update(JSON.stringify(source))
    .update(unpackCommands.toString())
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  const files = join(build.inputs, 'files');
  mkdirSync(files, { recursive: true });
  const names = source.files.map((file) => basename(file.path));
  source.files.forEach((file, at) => copyFileSync(cachedPath(folders, file), join(files, names[at]!)));
  const commands = unpackCommands(source.package, names).join('\n');
  enter(build, commands, [{ from: build.inputs, at: 'inputs' }], epoch);
  rmSync(files, { recursive: true });
  writeFileSync(stamp, key);
}

function layKernel(folders: Folders, build: BuildFolders, lock: BuildrootLock): void {
  const entry = lock.packages.find(({ name }) => name === kernelSourcePackage);
  if (entry === undefined) throw new Error(`the lock file has no ${kernelSourcePackage}`);
  const folder = join(build.inputs, 'sources/linux');
  const stamp = join(folder, 'stamp');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === entry.sha256) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const script = 'dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/src/$2" >"$3/$2"';
  run('bash', ['-o', 'pipefail', '-c', script, 'kernel', cachedPath(folders, entry), kernelArchive, folder]);
  writeFileSync(stamp, entry.sha256);
}

/** What tells Buildroot to take these packages from their folders (inputs/debian/overrides.make). */
export const overrideLines = (packages: readonly string[]): string =>
  packages
    .map((name) => `$(eval $(call debian-source,${name.toUpperCase().replaceAll('-', '_')},${name}))\n`)
    .join('');

/** Fills the folder of inputs; what is there of the same lock already is kept. */
export function laySources(folders: Folders, build: BuildFolders, lock: BuildrootLock, epoch: number): void {
  mkdirSync(join(build.inputs, 'nothing'), { recursive: true });
  layKernel(folders, build, lock);
  const overridden = lock.sources.filter(({ form }) => form !== 'identical').map((source) => source.package);
  writeFileSync(join(build.inputs, 'overrides.mk'), overrideLines(overridden));
  for (const source of lock.sources) {
    if (source.form !== 'identical') {
      layDebian(folders, build, source, epoch);
      continue;
    }
    const to = join(build.inputs, 'sources', source.place!);
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(cachedPath(folders, source.files[0]!), to);
  }
  const unpatched = lock.sources.filter(({ form }) => form === 'unpatched').map((source) => source.package);
  if (unpatched.length > 0)
    say(`WARNING: without Debian's patches, which the archive did not hand out: ${unpatched.join(', ')}`);
}
