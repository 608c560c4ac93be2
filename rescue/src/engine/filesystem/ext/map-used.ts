/**
 * Decides how far the allocation structures of an ext file system can be believed, and maps what is used.
 *
 * What a clean unmount guarantees, and is therefore insisted on: the VALID flag, no error flag, an empty
 * journal without an error number, bitmaps and descriptors that match their checksums and each other, and a
 * superblock that has the sum of the descriptors' free clusters. The error flag decides, not the error count:
 * e2fsck clears the flag once the file system is repaired, and older versions of it leave the count.
 *
 * After a crash an ordinary internal journal is replayed in memory. The replayed bitmaps and descriptors
 * must match each other as on a clean file system; the free count in the superblock is not kept up to date
 * while mounted and is not compared. Blocks that only the bitmaps on disk call used are used, too.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError, PermafrostError } from '../../base/errors.ts';
import type { Extents } from '../../base/extents.ts';
import type { MapOptions, RawReason, UsedMap } from '../file-system.ts';
import { distrustedMap, rawMap } from '../raw-map.ts';
import { makeDoubts } from './doubts.ts';
import { compat, featureDoubt, incompat } from './features.ts';
import { makeGeometry, type Geometry } from './geometry.ts';
import { findJournal, replayInMemory, type InternalJournal, type Replayed } from './journal.ts';
import { readMultiMountState } from './multi-mount.ts';
import { has, parseSuperblock, SUPERBLOCK_BYTES, SUPERBLOCK_OFFSET, type Superblock } from './superblock.ts';
import { mapUsedBlocks, type UsedBlocks } from './used-blocks.ts';
import { type Said, say } from '../../base/remarks.ts';

type Reason = Omit<RawReason, 'trustedBytes'>;

const CHECK = say('raw-remedy/ext-check');
const REPLAY = say('raw-remedy/ext-replay');

/** Maps the used bytes of the file system with superblock `sb` on `reader`; see `FileSystem.mapUsed`. */
export async function mapUsedExt(reader: BlockReader, sb: Superblock, options: MapOptions): Promise<UsedMap> {
  const feature = featureDoubt(sb);
  if (feature !== undefined && !feature.readable)
    return rawMap({ sizeBytes: reader.sizeBytes, reason: { code: 'feature', reason: feature.reason } });
  const g = makeGeometry(sb);
  const tooLong = sizeReason(reader, g);
  if (tooLong !== undefined) return rawMap({ sizeBytes: reader.sizeBytes, reason: tooLong });
  try {
    return await mapReadable(reader, g, options);
  } catch (error) {
    if (!isPermafrostError(error, 'device/read-failed')) throw error;
    return rawMap({ sizeBytes: reader.sizeBytes, reason: { code: 'unreadable', reason: error.message } });
  }
}

function sizeReason(reader: BlockReader, g: Geometry): Reason | undefined {
  const sizeBytes = g.blockCount * g.blockSize;
  if (sizeBytes <= reader.sizeBytes) return undefined;
  const reason = `the file system has ${sizeBytes} bytes and what holds it only ${reader.sizeBytes}`;
  return { code: 'inconsistent', reason, remedy: say('raw-remedy/ext-size') };
}

async function mapReadable(reader: BlockReader, g: Geometry, options: MapOptions): Promise<UsedMap> {
  const sb = g.superblock;
  const warnings: Said[] = [];
  const distrusted = (used: Extents, reason: Reason): UsedMap =>
    distrustedMap(used, reader.sizeBytes, reason, options, warnings);
  /** For what the bitmaps on disk, as they are, are the best guess. */
  const distrustedAsIs = async (reason: Reason): Promise<UsedMap> => {
    try {
      return distrusted((await mapUsedBlocks(reader, g, makeDoubts(), options)).used, reason);
    } catch (error) {
      if (!isPermafrostError(error, 'structure/invalid')) throw error;
      return rawMap({ sizeBytes: reader.sizeBytes, reason, warnings });
    }
  };

  const stated = superblockReason(sb) ?? (await multiMountReason(reader, g, warnings));
  if (stated !== undefined) return distrustedAsIs(stated);
  if (sb.errorCount > 0) warnings.push(say('ext/repaired', { errorCount: sb.errorCount }));

  let replayed: Replayed | undefined;
  let after: { readonly reader: BlockReader; readonly g: Geometry } = { reader, g };
  try {
    const journal = await journalState(reader, g, warnings);
    if (journal.reason !== undefined) return await distrustedAsIs(journal.reason);
    if (journal.toReplay !== undefined) {
      replayed = await replayInMemory(reader, g, journal.toReplay, options.signal);
      after = { reader: replayed.reader, g: await replayedGeometry(replayed.reader, g) };
      const reason = superblockReason(after.g.superblock) ?? sizeReason(reader, after.g);
      if (reason !== undefined) return await distrustedAsIs(reason);
    }
  } catch (error) {
    if (!isPermafrostError(error, 'structure/invalid')) throw error;
    return distrustedAsIs({ code: 'inconsistent', reason: error.message, remedy: CHECK });
  }

  const doubts = makeDoubts();
  const mapped = await mapUsedBlocks(after.reader, after.g, doubts, options);
  if (!has.incompat(sb, incompat.recover) && mapped.freeClusters * g.clusterBlocks !== sb.freeBlockCount)
    doubts.add(
      `the superblock has ${sb.freeBlockCount} free blocks and the groups ${mapped.freeClusters * g.clusterBlocks}`,
    );
  if (mapped.unreadableGroups > 0)
    warnings.push(say('ext/bitmaps-unreadable', { groupCount: mapped.unreadableGroups }));
  let used = mapped.used;
  if (replayed !== undefined) {
    const before = await mapBeforeReplay(reader, g, options);
    used = used.union(before.used).union(replayed.journal);
    warnings.push(say('ext/replayed', { transactionCount: replayed.transactions }));
  }
  if (doubts.count > 0)
    return distrusted(used, { code: 'inconsistent', reason: doubts.text(), remedy: CHECK });
  return { used, warnings };
}

/** The bitmaps on disk before a replay may be half written: what they contradict is no doubt. */
function mapBeforeReplay(reader: BlockReader, g: Geometry, options: MapOptions): Promise<UsedBlocks> {
  return mapUsedBlocks(reader, g, makeDoubts(), options);
}

/** Why the superblock itself says that it is not to be believed. */
function superblockReason(sb: Superblock): Reason | undefined {
  if (!sb.checksumMatches)
    return { code: 'inconsistent', reason: 'the superblock does not match its checksum', remedy: CHECK };
  const feature = featureDoubt(sb);
  if (feature !== undefined) return { code: 'feature', reason: feature.reason };
  if (sb.hasErrors)
    return { code: 'error-state', reason: 'the file system has recorded errors', remedy: CHECK };
  if (!sb.valid)
    return {
      code: 'dirty',
      reason: 'the file system was mounted without a journal and not unmounted, or a check was interrupted',
      remedy: CHECK,
    };
  return undefined;
}

async function multiMountReason(
  reader: BlockReader,
  g: Geometry,
  warnings: Said[],
): Promise<Reason | undefined> {
  if (g.superblock.mmpBlock === 0) return undefined;
  const { state, node } = await readMultiMountState(reader, g);
  const machine = node === '' ? say('machine/any') : say('machine/named', { name: node });
  if (state === 'mounted') warnings.push(say('ext/mounted-by', { machine }));
  return state === 'checking'
    ? { code: 'dirty', reason: `a check by ${machine} is under way or was interrupted`, remedy: CHECK }
    : undefined;
}

/** What the journal means for the bitmaps: nothing, a reason not to believe them, or a replay to be done. */
async function journalState(
  reader: BlockReader,
  g: Geometry,
  warnings: Said[],
): Promise<{ readonly reason?: Reason; readonly toReplay?: InternalJournal }> {
  const sb = g.superblock;
  const recover = has.incompat(sb, incompat.recover);
  if (!has.compat(sb, compat.hasJournal)) {
    const reason = 'the file system needs a replay of its journal and has no journal';
    return recover ? { reason: { code: 'inconsistent', reason, remedy: CHECK } } : {};
  }
  if (sb.journalInode === 0) {
    warnings.push(say('ext/journal-elsewhere'));
    const reason = 'the file system was not unmounted cleanly and its journal is on another device';
    return recover ? { reason: { code: 'dirty', reason, remedy: REPLAY } } : {};
  }
  const journal = await findJournal(reader, g);
  const js = journal.superblock;
  if (js.errorNumber !== 0) {
    const reason = `the journal was given up with error ${js.errorNumber | 0}`;
    return { reason: { code: 'error-state', reason, remedy: CHECK } };
  }
  if (!recover) {
    const reason = 'the file system says that it was unmounted cleanly, but its journal is not empty';
    return js.startBlock === 0 ? {} : { reason: { code: 'dirty', reason, remedy: CHECK } };
  }
  if (js.unknownIncompat !== 0 || js.unknownRoCompat !== 0) {
    const words = `0x${js.unknownIncompat.toString(16)} and 0x${js.unknownRoCompat.toString(16)}`;
    return {
      reason: { code: 'feature', reason: `the journal has unknown features ${words}`, remedy: REPLAY },
    };
  }
  if (js.fastCommit || has.compat(sb, compat.fastCommit)) {
    const reason = 'the file system was not unmounted cleanly and its journal may have fast commits';
    return { reason: { code: 'dirty', reason, remedy: REPLAY } };
  }
  return { toReplay: journal };
}

/** The geometry by the replayed superblock: a file system may have grown while it was mounted. */
async function replayedGeometry(reader: BlockReader, before: Geometry): Promise<Geometry> {
  const sb = parseSuperblock(await reader.read(SUPERBLOCK_OFFSET, SUPERBLOCK_BYTES));
  const after = sb === undefined ? undefined : makeGeometry(sb);
  if (after === undefined || after.blockSize !== before.blockSize || after.blockCount < before.blockCount)
    throw new PermafrostError('structure/invalid', {
      structure: 'ext superblock in the journal',
      problem: 'is not of this file system',
    });
  return after;
}
