/**
 * Recognises ext2, ext3, ext4 and external journal devices of ext3 and ext4. See "ext4 Data Structures and
 * Algorithms" of the kernel documentation.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import type { FileSystemInfo, FileSystemState, Prober } from '../file-system.ts';
import { compat, featureNames, incompat, roCompat } from './features.ts';
import { mapUsedExt } from './map-used.ts';
import {
  has,
  kindOf,
  parseSuperblock,
  SUPERBLOCK_BYTES,
  SUPERBLOCK_OFFSET,
  type Superblock,
} from './superblock.ts';

/** Recognises the ext family by its superblock at 1024. Of a journal device only the name is given. */
export const probeExt: Prober = async (reader: BlockReader) => {
  if (reader.sizeBytes < SUPERBLOCK_OFFSET + SUPERBLOCK_BYTES) return undefined;
  const sb = parseSuperblock(await reader.read(SUPERBLOCK_OFFSET, SUPERBLOCK_BYTES));
  if (sb === undefined) return undefined;
  const info = describe(sb);
  if (info.kind === 'ext-journal') return { info };
  return { info, mapUsed: (options) => mapUsedExt(reader, sb, options) };
};

function describe(sb: Superblock): FileSystemInfo {
  const kind = kindOf(sb);
  const sizeBytes = sb.blockCount * sb.blockSize;
  const details: Record<string, string | number | boolean | readonly string[]> = {
    features: featureNames(sb),
    superblockChecksumMatches: sb.checksumMatches,
  };
  if (kind !== 'ext-journal') {
    details['freeBytes'] = sb.freeBlockCount * sb.blockSize;
    details['journal'] = journalPlace(sb);
    details['needsRecovery'] = has.incompat(sb, incompat.recover);
    details['errorCount'] = sb.errorCount;
    if (sb.lastMounted !== '') details['lastMounted'] = sb.lastMounted;
    if (has.roCompat(sb, roCompat.bigalloc) && sb.logClusterSize <= 20)
      details['clusterSize'] = 2 ** (10 + sb.logClusterSize);
  }
  return {
    kind,
    ...(sb.label === '' ? {} : { label: sb.label }),
    ...(/[1-9a-f]/.test(sb.uuid) ? { uuid: sb.uuid } : {}),
    ...(Number.isSafeInteger(sizeBytes) ? { sizeBytes } : {}),
    blockSize: sb.blockSize,
    state: kind === 'ext-journal' ? 'unknown' : stateOf(sb),
    details,
  };
}

function stateOf(sb: Superblock): FileSystemState {
  if (!sb.checksumMatches) return 'unknown';
  return sb.valid && !sb.hasErrors && !has.incompat(sb, incompat.recover) ? 'clean' : 'dirty';
}

function journalPlace(sb: Superblock): 'none' | 'internal' | 'external' {
  if (!has.compat(sb, compat.hasJournal)) return 'none';
  return sb.journalInode === 0 ? 'external' : 'internal';
}
