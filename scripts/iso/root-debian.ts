/** The Debian base's filling of the root: unpacked packages, less what a rescue system has no use for. */
import { join } from 'node:path';
import type { Folders } from './folders.ts';
import { linkBusybox, removeMatching } from './tree.ts';
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
export const unwantedApplets: readonly string[] = [
  ...['acpid', 'crond', 'crontab', 'dpkg', 'dpkg-deb', 'httpd', 'init', 'linuxrc', 'login', 'mkdosfs', 'rpm'],
  ...['rpm2cpio', 'run-init', 'svc', 'svok', 'telnetd', 'tunctl', 'udhcpd', 'mim'],
];

/** Fills WORK/root, anew. */
export function fillFromDebian(folders: Folders): void {
  const root = join(folders.work, 'root');
  unpackRoot(folders);
  removeMatching(root, removed);
  linkBusybox(root, { unwanted: unwantedApplets, system: ['init'] });
}
