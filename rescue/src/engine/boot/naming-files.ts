/** The files of installed systems that name disks, partitions and file systems by identifiers, wherever such lie. */
import type { Said } from '../base/remarks.ts';
import type { FileTree } from '../filesystem/file-tree.ts';
import { findIds, type IdKey, type NamedId, type NamingKind } from './named-ids.ts';
import { explain, type Volume } from './volumes.ts';
import { BIOS_STORE, UEFI_STORE } from './windows.ts';

/** A file that names at least one of the identifiers that were looked for. */
export interface NamingFile {
  readonly volume: Volume;
  /** Within the volume. */
  readonly path: string;
  readonly kind: NamingKind;
  readonly bytes: Uint8Array;
  readonly named: readonly NamedId[];
}

/** A file that could not be looked into, as the end of a sentence. */
export interface UnreadFile {
  readonly volume: Volume;
  readonly path: string;
  readonly kind: NamingKind;
  readonly problem: Said;
}

interface Candidate {
  readonly path: string;
  readonly kind: NamingKind;
}

const etc = ['fstab', 'crypttab', 'default/grub', 'kernel/cmdline', 'lilo.conf'];
const etcFolders = [
  'default/grub.d',
  'grub.d',
  'cmdline.d',
  'dracut.conf.d',
  'initramfs-tools/conf.d',
  'kernel/install.d',
];
const boot = [
  ...['grub', 'grub2'].flatMap((grub) =>
    ['grub.cfg', 'custom.cfg', 'grubenv', 'menu.lst', 'i386-pc/load.cfg', 'x86_64-efi/load.cfg'].map(
      (file) => `${grub}/${file}`,
    ),
  ),
  'refind_linux.conf',
  'extlinux/extlinux.conf',
  'syslinux/syslinux.cfg',
  'cmdline.txt',
];
const REGISTRY = '/Windows/System32/config/SYSTEM';
const MAX_TEXT_BYTES = 4 * 1024 * 1024;
const MAX_BINARY_BYTES = 64 * 1024 * 1024;
/** Folders at the top of a Btrfs that are looked into as subvolumes with systems in them. */
const MAX_SUBVOLUMES = 256;

/** All of `volumes` that name one of `ids`, and those that may and could not be read. */
export async function findNamingFiles(
  volumes: readonly Volume[],
  ids: ReadonlySet<IdKey>,
): Promise<{ readonly files: readonly NamingFile[]; readonly unread: readonly UnreadFile[] }> {
  const files: NamingFile[] = [];
  const unread: UnreadFile[] = [];
  for (const volume of volumes) {
    if (volume.files === undefined) continue;
    const seen = new Set<string>();
    for (const { path, kind } of await candidates(volume, volume.files)) {
      if (seen.has(path)) continue;
      seen.add(path);
      try {
        const most = kind === 'text' ? MAX_TEXT_BYTES : MAX_BINARY_BYTES;
        const bytes = await volume.files.readFile(path, most);
        const named = bytes === undefined ? [] : findIds(kind, bytes, ids);
        if (bytes !== undefined && named.length > 0) files.push({ volume, path, kind, bytes, named });
      } catch (error) {
        unread.push({ volume, path, kind, problem: explain(error) });
      }
    }
  }
  return { files, unread };
}

async function candidates(volume: Volume, files: FileTree): Promise<Candidate[]> {
  try {
    const { kind } = volume.info;
    if (kind.startsWith('fat')) return await ofSystemPartition(files);
    if (kind === 'ntfs')
      return [
        { path: BIOS_STORE, kind: 'bcd' },
        { path: REGISTRY, kind: 'registry' },
      ];
    return await ofLinux(files, kind === 'btrfs');
  } catch (error) {
    explain(error);
    return [];
  }
}

async function ofSystemPartition(files: FileTree): Promise<Candidate[]> {
  const found: Candidate[] = [{ path: UEFI_STORE, kind: 'bcd' }];
  const add = (path: string): void => {
    if (/\.efi$/i.test(path)) found.push({ path, kind: 'program' });
    else if (/\.(cfg|conf)$/i.test(path)) found.push({ path, kind: 'text' });
  };
  for (const folder of await files.list('/EFI'))
    for (const name of await files.list(`/EFI/${folder}`)) add(`/EFI/${folder}/${name}`);
  return [...found, ...(await bootFiles(files, ['', '/boot']))];
}

async function ofLinux(files: FileTree, hasSubvolumes: boolean): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const root of [
    '',
    ...(hasSubvolumes ? await files.list('/') : []).slice(0, MAX_SUBVOLUMES).map((name) => `/${name}`),
  ]) {
    found.push(...etc.map((name): Candidate => ({ path: `${root}/etc/${name}`, kind: 'text' })));
    for (const folder of etcFolders)
      for (const name of await files.list(`${root}/etc/${folder}`))
        found.push({ path: `${root}/etc/${folder}/${name}`, kind: 'text' });
    found.push(...(await bootFiles(files, [`${root}/boot`, root])));
  }
  return found;
}

async function bootFiles(files: FileTree, folders: readonly string[]): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const folder of folders) {
    const names = [...boot.map((name) => `${folder}/${name}`)];
    for (const name of await files.list(`${folder}/loader/entries`))
      names.push(`${folder}/loader/entries/${name}`);
    found.push(...names.map((path): Candidate => ({ path, kind: 'text' })));
  }
  return found;
}
