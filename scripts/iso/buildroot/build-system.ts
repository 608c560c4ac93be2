/**
 * The build system: Debian's packages of the lock file, unpacked into a folder that becomes the root of every
 * program that takes part. No maintainer script runs; what such scripts would have linked is linked here. So paths,
 * versions and users are the same on every machine, and nothing of the machine gets into the image.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  globSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { say } from '../command.ts';
import { cachedPath } from '../fetch.ts';
import type { Folders } from '../folders.ts';
import { neverNeeded, unpackPackages } from '../unpack.ts';
import type { BuildFolders } from './folders.ts';
import { readLock, type BuildrootLock } from './lock-file.ts';
import { kernelSourcePackage } from './packages.ts';
import { makeToolchain } from './toolchain.ts';

/** Names that Debian's packages give to a program by a choice at installation. */
const chosen: Readonly<Record<string, string>> = {
  awk: 'gawk',
  cc: 'gcc',
  'c++': 'g++',
  fakeroot: 'fakeroot-sysv',
  faked: 'faked-sysv',
  lzip: 'lzip.lzip',
  which: 'which.gnu',
};

const mountPoints: readonly string[] = [
  ...['dev', 'proc', 'sys', 'tmp', 'root', 'run', 'etc'],
  ...['buildroot', 'overlay', 'inputs', 'output', 'downloads'],
];

function linkChosen(system: string): void {
  const programs = join(system, 'usr/bin');
  const automake = globSync('automake-1.*', { cwd: programs })[0];
  if (automake === undefined) throw new Error('the build system has no automake');
  const links = { ...chosen, automake, aclocal: automake.replace('automake', 'aclocal') };
  for (const [name, target] of Object.entries(links)) {
    if (!existsSync(join(programs, target))) throw new Error(`the build system has no ${target}`);
    if (!existsSync(join(programs, name))) symlinkSync(target, join(programs, name));
  }
}

/** Fills the folder of the build system from the cache, toolchain included; does nothing when it is up to date. */
export function makeBuildSystem(
  folders: Folders,
  build: BuildFolders,
  lock: BuildrootLock = readLock(),
): void {
  const { system } = build;
  const stamp = `${system}.stamp`;
  const scripts = ['build-system.ts', 'toolchain.ts'].map((name) =>
    readFileSync(join(import.meta.dirname, name), 'utf8'),
  );
  const key = createHash('sha256')
    .update(JSON.stringify([lock.packages, scripts]))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  say(`unpacking ${lock.packages.length} packages (build system)`);
  rmSync(stamp, { force: true });
  const packages = lock.packages.filter(({ name }) => name !== kernelSourcePackage);
  unpackPackages(
    packages.map((entry) => cachedPath(folders, entry)),
    system,
    neverNeeded,
  );
  for (const name of mountPoints) mkdirSync(join(system, name), { recursive: true });
  linkChosen(system);
  writeFileSync(
    join(system, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n',
  );
  writeFileSync(join(system, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
  makeToolchain(folders, join(system, 'opt/toolchain'), lock);
  writeFileSync(stamp, key);
}

/** Folders of the machine as the build system sees them; `read-only` ones cannot be changed from inside. */
export interface Mount {
  readonly from: string;
  readonly at: string;
  readonly readOnly?: boolean;
}

/*
 * A mount namespace of its own, and a network namespace without a network: what is not pinned cannot come in. An
 * ordinary user is root in a user namespace of its own, which knows no other user: archives are unpacked without their
 * owners (BR2_TAR_OPTIONS).
 */
const enterScript = `set -e
system=$1 command=$2; shift 2
while [ $# -gt 0 ]; do
  mount --bind "$2" "$system/$3"
  [ "$1" != ro ] || mount -o remount,bind,ro "$system/$3"
  shift 3
done
mount --rbind /proc "$system/proc"
mount --rbind /dev "$system/dev"
mount -t tmpfs -o mode=1777 tmpfs "$system/tmp"
exec chroot "$system" /usr/bin/env -i \\
  PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C TZ=UTC TERM=dumb FORCE_UNSAFE_CONFIGURE=1 \\
  BR2_DL_DIR=/downloads SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" /bin/bash -c "umask 022; $command"
`;

/**
 * Runs a command of the shell in the build system; what it says is appended to the build's log, whose end is in the
 * Error if it fails.
 */
export function enter(build: BuildFolders, command: string, mounts: readonly Mount[], epoch: number): void {
  const namespaces = ['--mount', '--net', '--ipc', '--uts'];
  const user = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const places = mounts.flatMap(({ from, at, readOnly }) => [readOnly === true ? 'ro' : 'rw', from, at]);
  const log = openSync(build.log, 'a');
  try {
    const args = [
      ...user,
      ...namespaces,
      'bash',
      '-c',
      enterScript,
      'enter',
      build.system,
      command,
      ...places,
    ];
    const { status, error } = spawnSync('unshare', args, {
      stdio: ['ignore', log, log],
      env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
    });
    if (error !== undefined) throw error;
    if (status === 0) return;
  } finally {
    closeSync(log);
  }
  const end = readFileSync(build.log, 'utf8').trimEnd().split('\n').slice(-30).join('\n');
  throw new Error(
    `${basename(command.split(' ')[0]!)} failed in the build system; ${build.log} ends with:\n${end}`,
  );
}
