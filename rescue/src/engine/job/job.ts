/** What a person asks for: plain data, the same for every front end. */

/** The partition that gets the free space of a larger target: a number, a name or label, or the last one that can grow. */
export type Grow = number | string;

/** The size or the place that one partition gets on a target; what is left out is decided as without. */
export interface AskedPartition {
  readonly partition: number;
  /** In bytes; rounded up to whole sectors of the target. */
  readonly size?: number;
  /** Where it begins, in bytes. */
  readonly start?: number;
}

/** Save an image of one or several disks. */
export interface ImageJob {
  readonly kind: 'image';
  /** Block devices or disk-image files. */
  readonly sources: readonly string[];
  readonly repository: string;
  readonly name?: string;
  /** Only these partitions (of a single source); tables and gaps are always saved. */
  readonly partitions?: readonly number[];
  /** Zstandard level, 1 to 19; default 3. */
  readonly level?: number;
  /** Take everything as used. */
  readonly raw?: boolean;
  /** Leave out unpartitioned gaps but their ends. */
  readonly skipGaps?: boolean;
  /** Partitions whose allocation structures are taken at their word although they are not clean; 0 for a disk without partitions. */
  readonly trustBitmap?: readonly number[];
  /** Allow a repository on the disk that is imaged. */
  readonly forceSameDisk?: boolean;
  /** Go on although it cannot be found out which disk holds the repository. */
  readonly allowUnresolved?: boolean;
  /** Logical sector size of disk-image files in bytes, where it cannot be told. */
  readonly sectorSize?: number;
  /** Chunk size of a repository that is created by this job, in bytes. */
  readonly chunkBytes?: number;
}

/** Put an image back. */
export interface RestoreJob {
  readonly kind: 'restore';
  readonly repository: string;
  readonly image: string;
  readonly machine?: string;
  /** Narrows `image: latest` to a disk (serial or path). */
  readonly ofDisk?: string;
  /** Which disk of the image goes where; `disk` may be left out if the image has one disk. */
  readonly targets: readonly { readonly disk?: number; readonly target: string }[];
  /** Only these partitions, into partitions of the target with the same start and size. */
  readonly partitions?: readonly number[];
  /** Only these partitions, each into another partition of the target, or a new one in its free space. */
  readonly into?: readonly { readonly partition: number; readonly place: number | 'free' }[];
  /** On a larger target this partition is grown; the free space is left free without. */
  readonly grow?: Grow;
  /** Whole disks: sizes and places of partitions. An empty list changes nothing; the plan then says what would be possible. */
  readonly layout?: readonly AskedPartition[];
  /** Folder for the scratch files that making file systems smaller takes; default: the system's for temporary files. */
  readonly scratch?: string;
  /** Read the target and write only what differs. */
  readonly delta?: boolean;
  /** Leave out reading the target back. */
  readonly noVerify?: boolean;
  /** On a UEFI machine: make no boot entry for the target and write no fallback loader. */
  readonly noBootEntry?: boolean;
  /** Whole disks: give disk, partitions and file systems new identifiers once they were read back, and mend what names them. */
  readonly newIds?: boolean;
  /** Write zeros where the image has no used bytes, instead of leaving what is there. */
  readonly zeroUnused?: boolean;
  /** Restore what can be read from a damaged repository. */
  readonly keepGoing?: boolean;
  /** Go on although it cannot be found out which disk holds the repository. */
  readonly allowUnresolved?: boolean;
}

/** Copy a disk to one or several others at once, without an image in between. */
export interface CloneJob {
  readonly kind: 'clone';
  /** A block device or disk-image file. */
  readonly source: string;
  readonly targets: readonly string[];
  /** Take everything as used. */
  readonly raw?: boolean;
  /** Partitions whose allocation structures are taken at their word although they are not clean; 0 for a disk without partitions. */
  readonly trustBitmap?: readonly number[];
  /** On each target that is larger this partition is grown; the free space is left free without. */
  readonly grow?: Grow;
  /** Whole disks: sizes and places of partitions. An empty list changes nothing; the plan then says what would be possible. */
  readonly layout?: readonly AskedPartition[];
  /** Folder for the scratch files that making file systems smaller takes; default: the system's for temporary files. */
  readonly scratch?: string;
  /** Read the targets and write only what differs. */
  readonly delta?: boolean;
  /** Leave out reading the targets back. */
  readonly noVerify?: boolean;
  /** On a UEFI machine: make no boot entry for a single target and write no fallback loader. */
  readonly noBootEntry?: boolean;
  /** Whole disks: give disk, partitions and file systems new identifiers once they were read back, and mend what names them. */
  readonly newIds?: boolean;
  /** Logical sector size of a disk-image file in bytes, where it cannot be told. */
  readonly sectorSize?: number;
}

/** Check that images can be restored. */
export interface VerifyJob {
  readonly kind: 'verify';
  readonly repository: string;
  /** One image; everything in the repository if left out. */
  readonly image?: string;
  readonly machine?: string;
  readonly ofDisk?: string;
  /** Decode with the second, independent codec. */
  readonly independent?: boolean;
}

/** Say for every system installed on a disk whether firmware can find it. Only reads. */
export interface BootCheckJob {
  readonly kind: 'bootcheck';
  /** A block device or disk-image file. */
  readonly target: string;
  /** Logical sector size of a disk-image file in bytes, where it cannot be told. */
  readonly sectorSize?: number;
}

export type Job = ImageJob | RestoreJob | CloneJob | VerifyJob | BootCheckJob;
