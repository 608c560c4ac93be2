/**
 * What the engine asks of every file system (and swap area, and container) it can recognise.
 *
 * A {@link Prober} looks at the first structures of a region and answers with a {@link FileSystem} or "not
 * mine". Reading which bytes are used may cost much more and is a second step. Whatever a parser cannot
 * vouch for becomes `raw`: when unsure, everything is used.
 */
import type { Said } from '../base/remarks.ts';
import type { BlockReader } from '../base/block-reader.ts';
import type { Extents } from '../base/extents.ts';

/** How a region's content is called, everywhere. */
export type FileSystemKind =
  | 'ext2'
  | 'ext3'
  | 'ext4'
  | 'ntfs'
  | 'fat12'
  | 'fat16'
  | 'fat32'
  | 'exfat'
  | 'swap'
  | 'xfs'
  | 'btrfs'
  | 'f2fs'
  | 'hfs'
  | 'hfsplus'
  | 'hfsx'
  | 'apfs'
  | 'iso9660'
  | 'udf'
  | 'refs'
  | 'nilfs2'
  | 'jfs'
  | 'reiserfs'
  | 'minix'
  | 'ufs'
  | 'zfs'
  | 'vmfs'
  | 'squashfs'
  | 'erofs'
  | 'bcachefs'
  | 'lvm2'
  | 'luks'
  | 'bitlocker'
  | 'md'
  | 'bcache'
  | 'ldm'
  | 'storage-spaces'
  | 'ext-journal'
  | 'unknown'
  | 'empty';

/** Whether the file system says that it was shut down properly. */
export type FileSystemState = 'clean' | 'dirty' | 'unknown';

/** What a glance at a region's first structures tells. */
export interface FileSystemInfo {
  readonly kind: FileSystemKind;
  readonly label?: string;
  readonly uuid?: string;
  /** The file system's own extent from the start of the region, in bytes, where it says so. */
  readonly sizeBytes?: number;
  /** Allocation unit (block or cluster) in bytes. */
  readonly blockSize?: number;
  readonly state: FileSystemState;
  /** Facts worth showing, for example features; plain values only. */
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** Why a whole region is taken as used. */
export type RawCode =
  | 'asked' // --raw
  | 'unsupported' // no parser for this kind
  | 'unknown-content' // nothing was recognised
  | 'feature' // a feature bit that is not known here
  | 'dirty' // not cleanly unmounted
  | 'error-state' // the file system recorded errors
  | 'inconsistent' // structures that do not add up
  | 'overlap' // partitions that overlap
  | 'unreadable'; // the structures could not be read

/** Why everything is used, and what would help. */
export interface RawReason {
  readonly code: RawCode;
  /** One sentence for people, for example "unknown incompatible features 0x20000". */
  readonly reason: string;
  /** What a person can do so that less is stored, where there is something, as one sentence. */
  readonly remedy?: Said;
  /** Used bytes if the allocation structures could be trusted, where they can be read at all. */
  readonly trustedBytes?: number;
}

/** Which bytes of a region matter. Extents are relative to the region's start. */
export interface UsedMap {
  readonly used: Extents;
  /** Present when everything is used because nothing better is certain. */
  readonly raw?: RawReason;
  /** Things to know that do not make it raw, for example shadow copies; full sentences. */
  readonly warnings: readonly Said[];
  /** Present when `--trust-bitmap` made this map: what was overridden. Kept in the image. */
  readonly overridden?: RawReason;
}

export interface MapOptions {
  /** Take the on-disk allocation structures at their word although the file system is not clean. */
  readonly trustBitmap?: boolean;
  readonly signal?: AbortSignal;
}

/** A recognised file system on `reader`. */
export interface FileSystem {
  readonly info: FileSystemInfo;
  /**
   * Finds the used bytes. The extents need not be clipped and need not contain what lies outside the file
   * system's own extent: `probeRegion` adds that. Absent where only the name is known: then the region is raw.
   * Throws `structure/invalid` where the structures do not add up: the caller makes that raw.
   */
  readonly mapUsed?: (options: MapOptions) => Promise<UsedMap>;
}

/** Recognises one family of file systems: a value, `undefined` for "not mine", or `structure/invalid`. */
export type Prober = (reader: BlockReader) => Promise<FileSystem | undefined>;

/** A raw map of a region of `sizeBytes`; `used` is everything. */
export interface RawMapInput {
  readonly sizeBytes: number;
  readonly reason: RawReason;
  readonly warnings?: readonly Said[];
}
