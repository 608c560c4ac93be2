/**
 * The Btrfs superblock, checked for sense. Follows the Btrfs documentation, "On-disk format", and the
 * kernel's user header btrfs_tree.h. All fields are little-endian.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import { checksumOf, hasValidChecksum, type Checksum } from './checksum.ts';

/** Where the superblock and its copies lie, as far as the device reaches. */
export const SUPERBLOCK_OFFSETS: readonly number[] = [64 * 1024, 64 * 1024 ** 2, 256 * 1024 ** 3];
export const SUPERBLOCK_BYTES = 4096;
/** What lies before this is never given to a block group; boot loaders use it. */
export const RESERVED_BYTES = 1024 * 1024;

const MAGIC = '_BHRfS_M';
const SYSTEM_CHUNKS_OFFSET = 811;
const SYSTEM_CHUNKS_ROOM = 2048;
const INCOMPAT_METADATA_UUID = 1n << 10n;
const MAX_LEVEL = 7;

/** A tree's root block, as its parent structure describes it. */
export interface TreeRoot {
  /** Logical address in bytes. */
  readonly bytenr: number;
  readonly level: number;
  readonly generation: number;
  /** Number of the tree, which all its blocks carry. */
  readonly owner: number;
}

/** What the superblock says; sizes in bytes. */
export interface BtrfsSuperblock {
  readonly checksum: Checksum;
  readonly uuid: string;
  /** The UUID that tree blocks carry. */
  readonly metadataUuid: string;
  readonly label: string;
  readonly flags: bigint;
  readonly roCompat: bigint;
  readonly incompat: bigint;
  readonly generation: number;
  readonly rootTree: TreeRoot;
  readonly chunkTree: TreeRoot;
  /** A tree of changes since the last commit exists. */
  readonly hasLogTree: boolean;
  /** Bytes in extents, each counted once whatever its copies. */
  readonly usedBytes: number;
  readonly deviceCount: number;
  readonly sectorSize: number;
  readonly nodeSize: number;
  readonly device: { readonly id: number; readonly uuid: string; readonly sizeBytes: number };
  /** Chunk items that are needed to read the chunk tree. */
  readonly systemChunks: Uint8Array;
}

/** The checked superblock; `undefined` if there is no Btrfs magic. */
export async function readSuperblock(reader: BlockReader): Promise<BtrfsSuperblock | undefined> {
  const offset = SUPERBLOCK_OFFSETS[0]!;
  if (reader.sizeBytes < offset + SUPERBLOCK_BYTES) return undefined;
  const f = new Fields(await reader.read(offset, SUPERBLOCK_BYTES), 'Btrfs superblock');
  if (f.text(64, 8) !== MAGIC) return undefined;
  const checksum = checksumOf(f.u16(196)) ?? f.fail(`unknown checksum ${f.u16(196)}`);
  if (!hasValidChecksum(checksum, f.bytes)) f.fail('checksum mismatch');
  if (f.u64(48) !== offset) f.fail(`was written for ${f.u64(48)}`);
  const sb = parseSuperblock(f, checksum);
  if (sb.device.sizeBytes > reader.sizeBytes)
    f.fail(`its ${sb.device.sizeBytes} bytes do not fit into ${reader.sizeBytes} bytes`);
  return sb;
}

function parseSuperblock(f: Fields, checksum: Checksum): BtrfsSuperblock {
  const uuid = f.uuid(32);
  const incompat = f.bigU64(188);
  const sectorSize = f.u32(144);
  const nodeSize = f.u32(148);
  if (!isPowerOfTwo(sectorSize, 4096, 65536)) f.fail(`impossible sector size ${sectorSize}`);
  if (!isPowerOfTwo(nodeSize, sectorSize, 65536)) f.fail(`impossible node size ${nodeSize}`);
  const root = (bytenr: number, level: number, generation: number, owner: number): TreeRoot => {
    if (level > MAX_LEVEL) f.fail(`a tree of ${level + 1} levels`);
    return { bytenr, level, generation, owner };
  };
  const systemBytes = f.u32(160);
  if (systemBytes > SYSTEM_CHUNKS_ROOM) f.fail(`${systemBytes} bytes of system chunks`);
  const metadataUuid = (incompat & INCOMPAT_METADATA_UUID) === 0n ? uuid : f.uuid(571);
  const device = f.sub(201, 98, 'Btrfs device item');
  if (device.uuid(82) !== metadataUuid) device.fail('belongs to another file system');
  return {
    checksum,
    uuid,
    metadataUuid,
    label: f.utf8(299, 256),
    flags: f.bigU64(56),
    roCompat: f.bigU64(180),
    incompat,
    generation: f.u64(72),
    rootTree: root(f.u64(80), f.u8(198), f.u64(72), 1),
    chunkTree: root(f.u64(88), f.u8(199), f.u64(164), 3),
    hasLogTree: f.bigU64(96) !== 0n,
    usedBytes: f.u64(120),
    deviceCount: f.u64(136),
    sectorSize,
    nodeSize,
    device: { id: device.u64(0), uuid: device.uuid(66), sizeBytes: device.u64(8) },
    systemChunks: f.slice(SYSTEM_CHUNKS_OFFSET, systemBytes),
  };
}

function isPowerOfTwo(value: number, least: number, most: number): boolean {
  return value >= least && value <= most && (value & (value - 1)) === 0;
}
