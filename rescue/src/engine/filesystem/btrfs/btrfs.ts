/**
 * Btrfs on one device: recognised by its superblock, used bytes from its extent tree. Follows the Btrfs
 * documentation, "On-disk format". A commit replaces the whole tree of trees at once, so that what the
 * superblock leads to is consistent at any time; only a log tree holds more than that.
 */
import { say } from '../../base/remarks.ts';
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError } from '../../base/errors.ts';
import type { Extents } from '../../base/extents.ts';
import type { MapOptions, Prober, RawReason, UsedMap } from '../file-system.ts';
import { distrustedMap, rawMap } from '../raw-map.ts';
import { ChunkMap } from './chunks.ts';
import {
  featureNames,
  featureReason,
  hasBlockGroupTree,
  hasErrorFlag,
  hasValidFreeSpaceTree,
} from './features.ts';
import { checkDeviceTree, readChunks, requireTree, treeNumbers } from './roots.ts';
import { readUsed } from './space.ts';
import { readSuperblock, type BtrfsSuperblock } from './superblock.ts';
import type { TreeContext } from './tree.ts';

/** Recognises Btrfs. Throws `structure/invalid` if its superblock is damaged. */
export const probeBtrfs: Prober = async (reader) => {
  const sb = await readSuperblock(reader);
  if (sb === undefined) return undefined;
  return {
    info: {
      kind: 'btrfs',
      ...(sb.label === '' ? {} : { label: sb.label }),
      uuid: sb.uuid,
      sizeBytes: sb.device.sizeBytes,
      blockSize: sb.sectorSize,
      state: sb.hasLogTree ? 'dirty' : 'clean',
      details: {
        devices: sb.deviceCount,
        nodeSize: sb.nodeSize,
        checksum: sb.checksum.name,
        features: featureNames(sb),
      },
    },
    mapUsed: (options) => mapUsed(reader, sb, options),
  };
};

async function mapUsed(reader: BlockReader, sb: BtrfsSuperblock, options: MapOptions): Promise<UsedMap> {
  const { sizeBytes } = reader;
  const feature = featureReason(sb);
  if (feature !== undefined) return rawMap({ sizeBytes, reason: feature });
  const doubt = stateReason(sb);
  let read: Extents | RawReason;
  try {
    read = await readTrees(reader, sb, options.signal);
  } catch (error) {
    if (doubt === undefined || !isPermafrostError(error, 'structure/invalid')) throw error;
    return rawMap({ sizeBytes, reason: doubt });
  }
  if ('code' in read) return rawMap({ sizeBytes, reason: read });
  return doubt === undefined ? { used: read, warnings: [] } : distrustedMap(read, sizeBytes, doubt, options);
}

async function readTrees(
  reader: BlockReader,
  sb: BtrfsSuperblock,
  signal: AbortSignal | undefined,
): Promise<Extents | RawReason> {
  const chunks = await readChunks(reader, sb, signal);
  if (!(chunks instanceof ChunkMap)) return chunks;
  const context: TreeContext = { reader, sb, chunks, signal };
  const reason = await checkDeviceTree(context);
  if (reason !== undefined) return reason;
  return readUsed(context, {
    extents: await requireTree(context, treeNumbers.extents),
    ...(hasBlockGroupTree(sb) ? { blockGroups: await requireTree(context, treeNumbers.blockGroups) } : {}),
    ...(hasValidFreeSpaceTree(sb) ? { freeSpace: await requireTree(context, treeNumbers.freeSpace) } : {}),
  });
}

/** Why the trees cannot be taken at their word, from what the file system says about itself. */
function stateReason(sb: BtrfsSuperblock): RawReason | undefined {
  if (hasErrorFlag(sb))
    return {
      code: 'error-state',
      reason: 'it recorded that it hit an error',
      remedy: say('raw-remedy/btrfs-check'),
    };
  if (sb.hasLogTree)
    return {
      code: 'dirty',
      reason: 'it was not cleanly unmounted: its log tree holds changes since the last commit',
      remedy: say('raw-remedy/mount-once'),
    };
  return undefined;
}
