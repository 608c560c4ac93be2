/** How far a job is, and what it did: plain data, the same for every front end. */
import type { ErrorReport } from '../base/errors.ts';
import type { Said } from '../base/remarks.ts';
import type { BootCheck } from '../boot/boot-check.ts';
import type { DiskIdentity } from '../device/identity.ts';
import type { NewIdsReport } from './new-ids-report.ts';
import type { Job } from './job.ts';

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
