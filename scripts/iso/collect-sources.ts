/**
 * `make sources`: collects the source of every program on the image, as Debian publishes it, in dist/sources (for the
 * Buildroot base dist/sources-buildroot, with what it was built from). Fails, when all others are there, if the
 * archive does not hand one out. Needs an image that was built. Usage: node scripts/iso/collect-sources.ts
 * [--base BASE] [--work DIR] [--cache DIR]
 */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readSources, type SourcePackage } from './buildroot/archive.ts';
import { readLock as readBuildrootLock } from './buildroot/lock-file.ts';
import { kernelSourcePackage, sysrootPackages } from './buildroot/packages.ts';
import { run, runStep, say } from './command.ts';
import { cachedPath, fetchFiles, readTaken } from './fetch.ts';
import { readFolders, type Folders } from './folders.ts';
import type { LockedFile } from './lock-file.ts';
import { suitesOf } from './mirror.ts';

export interface SourceName {
  readonly name: string;
  readonly version: string;
}

/**
 * The sources that a package's control fields name: its own, and those whose parts are in it. The signed boot loaders
 * and kernels are made of another package's programs, which stands in `Built-Using`.
 */
export function sourcesNamed(control: string): SourceName[] {
  const field = (name: string): string =>
    new RegExp(`^${name}: (.*(?:\\n .*)*)`, 'm').exec(control)?.[1]?.trim() ?? '';
  const own = /^(\S+)(?: \((.+)\))?$/.exec(field('Source') || field('Package'));
  if (own === null) throw new Error('the control fields name no package');
  const used = [...field('Built-Using').matchAll(/(\S+) \(= ([^)]+)\)/g)];
  return [
    { name: own[1]!, version: own[2] ?? field('Version') },
    ...used.map(([, name, version]) => ({ name: name!, version: version! })),
  ];
}

/** The files of what is on the image or in it: packages, as they were fetched. */
function filesOnImage(folders: Folders): LockedFile[] {
  const packages = readTaken(folders).packages;
  const onImage = packages.filter(({ purposes }) => purposes.includes('root') || purposes.includes('boot'));
  if (folders.base === 'debian') return onImage;
  const own = readBuildrootLock().packages.filter(({ name }) => sysrootPackages.includes(name));
  return [...onImage, ...own];
}

/** Those of `names` that the index does not have, or whose files are not all to be had; the others are in `folder`. */
function collect(
  folders: Folders,
  folder: string,
  names: readonly SourceName[],
  index: readonly SourcePackage[],
): SourceName[] {
  const into = { ...folders, cache: folder };
  return names.filter(({ name, version }) => {
    const found = index.filter((entry) => entry.name === name && entry.version === version);
    return !found.some((entry) => fetchFiles(into, entry.files).length === 0);
  });
}

/** What the Buildroot base was built from is in the cache: its sources and the kernel's. */
function copyBuildSources(folders: Folders, folder: string): void {
  const lock = readBuildrootLock();
  const kernel = lock.packages.filter(({ name }) => name === kernelSourcePackage);
  for (const file of [...kernel, ...lock.sources.flatMap(({ files }) => files)]) {
    copyFileSync(cachedPath(folders, file), join(folder, basename(file.path)));
  }
}

function main(): void {
  const folders = readFolders();
  if (!existsSync(join(folders.work, 'packages.json'))) {
    throw new Error('there is no image whose sources could be collected: `make iso` makes one');
  }
  const folder = join(folders.project, folders.base === 'debian' ? 'dist/sources' : 'dist/sources-buildroot');
  mkdirSync(folder, { recursive: true });
  const files = filesOnImage(folders);
  fetchFiles(folders, files);
  const named = files.flatMap((file) =>
    sourcesNamed(run('dpkg-deb', ['--field', cachedPath(folders, file)])),
  );
  const byName = new Map(named.map((source) => [`${source.name} ${source.version}`, source]));
  const names = [...byName.keys()].sort().map((key) => byName.get(key)!);
  const suites = suitesOf(readTaken(folders).suite);
  const index = readSources(folders.work, suites, new Set(names.map(({ name }) => name)));
  const missing = collect(folders, folder, names, index);
  if (folders.base === 'buildroot') copyBuildSources(folders, folder);
  const list = names.map(({ name, version }) => `${name} ${version}\n`);
  writeFileSync(join(folder, 'sources.txt'), list.join(''));
  say(`${folder}: ${names.length - missing.length} of ${names.length} sources`);
  if (missing.length === 0) return;
  const lines = missing.map(({ name, version }) => `  ${name} ${version}`);
  throw new Error(`the archive does not hand out the source of\n${lines.join('\n')}`);
}

if (import.meta.main) {
  runStep(main);
}
