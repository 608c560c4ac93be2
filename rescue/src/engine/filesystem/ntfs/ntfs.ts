/**
 * NTFS 1.2 to 3.1: recognised by its boot sector; the used bytes are those of $Bitmap, if the volume was shut
 * down properly. Format: "NTFS Documentation" of the Linux-NTFS project and Microsoft's "NTFS technical
 * reference".
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError } from '../../base/errors.ts';
import type { Extents } from '../../base/extents.ts';
import type { FileSystem, FileSystemInfo, MapOptions, Prober, RawReason, UsedMap } from '../file-system.ts';
import { distrustedMap, rawMap } from '../raw-map.ts';
import { fixedExtents, readAllocation } from './allocation.ts';
import { BOOT_SECTOR_BYTES, parseBootSector, type NtfsGeometry } from './boot-sector.ts';
import { findForgottenClusters } from './file-clusters.ts';
import { readLogState } from './log-file.ts';
import { Mft } from './mft.ts';
import { checkMirror } from './mft-mirror.ts';
import { findDoubt, findUnknownVersion, type VolumeState } from './verdict.ts';
import { readVolumeInformation, volumeFlags } from './volume-information.ts';
import { readWindowsFiles } from './windows-files.ts';
import { type Said, say } from '../../base/remarks.ts';

/** Recognises NTFS. A volume whose metadata is damaged is still named, and raw. */
export const probeNtfs: Prober = async (reader) => {
  if (reader.sizeBytes < BOOT_SECTOR_BYTES) return undefined;
  const geometry = parseBootSector(await reader.read(0, BOOT_SECTOR_BYTES));
  if (geometry === undefined) return undefined;
  if (geometry.volumeBytes > reader.sizeBytes) {
    const reason = `the volume has ${geometry.volumeBytes} bytes and its region only ${reader.sizeBytes}`;
    return damaged(reader, geometry, { code: 'inconsistent', reason });
  }
  try {
    const mft = await Mft.open(reader, geometry);
    await checkMirror(mft);
    const state: VolumeState = {
      volume: await readVolumeInformation(mft),
      log: await readLogState(mft),
      ...(await readWindowsFiles(mft)),
    };
    const info = describe(reader, geometry, state);
    return { info, mapUsed: (options) => mapUsed(mft, state, options) };
  } catch (error) {
    return damaged(reader, geometry, explain(error));
  }
};

function describe(reader: BlockReader, geometry: NtfsGeometry, state: VolumeState): FileSystemInfo {
  const { volume, log, hibernation, shadowCopies } = state;
  const doubt = findDoubt(state);
  return {
    ...describeGeometry(reader, geometry),
    ...(volume.label === '' ? {} : { label: volume.label }),
    state: doubt === undefined ? 'clean' : doubt.code === 'dirty' ? 'dirty' : 'unknown',
    details: {
      version: volume.version,
      sectorSize: geometry.sectorSize,
      volumeFlags: `0x${volume.flags.toString(16).padStart(4, '0')}`,
      dirtyFlag: (volume.flags & volumeFlags.dirty) !== 0,
      journal: log,
      hibernated: hibernation !== 'none',
      shadowCopies,
    },
  };
}

function describeGeometry(
  reader: BlockReader,
  { volumeBytes, sectorSize, clusterSize, serial }: NtfsGeometry,
): Omit<FileSystemInfo, 'state'> {
  return {
    kind: 'ntfs',
    uuid: serial,
    // The backup boot sector belongs to the volume, where its region has room for it.
    sizeBytes: Math.max(volumeBytes, Math.min(volumeBytes + sectorSize, reader.sizeBytes)),
    blockSize: clusterSize,
  };
}

function damaged(reader: BlockReader, geometry: NtfsGeometry, reason: RawReason): FileSystem {
  return {
    info: { ...describeGeometry(reader, geometry), state: 'unknown' },
    mapUsed: () => Promise.resolve(rawMap({ sizeBytes: reader.sizeBytes, reason })),
  };
}

/** The reason to be raw that `error` stands for; rethrows what is no fault of the volume. */
function explain(error: unknown): RawReason {
  if (isPermafrostError(error, 'structure/invalid'))
    return {
      code: 'inconsistent',
      reason: error.message,
      remedy: say('raw-remedy/chkdsk'),
    };
  if (isPermafrostError(error, 'device/read-failed')) return { code: 'unreadable', reason: error.message };
  throw error;
}

async function mapUsed(mft: Mft, state: VolumeState, options: MapOptions): Promise<UsedMap> {
  const { sizeBytes } = mft.reader;
  const unknown = findUnknownVersion(state);
  if (unknown !== undefined) return rawMap({ sizeBytes, reason: unknown });
  const doubt = findDoubt(state);
  try {
    const warnings: Said[] = [];
    const used = await readUsed(mft, state, options.signal, warnings);
    if (state.hasShadowCopiesElsewhere) warnings.push(say('ntfs/shadow-copies-elsewhere'));
    if (state.shadowCopies > 0) warnings.push(say('ntfs/shadow-copies', { copyCount: state.shadowCopies }));
    return doubt === undefined
      ? { used, warnings }
      : distrustedMap(used, sizeBytes, doubt, options, options.trustBitmap === true ? warnings : []);
  } catch (error) {
    const reason = explain(error);
    if (doubt === undefined) return rawMap({ sizeBytes, reason });
    const both = { ...doubt, code: reason.code, reason: `${doubt.reason}; ${reason.reason}` };
    return rawMap({ sizeBytes, reason: both });
  }
}

async function readUsed(
  mft: Mft,
  state: VolumeState,
  signal: AbortSignal | undefined,
  warnings: Said[],
): Promise<Extents> {
  const allocated = await readAllocation(mft, signal);
  const used = allocated.union(fixedExtents(mft));
  // A journal proves that nothing is missing from $Bitmap. Without one, the files themselves are asked.
  if (state.log !== 'empty') return used;
  const forgotten = await findForgottenClusters(mft, used, signal);
  if (forgotten.count === 0) return used;
  warnings.push(say('ntfs/forgotten', { usedBytes: forgotten.totalBytes }));
  return used.union(forgotten);
}
