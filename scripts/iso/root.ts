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
import { fillFromBuildroot } from './buildroot/root.ts';
import { checkRoot } from './check-root.ts';
import { say } from './command.ts';
import { buildConsoleFont } from './console-font.ts';
import { readTaken } from './fetch.ts';
import { readFolders, type Folders } from './folders.ts';
import { sourceDateEpoch } from './lock-file.ts';
import { rootImagePath } from './medium-id.ts';
import { everyModule, rootModules } from './module-lists.ts';
import { installModules } from './modules.ts';
import { parseFont } from './psf.ts';
import { fillFromDebian } from './root-debian.ts';
import { writeShellAliases } from './shell-aliases.ts';
import { makeEmptyFolders, packTree, settleModes } from './tree.ts';
import { removeUnusedLibraries } from './unused-libraries.ts';

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

const fillFrom = { debian: fillFromDebian, buildroot: fillFromBuildroot } as const;

export function buildRoot(folders: Folders): void {
  const root = join(folders.work, 'root');
  const boot = join(folders.work, 'boot');
  const application = join(folders.project, 'dist/permafrost');
  if (!existsSync(application)) throw new Error('dist/permafrost is missing: `make build` makes it');
  fillFrom[folders.base](folders);
  copyOverlay(join(folders.project, 'buildroot-overlay/rootfs-overlay'), root);
  copyFileSync(application, join(root, 'usr/bin/permafrost'));
  // Buildroot's packages bring all that they have, Debian's are split.
  if (folders.base === 'buildroot') removeUnusedLibraries(root);
  installKeymaps(boot, root);
  installFont(boot, root);
  makeEmptyFolders(root, 'media');
  symlinkSync('../run', join(root, 'var/run'));
  const version = projectVersion(folders.project);
  const release = `NAME=Permafrost\nID=permafrost\nVERSION_ID=${version}\nPRETTY_NAME="Permafrost ${version}"\n`;
  writeFileSync(join(root, 'etc/os-release'), release);
  // Buildroot's kernel has no more than what is wanted.
  const choice = folders.base === 'debian' ? rootModules : everyModule;
  const count = installModules(folders, choice, root);
  writeShellAliases(root);
  settleModes(root);
  chmodSync(join(root, 'root'), 0o700);
  checkRoot(root);
  say(`root: ${count} modules`);
}

export function packRoot(folders: Folders): void {
  const tools = join(folders.work, 'tools');
  const epoch = sourceDateEpoch(readTaken(folders));
  packTree(tools, join(folders.work, 'root'), rootImagePath(folders), epoch, {
    // What is built for an hour is worth the minute that the best level takes.
    level: folders.base === 'debian' ? 15 : 22,
    more: ['-b', '256K', '-no-xattrs'],
  });
}

if (import.meta.main) {
  const folders = readFolders();
  buildRoot(folders);
  packRoot(folders);
}
