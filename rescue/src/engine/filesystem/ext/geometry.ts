/**
 * Where everything lies in an ext file system: groups, superblock copies, group descriptors. All numbers are
 * checked against each other and against the device first. See "Layout", "Block Groups" and "Meta Block
 * Groups" of the kernel's ext4 documentation.
 */
import { PermafrostError } from '../../base/errors.ts';
import { compat, incompat, roCompat } from './features.ts';
import { has, type Superblock } from './superblock.ts';

/** 128 TiB even with blocks of 1 KiB; what a hostile superblock can cost in time. */
const MAX_GROUPS = 2 ** 24;
/** A quarter of what mke2fs insists on. */
const MIN_CLUSTERS_PER_GROUP = 64;

export interface Geometry {
  readonly superblock: Superblock;
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Blocks of the file system, counted from the start of the device. */
  readonly blockCount: number;
  readonly firstDataBlock: number;
  readonly groupCount: number;
  readonly blocksPerGroup: number;
  /** Blocks that one bit of a bitmap stands for: 1 without bigalloc. */
  readonly clusterBlocks: number;
  readonly clustersPerGroup: number;
  readonly inodesPerGroup: number;
  readonly inodeTableBlocks: number;
  /** Bytes of a group descriptor. */
  readonly descriptorSize: number;
  readonly descriptorsPerBlock: number;
  /** Blocks of the whole group descriptor table. */
  readonly descriptorBlocks: number;
  /** Table blocks from this one on lie in their own meta group; beyond the table without meta_bg. */
  readonly firstMetaBg: number;
  readonly checksums: 'crc32c' | 'crc16' | 'none';
}

/** Works out the geometry. Throws `structure/invalid` where the superblock contradicts itself. */
export function makeGeometry(sb: Superblock): Geometry {
  const { blockSize, blockCount, firstDataBlock, blocksPerGroup, clustersPerGroup, inodesPerGroup } = sb;
  const bigalloc = has.roCompat(sb, roCompat.bigalloc);
  const wide = has.incompat(sb, incompat.sixtyFourBit);

  const must = (condition: boolean, problem: string): void => {
    if (!condition) throw new PermafrostError('structure/invalid', { structure: 'ext superblock', problem });
  };
  must(sb.revision !== 0 || (sb.compat | sb.incompat | sb.roCompat) === 0, 'has features and revision 0');
  must(sb.groupNumber === 0, `is the copy of group ${sb.groupNumber}`);
  must(Number.isSafeInteger(blockCount * blockSize), `has ${blockCount} blocks`);

  const clusterBlocks = bigalloc ? 2 ** (10 + sb.logClusterSize) / blockSize : 1;
  must(
    bigalloc
      ? sb.logClusterSize <= 20 && clusterBlocks >= 1
      : 2 ** (10 + sb.logClusterSize) === blockSize && clustersPerGroup === blocksPerGroup,
    'has clusters that do not fit its blocks',
  );
  must(
    clustersPerGroup >= MIN_CLUSTERS_PER_GROUP &&
      clustersPerGroup <= blockSize * 8 &&
      clustersPerGroup * clusterBlocks === blocksPerGroup,
    `has ${blocksPerGroup} blocks and ${clustersPerGroup} clusters in a group`,
  );
  // Only with 1 KiB blocks the superblock has a block of its own; clusters are counted from 0 even then,
  // but not by the first tools that could make them.
  const startsAtOne = firstDataBlock === 1 && blockSize === 1024;
  const startsAtZero = firstDataBlock === 0 && (blockSize > 1024 || clusterBlocks > 1);
  must(startsAtOne || startsAtZero, `starts at block ${firstDataBlock}`);
  must(blockCount > firstDataBlock, `has ${blockCount} blocks`);

  const inodeSizeFits =
    sb.inodeSize >= 128 && sb.inodeSize <= blockSize && (sb.inodeSize & (sb.inodeSize - 1)) === 0;
  must(inodeSizeFits, `has inodes of ${sb.inodeSize} bytes`);
  must(inodesPerGroup > 0 && inodesPerGroup <= blockSize * 8, `has ${inodesPerGroup} inodes in a group`);

  const groupCount = Math.ceil((blockCount - firstDataBlock) / blocksPerGroup);
  must(groupCount <= MAX_GROUPS, `has ${groupCount} groups`);
  must(sb.inodeCount === groupCount * inodesPerGroup, `has ${sb.inodeCount} inodes in ${groupCount} groups`);

  const descriptorSize = wide ? sb.descriptorSize : 32;
  must(
    !wide ||
      (descriptorSize >= 64 && descriptorSize <= 1024 && (descriptorSize & (descriptorSize - 1)) === 0),
    `has group descriptors of ${descriptorSize} bytes`,
  );
  const descriptorsPerBlock = blockSize / descriptorSize;
  const descriptorBlocks = Math.ceil(groupCount / descriptorsPerBlock);
  const metaBg = has.incompat(sb, incompat.metaBg);
  must(!metaBg || sb.firstMetaBg <= descriptorBlocks, `has its first meta group at ${sb.firstMetaBg}`);

  return {
    superblock: sb,
    blockSize,
    blockCount,
    firstDataBlock,
    groupCount,
    blocksPerGroup,
    clusterBlocks,
    clustersPerGroup,
    inodesPerGroup,
    inodeTableBlocks: Math.ceil((inodesPerGroup * sb.inodeSize) / blockSize),
    descriptorSize,
    descriptorsPerBlock,
    descriptorBlocks,
    firstMetaBg: metaBg ? sb.firstMetaBg : descriptorBlocks,
    checksums: has.roCompat(sb, roCompat.metadataChecksum)
      ? 'crc32c'
      : has.roCompat(sb, roCompat.gdtChecksum)
        ? 'crc16'
        : 'none',
  };
}

/** First block of group `group`. */
export function groupStart(g: Geometry, group: number): number {
  return g.firstDataBlock + group * g.blocksPerGroup;
}

/** Blocks of group `group`: fewer in the last one. */
export function groupBlocks(g: Geometry, group: number): number {
  return Math.min(g.blocksPerGroup, g.blockCount - groupStart(g, group));
}

/** Clusters of group `group`, the last one perhaps partial. */
export function groupClusters(g: Geometry, group: number): number {
  return Math.ceil(groupBlocks(g, group) / g.clusterBlocks);
}

/** Whether group `group` begins with a superblock or a copy of it. */
export function hasSuperblock(g: Geometry, group: number): boolean {
  const sb = g.superblock;
  if (group === 0) return true;
  if (has.compat(sb, compat.sparseSuper2)) return sb.backupGroups.includes(group);
  if (group === 1 || !has.roCompat(sb, roCompat.sparseSuper)) return true;
  return isPowerOf(3, group) || isPowerOf(5, group) || isPowerOf(7, group);
}

function isPowerOf(base: number, value: number): boolean {
  let power = base;
  while (power < value) power *= base;
  return power === value;
}

/** Blocks at the start of group `group` up to the end of its superblock, if it has one. */
function superblockBlocks(g: Geometry, group: number): number {
  if (group !== 0) return hasSuperblock(g, group) ? 1 : 0;
  // Counted from block 0, 1 KiB blocks have the primary superblock in the second.
  return g.blockSize === 1024 && g.firstDataBlock === 0 ? 2 : 1;
}

/**
 * Blocks at the start of group `group` that hold a superblock, group descriptors or blocks reserved for
 * more of them.
 */
export function leadingMetadataBlocks(g: Geometry, group: number): number {
  const superblock = superblockBlocks(g, group);
  const metaGroup = Math.floor(group / g.descriptorsPerBlock);
  if (metaGroup >= g.firstMetaBg) {
    const place = group % g.descriptorsPerBlock;
    const holdsDescriptors = place === 0 || place === 1 || place === g.descriptorsPerBlock - 1;
    return superblock + (holdsDescriptors ? 1 : 0);
  }
  if (superblock === 0) return 0;
  const metaBg = has.incompat(g.superblock, incompat.metaBg);
  return superblock + g.firstMetaBg + (metaBg ? 0 : g.superblock.reservedGdtBlocks);
}

/** The block that holds the primary copy of block `index` of the group descriptor table. */
export function descriptorBlock(g: Geometry, index: number): number {
  if (index < g.firstMetaBg) return g.firstDataBlock + superblockBlocks(g, 0) + index;
  const group = index * g.descriptorsPerBlock;
  return groupStart(g, group) + superblockBlocks(g, group);
}
