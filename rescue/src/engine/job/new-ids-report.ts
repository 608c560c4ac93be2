/** What became of new identifiers: plain data. */
import type { Said } from '../base/remarks.ts';
import type { DiskIdentity } from '../device/identity.ts';

/** One identifier that was changed, or one file that names it. */
export interface IdChange {
  readonly what: 'disk' | 'partition' | 'file-system' | 'reference';
  /** For people: `the disk`, `partition 2`. */
  readonly place: string;
  /** The partition that it is on; absent for the disk, and on a disk without partitions. */
  readonly partition?: number;
  /** Of a reference, within the place. */
  readonly file?: string;
  readonly from: string;
  readonly to: string;
}

/** Of one target. */
export interface NewIdsReport {
  /** As in the report's `disks`, or of a clone's targets. */
  readonly number: number;
  readonly identity: DiskIdentity;
  /** In the order in which they were made; all of them were read back. */
  readonly changes: readonly IdChange[];
  /** What was planned and is not as planned, with what to do; full sentences. */
  readonly unmended: readonly Said[];
}
