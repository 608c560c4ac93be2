/**
 * The root directory of exFAT as far as it names the volume's own structures: allocation bitmap, up-case
 * table, label, GUID. Microsoft's "exFAT file system specification", sections 6 and 7.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { PermafrostError, throwIfCancelled } from '../../base/errors.ts';
import { ExtentsBuilder, type Extents } from '../../base/extents.ts';
import { Fields } from '../../base/fields.ts';
import type { ExfatLayout } from './boot-region.ts';

/** A structure of `lengthBytes` bytes whose clusters are chained from `firstCluster`. */
export interface ChainedData {
  readonly firstCluster: number;
  readonly lengthBytes: number;
}

export interface RootDirectory {
  readonly bitmaps: readonly ChainedData[];
  readonly upcase?: ChainedData;
  readonly label?: string;
  readonly volumeGuid?: string;
  /** Type of a critical primary entry that no known revision has. */
  readonly unknownEntry?: number;
}

/** No exFAT directory is larger (section 7.4, "256 MB"). */
const maxDirectoryBytes = 256 * 1024 * 1024;

function fail(problem: string): never {
  throw new PermafrostError('structure/invalid', { structure: 'exFAT volume', problem });
}

/** First byte of a cluster that was checked to exist. */
export function clusterOffset(layout: ExfatLayout, cluster: number): number {
  return layout.heapOffsetBytes + (cluster - 2) * layout.clusterBytes;
}

/**
 * The first `clusters` numbers of the chain from `first`, one at a time, or all of them up to the end mark
 * where `clusters` is missing. Throws `structure/invalid` where the chain leaves the volume or ends early.
 */
export async function* followChain(
  reader: BlockReader,
  layout: ExfatLayout,
  first: number,
  clusters?: number,
): AsyncGenerator<number> {
  const most = clusters ?? Math.ceil(maxDirectoryBytes / layout.clusterBytes);
  let cluster = first;
  // Brent's way to notice a circle: come past a cluster that was marked at a power of two.
  let mark = 0;
  for (let seen = 0; seen < most; seen++) {
    if (cluster < 2 || cluster > layout.clusterCount + 1)
      fail(`a chain of clusters leads to cluster ${cluster} of ${layout.clusterCount}`);
    if (cluster === mark) fail('a chain of clusters leads round in a circle');
    if ((seen & (seen - 1)) === 0) mark = cluster;
    yield cluster;
    if (seen + 1 === clusters) return;
    const entry = await reader.read(layout.fatOffsetBytes + cluster * 4, 4);
    cluster = new DataView(entry.buffer, entry.byteOffset).getUint32(0, true);
    if (cluster === 0xffffffff) {
      if (clusters === undefined) return;
      fail(`a chain of ${clusters} clusters ends after ${seen + 1}`);
    }
  }
  if (clusters === undefined) fail('its root directory has no end');
}

/** The bytes of `data`'s clusters, in ascending order of address, and the clusters in order of the chain. */
export async function resolveChain(
  reader: BlockReader,
  layout: ExfatLayout,
  data: ChainedData,
  signal?: AbortSignal,
): Promise<{ runs: { offset: number; length: number }[]; extents: Extents }> {
  const runs: { offset: number; length: number }[] = [];
  const builder = new ExtentsBuilder();
  const count = Math.ceil(data.lengthBytes / layout.clusterBytes);
  if (count > layout.clusterCount) fail(`a structure of ${data.lengthBytes} bytes is larger than the volume`);
  let seen = 0;
  for await (const cluster of followChain(reader, layout, data.firstCluster, count)) {
    if ((++seen & 0xfff) === 0) throwIfCancelled(signal);
    const offset = clusterOffset(layout, cluster);
    builder.add(offset, layout.clusterBytes);
    const last = runs.at(-1);
    if (last !== undefined && last.offset + last.length === offset) last.length += layout.clusterBytes;
    else runs.push({ offset, length: layout.clusterBytes });
  }
  const extents = builder.finish();
  if (extents.totalBytes !== count * layout.clusterBytes) fail('a chain of clusters crosses itself');
  return { runs, extents };
}

/** Scans the root directory to its end. Throws `structure/invalid` if its chain is broken. */
export async function readRootDirectory(
  reader: BlockReader,
  layout: ExfatLayout,
  signal?: AbortSignal,
): Promise<RootDirectory> {
  const bitmaps: ChainedData[] = [];
  const found: { -readonly [K in keyof RootDirectory]?: RootDirectory[K] } = {};
  for await (const cluster of followChain(reader, layout, layout.rootCluster)) {
    throwIfCancelled(signal);
    const pieceBytes = Math.min(layout.clusterBytes, 1024 * 1024);
    for (let piece = 0; piece < layout.clusterBytes; piece += pieceBytes) {
      const bytes = await reader.read(clusterOffset(layout, cluster) + piece, pieceBytes);
      const f = new Fields(bytes, 'exFAT root directory');
      for (let at = 0; at < bytes.length; at += 32) {
        const type = bytes[at]!;
        if (type === 0) return { ...found, bitmaps };
        if (type === 0x81) bitmaps.push({ firstCluster: f.u32(at + 20), lengthBytes: f.u64(at + 24) });
        else if (type === 0x82) found.upcase = { firstCluster: f.u32(at + 20), lengthBytes: f.u64(at + 24) };
        else if (type === 0x83) {
          const label = f.utf16(at + 2, Math.min(bytes[at + 1]!, 11) * 2);
          if (label !== '') found.label = label;
        } else if (type === 0xa0) found.volumeGuid = f.guid(at + 6);
        // In use, primary and critical: a volume with an unknown one must not be touched (section 8.2).
        else if ((type & 0xe0) === 0x80 && type !== 0x85) found.unknownEntry = type;
      }
    }
  }
  return { ...found, bitmaps };
}
