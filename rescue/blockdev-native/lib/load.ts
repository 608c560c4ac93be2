/**
 * Finds and loads the addon. In the source tree it is what scripts/build-addon made. The packed executable
 * carries it as the asset `blockdev.node`; since only files can be loaded, it is laid into a folder that
 * nobody else can write to, under a name that holds its SHA-256, and checked by content at every start.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { getRawAsset, isSea } from 'node:sea';
import type { Binding } from './binding.ts';

const ASSET = 'blockdev.node';

/** The addon cannot be loaded on this machine; the message says why and what was tried. */
export class AddonError extends Error {
  override readonly name = 'AddonError';
}

/** Where the addon lies, after extraction if need be. Throws {@link AddonError}. */
export function findAddon(): string {
  if (!isSea()) return join(import.meta.dirname, '..', 'build', 'Release', ASSET);
  const asset = new Uint8Array(getRawAsset(ASSET));
  const beside = join(dirname(process.execPath), ASSET);
  const uid = process.geteuid?.() ?? 0;
  return placeAddon(asset, privateFolders(process.env, uid), uid, beside);
}

/** Loads the addon at `path`. Throws {@link AddonError}. */
export function loadAddon(path: string): Binding {
  if (!fs.existsSync(path))
    throw new AddonError(`the native addon is missing: ${path} (scripts/build-addon builds it)`);
  const module = { exports: {} };
  try {
    process.dlopen(module, path);
  } catch (error) {
    throw new AddonError(`the native addon cannot be loaded: ${(error as Error).message}`, { cause: error });
  }
  return module.exports as Binding;
}

/** The folders that may hold the extracted addon, best first. They need not exist. */
export function privateFolders(
  environment: Readonly<Record<string, string | undefined>>,
  uid: number,
): string[] {
  const { PERMAFROST_ADDON_DIR: chosen, XDG_CACHE_HOME: cache, HOME: home } = environment;
  const folders: string[] = [];
  if (chosen !== undefined && chosen !== '') folders.push(chosen);
  if (cache?.startsWith('/') === true) folders.push(join(cache, 'permafrost'));
  else if (home?.startsWith('/') === true) folders.push(join(home, '.cache', 'permafrost'));
  if (uid === 0) folders.push('/run/permafrost');
  folders.push(`/tmp/permafrost-${uid}`);
  return folders;
}

/**
 * Makes sure that one of `folders` holds `asset` and returns its path. A folder that somebody else could write
 * to is passed over. Where none serves, `beside` does if it has the same content.
 */
export function placeAddon(
  asset: Uint8Array,
  folders: readonly string[],
  uid: number,
  beside?: string,
): string {
  const hash = sha256(asset);
  const problems: string[] = [];
  for (const folder of folders) {
    try {
      makePrivate(folder, uid);
      const path = join(folder, `blockdev-${hash}.node`);
      if (!holds(path, hash, uid)) writeWhole(path, asset);
      if (holds(path, hash, uid)) return path;
      problems.push(`${path}: does not keep what is written`);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  if (beside !== undefined && fs.existsSync(beside)) {
    if (sha256(fs.readFileSync(beside)) === hash) return beside;
    problems.push(`${beside}: is another version`);
  }
  throw new AddonError(
    `no folder can hold the native addon (set PERMAFROST_ADDON_DIR to one): ${problems.join('; ')}`,
  );
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Creates `folder` (mode 0700) if need be. Throws unless `uid` owns it and nobody else can replace what is in it. */
function makePrivate(folder: string, uid: number): void {
  makeFolder(folder);
  const own = fs.lstatSync(folder);
  if (!own.isDirectory()) throw new Error(`${folder}: is no folder`);
  if (own.uid !== uid) throw new Error(`${folder}: belongs to somebody else`);
  if ((own.mode & 0o077) !== 0) throw new Error(`${folder}: others may enter it (mode ${mode(own)})`);
  // Who can rename a folder above can put another in its place.
  for (let at = dirname(fs.realpathSync(folder)); ; at = dirname(at)) {
    const above = fs.statSync(at);
    const sticky = (above.mode & 0o1000) !== 0;
    if (above.uid !== uid && above.uid !== 0) throw new Error(`${folder}: ${at} belongs to somebody else`);
    if ((above.mode & 0o022) !== 0 && !sticky)
      throw new Error(`${folder}: others may write to ${at} (mode ${mode(above)})`);
    if (at === dirname(at)) return;
  }
}

/** Creates `folder` and what is missing above it. Node's own `recursive` never ends where ENOENT stays, as in /proc. */
function makeFolder(folder: string): void {
  if (fs.existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    fs.mkdirSync(folder, 0o700);
  } catch (error) {
    // Another start may be doing the same.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function mode(stats: fs.Stats): string {
  return (stats.mode & 0o7777).toString(8);
}

/** Is `path` a regular file of `uid` with this content? */
function holds(path: string, hash: string, uid: number): boolean {
  let file: number;
  try {
    file = fs.openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
  try {
    const stats = fs.fstatSync(file);
    return stats.isFile() && stats.uid === uid && sha256(fs.readFileSync(file)) === hash;
  } finally {
    fs.closeSync(file);
  }
}

/** Writes under a temporary name and renames, so that a cut or a second start at the same time does no harm. */
function writeWhole(path: string, bytes: Uint8Array): void {
  const temporary = join(dirname(path), `${basename(path)}.${process.pid}.tmp`);
  fs.rmSync(temporary, { force: true });
  const file = fs.openSync(temporary, 'wx', 0o500);
  try {
    fs.writeFileSync(file, bytes);
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
  fs.renameSync(temporary, path);
}
