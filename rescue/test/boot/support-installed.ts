/** Disks with systems on them, their boot loaders installed by grub-install itself. Needs root. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { run } from '../support/command.ts';
import { attachLoop, sparseFile } from '../support/scratch.ts';

export const MIB = 1024 * 1024;
export const DISK_MIB = 480;

/** Partitions in MiB, by number; an MBR has all but the first. */
export const places = {
  bios: { number: 1, startMib: 1, sizeMib: 1 },
  esp: { number: 2, startMib: 2, sizeMib: 40 },
  root: { number: 3, startMib: 42, sizeMib: 400 },
  swap: { number: 4, startMib: 442, sizeMib: 16 },
} as const;

export interface InstalledDisk {
  readonly path: string;
  readonly rootUuid: string;
  readonly espUuid: string;
  readonly swapUuid: string;
}

export interface InstallOptions {
  readonly table: 'gpt' | 'mbr';
  readonly name?: string;
  readonly fileSystem?: 'ext4' | 'xfs' | 'btrfs';
  /** Leave out GRUB for BIOS machines. */
  readonly noBios?: boolean;
  /** GRUB for UEFI in a vendor's folder alone, without the fallback path. */
  readonly noFallback?: boolean;
}

/** A disk-image file with a Linux that GRUB starts by BIOS, and on a GPT by UEFI. */
export async function installLinux(
  t: TestContext,
  folder: string,
  options: InstallOptions,
): Promise<InstalledDisk> {
  const { table, fileSystem = 'ext4' } = options;
  const path = await sparseFile(join(folder, options.name ?? 'disk.img'), DISK_MIB * MIB);
  await partition(path, table);
  const part = async (name: keyof typeof places): Promise<string> =>
    sparseFile(`${path}.${name}`, places[name].sizeMib * MIB);
  const [esp, root, swap] = [await part('esp'), await part('root'), await part('swap')];
  await run('mkfs.vfat', ['-F', '32', '-n', 'EFI', esp]);
  await run(`mkfs.${fileSystem}`, ['-q', ...(fileSystem === 'ext4' ? [] : ['-f']), root]);
  await run('mkswap', [swap]);
  const [espUuid, rootUuid, swapUuid] = await Promise.all([esp, root, swap].map(uuidOf));
  const disk = { path, espUuid: espUuid!, rootUuid: rootUuid!, swapUuid: swapUuid! };
  const { device, detach } = await attachLoop(t, path);
  await mounted(root, 'loop', async (mount) => {
    await writeSystem(mount, disk);
    if (options.noBios !== true) await grubInstall(mount, device, { table, rootUuid: disk.rootUuid });
  });
  await detach();
  if (table === 'gpt') await fillSystemPartition(esp, join(folder, 'efi'), disk.rootUuid, options);
  for (const [file, { startMib }] of [
    [esp, places.esp],
    [root, places.root],
    [swap, places.swap],
  ] as const) {
    const to = ['bs=1M', `seek=${startMib}`, 'conv=notrunc,sparse', 'status=none'];
    await run('dd', [`if=${file}`, `of=${path}`, ...to]);
    await rm(file);
  }
  return disk;
}

async function partition(path: string, table: 'gpt' | 'mbr'): Promise<void> {
  const line = ({ startMib, sizeMib }: { startMib: number; sizeMib: number }, rest: string): string =>
    `start=${startMib * 2048}, size=${sizeMib * 2048}, ${rest}`;
  const gpt = [
    line(places.bios, 'type=21686148-6449-6E6F-744E-656564454649'),
    line(places.esp, 'type=U'),
    line(places.root, 'type=L'),
    line(places.swap, 'type=S'),
  ];
  const mbr = [
    `2: ${line(places.esp, 'type=c')}`,
    `3: ${line(places.root, 'type=83, bootable')}`,
    `4: ${line(places.swap, 'type=82')}`,
  ];
  const script = table === 'gpt' ? ['label: gpt', ...gpt] : ['label: dos', ...mbr];
  await run('sfdisk', ['--quiet', path], { input: `${script.join('\n')}\n` });
}

async function uuidOf(device: string): Promise<string> {
  return (await run('blkid', ['-p', '-s', 'UUID', '-o', 'value', device])).stdout.trim();
}

/**
 * What grub-install does, which takes no partition of a loop device: on a GPT the core image finds its files by the
 * number of the partition, on an MBR by the UUID of the file system.
 */
async function grubInstall(
  mount: string,
  device: string,
  { table, rootUuid }: { table: 'gpt' | 'mbr'; rootUuid: string },
): Promise<void> {
  const modules = '/usr/lib/grub/i386-pc';
  const folder = join(mount, 'boot/grub/i386-pc');
  await mkdir(folder, { recursive: true });
  await run('cp', [join(modules, 'boot.img'), join(modules, 'normal.mod'), folder]);
  const early = join(folder, 'load.cfg');
  await writeFile(early, `search.fs_uuid ${rootUuid} root\nset prefix=($root)'/boot/grub'\n`);
  const named = table === 'gpt' ? ['-p', '(,gpt3)/boot/grub'] : ['-p', '/boot/grub', '-c', early];
  const drivers = [
    'biosdisk',
    `part_${table === 'gpt' ? 'gpt' : 'msdos'}`,
    'ext2',
    'search_fs_uuid',
    'normal',
  ];
  await run('grub-mkimage', ['-O', 'i386-pc', ...named, '-o', join(folder, 'core.img'), ...drivers]);
  const map = join(folder, 'device.map');
  const { stdout } = await run('findmnt', ['-no', 'SOURCE', mount]);
  await writeFile(map, `(hd0) ${device}\n(hd1) ${stdout.trim()}\n`);
  await run(join(modules, 'grub-bios-setup'), ['--skip-fs-probe', '-m', map, '-d', folder, device]);
}

/** A loader of GRUB's in a vendor's folder, with a configuration beside it that leads to the root, and as the fallback. */
async function fillSystemPartition(
  device: string,
  folder: string,
  rootUuid: string,
  { noFallback = false }: InstallOptions,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const loader = join(folder, 'grubx64.efi');
  const modules = ['part_gpt', 'fat', 'ext2', 'normal', 'search_fs_uuid', 'configfile'];
  await run('grub-mkimage', ['-O', 'x86_64-efi', '-p', '/EFI/test', '-o', loader, ...modules]);
  const config = join(folder, 'grub.cfg');
  await writeFile(
    config,
    `search.fs_uuid ${rootUuid} root\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n`,
  );
  await run('mmd', ['-i', device, '::/EFI', '::/EFI/test', ...(noFallback ? [] : ['::/EFI/BOOT'])]);
  await run('mcopy', ['-i', device, loader, config, '::/EFI/test/']);
  if (!noFallback) await run('mcopy', ['-i', device, loader, '::/EFI/BOOT/BOOTX64.EFI']);
}

async function writeSystem(root: string, disk: Omit<InstalledDisk, 'path'>): Promise<void> {
  await mkdir(join(root, 'etc/initramfs-tools/conf.d'), { recursive: true });
  await mkdir(join(root, 'boot/grub'), { recursive: true });
  await writeFile(join(root, 'etc/os-release'), 'NAME="Test"\nPRETTY_NAME="Test Linux 1"\n');
  await writeFile(
    join(root, 'etc/fstab'),
    [
      '# a comment',
      `UUID=${disk.rootUuid} / auto defaults 0 1`,
      `UUID=${disk.espUuid} /boot/efi vfat umask=0077 0 1`,
      `UUID=${disk.swapUuid} none swap sw 0 0`,
      'tmpfs /tmp tmpfs defaults 0 0\n',
    ].join('\n'),
  );
  await writeFile(join(root, 'etc/initramfs-tools/conf.d/resume'), `RESUME=UUID=${disk.swapUuid}\n`);
  await writeFile(
    join(root, 'boot/grub/grub.cfg'),
    [
      `search --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt3 ${disk.rootUuid}`,
      "menuentry 'Test Linux 1' {",
      `  linux /boot/vmlinuz root=UUID=${disk.rootUuid} ro quiet resume=UUID=${disk.swapUuid}`,
      '  initrd /boot/initrd.img',
      '}\n',
    ].join('\n'),
  );
}

/** Overwrites `bytes` at `offset` of the file `path`. */
export async function patchFile(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  await run('dd', [`of=${path}`, 'bs=1', `seek=${offset}`, 'conv=notrunc', 'status=none'], {
    input: Buffer.from(bytes),
  });
}

/** Mounts the root of the disk-image file `path` at a new folder, calls `work` with it, and unmounts it. */
export function inRoot(path: string, work: (folder: string) => Promise<void>): Promise<void> {
  const { startMib, sizeMib } = places.root;
  return mounted(path, `loop,offset=${startMib * MIB},sizelimit=${sizeMib * MIB}`, work);
}

async function mounted(
  path: string,
  options: string,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = `${path}.mount`;
  await mkdir(folder, { recursive: true });
  await run('mount', ['-o', options, path, folder]);
  try {
    await work(folder);
  } finally {
    await run('umount', [folder]);
  }
}

/** How mtools name the EFI system partition of the disk-image file `path`. */
export function systemPartition(path: string): string {
  return `${path}@@${places.esp.startMib}M`;
}

/** Replaces `from` by `to` in the text file `path`. */
export async function replaceIn(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${path} has no "${from}"`);
  await writeFile(path, text.replaceAll(from, to));
}
