/**
 * Planning new identifiers for a copy: which are given anew, which files name them and are mended, and which stay as
 * they are, since something names them that cannot be mended. Nothing is written here.
 */
import type { BlockReader } from '../base/block-reader.ts';
import { isPermafrostError } from '../base/errors.ts';
import { Fields } from '../base/fields.ts';
import type { FileSystemKind } from '../filesystem/file-system.ts';
import { kindTitles } from '../filesystem/kind-titles.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import { isGrubBootSector, readGrubCore } from './grub-bios.ts';
import { findIds, type IdKey } from './named-ids.ts';
import { findNamingFiles, type NamingFile } from './naming-files.ts';
import { readVolumes, type Volume } from './volumes.ts';
import { type Said, say } from '../base/remarks.ts';

/** An identifier that is given anew. */
export interface RenewedId {
  readonly what: 'disk' | 'partition' | 'file-system';
  /** For people: `the disk`, `partition 2`. */
  readonly place: string;
  /** The partition that has it; absent for the disk, and for a file system on a disk without partitions. */
  readonly partition?: number;
  /** Of a file system. */
  readonly kind?: FileSystemKind;
  /** As it is, as blkid prints it. */
  readonly id: string;
}

/** A file that names some of them and is changed with them. */
export interface MendedFile {
  readonly place: string;
  readonly partition?: number;
  readonly file: string;
  readonly ids: readonly string[];
}

/** An identifier that stays; the reason is the end of a sentence that begins with it. */
export interface KeptId extends RenewedId {
  readonly reason: Said;
}

export interface NewIdsPlan {
  readonly renewed: readonly RenewedId[];
  readonly mended: readonly MendedFile[];
  readonly kept: readonly KeptId[];
  /** Full sentences: what will still name the old ones, and what to do then. */
  readonly warnings: readonly Said[];
}

/** Programs that give a file system a new identifier; FAT's is written here. */
export const renewalTools: Partial<Readonly<Record<FileSystemKind, string>>> = {
  ext2: 'tune2fs',
  ext3: 'tune2fs',
  ext4: 'tune2fs',
  xfs: 'xfs_admin',
  btrfs: 'btrfstune',
  swap: 'swaplabel',
  luks: 'cryptsetup',
  ntfs: 'ntfslabel',
  exfat: 'tune.exfat',
  fat12: '',
  fat16: '',
  fat32: '',
};

const containerReasons: Partial<Readonly<Record<FileSystemKind, Said>>> = {
  lvm2: say('kept/lvm2'),
  luks: say('kept/luks'),
  md: say('kept/md'),
  bitlocker: say('kept/bitlocker'),
};

/** Kinds in which names can hide that nobody sees from outside. */
const opaque: ReadonlySet<FileSystemKind> = new Set([
  ...([
    'luks',
    'md',
    'bcache',
    'zfs',
    'f2fs',
    'bcachefs',
    'ldm',
    'storage-spaces',
    'jfs',
    'reiserfs',
  ] as const),
]);

/** Plans it for the disk `reader` with the table `table`. Throws only what is no fault of the disk. */
export async function planNewIds(
  reader: BlockReader,
  table: PartitionTable,
  signal?: AbortSignal,
): Promise<NewIdsPlan> {
  const volumes = await readVolumes(reader, table, signal);
  const all = [...tableIds(table), ...fileSystemIds(volumes)];
  const blocked = new Map<IdKey, Said>();
  const block = (ids: Iterable<string>, reason: Said): void => {
    for (const id of ids) if (!blocked.has(key(id))) blocked.set(key(id), reason);
  };
  const { files, unread } = await findNamingFiles(volumes, new Set(all.map(({ id }) => key(id))));
  const opened = openedFrom(files);
  for (const { id, kind, place } of all)
    if (kind !== undefined && !(kind === 'luks' && opened.has(key(id))))
      blockByKind(volumes, { id, kind, place }, block);
  blockDuplicates(all, block);
  blockUnseen(volumes, all, opened, block);
  await blockGrub(reader, all, block);

  const ofTable = all.filter(({ what }) => what !== 'file-system').map(({ id }) => id);
  for (const { kind, path, volume, problem } of unread)
    block(
      kind === 'text' || kind === 'program' ? all.map(({ id }) => id) : ofTable,
      say('kept/unread', { file: path, place: volume.place, problem }),
    );
  // A file system that keeps its identifier can be one that is not mounted: then what its files name stays too.
  for (let before = -1; before !== blocked.size;) {
    before = blocked.size;
    // An MBR's partitions are called after its signature: all of them change, or none.
    const first = ofTable.find((id) => blocked.has(key(id)));
    if (table.kind === 'mbr' && first !== undefined) block(ofTable, blocked.get(key(first))!);
    for (const file of files) {
      const why = unmendable(file, blocked);
      if (why !== undefined)
        block(
          file.named.map(({ id }) => id),
          say('kept/named', { file: file.path, place: file.volume.place, problem: why }),
        );
    }
  }
  const renewed = all.filter(({ id }) => !blocked.has(key(id)));
  const isRenewed = (id: IdKey): boolean => renewed.some((one) => key(one.id) === id);
  const mended = files.flatMap((file): MendedFile[] => {
    const ids = [...new Set(file.named.map(({ id }) => id))].filter(isRenewed);
    const { place, partition } = file.volume;
    const number = partition === undefined ? {} : { partition: partition.number };
    return ids.length === 0 ? [] : [{ place, ...number, file: file.path, ids }];
  });
  return {
    renewed,
    mended,
    kept: all
      .filter(({ id }) => blocked.has(key(id)))
      .map((one) => ({ ...one, reason: blocked.get(key(one.id))! })),
    warnings: await leftovers(volumes, renewed),
  };
}

/** LUKS that a system outside of it opens: what names it is its crypttab, and no initramfs that hides in it. */
function openedFrom(files: readonly NamingFile[]): ReadonlySet<IdKey> {
  const opened = new Set<IdKey>();
  for (const { path, volume, named } of files)
    if (volume.isPartition && path.endsWith('/etc/crypttab')) for (const { id } of named) opened.add(id);
  return opened;
}

/** How an identifier is compared. */
export function key(id: string): IdKey {
  return id.toLowerCase();
}

/** What the table has: an MBR's partitions are called after its signature and follow it. */
function tableIds(table: PartitionTable): RenewedId[] {
  if (table.kind !== 'gpt' && table.kind !== 'mbr') return [];
  const disk: RenewedId = { what: 'disk', place: say('place/disk'), id: table.diskId };
  return [
    disk,
    ...table.partitions.flatMap(({ number, partitionId }): RenewedId[] =>
      partitionId === undefined
        ? []
        : [
            {
              what: 'partition',
              place: say('place/partition', { number }),
              partition: number,
              id: partitionId,
            },
          ],
    ),
  ];
}

function fileSystemIds(volumes: readonly Volume[]): (RenewedId & { readonly kind: FileSystemKind })[] {
  return volumes.flatMap(({ isPartition, place, partition, info }) => {
    const { kind, uuid: id } = info;
    if (!isPartition || id === undefined) return [];
    const number = partition === undefined ? {} : { partition: partition.number };
    return [{ what: 'file-system', place, ...number, kind, id }];
  });
}

type Block = (ids: Iterable<string>, reason: Said) => void;

function blockByKind(
  volumes: readonly Volume[],
  { id, kind, place }: Pick<RenewedId, 'id' | 'place'> & { readonly kind: FileSystemKind },
  block: Block,
): void {
  const { info } = volumes.find((volume) => volume.isPartition && volume.place === place)!;
  const container = containerReasons[kind];
  if (container !== undefined) {
    block([id], container);
    return;
  }
  if (renewalTools[kind] === undefined) {
    block([id], say('kept/no-tool', { content: kindTitles[kind] }));
    return;
  }
  // The checker of ext replays its journal, FAT has none, and swap no state.
  const isRepaired = kind.startsWith('ext');
  if (info.state === 'dirty' && !isRepaired && !kind.startsWith('fat')) block([id], say('kept/dirty'));
}

function blockDuplicates(all: readonly RenewedId[], block: Block): void {
  const seen = new Set<IdKey>();
  for (const { id, what } of all) {
    if (seen.has(key(id)))
      block([id], what === 'file-system' ? say('kept/shared-file-system') : say('kept/shared'));
    seen.add(key(id));
  }
}

function blockUnseen(
  volumes: readonly Volume[],
  all: readonly RenewedId[],
  opened: ReadonlySet<IdKey>,
  block: Block,
): void {
  const fileSystems = all.filter(({ what }) => what === 'file-system').map(({ id }) => id);
  const ofTable = all.filter(({ what }) => what !== 'file-system').map(({ id }) => id);
  for (const { info, place, problem } of volumes) {
    const title = kindTitles[info.kind];
    if (info.kind === 'bitlocker') block(ofTable, say('kept/encrypted', { place, content: title }));
    if (opaque.has(info.kind) || problem !== undefined)
      block(
        // What a system outside of it opens does not name itself.
        fileSystems.filter((id) => id !== info.uuid || !opened.has(key(id))),
        say('kept/opaque', { place, content: title }),
      );
  }
}

/** GRUB's core image on BIOS machines is packed: what it names can only be changed by installing it anew. */
async function blockGrub(reader: BlockReader, all: readonly RenewedId[], block: Block): Promise<void> {
  if (reader.sizeBytes < 512) return;
  try {
    const sector = await reader.read(0, 512);
    if (!isGrubBootSector(sector)) return;
    const { image } = await readGrubCore(reader, sector);
    const text = Buffer.from(`${image?.prefix ?? ''}\n${image?.config ?? ''}`);
    const named = findIds(
      'text',
      text,
      all.map(({ id }) => key(id)),
    );
    block(
      named.map(({ id }) => id),
      say('kept/grub'),
    );
  } catch (error) {
    if (!isPermafrostError(error, 'structure/invalid') && !isPermafrostError(error, 'device/read-failed'))
      throw error;
  }
}

/** Why a file cannot be changed, as the end of a sentence. */
function unmendable(
  { volume, kind, bytes }: NamingFile,
  blocked: ReadonlyMap<IdKey, Said>,
): Said | undefined {
  const { info, isPartition } = volume;
  if (!isPartition) return say('mend/logical-volume');
  if (kind === 'program' && isSigned(bytes)) return say('mend/signed');
  if (info.kind.startsWith('fat')) return undefined;
  const isRepaired = ['ext2', 'ext3', 'ext4'].includes(info.kind) && !blocked.has(key(info.uuid ?? ''));
  if (info.state === 'dirty' && !isRepaired) return say('mend/dirty');
  // The kernel would take it for the original, and write to that one.
  if (info.kind === 'btrfs' && (info.uuid === undefined || blocked.has(key(info.uuid))))
    return say('mend/btrfs');
  return undefined;
}

/** Whether a PE program carries a signature (Microsoft's PE format, "The Attribute Certificate Table"). */
function isSigned(bytes: Uint8Array): boolean {
  const f = new Fields(bytes, 'program');
  if (f.length < 64 || f.text(0, 2) !== 'MZ') return true;
  const optional = f.u32(60) + 24;
  if (optional + 160 > f.length) return true;
  const directories = optional + (f.u16(optional) === 0x20b ? 112 : 96);
  return f.u32(directories + 4 * 8 + 4) !== 0;
}

/** What keeps the old ones in a form that only the system itself makes anew. */
async function leftovers(volumes: readonly Volume[], renewed: readonly RenewedId[]): Promise<Said[]> {
  const warnings: Said[] = [];
  const isRenewed = (id: string | undefined): boolean =>
    id !== undefined && renewed.some((one) => key(one.id) === key(id));
  const hasNew = renewed.some(({ what, kind }) => what === 'file-system' && !kind!.startsWith('fat'));
  for (const { files, info, place } of volumes) {
    if (files === undefined || info.kind === 'ntfs' || info.kind.startsWith('fat')) continue;
    const folders = info.kind === 'btrfs' ? ['', ...(await files.list('/')).map((name) => `/${name}`)] : [''];
    for (const folder of folders) {
      const has = async (path: string): Promise<boolean> =>
        (await files.find(`${folder}${path}`).catch(() => undefined)) !== undefined;
      if (!hasNew) continue;
      if (await has('/usr/lib/dracut')) warnings.push(say('new-ids/dracut', { place }));
      else if (await has('/etc/initramfs-tools')) warnings.push(say('new-ids/initramfs-tools', { place }));
      else if (await has('/etc/mkinitcpio.conf')) warnings.push(say('new-ids/mkinitcpio', { place }));
    }
  }
  const system = volumes.find(
    ({ partition }) => partition?.typeId === 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  );
  if (isRenewed(system?.partition?.partitionId)) warnings.push(say('new-ids/other-machines'));
  if (volumes.some(({ info }) => info.kind === 'bitlocker')) warnings.push(say('new-ids/bitlocker'));
  return warnings;
}
