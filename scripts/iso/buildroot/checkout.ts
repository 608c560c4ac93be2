/**
 * Buildroot itself, of which nothing is in this repository: the checkout that BUILDROOT_DIR names, or the pinned
 * release, fetched with git and known by its commit.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CommandFailed, run, say } from '../command.ts';
import { given } from '../mirror.ts';

export const release = '2026.05.1';
/** The commit that the release's tag names. A git commit's id covers every byte of the tree. */
export const commit = 'cb857ba4c87a93e5265a9e4a3f32071abf39e14a';
const address = 'https://gitlab.com/buildroot.org/buildroot.git';

/** The version that the Buildroot tree in `folder` says it has; an Error if there is none. */
export function versionOf(folder: string): string {
  const makefile = join(folder, 'Makefile');
  const text = existsSync(makefile) ? readFileSync(makefile, 'utf8') : '';
  const version = /^export BR2_VERSION := (\S+)$/m.exec(text)?.[1];
  if (version === undefined) throw new Error(`${folder} is no Buildroot tree`);
  return version;
}

/** Whether its files are root's in the user namespace that an ordinary user builds in (build-system.ts). */
function isOwn(folder: string): boolean {
  const user = process.geteuid?.();
  return user === 0 || statSync(folder).uid === user;
}

/** Buildroot copies files of its tree with their owners, whom that namespace does not know: this user's own copy. */
function copyOf(folder: string, copy: string): string {
  rmSync(copy, { recursive: true, force: true });
  const git = join(folder, '.git');
  // Their times stay: what is newer than what was made of it is made again.
  cpSync(folder, copy, {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
    filter: (from) => from !== git,
  });
  return copy;
}

/** How to go on where Buildroot is neither here nor to be had; one line. */
const remedy = `give a checkout of Buildroot ${release} with BUILDROOT_DIR=DIR, or a copy of its repository with BUILDROOT_URL=`;

/** The folder of the Buildroot tree, fetched into `work` if need be. */
export function findBuildroot(work: string): string {
  const checkout = given('BUILDROOT_DIR');
  if (checkout !== undefined) {
    const folder = resolve(checkout);
    const version = versionOf(folder);
    if (version !== release) say(`BUILDROOT_DIR is ${version}; ${release} is what this was tried with`);
    return isOwn(folder) ? folder : copyOf(folder, join(work, 'buildroot-copy'));
  }
  const folder = join(work, `buildroot-${release}`);
  const git = (...args: string[]): string => run('git', ['-C', folder, ...args]);
  const isThere = (): boolean => {
    try {
      return git('rev-parse', 'HEAD').trim() === commit && git('status', '--porcelain').trim() === '';
    } catch {
      return false;
    }
  };
  if (existsSync(join(folder, '.git')) && isThere()) return folder;
  const from = given('BUILDROOT_URL') ?? address;
  if (given('OFFLINE') !== undefined && given('BUILDROOT_URL') === undefined) {
    throw new Error(`Buildroot ${release} is not here, and OFFLINE is set: ${remedy}`);
  }
  say(`fetching Buildroot ${release} from ${from}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    run('git', ['init', '--quiet', folder]);
    git('fetch', '--quiet', '--depth', '1', from, `refs/tags/${release}`);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`Buildroot ${release} is not here and cannot be fetched from ${from}: ${remedy}`, {
      cause: error,
    });
  }
  const found = git('rev-parse', 'FETCH_HEAD^{commit}').trim();
  if (found !== commit) throw new Error(`${from} has ${found} as ${release}, not the pinned ${commit}`);
  git('checkout', '--quiet', '--detach', commit);
  return folder;
}
