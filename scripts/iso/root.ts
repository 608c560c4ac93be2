/**
 * Builds WORK/root, the running system: packages, kernel modules, the shared overlay, the application; and packs it
 * as WORK/root.squashfs. Usage: node scripts/iso/root.ts [--work DIR] [--cache DIR]
 */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { checkRoot } from './check-root.ts';
import { say } from './command.ts';
import { buildConsoleFont } from './console-font.ts';
import { readTaken } from './fetch.ts';
import { readFolders, type Folders } from './folders.ts';
import { sourceDateEpoch } from './lock-file.ts';
import { rootImagePath } from './medium-id.ts';
import { rootModules } from './module-lists.ts';
import { installModules } from './modules.ts';
import { parseFont } from './psf.ts';
import { linkBusybox, makeEmptyFolders, packTree, removeMatching, settleModes } from './tree.ts';
import { unpackRoot } from './unpack.ts';

/** What packages bring and the system has no use for, or no interpreter, as globs. */
const removed: readonly string[] = [
  'boot',
  'etc/{bash_completion.d,libaudit.conf,opt,skel,xattr.conf}',
  'usr/games',
  'usr/include',
  'usr/lib/{cryptsetup,mime,modules-load.d,sysusers.d,bfd-plugins}',
  'usr/lib/x86_64-linux-gnu/{gconv,perl*,pkgconfig}',
  'usr/lib/x86_64-linux-gnu/security',
  'usr/local',
  'usr/share/{apport,applications,consoletrans,doc-base,fish,gcc,gdb,icons,libaudit,menu,nano,pixmaps,sounds,vim}',
  'usr/share/{polkit-1,dbus-1,metainfo,xml,python3,pam-configs,elvish,libgcrypt20,mdadm,rsync}',
  // Daemons that act upon volumes by themselves.
  'usr/sbin/{dmeventd,lvmpolld}',
  // Written in Python or for Bash.
  'usr/bin/{rrsync,rsync-ssl,smb2-quota,smbinfo}',
  'usr/libexec/{e2fsprogs,xfsprogs,lvresize_fs_helper}',
  'usr/sbin/{blkdeactivate,e2scrub,e2scrub_all,fsadm,lvmdump,mountstats,nfsiostat,rpcctl}',
  'usr/sbin/{xfs_property,xfs_protofile}',
  // Only its online check of names needs a library of 36 MB.
  'usr/sbin/xfs_scrub*',
];

/** BusyBox programs that are services or package tools: a rescue system has no place for them. */
const unwantedApplets: readonly string[] = [
  ...['acpid', 'crond', 'crontab', 'dpkg', 'dpkg-deb', 'httpd', 'init', 'linuxrc', 'login', 'mkdosfs', 'rpm'],
  ...['rpm2cpio', 'run-init', 'svc', 'svok', 'telnetd', 'tunctl', 'udhcpd', 'mim'],
];

/** Copies the shared overlay; git keeps of a file's mode only whether it is executable. */
function copyOverlay(overlay: string, root: string): void {
  for (const path of globSync('**/*', { cwd: overlay })) {
    const from = join(overlay, path);
    if (!statSync(from).isFile()) continue;
    const to = join(root, path);
    mkdirSync(dirname(to), { recursive: true });
    rmSync(to, { force: true });
    copyFileSync(from, to);
    chmodSync(to, (statSync(from).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

/** Keyboard layouts, unpacked: those that include others are found by name either way. */
function installKeymaps(boot: string, root: string): void {
  const source = join(boot, 'usr/share/keymaps');
  const target = join(root, 'usr/share/keymaps');
  cpSync(source, target, { recursive: true });
  for (const path of globSync('**/*.gz', { cwd: target })) {
    const packed = join(target, path);
    writeFileSync(packed.replace(/\.gz$/, ''), gunzipSync(readFileSync(packed)));
    rmSync(packed);
  }
  for (const name of readdirSync(target)) {
    if (name !== 'i386' && name !== 'include') rmSync(join(target, name), { recursive: true });
  }
}

function installFont(boot: string, root: string): void {
  const base = gunzipSync(readFileSync(join(boot, 'usr/share/consolefonts/Uni2-Terminus16.psf.gz')));
  const folder = join(root, 'usr/share/consolefonts');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'permafrost.psf'), buildConsoleFont(parseFont(base)));
}

function projectVersion(project: string): string {
  const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string };
  return version;
}

export function buildRoot(folders: Folders): void {
  const root = join(folders.work, 'root');
  const boot = join(folders.work, 'boot');
  const application = join(folders.project, 'dist/permafrost');
  if (!existsSync(application)) throw new Error('dist/permafrost is missing: `make build` makes it');
  unpackRoot(folders);
  removeMatching(root, removed);
  linkBusybox(root, { unwanted: unwantedApplets, system: ['init'] });
  copyOverlay(join(folders.project, 'buildroot-overlay/rootfs-overlay'), root);
  copyFileSync(application, join(root, 'usr/bin/permafrost'));
  installKeymaps(boot, root);
  installFont(boot, root);
  makeEmptyFolders(root, 'media');
  symlinkSync('../run', join(root, 'var/run'));
  const version = projectVersion(folders.project);
  const release = `NAME=Permafrost\nID=permafrost\nVERSION_ID=${version}\nPRETTY_NAME="Permafrost ${version}"\n`;
  writeFileSync(join(root, 'etc/os-release'), release);
  const count = installModules(folders, rootModules, root);
  settleModes(root);
  chmodSync(join(root, 'root'), 0o700);
  checkRoot(root);
  say(`root: ${count} modules`);
}

export function packRoot(folders: Folders): void {
  const tools = join(folders.work, 'tools');
  const epoch = sourceDateEpoch(readTaken(folders));
  packTree(tools, join(folders.work, 'root'), rootImagePath(folders), epoch, {
    level: 15,
    more: ['-b', '256K', '-no-xattrs'],
  });
}

if (import.meta.main) {
  const folders = readFolders();
  buildRoot(folders);
  packRoot(folders);
}
