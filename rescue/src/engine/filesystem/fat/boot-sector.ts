/**
 * The boot sector of a FAT12, FAT16 or FAT32 volume, after "Microsoft Extensible Firmware Initiative FAT32 File
 * System Specification" (FAT: General Overview of On-Disk Format, 1.03) and the fields later added to it:
 * the state byte of Windows NT and Linux at 0x25 (FAT12/16) or 0x41 (FAT32).
 */
import { Fields } from '../../base/fields.ts';

export type FatWidth = 12 | 16 | 32;

/** Where the parts of a FAT volume lie. All offsets are from the start of the region. */
export interface FatLayout {
  readonly width: FatWidth;
  readonly sectorSize: number;
  readonly clusterBytes: number;
  /** Clusters are numbered from 2 to `clusterCount + 1`. */
  readonly clusterCount: number;
  readonly fatCount: number;
  readonly fatOffsetBytes: number;
  /** Size of one copy of the table. */
  readonly fatBytes: number;
  /** FAT12/16: the root directory; empty on FAT32. */
  readonly rootOffsetBytes: number;
  readonly rootBytes: number;
  /** FAT32: first cluster of the root directory; 0 on FAT12/16. */
  readonly rootCluster: number;
  /** Where cluster 2 starts. */
  readonly dataOffsetBytes: number;
  /** What the volume says it covers. */
  readonly sizeBytes: number;
  readonly media: number;
  /** The only copy that is kept up to date, where mirroring is switched off. */
  readonly activeFat?: number;
  /** Bit 0: not cleanly unmounted; bit 1: a surface scan is wanted. */
  readonly stateByte: number;
  /** `XXXX-XXXX`, as Windows and blkid show it. */
  readonly serial?: string;
  /** The volume label of the boot sector, 11 bytes. */
  readonly label?: Uint8Array;
  /** `FAT12`, `FAT16`, `FAT32`, `FAT` or what else the sector calls itself. */
  readonly typeText: string;
  /** What does not add up although this is a FAT boot sector: then nothing else here may be relied upon. */
  readonly problem?: string;
}

const extendedSignature = 0x29;

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}

/** Whether `sector` carries a partition table with a partition behind it: a disk's first sector, not a volume's. */
export function hasPartitionTable(sector: Uint8Array): boolean {
  const f = new Fields(sector, 'boot sector');
  if (f.u16(510) !== 0xaa55) return false;
  let partitions = 0;
  for (let at = 446; at < 510; at += 16) {
    if ((f.u8(at) & 0x7f) !== 0) return false;
    // A table that dosfstools puts over a volume on a whole disk has its partition start at sector 0.
    if (f.u8(at + 4) !== 0 && f.u32(at + 8) > 0 && f.u32(at + 12) > 0) partitions++;
  }
  return partitions > 0;
}

/** Parses the first 512 bytes of a region; `undefined` if they are not the boot sector of a FAT volume. */
export function parseFatBootSector(sector: Uint8Array): FatLayout | undefined {
  const f = new Fields(sector, 'FAT boot sector');
  const sectorSize = f.u16(11);
  const sectorsPerCluster = f.u8(13);
  const reservedSectors = f.u16(14);
  const fatCount = f.u8(16);
  const rootEntries = f.u16(17);
  const totalSectors = f.u16(19) === 0 ? f.u32(32) : f.u16(19);
  const media = f.u8(21);
  const fatSectors16 = f.u16(22);
  if (sectorSize < 512 || sectorSize > 4096 || !isPowerOfTwo(sectorSize)) return undefined;
  if (!isPowerOfTwo(sectorsPerCluster) || reservedSectors === 0 || fatCount === 0) return undefined;
  if (media < 0xf8 && media !== 0xf0) return undefined;

  // Every driver tells FAT32 by the 16-bit table size being 0; the number of clusters then decides the rest.
  const isFat32 = fatSectors16 === 0;
  const fatSectors = isFat32 ? f.u32(36) : fatSectors16;
  if (fatSectors === 0 || (!isFat32 && rootEntries === 0)) return undefined;
  const fatBytes = fatSectors * sectorSize;
  const fatOffsetBytes = reservedSectors * sectorSize;
  const rootOffsetBytes = fatOffsetBytes + fatCount * fatBytes;
  const rootBytes = Math.ceil((rootEntries * 32) / sectorSize) * sectorSize;
  const dataOffsetBytes = rootOffsetBytes + rootBytes;
  const sizeBytes = totalSectors * sectorSize;
  const clusterBytes = sectorsPerCluster * sectorSize;
  const clusterCount = Math.floor((sizeBytes - dataOffsetBytes) / clusterBytes);
  if (clusterCount < 1 || hasPartitionTable(sector)) return undefined;

  const width = isFat32 ? 32 : clusterCount < 4085 ? 12 : 16;
  const extended = isFat32 ? 64 : 36;
  const signature = f.u8(extended + 2);
  const hasSerial = signature === 0x28 || signature === extendedSignature;
  const serial = f.u32(extended + 3);
  const layout = {
    width,
    sectorSize,
    clusterBytes,
    clusterCount,
    fatCount,
    fatOffsetBytes,
    fatBytes,
    rootOffsetBytes,
    rootBytes,
    rootCluster: isFat32 ? f.u32(44) : 0,
    dataOffsetBytes,
    sizeBytes,
    media,
    ...(isFat32 && (f.u16(40) & 0x80) !== 0 ? { activeFat: f.u16(40) & 0x0f } : {}),
    stateByte: f.u8(extended + 1),
    ...(hasSerial && serial !== 0 ? { serial: serialText(serial) } : {}),
    ...(signature === extendedSignature ? { label: f.slice(extended + 7, 11) } : {}),
    typeText: signature === extendedSignature ? f.text(extended + 18, 8) : '',
  } as const;
  const problem = findProblem(layout, f, { rootEntries, reservedSectors });
  return problem === undefined ? layout : { ...layout, problem };
}

function serialText(serial: number): string {
  const hex = serial.toString(16).toUpperCase().padStart(8, '0');
  return `${hex.slice(0, 4)}-${hex.slice(4)}`;
}

interface Counts {
  readonly rootEntries: number;
  readonly reservedSectors: number;
}

function findProblem(layout: FatLayout, f: Fields, counts: Counts): string | undefined {
  const { width, clusterCount, typeText, sectorSize } = layout;
  const tableBytes = ((clusterCount + 2) * width) / 8;
  if (layout.fatBytes < tableBytes)
    return `its table of ${layout.fatBytes} bytes is too small for ${clusterCount} clusters`;
  if ((width === 16 && clusterCount > 65524) || clusterCount > 0x0ffffff5 - 1)
    return `it has ${clusterCount} clusters, more than FAT${width} can have`;
  if (/^FAT(12|16|32)$/.test(typeText) && typeText !== `FAT${width}`)
    return `it calls itself ${typeText} and has the clusters of FAT${width}`;
  // Windows draws the line between FAT12 and FAT16 two clusters higher than the specification.
  if (width === 16 && clusterCount < 4087 && typeText !== 'FAT16')
    return `with ${clusterCount} clusters it may be FAT12 or FAT16`;
  if (width !== 32) {
    if ((counts.rootEntries * 32) % sectorSize !== 0)
      return `its root directory of ${counts.rootEntries} entries ends within a sector`;
    return undefined;
  }
  if (f.u16(42) !== 0) return `it has the unknown version ${f.u8(43)}.${f.u8(42)}`;
  if (counts.rootEntries !== 0) return 'it has a root directory of FAT16';
  if (layout.rootCluster < 2 || layout.rootCluster > clusterCount + 1)
    return `its root directory is at cluster ${layout.rootCluster} of ${clusterCount}`;
  if (layout.activeFat !== undefined && layout.activeFat >= layout.fatCount)
    return `its active table ${layout.activeFat} does not exist`;
  for (const [what, at] of [
    ['information sector', 48],
    ['backup boot sector', 50],
  ] as const) {
    const sector = f.u16(at);
    if (sector !== 0xffff && sector >= counts.reservedSectors)
      return `its ${what} ${sector} is outside the ${counts.reservedSectors} reserved sectors`;
  }
  return undefined;
}
