/**
 * Walks the log of a jbd2 journal and finds out which blocks a replay would write, without writing any. See
 * "Journal (jbd2)" of the kernel's ext4 documentation.
 */
import { PermafrostError, throwIfCancelled } from '../../base/errors.ts';
import { crc32be } from './checksums.ts';
import {
  copyMatches,
  parseCommit,
  parseLogHeader,
  parseRevocations,
  parseTags,
  tailMatches,
  type JournalSuperblock,
} from './jbd2.ts';

/** What a log may hold of different blocks (and revocations) before its replay costs too much memory. */
const MAX_BLOCKS = 2 ** 21;
const MAX_BAD_COPIES = 1000;

/** A journal whose blocks can be read by their number in it. */
export interface Journal {
  readonly superblock: JournalSuperblock;
  /** Blocks of the file system: nothing may be written beyond. */
  readonly fileSystemBlocks: number;
  readonly readBlock: (number: number) => Promise<Uint8Array>;
}

/** The newest copy of a block in the log. */
export interface Copy {
  /** The block of the journal that holds it. */
  readonly journalBlock: number;
  readonly escaped: boolean;
  /** Its transaction. */
  readonly sequence: number;
}

export interface Replay {
  /** By the block of the file system. */
  readonly copies: ReadonlyMap<number, Copy>;
  /** Transactions that were complete. */
  readonly transactions: number;
}

/** What one transaction brings, until its commit block is found. */
interface Transaction {
  readonly copies: Map<number, Copy>;
  readonly revoked: Set<number>;
  readonly badCopies: { readonly block: number; readonly sequence: number }[];
  /** A descriptor or revocation block is damaged, a left-over, or was cut off while it was written. */
  suspect: boolean;
  checksum: number;
}

/**
 * Replays the log in memory: complete transactions in their order, less what a later (or the same)
 * transaction revoked. The log ends with the first block that does not continue it.
 * Throws `structure/invalid` if the log is damaged otherwise than by being cut off.
 */
export async function replayJournal(journal: Journal, signal?: AbortSignal): Promise<Replay> {
  const sb = journal.superblock;
  const fail = (problem: string): never => {
    throw new PermafrostError('structure/invalid', { structure: 'ext journal', problem });
  };
  const copies = new Map<number, Copy>();
  const revokedAt = new Map<number, number>();
  const badCopies: Transaction['badCopies'] = [];
  const logBlocks = sb.blockCount - sb.firstBlock;
  let sequence = sb.sequence;
  let transactions = 0;
  let lastCommitTime = 0n;
  let position = sb.startBlock;
  let consumed = 0;
  let transaction = emptyTransaction();

  /** The number of the next block of the log; -1 when it has gone round once. */
  const advance = (): number => {
    if (consumed === logBlocks) return -1;
    consumed++;
    const current = position;
    position = position + 1 === sb.blockCount ? sb.firstBlock : position + 1;
    return current;
  };

  walk: while (sb.startBlock !== 0) {
    throwIfCancelled(signal);
    const at = advance();
    if (at < 0) break;
    const block = await journal.readBlock(at);
    const header = parseLogHeader(block);
    if (header?.sequence !== sequence) break;
    switch (header.type) {
      case 'descriptor': {
        if (!tailMatches(sb, block)) transaction.suspect = true;
        const ended = !(await addDescriptor(journal, sequence, block, advance, transaction));
        if (ended) break walk;
        break;
      }
      case 'revoke': {
        const revoked = tailMatches(sb, block) ? parseRevocations(sb, block) : undefined;
        if (revoked === undefined) transaction.suspect = true;
        else for (const target of revoked) transaction.revoked.add(target);
        break;
      }
      case 'commit': {
        const commit = parseCommit(sb, block, transaction.checksum);
        if (transaction.suspect || !commit.matches) {
          // Older than the transaction before it: left from an earlier use of the journal.
          if (commit.time < lastCommitTime) break walk;
          // With asynchronous commits the commit block may be on disk before what it commits.
          if (sb.asyncCommit && !transaction.suspect) break walk;
          fail(`has a damaged transaction ${sequence}`);
        }
        for (const [target, copy] of transaction.copies) {
          if (target >= journal.fileSystemBlocks) fail(`writes block ${target}, outside the file system`);
          copies.set(target, copy);
        }
        for (const target of transaction.revoked) revokedAt.set(target, sequence);
        badCopies.push(...transaction.badCopies);
        if (copies.size > MAX_BLOCKS || revokedAt.size > MAX_BLOCKS)
          fail('is too large to be replayed in memory');
        if (badCopies.length > MAX_BAD_COPIES) fail('has damaged blocks');
        lastCommitTime = commit.time;
        sequence = (sequence + 1) >>> 0;
        transactions++;
        transaction = emptyTransaction();
        break;
      }
      case 'other':
        break walk;
    }
  }

  const isRevoked = (block: number, copySequence: number): boolean => {
    const revoked = revokedAt.get(block);
    return revoked !== undefined && ((revoked - copySequence) | 0) >= 0;
  };
  for (const { block, sequence: of } of badCopies)
    if (!isRevoked(block, of)) fail(`has a damaged copy of block ${block} in transaction ${of}`);
  for (const [block, copy] of copies) if (isRevoked(block, copy.sequence)) copies.delete(block);
  return { copies, transactions };
}

function emptyTransaction(): Transaction {
  return { copies: new Map(), revoked: new Set(), badCopies: [], suspect: false, checksum: 0xffffffff };
}

/** Notes the blocks that a descriptor describes; answers `false` if the log ends among them. */
async function addDescriptor(
  journal: Journal,
  sequence: number,
  descriptor: Uint8Array,
  advance: () => number,
  transaction: Transaction,
): Promise<boolean> {
  const sb = journal.superblock;
  if (sb.checksums === 'transaction') transaction.checksum = crc32be(transaction.checksum, descriptor);
  for (const tag of parseTags(sb, descriptor)) {
    const at = advance();
    if (at < 0) return false;
    // A descriptor that is not to be believed has no tags to be believed either: only the length counts.
    if (transaction.suspect) continue;
    if (sb.checksums !== 'none') {
      const copy = await journal.readBlock(at);
      if (sb.checksums === 'transaction') transaction.checksum = crc32be(transaction.checksum, copy);
      else if (!copyMatches(sb, sequence, tag, copy)) {
        if (transaction.badCopies.length <= MAX_BAD_COPIES)
          transaction.badCopies.push({ block: tag.block, sequence });
        continue;
      }
    }
    transaction.copies.set(tag.block, { journalBlock: at, escaped: tag.escaped, sequence });
  }
  return true;
}
