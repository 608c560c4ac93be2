/**
 * Where the parts of a FAT volume lie when it has another size ("FAT: General Overview of On-Disk Format" 1.03,
 * "FAT Type Determination"): clusters keep their size, tables get longer where they must, and never shorter.
 */
import { type Said, say } from '../../base/remarks.ts';
import { Fields } from '../../base/fields.ts';
import type { FatLayout, FatWidth } from './boot-sector.ts';

/** Clusters of which a width can have at least and at most; a few off, since drivers draw the lines differently. */
const clusterLimits: Readonly<Record<FatWidth, { readonly least: number; readonly most: number }>> = {
  12: { least: 1, most: 4084 - 4 },
  16: { least: 4085 + 16, most: 65524 - 16 },
  32: { least: 65525 + 16, most: 0x0ffffff5 - 16 },
};

/** The parts of a volume in its new size; offsets in bytes from its start. */
export interface ResizedLayout {
  readonly totalSectors: number;
  readonly fatSectors: number;
  readonly fatBytes: number;
  readonly rootOffsetBytes: number;
  readonly dataOffsetBytes: number;
  readonly clusterCount: number;
  /** By how much the number of a cluster that stays where it is becomes smaller. */
  readonly shift: number;
}

/** The layout for `sizeBytes`, or why there is none, as a clause. `bootSector` is the volume's first sector. */
export function resizedLayout(
  layout: FatLayout,
  bootSector: Uint8Array,
  sizeBytes: number,
): ResizedLayout | { readonly problem: Said } {
  const { width, sectorSize, fatCount, rootBytes, fatOffsetBytes } = layout;
  const clusterSectors = new Fields(bootSector, 'FAT boot sector').u8(13);
  const oldFatSectors = layout.fatBytes / sectorSize;
  const totalSectors = Math.min(Math.floor(sizeBytes / sectorSize), 2 ** 32 - 1);
  // Longer tables push the data: by whole clusters, so that each is still one.
  const step = clusterSectors / greatestCommonDivisor(clusterSectors, fatCount);
  for (let fatSectors = oldFatSectors; ; fatSectors += step) {
    const fatBytes = fatSectors * sectorSize;
    const rootOffsetBytes = fatOffsetBytes + fatCount * fatBytes;
    const dataOffsetBytes = rootOffsetBytes + rootBytes;
    const clusterCount = Math.floor(
      (totalSectors * sectorSize - dataOffsetBytes) / (clusterSectors * sectorSize),
    );
    const problem = countProblem(layout, clusterCount);
    if (problem !== undefined) return { problem };
    if (Math.ceil(((clusterCount + 2) * width) / 8) > fatBytes) continue;
    const shift = (fatCount * (fatSectors - oldFatSectors)) / clusterSectors;
    return { totalSectors, fatSectors, fatBytes, rootOffsetBytes, dataOffsetBytes, clusterCount, shift };
  }
}

/** The least clusters that the volume can have and still be of its width; one that has fewer may have fewer yet. */
export function leastClusters({ width, clusterCount }: FatLayout): number {
  const { least } = clusterLimits[width];
  return clusterCount < least ? 1 : least;
}

function countProblem(layout: FatLayout, clusterCount: number): Said | undefined {
  const { width, clusterBytes } = layout;
  const least = leastClusters(layout);
  if (clusterCount < least)
    return say('fat/least', { content: `FAT${width}`, clusterBytes, leastCount: least });
  const { most } = clusterLimits[width];
  return clusterCount > most && clusterCount > layout.clusterCount
    ? say('fat/most', { content: `FAT${width}`, clusterBytes, mostCount: most })
    : undefined;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
