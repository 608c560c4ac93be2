/**
 * HFS Plus and HFSX: names a volume and finds its used bytes in the allocation file, a bitmap of all blocks.
 * Specification: Apple Technical Note TN1150, "HFS Plus Volume Format".
 */
import { say } from '../../base/remarks.ts';
import { addBits } from '../../base/bitmap.ts';
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError, PermafrostError, throwIfCancelled, type ErrorCode } from '../../base/errors.ts';
import { ExtentsBuilder, type Extents } from '../../base/extents.ts';
import { countBits } from '../count-bits.ts';
import { readDistrustedMap } from '../distrusted-map.ts';
import type { FileSystem, FileSystemState, MapOptions, Prober, RawReason, UsedMap } from '../file-system.ts';
import { rawMap } from '../raw-map.ts';
import { release } from '../release.ts';
import { readAllRuns, readVolumeName } from './btree.ts';
import { readFork } from './fork-reader.ts';
import { readJournalState } from './journal.ts';
import {
  HEADER_BYTES,
  HEADER_OFFSET,
  headerAttributes,
  MOUNTED_BY_FAILED_REPLAY,
  parseVolumeHeader,
  type HfsplusHeader,
} from './volume-header.ts';

const ALLOCATION_FILE_ID = 6;
/** Bytes of the bitmap per read. */
const READ_BYTES = 1024 * 1024;

/** Recognises HFS Plus and HFSX. */
export const probeHfsplus: Prober = async (reader) => {
  if (reader.sizeBytes < 2 * HEADER_OFFSET + HEADER_BYTES) return undefined;
  const header = parseVolumeHeader(await reader.read(HEADER_OFFSET, HEADER_BYTES));
  if (header === undefined) return undefined;
  const label = await orUndefined(readVolumeName(reader, header), 'device/read-failed');
  const distrust = await distrustReason(reader, header);
  const found: FileSystem = {
    info: {
      kind: header.kind,
      ...(label === undefined || label === '' ? {} : { label }),
      ...(header.uuid === undefined ? {} : { uuid: header.uuid }),
      sizeBytes: header.totalBlocks * header.blockSize,
      blockSize: header.blockSize,
      state: stateOf(distrust),
      details: { journaled: (header.attributes & headerAttributes.journaled) !== 0 },
    },
    mapUsed: (options) => mapUsed(reader, header, distrust, options),
  };
  return found;
};

function stateOf(distrust: RawReason | undefined): FileSystemState {
  if (distrust === undefined) return 'clean';
  return distrust.code === 'inconsistent' || distrust.code === 'feature' ? 'unknown' : 'dirty';
}

/** `undefined` where the structures do not add up, or the reading ends in an error of code `also`. */
async function orUndefined<T>(value: Promise<T>, also?: ErrorCode): Promise<T | undefined> {
  try {
    return await value;
  } catch (error) {
    if (isPermafrostError(error, 'structure/invalid')) return undefined;
    if (also !== undefined && isPermafrostError(error, also)) return undefined;
    throw error;
  }
}

/** Why the bitmap is not believed, `undefined` if it is. */
async function distrustReason(reader: BlockReader, header: HfsplusHeader): Promise<RawReason | undefined> {
  const { attributes } = header;
  const dirty = (reason: string): RawReason => ({
    code: 'dirty',
    reason,
    remedy: say('raw-remedy/eject'),
  });
  if ((attributes & headerAttributes.inconsistent) !== 0)
    return {
      code: 'error-state',
      reason: 'the volume is marked as inconsistent',
      remedy: say('raw-remedy/disk-utility'),
    };
  if (header.lastMountedVersion === MOUNTED_BY_FAILED_REPLAY)
    return {
      code: 'error-state',
      reason: 'its journal could not be replayed',
      remedy: say('raw-remedy/disk-utility'),
    };
  if ((attributes & headerAttributes.unmounted) === 0 || (attributes & headerAttributes.mounted) !== 0)
    return dirty('it was not cleanly unmounted');
  if ((attributes & headerAttributes.journaled) === 0) return undefined;
  const journal = await orUndefined(readJournalState(reader, header));
  if (journal === undefined) return { code: 'inconsistent', reason: 'its journal does not add up' };
  if (journal === 'other-device') return { code: 'feature', reason: 'its journal is on another device' };
  return journal === 'empty' ? undefined : dirty('its journal holds changes that are not written yet');
}

async function mapUsed(
  reader: BlockReader,
  header: HfsplusHeader,
  distrust: RawReason | undefined,
  options: MapOptions,
): Promise<UsedMap> {
  const { sizeBytes } = reader;
  const volumeBytes = header.totalBlocks * header.blockSize;
  if (volumeBytes > sizeBytes) {
    const reason = `the volume has ${volumeBytes} bytes and only ${sizeBytes} are here`;
    return rawMap({ sizeBytes, reason: { code: 'inconsistent', reason } });
  }
  const read = (): Promise<Extents> => readUsed(reader, header, options.signal);
  if (distrust?.code === 'feature' || distrust?.code === 'inconsistent')
    return rawMap({ sizeBytes, reason: distrust });
  if (distrust !== undefined) return readDistrustedMap(read, sizeBytes, distrust, options);
  return { used: await read(), warnings: [] };
}

async function readUsed(
  reader: BlockReader,
  header: HfsplusHeader,
  signal: AbortSignal | undefined,
): Promise<Extents> {
  const { blockSize, totalBlocks } = header;
  const runs = await readAllRuns(reader, header, header.allocationFile, ALLOCATION_FILE_ID);
  const builder = new ExtentsBuilder().add(0, HEADER_OFFSET + HEADER_BYTES);
  let allocated = 0;
  for (let block = 0; block < totalBlocks; block += READ_BYTES * 8) {
    throwIfCancelled(signal);
    const count = Math.min(READ_BYTES * 8, totalBlocks - block);
    const length = Math.ceil(count / 8);
    const bits = await readFork(reader, 'HFS Plus allocation file', runs, blockSize, block / 8, length);
    allocated += countBits(bits, count, 'msb');
    addBits(builder, bits, count, blockSize, block * blockSize, { order: 'msb' });
    release(bits);
  }
  // Marked in the bitmap too, on a sound volume, as the header is; these are what the volume is found by.
  builder.add(totalBlocks * blockSize - HEADER_OFFSET, HEADER_OFFSET);
  const used = builder.finish();
  check(header, used, totalBlocks - allocated);
  return used;
}

function check(header: HfsplusHeader, used: Extents, freeBlocks: number): void {
  const { blockSize } = header;
  const fail = (problem: string): never => {
    throw new PermafrostError('structure/invalid', { structure: 'HFS Plus allocation file', problem });
  };
  if (freeBlocks !== header.freeBlocks)
    fail(`has ${freeBlocks} free blocks where the volume header counts ${header.freeBlocks}`);
  const { allocationFile, extentsFile, catalogFile, attributesFile, startupFile } = header;
  for (const fork of [allocationFile, extentsFile, catalogFile, attributesFile, startupFile]) {
    for (const run of fork.runs) {
      if (!used.covers(run.startBlock * blockSize, run.blockCount * blockSize))
        fail(`has blocks of the volume's own files as free, at block ${run.startBlock}`);
    }
  }
}
