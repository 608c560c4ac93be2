/**
 * Builds build/small-linux/small-linux.squashfs: a small Linux out of Debian's packages (kernel, GRUB with its tools,
 * BusyBox as everything else) as the tree that tests install on their disks (test-vm/src/installed). Does nothing if
 * it is there and made of the same. Usage: node scripts/small-linux/build.ts [--work DIR] [--cache DIR]
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { run, runStep, runUnpacked } from '../iso/command.ts';
import { archiveTree } from '../iso/cpio.ts';
import { fetchPackages } from '../iso/fetch.ts';
import { readFolders, type Folders } from '../iso/folders.ts';
import { formatLock, readLock, sourceDateEpoch, type DebianLock } from '../iso/lock-file.ts';
import { installModules, kernelRelease } from '../iso/modules.ts';
import { linkBusybox, makeEmptyFolders, packTree, removeMatching, settleModes } from '../iso/tree.ts';
import { unpackBootAndTools, unpackGuest } from '../iso/unpack.ts';
import { fillHome } from './home.ts';
import { smallLinuxModules } from './modules.ts';

const here = import.meta.dirname;

/** Applets of the initramfs. */
const earlyApplets: readonly string[] = [
  ...[
    'cat',
    'findfs',
    'find',
    'grep',
    'ls',
    'mkdir',
    'modprobe',
    'mount',
    'sh',
    'sleep',
    'sort',
    'switch_root',
  ],
];

/** What an installation and a start never ask for: every byte of it is installed, imaged and compared by slow guests. */
const removed: readonly string[] = [
  'usr/bin/{btrfs*,efibootdump,gettext,ngettext,envsubst,lvmpolld}',
  'usr/bin/grub-{file,fstest,glue-efi,kbdcomp,menulst2cfg,mkfont,mklayout,mknetdir,mkpasswd-pbkdf2}',
  'usr/bin/grub-{mkrescue,mkstandalone,mount,ntldr-img,render-label,syslinux2cfg}',
  'usr/sbin/{dmeventd,grub-macbless,lvmpolld}',
  // BusyBox has them.
  'usr/{bin,sbin}/{kmod,depmod,insmod,lsmod,modinfo,modprobe,rmmod}',
  'usr/share/grub/{ascii.*,widthspec.h,euro.pf2,themes}',
  'etc/{kernel,init.d,logcheck,lvm/profile}',
  'usr/lib/{systemd,udev,tmpfiles.d}',
  'usr/lib/x86_64-linux-gnu/gconv',
  'usr/share/{bash-completion,initramfs-tools,lintian,perl5}',
  // Debugging symbols that nobody looks at.
  'usr/lib/grub/*/*.{image,module,exec}',
];

function fillRoot(folders: Folders, root: string): void {
  unpackGuest(folders, root);
  removeMatching(root, removed);
  removeIdleLibraries(root);
  linkBusybox(root, { system: ['init', 'getty', 'modprobe', 'reboot'] });
  cpSync(join(here, 'overlay'), root, { recursive: true });
  makeEmptyFolders(root, 'boot');
  fillHome(join(root, 'home/anna'));
}

function buildInitramfs(folders: Folders, root: string, tree: string, epoch: number): Uint8Array {
  for (const name of ['bin', 'dev', 'etc/lvm', 'proc', 'root', 'run', 'sys', 'usr/lib'])
    mkdirSync(join(tree, name), { recursive: true });
  symlinkSync('usr/lib', join(tree, 'lib'));
  symlinkSync('usr/lib', join(tree, 'lib64'));
  symlinkSync('bin', join(tree, 'sbin'));
  const install = (from: string, to: string): void => {
    mkdirSync(join(tree, to, '..'), { recursive: true });
    copyFileSync(from, join(tree, to));
    chmodSync(join(tree, to), 0o755);
  };
  install(join(root, 'usr/bin/busybox'), 'bin/busybox');
  for (const name of earlyApplets) symlinkSync('busybox', join(tree, 'bin', name));
  install(join(here, 'initramfs/init'), 'init');
  const shared = 'buildroot-overlay/rootfs-overlay/usr/lib/permafrost/load-drivers';
  install(join(folders.project, shared), 'usr/lib/load-drivers');
  install(join(root, 'usr/sbin/lvm'), 'bin/lvm');
  // Without it lvm leaves the device nodes to udev, which is not there.
  install(join(folders.project, 'buildroot-overlay/rootfs-overlay/etc/lvm/lvm.conf'), 'etc/lvm/lvm.conf');
  for (const library of librariesOf(root, ['usr/sbin/lvm'])) install(join(root, library), library);
  symlinkSync('x86_64-linux-gnu/ld-linux-x86-64.so.2', join(tree, 'usr/lib/ld-linux-x86-64.so.2'));
  installModules(folders, smallLinuxModules, tree);
  return archiveTree(tree, epoch);
}

const libraries = 'usr/lib/x86_64-linux-gnu';

/** The shared libraries that programs need, the loader included, as paths below `root`. */
function librariesOf(root: string, programs: readonly string[]): string[] {
  const found = new Set(['ld-linux-x86-64.so.2']);
  const queue = programs.map((program) => join(root, program));
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const needed = run('readelf', ['--dynamic', path]).matchAll(/\(NEEDED\).*\[(.*)\]/g);
    for (const [, name] of needed) {
      if (found.has(name!)) continue;
      found.add(name!);
      queue.push(join(root, libraries, name!));
    }
  }
  return [...found].map((name) => join(libraries, name));
}

/** Removes the libraries that no program needs any more. */
function removeIdleLibraries(root: string): void {
  const programs = ['usr/bin', 'usr/sbin', 'usr/lib/grub/i386-pc']
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
    .filter((path) => isProgram(join(root, path)));
  const needed = new Set(librariesOf(root, programs).map((path) => realpathSync(join(root, path))));
  for (const entry of readdirSync(join(root, libraries), { withFileTypes: true })) {
    const path = join(root, libraries, entry.name);
    if (entry.isSymbolicLink() ? !existsSync(path) || !needed.has(realpathSync(path)) : !needed.has(path))
      rmSync(path, { recursive: true });
  }
}

function isProgram(path: string): boolean {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false;
  return readFileSync(path).subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1'));
}

/** Names everything that the result depends on. */
function keyOf(folders: Folders, lock: DebianLock): string {
  const hash = createHash('sha256').update(formatLock(lock));
  const own = globSync('**/*', { cwd: here }).sort();
  const paths = own.map((path) => join(here, path)).filter((path) => statSync(path).isFile());
  for (const name of ['modules.ts', 'module-lists.ts', 'tree.ts', 'unpack.ts'])
    paths.push(join(folders.project, 'scripts/iso', name));
  for (const path of paths) hash.update(readFileSync(path)).update('\0');
  return hash.digest('hex');
}

function build(folders: Folders): void {
  const work = join(folders.project, 'build/small-linux');
  const output = join(work, 'small-linux.squashfs');
  const stamp = join(work, 'stamp');
  const key = keyOf(folders, readLock());
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  rmSync(work, { recursive: true, force: true });
  const taken = fetchPackages(folders, readLock());
  unpackBootAndTools(folders);
  const root = join(work, 'root');
  fillRoot(folders, root);
  const epoch = sourceDateEpoch(taken);
  const release = kernelRelease(folders);
  installModules(folders, smallLinuxModules, root);
  const kernel = `boot/vmlinuz-${release}`;
  copyFileSync(join(folders.work, 'boot', kernel), join(root, kernel));
  const archive = join(work, 'initramfs.cpio');
  writeFileSync(archive, buildInitramfs(folders, root, join(work, 'initramfs'), epoch));
  const tools = join(folders.work, 'tools');
  const initramfs = join(root, `boot/initrd.img-${release}`);
  runUnpacked(tools, 'zstd', ['-q', '-f', '-12', '-T1', archive, '-o', initramfs]);
  settleModes(root);
  packTree(tools, root, output, epoch, { level: 3 });
  writeFileSync(stamp, key);
  for (const path of [root, archive, join(work, 'initramfs')]) rmSync(path, { recursive: true });
}

runStep(() => build(readFolders()));
