/**
 * exFAT, after Microsoft's "exFAT file system specification". Used are everything before the cluster heap (both
 * boot regions, the allocation table), the clusters of the allocation bitmap, and what lies behind the heap.
 */
import { say } from '../../base/remarks.ts';
import { addBits } from '../../base/bitmap.ts';
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError, PermafrostError, throwIfCancelled } from '../../base/errors.ts';
import { ExtentsBuilder, type Extents } from '../../base/extents.ts';
import type { FileSystem, FileSystemInfo, MapOptions, RawReason, UsedMap } from '../file-system.ts';
import { readDistrustedMap } from '../distrusted-map.ts';
import { rawMap } from '../raw-map.ts';
import { release } from '../release.ts';
import { findBackupBootRegion, readBootRegion, type ExfatLayout } from './boot-region.ts';
import {
  clusterOffset,
  followChain,
  readRootDirectory,
  resolveChain,
  type RootDirectory,
} from './root-directory.ts';

const remedy = say('raw-remedy/exfat-check');

/** How many bytes of the bitmap are held at a time. */
const pieceBytes = 1024 * 1024;

function fail(problem: string): never {
  throw new PermafrostError('structure/invalid', { structure: 'exFAT volume', problem });
}

/** Recognises exFAT volumes by their main boot region. A {@link import('../file-system.ts').Prober}. */
export async function probeExfat(reader: BlockReader): Promise<FileSystem | undefined> {
  const layout = await readBootRegion(reader);
  if (layout === undefined) return undefined;
  if (layout.problem !== undefined)
    return broken(reader, describe(layout, 'unknown'), `the volume does not add up: ${layout.problem}`);
  let root: RootDirectory;
  try {
    root = await readRootDirectory(reader, layout);
  } catch (error) {
    if (!isPermafrostError(error, 'structure/invalid')) throw error;
    return broken(reader, describe(layout, 'unknown'), error.message);
  }
  const distrust = findDistrust(layout);
  return {
    info: describe(layout, distrust === undefined ? 'clean' : 'dirty', root),
    mapUsed: (options) => mapUsed(reader, layout, root, distrust, options),
  };
}

/** Names an exFAT volume of which only the backup boot region is left; its used bytes stay unknown. */
export async function probeExfatBackup(reader: BlockReader): Promise<FileSystem | undefined> {
  if ((await findBackupBootRegion(reader)) === undefined) return undefined;
  return broken(
    reader,
    { kind: 'exfat', state: 'unknown' },
    'its main boot region is gone; the backup is sound',
  );
}

function broken(reader: BlockReader, info: FileSystemInfo, reason: string): FileSystem {
  const raw: RawReason = { code: 'inconsistent', reason };
  return { info, mapUsed: () => Promise.resolve(rawMap({ sizeBytes: reader.sizeBytes, reason: raw })) };
}

function describe(layout: ExfatLayout, state: FileSystemInfo['state'], root?: RootDirectory): FileSystemInfo {
  return {
    kind: 'exfat',
    ...(root?.label === undefined ? {} : { label: root.label }),
    uuid: layout.serial,
    ...(layout.problem === undefined ? { sizeBytes: layout.sizeBytes, blockSize: layout.clusterBytes } : {}),
    state,
    details: {
      revision: layout.revision,
      sectorSize: layout.sectorSize,
      ...(root?.volumeGuid === undefined ? {} : { volumeGuid: root.volumeGuid }),
    },
  };
}

function findDistrust(layout: ExfatLayout): Pick<RawReason, 'code' | 'reason' | 'remedy'> | undefined {
  if (layout.mediaFailure)
    return { code: 'error-state', reason: 'it recorded failures of its medium', remedy };
  if (layout.dirty) return { code: 'dirty', reason: 'it was not cleanly unmounted', remedy };
  return undefined;
}

async function mapUsed(
  reader: BlockReader,
  layout: ExfatLayout,
  root: RootDirectory,
  distrust: Pick<RawReason, 'code' | 'reason' | 'remedy'> | undefined,
  options: MapOptions,
): Promise<UsedMap> {
  const raw = (code: RawReason['code'], reason: string): UsedMap =>
    rawMap({ sizeBytes: reader.sizeBytes, reason: { code, reason } });
  if (layout.fatCount !== 1 || root.bitmaps.length > 1)
    return raw('feature', 'it has two allocation tables or bitmaps (TexFAT), which are not known here');
  if (root.unknownEntry !== undefined) {
    const type = root.unknownEntry.toString(16);
    return raw('feature', `its root directory has critical entries of the unknown type 0x${type}`);
  }
  if (layout.sizeBytes > reader.sizeBytes)
    return raw('inconsistent', `it covers ${layout.sizeBytes} bytes and there are ${reader.sizeBytes}`);
  const read = (): Promise<Extents> => readUsed(reader, layout, root, options.signal);
  if (distrust === undefined) return { used: await read(), warnings: [] };
  return readDistrustedMap(read, reader.sizeBytes, distrust, options);
}

/** What the bitmap calls used, and everything outside the cluster heap. */
async function readUsed(
  reader: BlockReader,
  layout: ExfatLayout,
  root: RootDirectory,
  signal: AbortSignal | undefined,
): Promise<Extents> {
  const { clusterBytes, clusterCount, heapOffsetBytes } = layout;
  const [bitmap] = root.bitmaps;
  if (bitmap === undefined) fail('its root directory names no allocation bitmap');
  if (root.upcase === undefined) fail('its root directory names no up-case table');
  if (bitmap.lengthBytes < Math.ceil(clusterCount / 8))
    fail(`its bitmap of ${bitmap.lengthBytes} bytes is too small for ${clusterCount} clusters`);

  const chain = await resolveChain(reader, layout, bitmap, signal);
  const builder = new ExtentsBuilder();
  let cluster = 0;
  for (const run of chain.runs) {
    for (let at = 0; at < run.length && cluster < clusterCount; at += pieceBytes) {
      throwIfCancelled(signal);
      const bits = Math.min(Math.min(pieceBytes, run.length - at) * 8, clusterCount - cluster);
      const bytes = await reader.read(run.offset + at, Math.ceil(bits / 8));
      addBits(builder, bytes, bits, clusterBytes, heapOffsetBytes + cluster * clusterBytes);
      release(bytes);
      cluster += bits;
    }
  }
  const allocated = builder.finish();
  await checkOwnClusters(reader, layout, root, allocated, chain.extents, signal);

  const heapEnd = heapOffsetBytes + clusterCount * clusterBytes;
  return new ExtentsBuilder()
    .add(0, heapOffsetBytes)
    .addAll(allocated)
    .add(heapEnd, layout.sizeBytes - heapEnd)
    .finish();
}

/** A bitmap that calls the volume's own structures free is not this volume's bitmap. */
async function checkOwnClusters(
  reader: BlockReader,
  layout: ExfatLayout,
  root: RootDirectory,
  allocated: Extents,
  bitmap: Extents,
  signal: AbortSignal | undefined,
): Promise<void> {
  const isUsed = (extents: Extents): boolean => {
    for (let i = 0; i < extents.count; i++)
      if (!allocated.covers(extents.start(i), extents.length(i))) return false;
    return true;
  };
  if (!isUsed(bitmap)) fail('its bitmap calls its own clusters free');
  if (root.upcase !== undefined) {
    const upcase = await resolveChain(reader, layout, root.upcase, signal);
    if (!isUsed(upcase.extents)) fail('its bitmap calls the up-case table free');
  }
  for await (const cluster of followChain(reader, layout, layout.rootCluster))
    if (!allocated.covers(clusterOffset(layout, cluster), layout.clusterBytes))
      fail(`its bitmap calls cluster ${cluster} of the root directory free`);
}
