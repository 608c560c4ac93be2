/**
 * Unpacks the fetched packages: no maintainer script runs, nothing is installed.
 * Usage: node scripts/iso/unpack.ts [--work DIR] [--cache DIR]; fills WORK/boot and WORK/tools, each only when its
 * packages changed. `unpackRoot` is called by scripts/iso/root.ts, which goes on to change what was unpacked.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, say } from './command.ts';
import { cachedPath, readTaken } from './fetch.ts';
import { readFolders, type Folders } from './folders.ts';
import type { LockedPackage, Purpose } from './lock-file.ts';

/** What no part of the image has a use for, as tar's patterns. */
export const neverNeeded: readonly string[] = [
  './usr/share/doc',
  './usr/share/man',
  './usr/share/info',
  './usr/share/locale',
  './usr/share/lintian',
  './usr/share/bug',
  './usr/share/gtk-doc',
];

/** What the running system must not have besides: services of the distribution, and rules that assemble or mount. */
const notInRoot: readonly string[] = [
  './etc/alternatives',
  './etc/apparmor.d',
  './etc/cron*',
  './etc/default',
  './etc/dhcp',
  './etc/init.d',
  './etc/initramfs-tools',
  './etc/kernel',
  './etc/logcheck',
  './etc/logrotate.d',
  './etc/network',
  './etc/pam.d',
  './etc/sv',
  './etc/systemd',
  './lib/systemd',
  './lib/udev',
  './usr/lib/pcrlock.d',
  './usr/lib/systemd',
  './usr/lib/tmpfiles.d',
  './usr/lib/udev',
  './usr/share/bash-completion',
  './usr/share/initramfs-tools',
  './usr/share/perl5',
  './usr/share/reportbug',
  './usr/share/zsh',
  './var',
];

/** Unpacks the packages `debs` into `folder`, anew, with the folders of old names as links into `usr`. */
export function unpackPackages(debs: readonly string[], folder: string, without: readonly string[]): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'usr'), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(folder, 'usr', name));
    symlinkSync(`usr/${name}`, join(folder, name));
  }
  const excludes = without.map((pattern) => `--exclude=${pattern}`);
  for (const deb of debs) addPackage(deb, folder, excludes);
}

/** Unpacks one package over what `folder` has; `which` are tar's arguments that say what of it. */
export function addPackage(deb: string, folder: string, which: readonly string[]): void {
  const script = 'deb=$1; folder=$2; shift 2; dpkg-deb --fsys-tarfile "$deb" | tar -x -p -C "$folder" "$@"';
  const tar = ['--no-same-owner', '--keep-directory-symlink', ...which];
  run('bash', ['-o', 'pipefail', '-c', script, 'unpack', deb, folder, ...tar]);
}

const unpack = (
  folders: Folders,
  entries: readonly LockedPackage[],
  folder: string,
  without: readonly string[],
): void =>
  unpackPackages(
    entries.map((entry) => cachedPath(folders, entry)),
    folder,
    without,
  );

const packagesFor = (folders: Folders, purpose: Purpose): LockedPackage[] =>
  readTaken(folders).packages.filter((entry) => entry.purposes.includes(purpose));

function unpackOnce(folders: Folders, purpose: Purpose): void {
  const entries = packagesFor(folders, purpose);
  const folder = join(folders.work, purpose);
  const stamp = `${folder}.stamp`;
  const key = createHash('sha256').update(JSON.stringify(entries)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  say(`unpacking ${entries.length} packages (${purpose})`);
  rmSync(stamp, { force: true });
  unpack(folders, entries, folder, neverNeeded);
  writeFileSync(stamp, key);
}

/** Unpacks the running system's packages into WORK/root, anew each time. */
export function unpackRoot(folders: Folders): void {
  const entries = packagesFor(folders, 'root');
  say(`unpacking ${entries.length} packages (root)`);
  unpack(folders, entries, join(folders.work, 'root'), [...neverNeeded, ...notInRoot]);
}

/** Unpacks the packages of the small Linux that tests install into `folder`, anew each time. */
export function unpackGuest(folders: Folders, folder: string): void {
  const entries = packagesFor(folders, 'guest');
  say(`unpacking ${entries.length} packages (guest)`);
  unpack(folders, entries, folder, neverNeeded);
}

export function unpackBootAndTools(folders: Folders): void {
  unpackOnce(folders, 'tools');
  unpackOnce(folders, 'boot');
}

if (import.meta.main) unpackBootAndTools(readFolders());
