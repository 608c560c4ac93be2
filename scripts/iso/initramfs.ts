/**
 * Builds WORK/initrd: BusyBox, the drivers that can hold the medium, and buildroot-overlay/initramfs/init.
 * Needs WORK/root.squashfs, whose hash is how the medium is known. Usage: node scripts/iso/initramfs.ts [--work DIR]
 */
import { copyFileSync, chmodSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runUnpacked, say } from './command.ts';
import { archiveTree } from './cpio.ts';
import { readTaken } from './fetch.ts';
import { readFolders, type Folders } from './folders.ts';
import { sourceDateEpoch } from './lock-file.ts';
import { readMediumId } from './medium-id.ts';
import { initramfsModules } from './module-lists.ts';
import { installModules } from './modules.ts';

const applets: readonly string[] = [
  ...[
    'cat',
    'cp',
    'cttyhack',
    'dd',
    'dmesg',
    'find',
    'grep',
    'blockdev',
    'losetup',
    'ls',
    'mkdir',
    'modprobe',
  ],
  ...['mount', 'printf', 'readlink', 'reboot', 'sh', 'sha256sum', 'sleep', 'sort', 'stat', 'switch_root'],
  ...['tr', 'umount', 'uname', 'wc'],
];

/** Scripts that the initramfs shares with the running system. */
const shared: readonly string[] = ['load-drivers', 'option', 'protect-disks'];

export function buildInitramfs(folders: Folders): void {
  const tree = join(folders.work, 'initramfs');
  const overlay = join(folders.project, 'buildroot-overlay');
  rmSync(tree, { recursive: true, force: true });
  for (const name of ['bin', 'dev', 'proc', 'run', 'sys', 'usr/lib/permafrost']) {
    mkdirSync(join(tree, name), { recursive: true });
  }
  symlinkSync('usr/lib', join(tree, 'lib'));
  // Where the kernel looks for it.
  symlinkSync('bin', join(tree, 'sbin'));
  const install = (from: string, to: string): void => {
    copyFileSync(from, join(tree, to));
    chmodSync(join(tree, to), 0o755);
  };
  install(join(folders.work, 'root/usr/bin/busybox'), 'bin/busybox');
  for (const name of applets) symlinkSync('busybox', join(tree, 'bin', name));
  install(join(overlay, 'initramfs/init'), 'init');
  for (const name of shared) {
    install(join(overlay, 'rootfs-overlay/usr/lib/permafrost', name), `usr/lib/permafrost/${name}`);
  }
  writeFileSync(join(tree, 'medium-id'), `${readMediumId(folders)}\n`);
  // Unpacked last: an archive that did not fit into memory lacks it.
  writeFileSync(join(tree, 'zz-complete'), '');
  const count = installModules(folders, initramfsModules, tree);
  const packed = join(folders.work, 'initrd');
  writeFileSync(`${packed}.cpio`, archiveTree(tree, sourceDateEpoch(readTaken(folders))));
  const tools = join(folders.work, 'tools');
  runUnpacked(tools, 'zstd', ['-q', '-f', '-19', '-T1', `${packed}.cpio`, '-o', packed]);
  say(`initrd: ${count} modules, ${(statSync(packed).size / 1e6).toFixed(1)} MB`);
}

if (import.meta.main) buildInitramfs(readFolders());
