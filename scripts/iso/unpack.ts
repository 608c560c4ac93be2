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
const neverNeeded: readonly string[] = [
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

function unpack(
  folders: Folders,
  entries: readonly LockedPackage[],
  folder: string,
  without: readonly string[],
) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'usr'), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(folder, 'usr', name));
    symlinkSync(`usr/${name}`, join(folder, name));
  }
  const excludes = without.map((pattern) => `--exclude=${pattern}`);
  for (const entry of entries) {
    const script = 'deb=$1; folder=$2; shift 2; dpkg-deb --fsys-tarfile "$deb" | tar -x -p -C "$folder" "$@"';
    const tar = ['--no-same-owner', '--keep-directory-symlink', ...excludes];
    run('bash', ['-o', 'pipefail', '-c', script, 'unpack', cachedPath(folders, entry), folder, ...tar]);
  }
}

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
