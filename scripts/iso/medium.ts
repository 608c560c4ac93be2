/**
 * Puts kernel, initramfs, root and boot loaders together as one ISO that starts from discs and sticks, on BIOS, UEFI
 * and UEFI with Secure Boot. Usage: node scripts/iso/medium.ts [--work DIR] [--output FILE]
 */
import {
  copyFileSync,
  globSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { readLock as readBuildrootLock } from './buildroot/lock-file.ts';
import { run, runUnpacked, say } from './command.ts';
import { readTaken } from './fetch.ts';
import { kernelFolder, readFolders, type Folders } from './folders.ts';
import { parseLayouts } from './keyboard-layouts.ts';
import { sourceDateEpoch } from './lock-file.ts';
import { readMediumId, rootImagePath } from './medium-id.ts';
import { kernelRelease } from './modules.ts';

/** The largest that an ISO may be. */
const limitBytes = 130e6;
const menuSeconds = 2;

/** What GRUB needs on BIOS; on UEFI Debian's signed image brings its own. */
const biosModules: readonly string[] = [
  ...[
    'biosdisk',
    'iso9660',
    'search',
    'search_fs_file',
    'part_msdos',
    'part_gpt',
    'normal',
    'configfile',
    'linux',
  ],
  ...['linux16', 'chain', 'serial', 'terminal', 'echo', 'minicmd', 'test', 'ls', 'reboot', 'halt', 'sleep'],
  ...['video', 'vbe', 'vga', 'all_video', 'gfxterm'],
];

function buildMenu(folders: Folders): string {
  const overlay = join(folders.project, 'buildroot-overlay');
  const layouts = readFileSync(join(overlay, 'rootfs-overlay/etc/permafrost/keymaps'), 'utf8');
  const entries = parseLayouts(layouts).map(
    ({ name, title }) =>
      `  menuentry "${title} (${name})" { permafrost_keymap=${name}; export permafrost_keymap; configfile /boot/grub/grub.cfg; }`,
  );
  return readFileSync(join(overlay, 'medium/boot/grub/grub.cfg'), 'utf8')
    .replace('@TIMEOUT@', String(menuSeconds))
    .replace('@KEYMAPS@', entries.join('\n'));
}

function buildBiosImage(folders: Folders, output: string): void {
  const early = join(folders.work, 'early.cfg');
  writeFileSync(
    early,
    'search --no-floppy --file --set=root /.disk/permafrost\nset prefix=($root)/boot/grub\n',
  );
  runUnpacked(join(folders.work, 'tools'), 'grub-mkimage', [
    ...['--format', 'i386-pc-eltorito', '--directory', join(folders.work, 'boot/usr/lib/grub/i386-pc')],
    ...['--prefix', '/boot/grub', '--config', early, '--output', output, ...biosModules],
  ]);
}

/** The EFI system partition: the signed shim, which starts the signed GRUB beside it. */
function buildEfiImage(folders: Folders, output: string, epoch: number, certificate?: string): void {
  const tools = join(folders.work, 'tools');
  const boot = join(folders.work, 'boot/usr/lib');
  const programs = {
    'BOOTX64.EFI': join(boot, 'shim/shimx64.efi.signed'),
    'grubx64.efi': join(boot, 'grub/x86_64-efi-signed/gcdx64.efi.signed'),
    'mmx64.efi': join(boot, 'shim/mmx64.efi.signed'),
    // For MokManager, which enrols it when it is asked to.
    ...(certificate === undefined ? {} : { 'owner.der': certificate }),
  };
  const sizeBytes = Object.values(programs).reduce((sum, path) => sum + statSync(path).size, 0);
  const env = { SOURCE_DATE_EPOCH: String(epoch), MTOOLS_SKIP_CHECK: '1' };
  rmSync(output, { force: true });
  writeFileSync(output, '');
  // FAT16 wants at least 4085 clusters; one sector each.
  truncateSync(output, Math.max(3 << 20, Math.ceil((sizeBytes * 1.05) / (1 << 20)) << 20));
  runUnpacked(tools, 'mkfs.fat', ['--invariant', '-F', '16', '-s', '1', '-n', 'PERMAFROST', output], { env });
  runUnpacked(tools, 'mtools', ['-i', output, '::/EFI', '::/EFI/BOOT'], { env, argv0: 'mmd' });
  // By this the boot menu tells it from the partition of an installed system.
  const mark = join(folders.work, 'efi-mark');
  writeFileSync(mark, `${readMediumId(folders)}\n`);
  for (const [name, path] of Object.entries({ ...programs, permafrost: mark })) {
    const copy = join(folders.work, name);
    copyFileSync(path, copy);
    lutimesSync(copy, epoch, epoch);
    const args = ['-m', '-i', output, copy, `::/EFI/BOOT/${name}`];
    runUnpacked(tools, 'mtools', args, { env, argv0: 'mcopy' });
    rmSync(copy);
  }
}

/** `YYYYMMDDhhmmss00`, as ISO 9660 has dates. */
const isoDate = (epoch: number): string =>
  `${new Date(epoch * 1000).toISOString().replace(/\D/g, '').slice(0, 14)}00`;

/** The sources that the Buildroot base is built from, a line for each file. */
const sourceVersions = (): string[] =>
  readBuildrootLock().sources.flatMap(({ package: name, version, files }) =>
    files.map(({ sha256, path }) => `source ${name} ${version} ${sha256} ${path.split('/').at(-1)!}\n`),
  );

/** What an owner has signed takes the place of what nobody has. */
export interface OwnerSigned {
  readonly kernel: string;
  readonly memoryTest: string;
  /** The certificate, as MokManager enrols it (DER). */
  readonly certificate: string;
}

export function buildMedium(folders: Folders, signed?: OwnerSigned): void {
  const tree = join(folders.work, 'medium');
  const boot = join(folders.work, 'boot');
  const taken = readTaken(folders);
  const epoch = sourceDateEpoch(taken);
  rmSync(tree, { recursive: true, force: true });
  const put = (path: string, place: (to: string) => void): void => {
    const to = join(tree, path);
    mkdirSync(dirname(to), { recursive: true });
    place(to);
  };
  const release = kernelRelease(folders);
  const kernel = signed?.kernel ?? join(kernelFolder(folders), `boot/vmlinuz-${release}`);
  put('boot/vmlinuz', (to) => copyFileSync(kernel, to));
  put('boot/initrd', (to) => copyFileSync(join(folders.work, 'initrd'), to));
  put('boot/memtest.bin', (to) => copyFileSync(join(boot, 'boot/memtest86+x64.bin'), to));
  const memoryTest = signed?.memoryTest ?? join(boot, 'boot/memtest86+x64.efi');
  put('boot/memtest.efi', (to) => copyFileSync(memoryTest, to));
  put('boot/grub/grub.cfg', (to) => writeFileSync(to, buildMenu(folders)));
  put('boot/grub/eltorito.img', (to) => buildBiosImage(folders, to));
  // Debian's signed GRUB looks for the first of these, the BIOS one for the second.
  put('.disk/info', (to) => writeFileSync(to, 'Permafrost\n'));
  put('.disk/permafrost', (to) => writeFileSync(to, `${readMediumId(folders)}\n`));
  put('permafrost/root.squashfs', (to) => linkSync(rootImagePath(folders), to));
  const versions = taken.packages.map(({ name, version, sha256 }) => `${name} ${version} ${sha256}\n`);
  if (folders.base === 'buildroot') versions.push(...sourceVersions());
  put('permafrost/packages.txt', (to) => writeFileSync(to, versions.join('')));
  run('chmod', ['-R', 'u+rwX,go=u-w', tree]);
  const efi = join(folders.work, 'efi.img');
  buildEfiImage(folders, efi, epoch, signed?.certificate);
  for (const path of ['', ...globSync('{*,.disk,**/*,.disk/*}', { cwd: tree })]) {
    lutimesSync(join(tree, path), epoch, epoch);
  }
  mkdirSync(dirname(folders.output), { recursive: true });
  rmSync(folders.output, { force: true });
  const unfinished = `${folders.output}.tmp`;
  rmSync(unfinished, { force: true });
  const bios = join(boot, 'usr/lib/grub/i386-pc/boot_hybrid.img');
  const args = [
    ...['-as', 'mkisofs', '-quiet', '-o', unfinished, '-r', '-iso-level', '3', '-partition_offset', '16'],
    ...['-V', 'PERMAFROST', '-volset', readMediumId(folders)],
    ...[`--modification-date=${isoDate(epoch)}`, '--set_all_file_dates', isoDate(epoch)],
    ...['--grub2-mbr', bios, '-b', 'boot/grub/eltorito.img', '-no-emul-boot', '-boot-load-size', '4'],
    ...['-boot-info-table', '--grub2-boot-info', '-eltorito-alt-boot'],
    ...['-e', '--interval:appended_partition_2:all::', '-no-emul-boot'],
    ...['-append_partition', '2', '0xef', efi, '-appended_part_as_gpt', tree],
  ];
  runUnpacked(join(folders.work, 'tools'), 'xorriso', args, { env: { SOURCE_DATE_EPOCH: String(epoch) } });
  const sizeBytes = statSync(unfinished).size;
  if (sizeBytes > limitBytes) throw new Error(`the ISO has ${sizeBytes} bytes, more than ${limitBytes}`);
  run('mv', [unfinished, folders.output]);
  say(`${folders.output}: ${(sizeBytes / 1e6).toFixed(1)} MB`);
}

if (import.meta.main) buildMedium(readFolders());
