/**
 * XFS, versions 4 and 5: recognised by its superblock, used bytes from the free-space trees of its groups.
 * Follows "XFS Algorithms & Data Structures" (xfs-documentation). Whatever is not surely clean is raw.
 */
import { say } from '../../base/remarks.ts';
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError } from '../../base/errors.ts';
import type { Extents } from '../../base/extents.ts';
import type { FileSystemState, MapOptions, Prober, RawReason, UsedMap } from '../file-system.ts';
import { distrustedMap, rawMap } from '../raw-map.ts';
import { featureNames, featureReason, needsRepair } from './features.ts';
import { readSpace } from './free-space.ts';
import { isLogClean } from './log.ts';
import { readSuperblock, type XfsSuperblock } from './superblock.ts';

/** Recognises XFS. Throws `structure/invalid` if its superblock is damaged. */
export const probeXfs: Prober = async (reader) => {
  const sb = await readSuperblock(reader);
  if (sb === undefined) return undefined;
  const state = await readState(reader, sb);
  return {
    info: {
      kind: 'xfs',
      ...(sb.label === '' ? {} : { label: sb.label }),
      uuid: sb.uuid,
      sizeBytes: sb.blockCount * sb.blockSize,
      blockSize: sb.blockSize,
      state,
      details: {
        version: sb.version,
        groups: sb.agCount,
        log: sb.logStart === 0 ? 'external' : 'internal',
        features: featureNames(sb),
      },
    },
    mapUsed: (options) => mapUsed(reader, sb, state, options),
  };
};

async function readState(reader: BlockReader, sb: XfsSuperblock): Promise<FileSystemState> {
  if (sb.logStart === 0 || featureReason(sb) !== undefined) return 'unknown';
  try {
    return (await isLogClean(reader, sb)) ? 'clean' : 'dirty';
  } catch (error) {
    // Naming the file system must not fail because its log cannot be read.
    if (isPermafrostError(error, 'device/read-failed') || isPermafrostError(error, 'structure/invalid'))
      return 'unknown';
    throw error;
  }
}

async function mapUsed(
  reader: BlockReader,
  sb: XfsSuperblock,
  state: FileSystemState,
  options: MapOptions,
): Promise<UsedMap> {
  const { sizeBytes } = reader;
  const feature = featureReason(sb);
  if (feature !== undefined) return rawMap({ sizeBytes, reason: feature });
  if (sb.inProgress)
    return rawMap({
      sizeBytes,
      reason: { code: 'inconsistent', reason: 'the making of the file system was interrupted' },
    });
  // A log that could not be read gets a second chance, and then says what is wrong with it.
  const clean = state === 'unknown' && sb.logStart !== 0 ? await isLogClean(reader, sb) : state === 'clean';
  const doubt = stateReason(sb, clean);
  if (doubt === undefined) {
    const { used, freeBlocks } = await readSpace(reader, sb, options.signal);
    if (freeBlocks === sb.freeBlocks) return { used, warnings: [] };
    const reason = `its superblock counts ${sb.freeBlocks} free blocks and its groups ${freeBlocks}`;
    return distrustedMap(
      used,
      sizeBytes,
      { code: 'inconsistent', reason, remedy: say('raw-remedy/xfs-repair') },
      options,
    );
  }
  let used: Extents;
  try {
    ({ used } = await readSpace(reader, sb, options.signal));
  } catch (error) {
    // Trees that are behind the log need not add up.
    if (!isPermafrostError(error, 'structure/invalid')) throw error;
    return rawMap({ sizeBytes, reason: doubt });
  }
  return distrustedMap(used, sizeBytes, doubt, options);
}

/** Why the trees cannot be taken at their word, from what the file system says about itself. */
function stateReason(sb: XfsSuperblock, clean: boolean): RawReason | undefined {
  if (needsRepair(sb))
    return {
      code: 'error-state',
      reason: 'a repair or an upgrade of it was begun and not finished',
      remedy: say('raw-remedy/xfs-repair'),
    };
  if (sb.logStart === 0)
    return {
      code: 'feature',
      reason: 'its log is on another device, which may hold changes that are not written yet',
    };
  if (!clean)
    return {
      code: 'dirty',
      reason: 'it was not cleanly unmounted: its log holds changes that are not written yet',
      remedy: say('raw-remedy/mount-once'),
    };
  return undefined;
}
