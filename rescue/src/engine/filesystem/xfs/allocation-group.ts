/**
 * The headers of an XFS allocation group: the free-space header (AGF) and the list of blocks set aside for
 * the trees themselves (AGFL). Follows "XFS Algorithms & Data Structures", chapter "Allocation Groups". All
 * fields but checksums are big-endian.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import { hasValidCrc, type XfsSuperblock } from './superblock.ts';

const AGF_MAGIC = 0x58414746; // XAGF
const AGFL_MAGIC = 0x5841464c; // XAFL
/** Sectors of a group: superblock copy, AGF, AGI, AGFL. */
export const HEADER_SECTORS = 4;
const MAX_LEVELS = 9;

/** A root of a tree: its block in the group, and how many levels hang below and with it. */
export interface TreeRoot {
  readonly block: number;
  readonly levels: number;
}

/** One allocation group; counts are in blocks. */
export interface AllocationGroup {
  readonly index: number;
  readonly offsetBytes: number;
  readonly blockCount: number;
  /** Root of the free extents by place. */
  readonly byBlock: TreeRoot;
  /** Root of the free extents by size. */
  readonly bySize: TreeRoot;
  readonly freeBlocks: number;
  readonly longestFree: number;
  /** Blocks of the trees of this group, without the roots of the two free-space trees. */
  readonly treeBlocks: number;
  /** Blocks set aside for the trees; they are in no tree. */
  readonly setAside: readonly number[];
  readonly setAsideCount: number;
}

/** Reads and checks the headers of group `index`. Throws `structure/invalid`. */
export async function readAllocationGroup(
  reader: BlockReader,
  sb: XfsSuperblock,
  index: number,
): Promise<AllocationGroup> {
  const offsetBytes = index * sb.agBlocks * sb.blockSize;
  const blockCount = Math.min(sb.agBlocks, sb.blockCount - index * sb.agBlocks);
  const headers = await reader.read(offsetBytes, HEADER_SECTORS * sb.sectorSize);
  const f = new Fields(headers, `XFS group ${index}`).sub(sb.sectorSize, sb.sectorSize);
  if (f.u32be(0) !== AGF_MAGIC) f.fail('its free-space header has no magic');
  if (f.u32be(4) !== 1) f.fail(`unknown version ${f.u32be(4)} of its free-space header`);
  if (f.u32be(8) !== index) f.fail(`its free-space header is that of group ${f.u32be(8)}`);
  if (f.u32be(12) !== blockCount) f.fail(`has ${f.u32be(12)} blocks where ${blockCount} are expected`);
  if (sb.version === 5) {
    if (!hasValidCrc(f.bytes, 216)) f.fail('checksum mismatch in its free-space header');
    if (f.uuid(64) !== sb.metaUuid) f.fail('its free-space header is of another file system');
  }
  const root = (blockOffset: number, levelsOffset: number): TreeRoot => {
    const levels = f.u32be(levelsOffset);
    if (levels < 1 || levels > MAX_LEVELS) f.fail(`a tree of ${levels} levels`);
    return { block: f.u32be(blockOffset), levels };
  };
  return {
    index,
    offsetBytes,
    blockCount,
    byBlock: root(16, 28),
    bySize: root(20, 32),
    freeBlocks: f.u32be(52),
    longestFree: f.u32be(56),
    treeBlocks: f.u32be(60),
    setAside: parseSetAside(new Fields(headers, `XFS group ${index}`), f, sb, { index, blockCount }),
    setAsideCount: f.u32be(48),
  };
}

function parseSetAside(
  headers: Fields,
  agf: Fields,
  sb: XfsSuperblock,
  group: { readonly index: number; readonly blockCount: number },
): number[] {
  const f = headers.sub(3 * sb.sectorSize, sb.sectorSize);
  const start = sb.version === 5 ? 36 : 0;
  if (sb.version === 5) {
    if (f.u32be(0) !== AGFL_MAGIC || f.u32be(4) !== group.index) f.fail('no list of blocks set aside');
    if (!hasValidCrc(f.bytes, 32)) f.fail('checksum mismatch in its list of blocks set aside');
    if (f.uuid(8) !== sb.metaUuid) f.fail('its list of blocks set aside is of another file system');
  }
  const slots = Math.floor((sb.sectorSize - start) / 4);
  const first = agf.u32be(40);
  const last = agf.u32be(44);
  const count = agf.u32be(48);
  if (count > slots) f.fail(`${count} blocks set aside, with room for ${slots}`);
  // Some kernels counted one slot less; others then take the list as empty and leave its blocks used.
  const consistent = first < slots && last < slots && (last - first + 1 + slots) % slots === count % slots;
  if (count === 0 || !consistent) return [];
  const blocks: number[] = [];
  for (let i = 0; i < count; i++) {
    const block = f.u32be(start + ((first + i) % slots) * 4);
    if (block >= group.blockCount) f.fail(`block ${block} set aside lies outside`);
    blocks.push(block);
  }
  return blocks;
}
