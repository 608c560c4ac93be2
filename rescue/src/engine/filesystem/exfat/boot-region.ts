/**
 * The main and backup boot regions of exFAT, after Microsoft's "exFAT file system specification" (revision
 * 1.00), section 3.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError } from '../../base/errors.ts';
import { Fields } from '../../base/fields.ts';

/** Where the parts of an exFAT volume lie. Offsets are from the start of the region. */
export interface ExfatLayout {
  readonly sectorSize: number;
  readonly clusterBytes: number;
  /** Clusters are numbered from 2 to `clusterCount + 1`. */
  readonly clusterCount: number;
  readonly fatOffsetBytes: number;
  readonly fatCount: number;
  /** Where cluster 2 starts. */
  readonly heapOffsetBytes: number;
  readonly rootCluster: number;
  readonly sizeBytes: number;
  /** `XXXX-XXXX`, as Windows and blkid show it. */
  readonly serial: string;
  readonly revision: string;
  readonly dirty: boolean;
  readonly mediaFailure: boolean;
  /** What does not add up: then nothing else here may be relied upon. */
  readonly problem?: string;
}

/** Sectors in a boot region: boot sector, 8 extended ones, OEM parameters, a reserved one, checksum. */
const bootRegionSectors = 12;

/** Whether `sector` (at least 512 bytes) begins like an exFAT boot sector. */
export function hasExfatMagic(sector: Uint8Array): boolean {
  return Buffer.from(sector.buffer, sector.byteOffset, 11).equals(
    Buffer.from('\xeb\x76\x90EXFAT   ', 'latin1'),
  );
}

/** The checksum of section 3.4 over the first 11 sectors; flags and percentage in use are left out of it. */
export function bootChecksum(sectors: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < sectors.length; i++) {
    if (i === 106 || i === 107 || i === 112) continue;
    sum = (((sum & 1) << 31) | (sum >>> 1)) + sectors[i]!;
    sum >>>= 0;
  }
  return sum;
}

/** Whether a whole, self-consistent boot region for sectors of `sectorSize` bytes lies at `offset`. */
export async function isBootRegionSound(
  reader: BlockReader,
  offset: number,
  sectorSize: number,
): Promise<boolean> {
  const length = bootRegionSectors * sectorSize;
  if (offset + length > reader.sizeBytes) return false;
  const bytes = await reader.read(offset, length);
  const f = new Fields(bytes, 'exFAT boot region');
  if (!hasExfatMagic(bytes) || f.u16(510) !== 0xaa55) return false;
  const checksum = bootChecksum(f.slice(0, length - sectorSize));
  for (let at = length - sectorSize; at < length; at += 4) if (f.u32(at) !== checksum) return false;
  return true;
}

/** The main boot region's layout; `undefined` if the region does not begin like exFAT. */
export async function readBootRegion(reader: BlockReader): Promise<ExfatLayout | undefined> {
  if (reader.sizeBytes < 512) return undefined;
  const sector = await reader.read(0, 512);
  if (!hasExfatMagic(sector)) return undefined;
  const layout = parseBootSector(sector);
  if (layout.problem !== undefined) return layout;
  if (await isBootRegionSound(reader, 0, layout.sectorSize)) return layout;
  const backup = await isBackupSound(reader, layout.sectorSize);
  return { ...layout, problem: `the checksum of its boot region is wrong${backup}` };
}

async function isBackupSound(reader: BlockReader, sectorSize: number): Promise<string> {
  try {
    const sound = await isBootRegionSound(reader, bootRegionSectors * sectorSize, sectorSize);
    return sound ? ' (its backup is sound)' : ' (its backup is no better)';
  } catch (error) {
    if (!isPermafrostError(error, 'device/read-failed')) throw error;
    return ' (its backup cannot be read)';
  }
}

/** The sector size whose backup boot region is sound although the main one is gone. */
export async function findBackupBootRegion(reader: BlockReader): Promise<number | undefined> {
  for (const sectorSize of [512, 1024, 2048, 4096])
    if (await isBootRegionSound(reader, bootRegionSectors * sectorSize, sectorSize)) return sectorSize;
  return undefined;
}

/** Parses a boot sector that {@link hasExfatMagic}. */
export function parseBootSector(sector: Uint8Array): ExfatLayout {
  const f = new Fields(sector, 'exFAT boot sector');
  const sectorShift = f.u8(108);
  const clusterShift = f.u8(109);
  const serial = f.u32(100).toString(16).toUpperCase().padStart(8, '0');
  const flags = f.u16(106);
  const sane = sectorShift >= 9 && sectorShift <= 12 && clusterShift <= 25 - sectorShift;
  const sectorSize = sane ? 2 ** sectorShift : 512;
  const lengthSectors = Number(f.bigU64(72));
  const fatSectors = f.u32(84);
  const layout: ExfatLayout = {
    sectorSize,
    clusterBytes: sectorSize * 2 ** (sane ? clusterShift : 0),
    clusterCount: f.u32(92),
    fatOffsetBytes: f.u32(80) * sectorSize,
    fatCount: f.u8(110),
    heapOffsetBytes: f.u32(88) * sectorSize,
    rootCluster: f.u32(96),
    sizeBytes: lengthSectors * sectorSize,
    serial: `${serial.slice(0, 4)}-${serial.slice(4)}`,
    revision: `${f.u8(105)}.${String(f.u8(104)).padStart(2, '0')}`,
    dirty: (flags & 2) !== 0,
    mediaFailure: (flags & 4) !== 0,
  };
  if (!sane) return { ...layout, problem: 'its sector or cluster size is impossible' };
  const problem = findProblem(layout, f, fatSectors, lengthSectors);
  return problem === undefined ? layout : { ...layout, problem };
}

function findProblem(
  layout: ExfatLayout,
  f: Fields,
  fatSectors: number,
  lengthSectors: number,
): string | undefined {
  const { clusterCount, fatCount, sectorSize, clusterBytes, heapOffsetBytes } = layout;
  if (f.u16(510) !== 0xaa55) return 'its boot sector has no signature';
  if (f.slice(11, 53).some((byte) => byte !== 0)) return 'its boot sector has the fields of a FAT volume';
  if (f.u8(105) !== 1) return `it has the unknown revision ${layout.revision}`;
  if (fatCount !== 1 && fatCount !== 2) return `it has ${fatCount} allocation tables`;
  if (fatCount === 1 && (f.u16(106) & 1) !== 0) return 'its active allocation table does not exist';
  if (!Number.isSafeInteger(lengthSectors * sectorSize)) return 'its length is impossible';
  if (clusterCount === 0 || clusterCount > 0xfffffff5) return `it has ${clusterCount} clusters`;
  if (layout.fatOffsetBytes < 2 * bootRegionSectors * sectorSize)
    return 'its allocation table lies in the boot regions';
  if (fatSectors * sectorSize < (clusterCount + 2) * 4)
    return `its allocation table is too small for ${clusterCount} clusters`;
  if (layout.fatOffsetBytes + fatSectors * fatCount * sectorSize > heapOffsetBytes)
    return 'its clusters lie in the allocation table';
  if (heapOffsetBytes + clusterCount * clusterBytes > layout.sizeBytes)
    return `its ${clusterCount} clusters do not fit into it`;
  if (layout.rootCluster < 2 || layout.rootCluster > clusterCount + 1)
    return `its root directory is at cluster ${layout.rootCluster} of ${clusterCount}`;
  return undefined;
}
