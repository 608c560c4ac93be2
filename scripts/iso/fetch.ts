/**
 * Brings every package of the lock file into the cache, each checked against its SHA-256. Where the archive no
 * longer has a locked version, the newest packages of the suite take the place of the lock's, and this is said.
 * Usage: node scripts/iso/fetch.ts [--work DIR] [--cache DIR]; what was taken is in WORK/packages.json.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { openArchive } from './apt.ts';
import { CommandFailed, run, say } from './command.ts';
import { readFolders, type Folders } from './folders.ts';
import { formatLock, parseLock, readLock, type DebianLock, type LockedFile } from './lock-file.ts';
import { findMirrors, given, mirrorOf, type Mirrors } from './mirror.ts';
import { imagePackages, resolvePackages, type Wanted } from './resolve.ts';

export const cachedPath = (folders: Folders, entry: LockedFile): string =>
  join(folders.cache, basename(entry.path));

function isWhole(path: string, entry: LockedFile): boolean {
  if (!existsSync(path)) return false;
  return createHash('sha256').update(readFileSync(path)).digest('hex') === entry.sha256;
}

/**
 * Where a package may be: in its suite's archive, and a security fix, once a point release has taken it in, in the
 * main one.
 */
export function addressesOf(mirrors: Mirrors, entry: LockedFile): string[] {
  const own = mirrorOf(mirrors, entry.suite);
  const places = own === undefined ? [] : [`${own}/${entry.path}`];
  if (!entry.path.startsWith('pool/updates/')) return places;
  return [...places, `${mirrors.main}/${entry.path.replace('pool/updates/', 'pool/')}`];
}

/** Downloads one package; false if the address has none. apt's own proxies and methods are used. */
function download(address: string, entry: LockedFile, path: string): boolean {
  const part = `${path}.part`;
  rmSync(part, { force: true });
  try {
    run('/usr/lib/apt/apt-helper', [
      ...['-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Retries=3'],
      ...['download-file', address, part, `SHA256:${entry.sha256}`],
    ]);
  } catch (error) {
    if (error instanceof CommandFailed && /\b404\b|not found/i.test(error.message)) return false;
    throw error;
  }
  if (!isWhole(part, entry)) throw new Error(`${entry.path} is not what the lock file pins`);
  renameSync(part, path);
  return true;
}

/** Copies what the folder has of `files` into the cache; an Error names what it lacks. */
function takeOffline(folders: Folders, folder: string, files: readonly LockedFile[]): void {
  const lacking = files.filter((entry) => {
    const from = join(folder, basename(entry.path));
    if (!isWhole(from, entry)) return true;
    copyFileSync(from, cachedPath(folders, entry));
    return false;
  });
  if (lacking.length === 0) return;
  const names = lacking.slice(0, 3).map(({ path }) => basename(path));
  const more = lacking.length > names.length ? ` and ${lacking.length - names.length} more` : '';
  throw new Error(`OFFLINE=${folder} lacks ${names.join(', ')}${more}, or has them with another content`);
}

/**
 * Brings what the cache lacks of `files` into it, from the mirror, or from the folder that OFFLINE names and then
 * from nowhere else; returns what the archive no longer has.
 */
export function fetchFiles<File extends LockedFile>(folders: Folders, files: readonly File[]): File[] {
  const wanted = files.filter((entry) => !isWhole(cachedPath(folders, entry), entry));
  if (wanted.length === 0) return [];
  const offline = given('OFFLINE');
  if (offline !== undefined) {
    takeOffline(folders, resolve(offline), wanted);
    return [];
  }
  const sizeBytes = wanted.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  say(`downloading ${wanted.length} files, ${Math.ceil(sizeBytes / 1e6)} MB`);
  const mirrors = findMirrors();
  return wanted.filter((entry) => {
    const path = cachedPath(folders, entry);
    return !addressesOf(mirrors, entry).some((address) => download(address, entry, path));
  });
}

function sayDifferences(lock: DebianLock, newest: DebianLock): void {
  const versions = new Map(newest.packages.map((entry) => [entry.name, entry.version]));
  const lines = lock.packages
    .filter((entry) => versions.get(entry.name) !== entry.version)
    .map((entry) => `  ${entry.name}: locked ${entry.version}, taken ${versions.get(entry.name) ?? 'none'}`);
  say(
    [
      'WARNING: the archive no longer has every locked package.',
      `The newest of ${newest.suite} are taken, so this image is not the one that the lock file describes:`,
      ...lines,
      '`make lock` pins them.',
    ].join('\n'),
  );
}

/**
 * Fetches the packages of `lock`; returns what is to be built from, the lock itself or, where the archive no longer
 * has all of it, what it has now for `wanted`.
 */
export function fetchPackages(
  folders: Folders,
  lock: DebianLock,
  wanted: Wanted = imagePackages,
): DebianLock {
  let taken = lock;
  const gone = fetchFiles(folders, lock.packages);
  if (gone.length > 0) {
    // All anew, not only what is gone: packages of one suite fit each other, a mixture may not.
    taken = {
      ...resolvePackages(openArchive(lock.suite, folders.work), wanted),
      sourceDateEpoch: lock.sourceDateEpoch,
    };
    sayDifferences(lock, taken);
    const missing = fetchFiles(folders, taken.packages);
    if (missing.length > 0) throw new Error(`the mirror lacks ${missing.map(({ path }) => path).join(', ')}`);
  }
  writeFileSync(join(folders.work, 'packages.json'), formatLock(taken));
  return taken;
}

/** What the last fetch into `folders` took; an Error if there was none. */
export function readTaken(folders: Folders): DebianLock {
  const path = join(folders.work, 'packages.json');
  if (!existsSync(path))
    throw new Error(`no image was built here: \`make iso BASE=${folders.base}\` comes first`);
  return parseLock(readFileSync(path, 'utf8'));
}

if (import.meta.main) fetchPackages(readFolders(), readLock());
