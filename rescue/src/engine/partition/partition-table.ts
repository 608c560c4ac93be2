/** What a partition table says, in bytes and plain data, whichever format it has. */
import type { Said } from '../base/remarks.ts';

/** Why bytes are to be taken whole whatever is found in them; a part of the reasons file systems know. */
export interface Doubt {
  readonly code: 'inconsistent' | 'overlap' | 'unreadable' | 'unsupported';
  /** One sentence for people, without full stop. */
  readonly reason: Said;
}

/** A partition; its bytes lie inside the disk and are at least one. */
export interface Partition {
  /** As Linux numbers it: MBR primaries 1 to 4, logical ones from 5, GPT by slot from 1. */
  readonly number: number;
  readonly start: number;
  /** Cut at the end of the disk; then `doubt` says so. */
  readonly length: number;
  /** `0x83`, or a GUID in lower case. */
  readonly typeId: string;
  readonly typeName: string;
  /** GPT only; printable. */
  readonly name?: string;
  /** As in Linux' PARTUUID: the GPT partition's GUID, or `<signature>-<number>`. */
  readonly partitionId?: string;
  /** The active flag of an MBR, or "legacy BIOS bootable" of a GPT. */
  readonly bootable: boolean;
  /** GPT attributes, 16 hexadecimal digits. */
  readonly attributes?: string;
  readonly logical: boolean;
  /** Present when the bytes must be taken whole whatever is found in them. */
  readonly doubt?: Doubt;
}

/** Bytes that hold the table itself: what must be kept even where a gap is left out. */
export interface TableStructure {
  readonly what: string;
  readonly start: number;
  readonly length: number;
}

/** Bytes outside the partitions that must not be told apart any further. */
export interface DoubtfulArea {
  readonly start: number;
  readonly length: number;
  readonly doubt: Doubt;
}

interface TableBase {
  /** Logical sector size in bytes that the table was read with. */
  readonly sectorSize: number;
  /** Size of the disk in bytes. */
  readonly sizeBytes: number;
  /** In the order of their numbers. */
  readonly partitions: readonly Partition[];
  /** Inside the disk, ascending. */
  readonly structures: readonly TableStructure[];
  readonly doubtful: readonly DoubtfulArea[];
  /** Things to know; full sentences. */
  readonly warnings: readonly Said[];
}

export interface GptTable extends TableBase {
  readonly kind: 'gpt';
  /** The disk's GUID. */
  readonly diskId: string;
  readonly used: 'primary' | 'backup';
  /** What is wrong with the copy that was not used, or with where it is; absent if both are fine. */
  readonly otherCopyProblem?: Said;
  /** First byte that partitions may use. */
  readonly usableStart: number;
  /** One past the last byte that partitions may use. */
  readonly usableEnd: number;
  /** What the MBR in front of it is: `hybrid` if it lists partitions too. */
  readonly mbr: 'protective' | 'hybrid' | 'missing';
}

export interface MbrTable extends TableBase {
  readonly kind: 'mbr';
  /** The disk signature, 8 hexadecimal digits. */
  readonly diskId: string;
  /** The containers of the logical partitions. */
  readonly extended: readonly { readonly number: number; readonly start: number; readonly length: number }[];
}

/** No table: a file system straight on the disk, or nothing. */
export interface NoTable extends TableBase {
  readonly kind: 'none';
}

/** There is a table, but it cannot be relied on or is of a kind not read here: the whole disk is raw. */
export interface UnreadableTable extends TableBase {
  readonly kind: 'unreadable';
  readonly doubt: Doubt;
}

export type PartitionTable = GptTable | MbrTable | NoTable | UnreadableTable;
