/**
 * What the Buildroot base takes from Debian's archive with `INPUTS=debian`: the build system with its compiler, and
 * the source of every program. `make lock BASE=buildroot` pins it all in buildroot.lock.json.
 */

/** The release whose compiler, C library and tools build everything. */
export const suite = 'trixie';

/**
 * Where sources are looked for, the best first: the release with its fixes, what was made for it later, what comes
 * after it, what was before it.
 */
export const sourceSuites: readonly (readonly string[])[] = [
  ['trixie', 'trixie-updates', 'trixie-security'],
  ['trixie-backports'],
  ['forky'],
  ['sid'],
  ['bookworm'],
];

/** The kernel's source, a package with one archive in it. */
export const kernelSourcePackage = 'linux-source-6.12';
export const kernelArchive = 'linux-source-6.12.tar.xz';

/** The build system, with all that these depend on. */
export const buildPackages: readonly string[] = [
  // The shell and tools that makefiles expect.
  ...[
    'bash',
    'coreutils',
    'dash',
    'diffutils',
    'findutils',
    'gawk',
    'gnu-which',
    'grep',
    'sed',
    'util-linux',
  ],
  ...['bc', 'bzip2', 'cpio', 'file', 'gzip', 'lzip', 'patch', 'procps', 'rsync', 'tar', 'unzip', 'wget'],
  ...['xz-utils', 'zstd', 'perl', 'python3', 'make', 'kmod'],
  // The compiler, for the target and for programs of the build itself.
  ...['gcc', 'g++', 'binutils', 'libc6-dev', 'libc-bin', 'linux-libc-dev', 'libquadmath0'],
  // What source packages are configured and generated with.
  ...['autoconf', 'autoconf-archive', 'automake', 'autopoint', 'bison', 'cmake', 'flex', 'gettext', 'gperf'],
  ...['libtool', 'm4', 'meson', 'ninja-build', 'pkgconf', 'python3-setuptools', 'python3-packaging'],
  ...['libgcrypt20-dev', 'libglib2.0-dev-bin', 'libltdl-dev', 'ncurses-bin', 'rpcsvc-proto'],
  // What the kernel's build wants, and what makes the root.
  ...['libelf-dev', 'libssl-dev', 'libzstd-dev', 'fakeroot', 'patchelf', kernelSourcePackage],
];

/** Parts of the build system that become the target's half of the toolchain: its sysroot. */
export const sysrootPackages: readonly string[] = [
  ...['libc6', 'libc6-dev', 'libc-bin', 'linux-libc-dev', 'libgcc-s1', 'libstdc++6', 'libstdc++-14-dev'],
  ...['libatomic1', 'libgomp1', 'libquadmath0'],
];

/** Parts that become its compiler, in a root of its own: beside libc6-dev it would find the build system's headers. */
export const compilerPackages: readonly string[] = [
  ...['binutils', 'binutils-common', 'binutils-x86-64-linux-gnu', 'libbinutils'],
  ...['cpp-14', 'cpp-14-x86-64-linux-gnu', 'gcc-14', 'gcc-14-x86-64-linux-gnu', 'g++-14'],
  ...[
    'g++-14-x86-64-linux-gnu',
    'libgcc-14-dev',
    'libstdc++-14-dev',
    'libgcc-s1',
    'libstdc++6',
    'libatomic1',
  ],
  ...['libgomp1', 'libquadmath0', 'libitm1', 'libasan8', 'liblsan0', 'libtsan2', 'libubsan1', 'libhwasan0'],
  'libcc1-0',
];

/** Buildroot's packages whose name is not that of Debian's source package. */
export const debianNames: Readonly<Record<string, string>> = {
  ddrescue: 'gddrescue',
  gptfdisk: 'gdisk',
  inih: 'libinih',
  libargon2: 'argon2',
  libfuse3: 'fuse3',
  libglib2: 'glib2.0',
  libnl: 'libnl3',
  libopenssl: 'openssl',
  libzlib: 'zlib',
  lzo: 'lzo2',
  nvme: 'nvme-cli',
  'permafrost-partclone': 'partclone',
  sshfs: 'sshfs-fuse',
  xz: 'xz-utils',
  zstd: 'libzstd',
};

/** Packages that Buildroot selects and that are not built (inputs/debian/overrides.make): they have no source. */
export const unbuilt: readonly string[] = ['sqlite'];
