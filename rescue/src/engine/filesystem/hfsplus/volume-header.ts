/**
 * The HFS Plus volume header, 1 KiB into the volume. All numbers are big-endian.
 * Layout: Apple Technical Note TN1150, "HFS Plus Volume Format": "Volume Header", "Fork Data Structure".
 */
import { createHash } from 'node:crypto';
import { Fields } from '../../base/fields.ts';

export const HEADER_OFFSET = 1024;
export const HEADER_BYTES = 512;

/** A run of allocation blocks. */
export interface BlockRun {
  readonly startBlock: number;
  readonly blockCount: number;
}

/** Where a file's content lies, as far as the first eight runs tell. */
export interface HfsplusFork {
  readonly logicalBytes: number;
  readonly totalBlocks: number;
  /** At most eight; those after them are in the extents overflow file. */
  readonly runs: readonly BlockRun[];
}

export interface HfsplusHeader {
  readonly kind: 'hfsplus' | 'hfsx';
  readonly attributes: number;
  /** Four characters that name the implementation which mounted the volume last, as a number. */
  readonly lastMountedVersion: number;
  readonly journalInfoBlock: number;
  readonly blockSize: number;
  readonly totalBlocks: number;
  readonly freeBlocks: number;
  readonly uuid: string | undefined;
  readonly allocationFile: HfsplusFork;
  readonly extentsFile: HfsplusFork;
  readonly catalogFile: HfsplusFork;
  readonly attributesFile: HfsplusFork;
  readonly startupFile: HfsplusFork;
}

/** Bits of {@link HfsplusHeader.attributes}. */
export const headerAttributes = {
  unmounted: 1 << 8,
  mounted: 1 << 11,
  journaled: 1 << 13,
  inconsistent: 1 << 14,
} as const;

/** Left by a journal replay that failed (`FSK!`). */
export const MOUNTED_BY_FAILED_REPLAY = 0x46534b21;

/**
 * The header in `bytes` ({@link HEADER_BYTES}); `undefined` if that is none. Throws `structure/invalid` if its
 * fields cannot be.
 */
export function parseVolumeHeader(bytes: Uint8Array): HfsplusHeader | undefined {
  const header = new Fields(bytes, 'HFS Plus volume header');
  const signature = header.u16be(0);
  if (signature !== 0x482b && signature !== 0x4858) return undefined;
  const version = header.u16be(2);
  if (version !== 4 && version !== 5) header.fail(`has the unknown version ${version}`, 2);
  const blockSize = header.u32be(40);
  if (blockSize < 512 || (blockSize & (blockSize - 1)) !== 0)
    header.fail(`has blocks of ${blockSize} bytes`, 40);
  const totalBlocks = header.u32be(44);
  const freeBlocks = header.u32be(48);
  if (totalBlocks * blockSize < 2 * HEADER_OFFSET + HEADER_BYTES || freeBlocks > totalBlocks)
    header.fail(`has ${totalBlocks} blocks, ${freeBlocks} of them free`, 44);
  return {
    kind: signature === 0x482b ? 'hfsplus' : 'hfsx',
    attributes: header.u32be(4),
    lastMountedVersion: header.u32be(8),
    journalInfoBlock: header.u32be(12),
    blockSize,
    totalBlocks,
    freeBlocks,
    uuid: volumeUuid(header.slice(104, 8)),
    allocationFile: parseFork(header, 112, totalBlocks),
    extentsFile: parseFork(header, 192, totalBlocks),
    catalogFile: parseFork(header, 272, totalBlocks),
    attributesFile: parseFork(header, 352, totalBlocks),
    startupFile: parseFork(header, 432, totalBlocks),
  };
}

function parseFork(header: Fields, offset: number, volumeBlocks: number): HfsplusFork {
  const runs = parseRuns(header, offset + 16, volumeBlocks);
  return { logicalBytes: header.u64be(offset), totalBlocks: header.u32be(offset + 12), runs };
}

/** The up to eight runs of an extent record at `offset`; an empty run ends it. */
export function parseRuns(fields: Fields, offset: number, volumeBlocks: number): BlockRun[] {
  const runs: BlockRun[] = [];
  for (let i = 0; i < 8; i++) {
    const run = { startBlock: fields.u32be(offset + 8 * i), blockCount: fields.u32be(offset + 8 * i + 4) };
    if (run.blockCount === 0) break;
    if (run.startBlock + run.blockCount > volumeBlocks)
      fields.fail(`has an extent of ${run.blockCount} blocks at block ${run.startBlock}`, offset + 8 * i);
    runs.push(run);
  }
  return runs;
}

/** Apple's name space for the UUIDs made of a volume's 64-bit identifier, as in RFC 9562 version 3. */
const NAME_SPACE = Buffer.from('b3e20f39f29211d697a400306543ecac', 'hex');

/** The UUID that macOS and Linux show for the identifier in `id` (8 bytes); `undefined` if it was never set. */
export function volumeUuid(id: Uint8Array): string | undefined {
  if (id.every((byte) => byte === 0)) return undefined;
  const hash = createHash('md5').update(NAME_SPACE).update(id).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x30;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return new Fields(hash, 'HFS Plus volume identifier').uuid(0);
}
