/** The files of what a region holds, whichever file system it is, without mounting it. */
import { cachedReader, type BlockReader } from '../base/block-reader.ts';
import { btrfsFiles } from './btrfs/btrfs-files.ts';
import { extFiles } from './ext/ext-files.ts';
import { fatFiles } from './fat/fat-files.ts';
import type { FileSystemKind } from './file-system.ts';
import type { FileTree } from './file-tree.ts';
import { ntfsFiles } from './ntfs/ntfs-files.ts';
import { xfsFiles } from './xfs/xfs-files.ts';

type Opener = (reader: BlockReader, signal?: AbortSignal) => Promise<FileTree | undefined>;

const openers: Partial<Readonly<Record<FileSystemKind, Opener>>> = {
  fat12: fatFiles,
  fat16: fatFiles,
  fat32: fatFiles,
  ext2: extFiles,
  ext3: extFiles,
  ext4: extFiles,
  ntfs: ntfsFiles,
  btrfs: btrfsFiles,
  xfs: xfsFiles,
};

/** Kinds whose files can be read. */
export function hasReadableFiles(kind: FileSystemKind): boolean {
  return openers[kind] !== undefined;
}

/**
 * The files of the region `reader`, which holds a `kind`; `undefined` where that kind is not read, or not with the
 * features it has. Throws `structure/invalid` where it is damaged.
 */
export async function openFiles(
  reader: BlockReader,
  kind: FileSystemKind,
  signal?: AbortSignal,
): Promise<FileTree | undefined> {
  return openers[kind]?.(cachedReader(reader), signal);
}
