/**
 * The blocks of a jbd2 journal: its superblock, descriptors, revocations and commits, and their checksums.
 * Everything in it is big-endian. See "Journal (jbd2)" of the kernel's ext4 documentation.
 */
import { Fields } from '../../base/fields.ts';
import { EMPTY_SEED, extCrc32c } from './checksums.ts';

const MAGIC = 0xc03b3998;
const SUPERBLOCK_V1 = 3;
const SUPERBLOCK_V2 = 4;

const COMPAT_CHECKSUM = 0x1;
const INCOMPAT_64BIT = 0x2;
const INCOMPAT_ASYNC_COMMIT = 0x4;
const INCOMPAT_CSUM_V2 = 0x8;
const INCOMPAT_CSUM_V3 = 0x10;
const INCOMPAT_FAST_COMMIT = 0x20;
/** Those above and revoke. */
const INCOMPAT_KNOWN = 0x3f;

const TAG_ESCAPED = 1;
const TAG_SAME_UUID = 2;
const TAG_LAST = 8;

export interface JournalSuperblock {
  readonly blockSize: number;
  /** Blocks of the journal, its superblock among them. */
  readonly blockCount: number;
  /** First block of the log, which is a ring from here to `blockCount`. */
  readonly firstBlock: number;
  /** The transaction that is expected at `startBlock`. */
  readonly sequence: number;
  /** Where the oldest transaction that is not yet in place begins; 0 if the journal is empty. */
  readonly startBlock: number;
  /** What the file system was given up with; 0 if it was not. */
  readonly errorNumber: number;
  readonly wide: boolean;
  readonly asyncCommit: boolean;
  readonly fastCommit: boolean;
  /** `transaction`: one CRC-32 over each; `v2` and `v3`: a CRC-32C for each block. */
  readonly checksums: 'none' | 'transaction' | 'v2' | 'v3';
  readonly checksumSeed: number;
  /** Features that are not known here, as one word each; 0 if there are none. */
  readonly unknownIncompat: number;
  readonly unknownRoCompat: number;
}

/** What the journal puts zeros for where a block's own first bytes are these. */
export const ESCAPED_PREFIX = Uint8Array.of(0xc0, 0x3b, 0x39, 0x98);

/** Parses the first 1024 bytes of a journal. Throws `structure/invalid` if they are no sound superblock. */
export function parseJournalSuperblock(bytes: Uint8Array): JournalSuperblock {
  const f = new Fields(bytes, 'ext journal superblock');
  const type = f.u32be(0x04);
  if (f.u32be(0x00) !== MAGIC || (type !== SUPERBLOCK_V1 && type !== SUPERBLOCK_V2))
    f.fail('is no journal superblock');
  const [compat, incompat, roCompat] =
    type === SUPERBLOCK_V2 ? [f.u32be(0x24), f.u32be(0x28), f.u32be(0x2c)] : [0, 0, 0];
  const kinds: JournalSuperblock['checksums'][] = [];
  if ((compat & COMPAT_CHECKSUM) !== 0) kinds.push('transaction');
  if ((incompat & INCOMPAT_CSUM_V2) !== 0) kinds.push('v2');
  if ((incompat & INCOMPAT_CSUM_V3) !== 0) kinds.push('v3');
  if (kinds.length > 1) f.fail(`has checksums of the kinds ${kinds.join(' and ')}`);
  const checksums = kinds[0] ?? 'none';
  if (checksums === 'v2' || checksums === 'v3') {
    const CRC32C = 4;
    if (f.u8(0x50) !== CRC32C || f.u32be(0xfc) !== checksumWithout(EMPTY_SEED, f.slice(0, 1024), 0xfc))
      f.fail('does not match its checksum');
  }
  const blockCount = f.u32be(0x10);
  const firstBlock = f.u32be(0x14);
  const startBlock = f.u32be(0x1c);
  if (firstBlock === 0 || firstBlock >= blockCount) f.fail(`has its log from ${firstBlock} to ${blockCount}`);
  if (startBlock !== 0 && (startBlock < firstBlock || startBlock >= blockCount))
    f.fail(`starts at ${startBlock}, outside of its log`);
  return {
    blockSize: f.u32be(0x0c),
    blockCount,
    firstBlock,
    sequence: f.u32be(0x18),
    startBlock,
    errorNumber: f.u32be(0x20),
    wide: (incompat & INCOMPAT_64BIT) !== 0,
    asyncCommit: (incompat & INCOMPAT_ASYNC_COMMIT) !== 0,
    fastCommit: (incompat & INCOMPAT_FAST_COMMIT) !== 0,
    checksums,
    checksumSeed: extCrc32c(EMPTY_SEED, f.slice(0x30, 16)),
    unknownIncompat: (incompat & ~INCOMPAT_KNOWN) >>> 0,
    unknownRoCompat: roCompat,
  };
}

/** CRC-32C of a block whose 4-byte checksum at `offset` counts as zero. */
function checksumWithout(seed: number, bytes: Uint8Array, offset: number): number {
  const before = extCrc32c(seed, bytes.subarray(0, offset));
  return extCrc32c(extCrc32c(before, new Uint8Array(4)), bytes.subarray(offset + 4));
}

function perBlock(journal: JournalSuperblock): boolean {
  return journal.checksums === 'v2' || journal.checksums === 'v3';
}

const blockTypes: ReadonlyMap<number, 'descriptor' | 'commit' | 'revoke'> = new Map([
  [1, 'descriptor'],
  [2, 'commit'],
  [5, 'revoke'],
] as const);

/** What a block of the log is, by its header. `undefined` for a block that has none. */
export function parseLogHeader(
  block: Uint8Array,
): { readonly type: 'descriptor' | 'commit' | 'revoke' | 'other'; readonly sequence: number } | undefined {
  const f = new Fields(block, 'ext journal block');
  if (f.u32be(0) !== MAGIC) return undefined;
  return { type: blockTypes.get(f.u32be(4)) ?? 'other', sequence: f.u32be(8) };
}

/** Whether a descriptor or revocation block matches the checksum in its last 4 bytes, or has none. */
export function tailMatches(journal: JournalSuperblock, block: Uint8Array): boolean {
  if (!perBlock(journal)) return true;
  const at = block.length - 4;
  const stored = new Fields(block, 'ext journal block').u32be(at);
  return stored === checksumWithout(journal.checksumSeed, block, at);
}

/** One block that a transaction writes. */
export interface Tag {
  /** Where in the file system. */
  readonly block: number;
  /** Its copy in the journal has zeros in place of the journal's magic number. */
  readonly escaped: boolean;
  /** Of the copy; the low half in `v2`, 0 without checksums. */
  readonly checksum: number;
}

/** The tags of a descriptor block; their copies follow it in the same order. */
export function parseTags(journal: JournalSuperblock, block: Uint8Array): Tag[] {
  const f = new Fields(block, 'ext journal descriptor');
  const v3 = journal.checksums === 'v3';
  // The 14 and 10 bytes of v2 are what drivers write, although 2 of them are never filled.
  const tagBytes = v3 ? 16 : 8 + (journal.checksums === 'v2' ? 2 : 0) + (journal.wide ? 4 : 0);
  const end = f.length - (perBlock(journal) ? 4 : 0);
  const tags: Tag[] = [];
  for (let at = 12; at + tagBytes <= end;) {
    const flags = f.u16be(at + 6);
    const high = journal.wide ? f.u32be(at + 8) : 0;
    tags.push({
      block: f.u32be(at) + high * 2 ** 32,
      escaped: (flags & TAG_ESCAPED) !== 0,
      checksum: v3 ? f.u32be(at + 12) : journal.checksums === 'v2' ? f.u16be(at + 4) : 0,
    });
    if ((flags & TAG_LAST) !== 0) break;
    at += tagBytes + ((flags & TAG_SAME_UUID) === 0 ? 16 : 0);
  }
  return tags;
}

/** Whether the copy of a tagged block, as it stands in the journal, matches the tag. */
export function copyMatches(
  journal: JournalSuperblock,
  sequence: number,
  tag: Tag,
  copy: Uint8Array,
): boolean {
  if (!perBlock(journal)) return true;
  const number = Uint8Array.of(sequence >>> 24, sequence >>> 16, sequence >>> 8, sequence);
  const sum = extCrc32c(extCrc32c(journal.checksumSeed, number), copy);
  return tag.checksum === (journal.checksums === 'v3' ? sum : sum & 0xffff);
}

/** The blocks that a revocation block takes back; `undefined` if the length it gives is impossible. */
export function parseRevocations(journal: JournalSuperblock, block: Uint8Array): number[] | undefined {
  const f = new Fields(block, 'ext journal revocation block');
  const end = f.u32be(12);
  if (end > f.length - (perBlock(journal) ? 4 : 0)) return undefined;
  const blocks: number[] = [];
  const size = journal.wide ? 8 : 4;
  for (let at = 16; at + size <= end; at += size) {
    // A number too large to be exact is too large to be a block of anything.
    const high = journal.wide ? f.u32be(at) : 0;
    blocks.push(high * 2 ** 32 + f.u32be(at + size - 4));
  }
  return blocks;
}

export interface Commit {
  /** Whether it matches its own checksum (`v2`, `v3`) or that of its transaction, or needs none. */
  readonly matches: boolean;
  /** Seconds since 1970. */
  readonly time: bigint;
}

/** A commit block; `transactionChecksum` is the CRC-32 of the transaction's descriptors and copies. */
export function parseCommit(
  journal: JournalSuperblock,
  block: Uint8Array,
  transactionChecksum: number,
): Commit {
  const f = new Fields(block, 'ext journal commit block');
  const CHECKSUM = 0x10;
  const stored = f.u32be(CHECKSUM);
  let matches = true;
  if (perBlock(journal)) matches = stored === checksumWithout(journal.checksumSeed, block, CHECKSUM);
  else if (journal.checksums === 'transaction') {
    const CRC32 = 1;
    const [type, size] = [f.u8(0x0c), f.u8(0x0d)];
    const none = type === 0 && size === 0 && stored === 0;
    matches = none || (type === CRC32 && size === 4 && stored === transactionChecksum);
  }
  return { matches, time: (BigInt(f.u32be(0x30)) << 32n) | BigInt(f.u32be(0x34)) };
}
