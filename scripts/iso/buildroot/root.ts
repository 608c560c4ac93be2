/** The Buildroot base's filling of the root, and its kernel where the other steps of the image look for it. */
import { copyFileSync, lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from '../command.ts';
import { cachedPath, readTaken } from '../fetch.ts';
import { kernelFolder, type Folders } from '../folders.ts';
import { unwantedApplets } from '../root-debian.ts';
import { removeMatching } from '../tree.ts';
import { addPackage } from '../unpack.ts';
import { buildFolders } from './folders.ts';

/** What Buildroot's packages bring and the system has no use for, as globs. */
const removed: readonly string[] = [
  ...['boot', 'var', 'etc/mtab', 'linuxrc', 'lib32', 'THIS_IS_NOT_YOUR_ROOT_FILESYSTEM', 'usr/lib32'],
  ...['etc/{init.d,inittab,shells,services.d,profile.d,issue,network,logrotate.d,os-release,default,udev}'],
  'usr/{include,local,games}',
  'usr/lib/{udev,systemd,sysusers.d,tmpfiles.d,modules-load.d,pkgconfig,cmake,gconv,perl*,python*}',
  'usr/lib/{*.a,*.la,security,glib-2.0,gio,cryptsetup,device-mapper,libdevmapper-event-lvm2*}',
  'usr/share/{bash-completion,doc,man,info,locale,zsh,fish,gdb,gettext,glib-2.0,aclocal,nano,et,ss,dbus-1}',
  'usr/share/{keymaps,consoletrans,unimaps}',
  'etc/ssh/moduli',
  // Daemons that act upon volumes by themselves, and those of networks that nobody asks for here.
  'usr/sbin/{dmeventd,lvmpolld,nfsdcld,nfsdclnts,nfsdctl,blkmapd,rpc.svcgssd,rpc.nfsd,rpc.mountd,exportfs}',
  'usr/sbin/smartd',
  // Programs of libraries, for people who write programs.
  'usr/bin/{gapplication,gdbus,gio,gio-querymodules,gi-*,gresource,gsettings,pcre2*,argon2,compile_et,mk_cmds}',
  'usr/libexec/{lzo,gio-launch-desktop}',
  // Written in Python or Perl, or for Bash.
  'usr/bin/{rrsync,rsync-ssl,glib-mkenums,glib-genmarshal,glib-gettextize,gdbus-codegen,gtester-report}',
  'usr/bin/xz{cmp,diff,egrep,fgrep,grep,less,more}',
  'usr/sbin/{blkdeactivate,e2scrub,e2scrub_all,fsadm,lvm_import_vdo,lvmdump,mountstats,nfsiostat,nfsconvert.py,rpcctl,update-pciids}',
  'usr/sbin/{xfs_property,xfs_protofile,xfs_scrub,xfs_scrub_all}',
  'usr/libexec/{e2fsprogs,xfsprogs,lvresize_fs_helper}',
];

/**
 * Programs that the archive hands out built, and whose source it lists and does not: Debian's own take their place, with
 * the libraries that only they need. They find the rest of what they need in the libraries that were built.
 */
export const takenAsBuilt: Readonly<Record<string, readonly string[]>> = {
  'cifs-utils': ['./usr/sbin/mount.cifs'],
  'libcap-ng0': ['./usr/lib/x86_64-linux-gnu/libcap-ng.so.*'],
  libkeyutils1: ['./usr/lib/x86_64-linux-gnu/libkeyutils.so.*'],
  libtalloc2: ['./usr/lib/x86_64-linux-gnu/libtalloc.so.*'],
  sshfs: ['./usr/bin/sshfs'],
  'nvme-cli': ['./usr/sbin/nvme'],
  libnvme1t64: ['./usr/lib/x86_64-linux-gnu/libnvme*.so.*'],
};

function takeAsBuilt(folders: Folders, root: string): void {
  const { packages } = readTaken(folders);
  for (const [name, members] of Object.entries(takenAsBuilt)) {
    const entry = packages.find((candidate) => candidate.name === name);
    if (entry === undefined) throw new Error(`debian.lock.json has no ${name}`);
    addPackage(cachedPath(folders, entry), root, ['--wildcards', ...members]);
  }
}

/** BusyBox programs that a rescue system has no place for are links to it. */
function unlinkUnwanted(root: string): void {
  for (const folder of ['usr/bin', 'usr/sbin']) {
    for (const name of readdirSync(join(root, folder))) {
      const path = join(root, folder, name);
      const service = unwantedApplets.includes(name) && name !== 'init';
      if (service && lstatSync(path).isSymbolicLink() && basename(readlinkSync(path)) === 'busybox')
        rmSync(path);
    }
  }
}

/** Fills WORK/root, anew, out of Buildroot's archive of it. */
export function fillFromBuildroot(folders: Folders): void {
  const root = join(folders.work, 'root');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  const archive = join(buildFolders(folders).output, 'images/rootfs.tar');
  run('tar', [
    '-xpf',
    archive,
    '-C',
    root,
    '--no-same-owner',
    '--exclude=./dev/*',
    '--exclude=./usr/lib/modules',
  ]);
  removeMatching(root, removed);
  unlinkUnwanted(root);
  takeAsBuilt(folders, root);
}

/** Puts the kernel into the folder that the other steps take it from. */
export function layKernel(folders: Folders): void {
  const { output } = buildFolders(folders);
  const to = kernelFolder(folders);
  rmSync(to, { recursive: true, force: true });
  const modules = join(output, 'target/usr/lib/modules');
  const releases = readdirSync(modules);
  const release = releases[0];
  if (release === undefined || releases.length > 1) {
    throw new Error(`expected one kernel, found ${releases.join(', ') || 'none'}`);
  }
  mkdirSync(join(to, 'boot'), { recursive: true });
  copyFileSync(join(output, 'images/bzImage'), join(to, `boot/vmlinuz-${release}`));
  run('cp', ['-r', '--preserve=mode', '--parents', `usr/lib/modules/${release}`, to], {
    cwd: join(output, 'target'),
  });
  for (const link of ['build', 'source']) rmSync(join(to, 'usr/lib/modules', release, link), { force: true });
}
