/**
 * `make lock BASE=buildroot`: pins the build system's packages and the source of every program that Buildroot would
 * build. Needs a Buildroot tree (checkout.ts) and the mirror; files that it looks at are in the cache afterwards.
 * Usage: node scripts/iso/buildroot/lock.ts [--work DIR] [--cache DIR]
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openArchive } from '../apt.ts';
import { run, say } from '../command.ts';
import { cachedPath, fetchFiles } from '../fetch.ts';
import { readFolders, type Folders } from '../folders.ts';
import { byPreference, readHashes, readSources, type SourcePackage } from './archive.ts';
import { makeBuildSystem } from './build-system.ts';
import { findBuildroot, release } from './checkout.ts';
import { buildFolders } from './folders.ts';
import {
  formatLock,
  lockPath,
  type BuildrootLock,
  type LockedBuildPackage,
  type LockedSource,
} from './lock-file.ts';
import { readSelected, type Selected } from './make.ts';
import {
  buildPackages,
  debianNames,
  kernelArchive,
  kernelSourcePackage,
  sourceSuites,
  suite,
  unbuilt,
} from './packages.ts';

/** The files of `found` that the archive really hands out; they are in the cache then. */
const obtainable = (folders: Folders, found: SourcePackage): SourcePackage['files'] => {
  const gone = new Set(fetchFiles(folders, found.files));
  return found.files.filter((file) => !gone.has(file));
};

const isOriginal = ({ path }: { readonly path: string }): boolean => /\.orig(-[\w-]+)?\.tar\./.test(path);
const isDebian = ({ path }: { readonly path: string }): boolean =>
  /\.(debian\.tar\.\w+|diff\.gz)$/.test(path);

/** The source of one package out of `candidates`, the best first; undefined if the archive hands out none. */
function chooseSource(
  folders: Folders,
  { name, downloads }: Selected,
  candidates: readonly SourcePackage[],
  hashes: ReadonlyMap<string, string>,
): LockedSource | undefined {
  for (const found of candidates) {
    for (const { file, place } of downloads) {
      const same = found.files.filter(({ sha256 }) => sha256 === hashes.get(file));
      if (same.length === 0 || fetchFiles(folders, same).length > 0) continue;
      const { name: source, version } = found;
      return { package: name, source, version, form: 'identical', place, files: same.slice(0, 1) };
    }
  }
  for (const found of candidates) {
    const files = obtainable(folders, found).filter((file) => !file.path.endsWith('.dsc'));
    const originals = found.files.filter(isOriginal);
    if (originals.length === 0 || !originals.every((file) => files.includes(file))) continue;
    const patched = found.files.filter(isDebian).every((file) => files.includes(file));
    const { name: source, version } = found;
    return { package: name, source, version, form: patched ? 'debian' : 'unpatched', files };
  }
  return undefined;
}

function hashesOf(buildroot: string, overlay: string, name: string): Map<string, string> {
  const places = [buildroot, overlay].flatMap((tree) =>
    globSync(`package/${name}/{,*/}*.hash`, { cwd: tree }).map((path) => join(tree, path)),
  );
  return new Map(places.flatMap((path) => [...readHashes(path)]));
}

/** Kernel sources are a file in a package: its hash is for Buildroot to check (board's patch folder). */
function writeKernelHash(folders: Folders, entry: LockedBuildPackage): void {
  const script = 'dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/src/$2" | sha256sum';
  const sum = run('bash', [
    '-o',
    'pipefail',
    '-c',
    script,
    'hash',
    cachedPath(folders, entry),
    kernelArchive,
  ]);
  const text = `# Of the archive in Debian's package ${entry.name} ${entry.version}\nsha256  ${sum.slice(0, 64)}  ${kernelArchive}\n`;
  const folder = join(folders.project, 'buildroot-overlay/patches/linux');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'linux.hash'), text);
}

const folders = readFolders();
const buildroot = findBuildroot(folders.work);
const archive = openArchive(suite, folders.work);
const packages = archive
  .closure(buildPackages)
  .map(({ name, version, suite: from, path, sizeBytes, sha256 }) => ({
    ...{ name, version, suite: from, path, sizeBytes, sha256 },
  }));
const gone = fetchFiles(folders, packages);
if (gone.length > 0) throw new Error(`the mirror lacks ${gone.map(({ path }) => path).join(', ')}`);
writeKernelHash(
  folders,
  packages.find(({ name }) => name === kernelSourcePackage)!,
);
const head = { suite, buildroot: release, sourceDateEpoch: archive.publishedEpoch };

// Buildroot itself says what it would build, and so must be able to run.
const build = buildFolders(folders);
makeBuildSystem(folders, build, { ...head, packages, sources: [] });
const selected = readSelected(folders, build, buildroot, head.sourceDateEpoch).filter(
  ({ name }) => !unbuilt.includes(name),
);
const debianName = ({ name }: Selected): string => debianNames[name] ?? name;
const index = readSources(folders.work, sourceSuites.flat(), new Set(selected.map(debianName)));
const sources: LockedSource[] = [];
const missing: string[] = [];
for (const entry of selected) {
  const named = index.filter(({ name }) => name === debianName(entry));
  const hashes = hashesOf(buildroot, join(folders.project, 'buildroot-overlay'), entry.name);
  const source = chooseSource(folders, entry, byPreference(named, sourceSuites), hashes);
  if (source === undefined) missing.push(entry.name);
  else sources.push(source);
  say(`${entry.name}: ${source === undefined ? 'none' : `${source.form} ${source.version}`}`);
}
if (missing.length > 0) {
  const names = missing.join(', ');
  throw new Error(
    `the archive hands out no source of ${names}: inputs/debian/debian.config must leave it out`,
  );
}
const lock: BuildrootLock = { ...head, packages, sources };
const before = readFileSync(lockPath, { encoding: 'utf8', flag: 'a+' });
writeFileSync(lockPath, formatLock(lock));
say(
  `buildroot.lock.json ${before === formatLock(lock) ? 'unchanged' : 'written'}: ${packages.length} packages, ${sources.length} sources`,
);
