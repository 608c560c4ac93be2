/**
 * What a person asks for, what it would do, and what it did: plain data, the same for every front end.
 */
import type { ErrorReport } from '../base/errors.ts';
import type { Remark, Said } from '../base/remarks.ts';
import type { FileSystemInfo, RawReason } from '../filesystem/file-system.ts';
import type { BootCheck } from '../boot/boot-check.ts';
import type { BootEntryPlan } from '../boot/boot-entry.ts';
import type { NewIdsPlan } from '../boot/new-ids.ts';
import type { DiskLimit } from '../device/disk-limits.ts';
import type { DiskIdentity } from '../device/identity.ts';
import type { LayoutPart } from '../partition/plan-layout.ts';
import type { SpareRoom } from '../partition/size-limits.ts';
import type { ImagedPartition, RegionFileSystem } from '../repository/manifest.ts';
import type { NewIdsReport } from './new-ids-report.ts';

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

/** What would be done to one region of a disk. */
export interface RegionPlan {
  readonly name: string;
  readonly kind: 'head' | 'partition' | 'gap' | 'tail' | 'whole';
  /** Extent on the disk in bytes. */
  readonly start: number;
  readonly length: number;
  readonly partitions: readonly number[];
  /** What was found there (image, clone), or what the image keeps of it (restore). */
  readonly fileSystem?: RegionFileSystem & Pick<FileSystemInfo, 'details'>;
  /** Bytes that matter. */
  readonly usedBytes: number;
  readonly raw?: RawReason;
  readonly overridden?: RawReason;
  readonly warnings: readonly Said[];
  /** Whether the job reads (image) or writes (restore, clone) it. */
  readonly included: boolean;
  /** Used extents as start, length pairs relative to the region, where every range was asked for. */
  readonly used?: readonly (readonly [number, number])[];
}

/** Bytes of a table that are written instead of those of the source or image. */
export interface TableWrite {
  readonly what: string;
  /** Offset on the target, in bytes. */
  readonly offset: number;
  readonly bytesHex: string;
}

/** A partition that gets another place or length than it had; bytes of source and target. */
export interface LayoutChange {
  readonly number: number;
  readonly from: { readonly start: number; readonly length: number };
  readonly to: { readonly start: number; readonly length: number };
  /** The program that fits its file system to it. */
  readonly tool?: string;
  /** Single partitions: the one of the target that gets it. */
  readonly into?: number;
  /** That one does not exist yet. */
  readonly isNew?: boolean;
}

/** How small a partition can get. */
export interface LeastPartition {
  readonly number: number;
  readonly bytes: number;
  /** Why it cannot be smaller than it is; absent where its file system says how small it can get. */
  readonly reason?: Remark;
}

/** What is known of a target on which not all partitions can have the size that they had. */
export interface ShrinkPlan {
  /** Whole disks: the smallest target that would do, in bytes. */
  readonly leastBytes?: number;
  /** How small partitions can get; of single ones those that get smaller. */
  readonly partitions: readonly LeastPartition[];
  /** The folder for scratch files, and about what they need, in bytes. */
  readonly scratch: string;
  readonly scratchBytes: number;
  /** The scratch files hold all that is used of what shrinks, since this system has no FUSE. */
  readonly isCopy?: boolean;
}

/** A partition of a source, in the order of their places, and what it could be on a target. */
export interface ResizablePartition extends LayoutPart {
  /** The least that it can have: as much as it has where it cannot get smaller, and why. */
  readonly leastBytes: number;
  readonly leastReason?: Remark;
  /** Why it cannot be larger than it is. */
  readonly mostReason?: Remark;
  /** What its file system can have at most, however much room there is. */
  readonly mostBytes?: number;
}

/** What could be chosen of the sizes and places of partitions on a target. */
export interface ResizePlan {
  readonly room: SpareRoom;
  readonly partitions: readonly ResizablePartition[];
}

export interface DiskPlan {
  /** Number within the image; of a clone's target its place among them, from 1. */
  readonly number: number;
  readonly identity: DiskIdentity;
  readonly sizeBytes: number;
  readonly sectorSize: number;
  readonly table: {
    readonly kind: string;
    readonly diskId?: string;
    readonly partitions: readonly ImagedPartition[];
  };
  readonly regions: readonly RegionPlan[];
  readonly usedBytes: number;
  readonly warnings: readonly Said[];
  /** What the disk itself hides, refuses or is about to lose; no part of the digest, since a dying disk does not always answer. */
  readonly limits?: readonly DiskLimit[];
  /** Restore and clone: what is on the target now and will be lost, for people. */
  readonly destroys?: readonly string[];
  readonly tableWrites?: readonly TableWrite[];
  /** Restore and clone: partitions that are not as and where they were; in the order of their places. */
  readonly layout?: readonly LayoutChange[];
  /** Restore and clone: present where partitions must shrink. */
  readonly shrinking?: ShrinkPlan;
  /** Restore and clone: present where sizes could be chosen, and an empty list of them was given. */
  readonly resizing?: ResizePlan;
  /** Restore and clone: what is done after the writing so that this machine starts the disk. */
  readonly bootEntry?: BootEntryPlan;
  /** Restore and clone with new identifiers: which, and what names them. */
  readonly newIds?: NewIdsPlan;
}

/** What a job would do. Nothing was written to make it. */
export interface Plan {
  readonly job: Job;
  /** BLAKE3 over everything that was decided: what a confirmation names. */
  readonly digest: string;
  readonly summary: string;
  /** What an image reads, or what a restore or clone overwrites. */
  readonly disks: readonly DiskPlan[];
  /** For a clone: what is read. */
  readonly source?: DiskPlan;
  /** Bytes that will be read from the source or the repository, and written to the target, at most. */
  readonly readBytes: number;
  readonly writeBytes: number;
  /** Free bytes where the repository is, for an image. */
  readonly freeBytes?: number;
  readonly warnings: readonly Said[];
  /** Reasons why `run` will refuse; empty if it will not. */
  readonly refusals: readonly ErrorReport[];
  /** For a restore: the image. */
  readonly image?: {
    readonly id: string;
    readonly name: string;
    readonly created: string;
    readonly sequence: number;
  };
}

export type Phase =
  | 'inspecting'
  | 'recovering'
  | 'shrinking'
  | 'reading'
  | 'committing'
  | 'clearing'
  | 'writing'
  | 'finishing'
  | 'reading back'
  | 'growing'
  | 'new ids'
  | 'verifying';

/** A moment of a running job: immutable, a few a second and exactly one with `final`. */
export interface Progress {
  readonly phase: Phase;
  /** What is being worked on, for example `/dev/sda partition 2`. */
  readonly subject: string;
  readonly doneBytes: number;
  /** Absent while not known. */
  readonly totalBytes?: number;
  /** Bytes that could not be read. */
  readonly badBytes: number;
  /** Bytes per second over the last seconds. */
  readonly bytesPerSecond: number;
  readonly secondsLeft?: number;
  /** Imaging: bytes found in the repository, new, and what the new ones take. */
  readonly reusedBytes?: number;
  readonly newBytes?: number;
  readonly storedBytes?: number;
  /** The region being worked on, and how much of it is done in this phase. */
  readonly region?: { readonly disk: number; readonly name: string; readonly doneBytes: number };
  /** Clone: each target by itself. */
  readonly targets?: readonly TargetProgress[];
  readonly final: boolean;
}

/** How far one of several targets is. */
export interface TargetProgress {
  readonly number: number;
  readonly path: string;
  /** Of this phase: bytes of the source that the target has by now, or that were read back from it. */
  readonly doneBytes: number;
  /** Present once it was given up. */
  readonly error?: ErrorReport;
}

/** A part of an image that could not be read or restored. */
export interface Gap {
  readonly disk: number;
  readonly region: string;
  /** Extent on the disk in bytes. */
  readonly offset: number;
  readonly length: number;
  readonly reason: Said;
}

/** `done-in-part`: some targets of a clone are good, others were given up. */
export type Outcome = 'done' | 'done-with-gaps' | 'done-in-part' | 'failed' | 'does-not-verify' | 'cancelled';

/** How one target of a clone ended. */
export interface TargetReport {
  readonly number: number;
  readonly identity: DiskIdentity;
  readonly outcome: Outcome;
  readonly writtenBytes: number;
  /** Whether it was read back and found right. */
  readonly verified: boolean;
  readonly error?: ErrorReport;
}

/** Whether what is on a disk starts. */
export interface CheckedDisk {
  /** As in the report's `disks`, or of a clone's targets. */
  readonly number: number;
  readonly identity: DiskIdentity;
  readonly check: BootCheck;
}

/** What a job did. */
export interface Report {
  readonly job: Job;
  readonly outcome: Outcome;
  readonly planDigest?: string;
  readonly program: string;
  readonly startedAt: string;
  readonly seconds: number;
  readonly phases: readonly { readonly phase: Phase; readonly seconds: number }[];
  readonly image?: { readonly id: string; readonly name: string; readonly sequence: number };
  readonly disks: readonly { readonly number: number; readonly identity: DiskIdentity }[];
  /** Sums in bytes; which ones depends on the job. */
  readonly sums: Readonly<Record<string, number>>;
  readonly gaps: readonly Gap[];
  /** Gaps that are not listed because there are too many. */
  readonly gapsLeftOut: number;
  /** Restore and clone: whether what was written was read back and found right. */
  readonly verified?: boolean;
  readonly warnings: readonly Said[];
  /** Clone: each target by itself. */
  readonly targets?: readonly TargetReport[];
  /** Restore and clone with new identifiers: what was changed on each target, and what was not as planned. */
  readonly newIds?: readonly NewIdsReport[];
  /** Restore and clone of whole disks, and bootcheck: whether what is on the disks starts. */
  readonly boot?: readonly CheckedDisk[];
  /** Why it did not come through; of `done-in-part` the error of the first target that was given up. */
  readonly error?: ErrorReport;
}
