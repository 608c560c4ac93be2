/**
 * FAT12, FAT16 and FAT32: what is used are the reserved sectors (boot sector, its backup, FSInfo), all copies
 * of the table, the root directory of FAT12/16, and every cluster that any copy does not call free or bad.
 */
import { addBits } from '../../base/bitmap.ts';
import type { BlockReader } from '../../base/block-reader.ts';
import { PermafrostError } from '../../base/errors.ts';
import { ExtentsBuilder, type Extents } from '../../base/extents.ts';
import type { FileSystem, FileSystemInfo, MapOptions, RawReason, UsedMap } from '../file-system.ts';
import { readDistrustedMap } from '../distrusted-map.ts';
import { rawMap } from '../raw-map.ts';
import { parseFatBootSector, type FatLayout } from './boot-sector.ts';
import { readLabel } from './root-label.ts';
import { readTableHead, scanTable, type TableHead } from './table.ts';
import { type Said, say } from '../../base/remarks.ts';

const remedy = say('raw-remedy/fat-check');

/** Recognises FAT volumes. A {@link import('../file-system.ts').Prober}. */
export async function probeFat(reader: BlockReader): Promise<FileSystem | undefined> {
  if (reader.sizeBytes < 512) return undefined;
  const layout = parseFatBootSector(await reader.read(0, 512));
  if (layout === undefined) return undefined;
  const heads = await readHeads(reader, layout);
  const named = layout.typeText.startsWith('FAT');
  if (!heads.some((head) => head.valid) && !named) return undefined;
  const problem =
    layout.problem ??
    (heads.every((head) => head.valid) ? undefined : 'its tables do not begin as tables do');
  if (problem !== undefined) {
    const reason: RawReason = { code: 'inconsistent', reason: `the volume does not add up: ${problem}` };
    return {
      info: describe(layout, 'unknown', undefined),
      mapUsed: () => Promise.resolve(rawMap({ sizeBytes: reader.sizeBytes, reason })),
    };
  }
  const distrust = findDistrust(layout, heads);
  const label = await readLabel(reader, layout);
  return {
    info: describe(layout, distrust === undefined ? 'clean' : 'dirty', label),
    mapUsed: (options) => mapUsed(reader, layout, distrust, options),
  };
}

/** The heads of the copies that are kept up to date; none if the tables lie outside the region. */
async function readHeads(reader: BlockReader, layout: FatLayout): Promise<TableHead[]> {
  if (layout.dataOffsetBytes > reader.sizeBytes) return [];
  const { activeFat } = layout;
  if (activeFat !== undefined && activeFat < layout.fatCount)
    return [await readTableHead(reader, layout, activeFat)];
  const heads: TableHead[] = [];
  for (let copy = 0; copy < layout.fatCount; copy++) heads.push(await readTableHead(reader, layout, copy));
  return heads;
}

function describe(layout: FatLayout, state: FileSystemInfo['state'], label?: string): FileSystemInfo {
  return {
    kind: `fat${layout.width}`,
    ...(label === undefined ? {} : { label }),
    ...(layout.serial === undefined ? {} : { uuid: layout.serial }),
    sizeBytes: layout.sizeBytes,
    blockSize: layout.clusterBytes,
    state,
    details: {
      sectorSize: layout.sectorSize,
      clusters: layout.clusterCount,
      tables: layout.fatCount,
      ...(layout.activeFat === undefined ? {} : { activeTable: layout.activeFat }),
    },
  };
}

function findDistrust(
  layout: FatLayout,
  heads: readonly TableHead[],
): Pick<RawReason, 'code' | 'reason' | 'remedy'> | undefined {
  if ((layout.stateByte & 2) !== 0 || heads.some((head) => !head.noHardErrors))
    return { code: 'error-state', reason: 'it recorded read or write errors', remedy };
  if ((layout.stateByte & 1) !== 0 || heads.some((head) => !head.cleanShutdown))
    return { code: 'dirty', reason: 'it was not cleanly unmounted', remedy };
  return undefined;
}

async function mapUsed(
  reader: BlockReader,
  layout: FatLayout,
  distrust: Pick<RawReason, 'code' | 'reason' | 'remedy'> | undefined,
  options: MapOptions,
): Promise<UsedMap> {
  const { sizeBytes } = layout;
  if (sizeBytes > reader.sizeBytes) {
    const reason = `it covers ${sizeBytes} bytes and there are ${reader.sizeBytes}`;
    return rawMap({ sizeBytes: reader.sizeBytes, reason: { code: 'inconsistent', reason } });
  }
  const warnings: Said[] = [];
  const read = (): Promise<Extents> => readUsed(reader, layout, warnings, options.signal);
  if (distrust === undefined) return { used: await read(), warnings };
  return { ...(await readDistrustedMap(read, reader.sizeBytes, distrust, options)), warnings };
}

/** What the tables call used; things to know go to `warnings`. */
async function readUsed(
  reader: BlockReader,
  layout: FatLayout,
  warnings: Said[],
  signal: AbortSignal | undefined,
): Promise<Extents> {
  const { clusterBytes, clusterCount, dataOffsetBytes, rootCluster, sizeBytes } = layout;
  const scan = await scanTable(reader, layout, signal);
  if (layout.width === 32 && (scan.used[(rootCluster - 2) >>> 3]! & (1 << ((rootCluster - 2) & 7))) === 0)
    throw new PermafrostError('structure/invalid', {
      structure: 'file allocation table',
      problem: `the root directory's cluster ${rootCluster} is free`,
    });
  if (scan.copiesDiffer) warnings.push(say('fat/copies-differ'));
  if (scan.badCount > 0) warnings.push(say('fat/bad-clusters', { clusterCount: scan.badCount }));
  const builder = new ExtentsBuilder().add(0, dataOffsetBytes);
  addBits(builder, scan.used, clusterCount, clusterBytes, dataOffsetBytes);
  const lastCluster = dataOffsetBytes + clusterCount * clusterBytes;
  return builder.add(lastCluster, sizeBytes - lastCluster).finish();
}
