/** Which Debian packages the image is made of. `make lock` adds what they depend on and pins the versions. */

export const suite = 'trixie';

/** The running system, with what these depend on less `unwanted`. */
export const rootPackages: readonly string[] = [
  // The base: shell, init and small tools; libraries that Node needs.
  'busybox-static',
  'kmod',
  'libstdc++6',
  'libatomic1',
  'ncurses-base',
  'netbase',
  'kbd',
  // Partitions and disks.
  'fdisk',
  'gdisk',
  'parted',
  'util-linux',
  'mount',
  'smartmontools',
  'nvme-cli',
  'hdparm',
  'efibootmgr',
  // File systems and what they lie on.
  'e2fsprogs',
  'ntfs-3g',
  'dosfstools',
  'mtools',
  'exfatprogs',
  'xfsprogs',
  'btrfs-progs',
  'f2fs-tools',
  'lvm2',
  'mdadm',
  'cryptsetup-bin',
  'dmsetup',
  // The network.
  'cifs-utils',
  'nfs-common',
  'sshfs',
  'openssh-client',
  'nbd-client',
  'rsync',
  // For the person at the console.
  'gddrescue',
  'partclone',
  'zstd',
  'less',
  'nano',
  'pciutils',
  'usbutils',
  'firmware-linux-free',
];

/**
 * Packages that are depended upon, and left out with what only they need: their part is done by BusyBox, or was
 * theirs to do at installation, or is what must never run here (udev's rules would assemble and activate).
 */
export const unwanted: readonly string[] = [
  'adduser',
  'base-files',
  'base-passwd',
  'bash',
  'bsdextrautils',
  'cdebconf',
  'coreutils',
  'dash',
  'debconf',
  'debianutils',
  'diffutils',
  'dpkg',
  'findutils',
  'gcc-14-base',
  'grep',
  'gzip',
  'hostname',
  'init-system-helpers',
  'initramfs-tools',
  'keyutils',
  'libaudit-common',
  'libicu76',
  'libpam-modules',
  'libpam-modules-bin',
  'libpam-runtime',
  'linux-base',
  'login',
  'login.defs',
  'media-types',
  'mokutil',
  'ncurses-bin',
  'openssl',
  'openssl-provider-legacy',
  'passwd',
  'perl',
  'perl-base',
  'procps',
  'python3',
  'python3-dbus',
  'rpcbind',
  'sed',
  'sensible-utils',
  'shim-signed-common',
  'sqv',
  'systemd',
  'sysvinit-utils',
  'tar',
  'thin-provisioning-tools',
  'tzdata',
  'ucf',
  'udev',
  'uuid-runtime',
];

/** What starts the system, without dependencies. The kernel is what `linux-image-amd64` depends on. */
export const kernelPackage = 'linux-image-amd64';
export const bootPackages: readonly string[] = [
  'shim-signed',
  'shim-helpers-amd64-signed',
  'grub-efi-amd64-signed',
  'grub-pc-bin',
  'memtest86+',
  // Only data is taken from these: keyboard layouts, and the glyphs that the console font is built upon.
  'console-data',
  'console-setup-linux',
];

/** What the small Linux of the tests (scripts/small-linux) consists of besides the kernel, with what these depend on. */
export const guestPackages: readonly string[] = [
  'busybox-static',
  'grub2-common',
  'grub-pc-bin',
  'grub-efi-amd64-bin',
  'grub-efi-amd64-signed',
  'shim-signed',
  'shim-helpers-amd64-signed',
  'lvm2',
];

/** Programs that the build runs, with what these depend on. */
export const toolPackages: readonly string[] = [
  'grub-common',
  'kmod',
  'mtools',
  'dosfstools',
  'squashfs-tools',
  'xorriso',
  'xz-utils',
  'zstd',
];
