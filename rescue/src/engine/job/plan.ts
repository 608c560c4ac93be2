/** What a job would do, as plain data; a front end shows it, and a confirmation names its digest. */
import type { ErrorReport } from '../base/errors.ts';
import type { Remark, Said } from '../base/remarks.ts';
import type { FileSystemInfo, RawReason } from '../filesystem/file-system.ts';
import type { BootEntryPlan } from '../boot/boot-entry.ts';
import type { NewIdsPlan } from '../boot/new-ids.ts';
import type { DiskLimit } from '../device/disk-limits.ts';
import type { DiskIdentity } from '../device/identity.ts';
import type { LayoutPart } from '../partition/plan-layout.ts';
import type { SpareRoom } from '../partition/size-limits.ts';
import type { ImagedPartition, RegionFileSystem } from '../repository/manifest.ts';
import type { Job } from './job.ts';

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
