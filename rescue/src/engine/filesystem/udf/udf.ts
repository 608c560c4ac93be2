/**
 * UDF, revisions 1.02 to 2.60: names a volume and finds its used bytes: all of it but what the partition's own
 * account calls unallocated. Discs that are ISO 9660 as well keep all of that.
 * Specification: OSTA Universal Disk Format 2.60, on top of ECMA-167.
 */
import { say } from '../../base/remarks.ts';
import type { BlockReader } from '../../base/block-reader.ts';
import { PermafrostError } from '../../base/errors.ts';
import { ExtentsBuilder, type Extents } from '../../base/extents.ts';
import { readDistrustedMap } from '../distrusted-map.ts';
import type { FileSystem, FileSystemState, MapOptions, Prober, RawReason, UsedMap } from '../file-system.ts';
import { readIsoVolume } from '../iso9660/volume-descriptor.ts';
import { rawMap } from '../raw-map.ts';
import { readIntegrity, type UdfIntegrity } from './integrity.ts';
import { readUsedSpace } from './space.ts';
import { isUdf, readUdfVolume, type UdfVolume } from './volume.ts';

const NEWEST_REVISION = 0x0260;

/** Recognises UDF. */
export const probeUdf: Prober = async (reader) => {
  if (!(await isUdf(reader))) return undefined;
  const volume = await readUdfVolume(reader);
  const integrity =
    volume.integrity === undefined
      ? undefined
      : await readIntegrity(reader, volume.integrity, volume.blockSize);
  const isoBytes = (await readIsoVolume(reader))?.sizeBytes ?? 0;
  const found: FileSystem = {
    info: {
      kind: 'udf',
      ...(volume.label === '' ? {} : { label: volume.label }),
      ...(volume.uuid === undefined ? {} : { uuid: volume.uuid }),
      sizeBytes: Math.max(volume.sizeBytes, isoBytes),
      blockSize: volume.blockSize,
      state: stateOf(volume, integrity),
      details: { revision: revisionText(volume.revision), iso9660: isoBytes > 0 },
    },
    mapUsed: (options) => mapUsed(reader, volume, integrity, isoBytes, options),
  };
  return found;
};

function stateOf(volume: UdfVolume, integrity: UdfIntegrity | undefined): FileSystemState {
  // A disc that is written in sequence stays open for good.
  if (integrity === undefined || volume.maps.some((map) => map.kind !== 'physical')) return 'unknown';
  return integrity.closed ? 'clean' : 'dirty';
}

function revisionText(revision: number): string {
  const hex = revision.toString(16).padStart(4, '0');
  return `${Number(hex.slice(0, 2))}.${hex.slice(2)}`;
}

async function mapUsed(
  reader: BlockReader,
  volume: UdfVolume,
  integrity: UdfIntegrity | undefined,
  isoBytes: number,
  options: MapOptions,
): Promise<UsedMap> {
  const { sizeBytes } = reader;
  const raw = (code: RawReason['code'], reason: string): UsedMap =>
    rawMap({ sizeBytes, reason: { code, reason } });
  const newest = Math.max(volume.revision, integrity?.minReadRevision ?? 0);
  if (newest > NEWEST_REVISION) return raw('feature', `UDF ${revisionText(newest)}`);
  const special = volume.maps.find((map) => map.kind !== 'physical');
  if (special !== undefined) return raw('feature', `a partition of the kind ${special.kind}`);
  if (volume.maps.length !== 1 || volume.partitions.length !== 1)
    return raw('feature', `${volume.maps.length} partitions`);
  const partitionEnd = volume.partitions[0]!.startBlock + volume.partitions[0]!.blockCount;
  if (partitionEnd * volume.blockSize > sizeBytes) {
    const needed = partitionEnd * volume.blockSize;
    return raw('inconsistent', `the partition ends at ${needed} and only ${sizeBytes} bytes are here`);
  }

  const read = (): Promise<Extents> => readUsed(reader, volume, integrity, isoBytes, options.signal);
  const { spaceBitmap, spaceTable } = volume.partitions[0]!;
  if (spaceBitmap === undefined && spaceTable === undefined) return { used: await read(), warnings: [] };
  if (integrity === undefined) return raw('inconsistent', 'nothing says whether the volume was closed');
  if (integrity.closed) return { used: await read(), warnings: [] };
  const reason: RawReason = {
    code: 'dirty',
    reason: 'the volume was not closed',
    remedy: say('raw-remedy/mount-again'),
  };
  return readDistrustedMap(read, sizeBytes, reason, options);
}

async function readUsed(
  reader: BlockReader,
  volume: UdfVolume,
  integrity: UdfIntegrity | undefined,
  isoBytes: number,
  signal: AbortSignal | undefined,
): Promise<Extents> {
  const partition = volume.partitions[0]!;
  const { blockSize } = volume;
  const fail = (problem: string): never => {
    throw new PermafrostError('structure/invalid', { structure: 'UDF partition', problem });
  };
  if (volume.maps[0]!.partitionNumber !== partition.number || volume.fileSet.mapIndex !== 0)
    fail('is not the one that the logical volume speaks of');
  const start = partition.startBlock * blockSize;
  const end = start + partition.blockCount * blockSize;
  // What is not in the partition has no account: descriptors, anchors, gaps between them.
  const builder = new ExtentsBuilder().add(0, Math.max(start, isoBytes));
  const account = await readUsedSpace(reader, partition, blockSize, builder, signal);
  builder.add(end, Math.max(volume.sizeBytes, end) - end);
  const used = builder.finish();

  if (account === undefined) return used;
  const expected = integrity?.freeBlocks[0];
  if (expected !== undefined && account.freeBlocks !== expected)
    fail(`has ${account.freeBlocks} free blocks where the volume counts ${expected}`);
  if (!used.covers(account.offset, account.lengthBytes)) fail('calls the account of its free space free');
  if (!used.covers(start + volume.fileSet.block * blockSize, blockSize))
    fail('calls the root of its files free');
  return used;
}
