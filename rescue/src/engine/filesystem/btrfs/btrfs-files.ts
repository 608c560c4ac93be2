/**
 * Files of a Btrfs on one device, subvolumes as the directories that they show themselves as. Follows the Btrfs
 * documentation, "On-disk format": INODE_ITEM, DIR_INDEX, EXTENT_DATA. All fields are little-endian.
 */
import { inflateSync, zstdDecompressSync } from 'node:zlib';
import type { BlockReader } from '../../base/block-reader.ts';
import { PermafrostError } from '../../base/errors.ts';
import type { Fields } from '../../base/fields.ts';
import { FileTree, unreadableNode, type FileEntry, type FileNode } from '../file-tree.ts';
import { ChunkMap } from './chunks.ts';
import { featureReason } from './features.ts';
import { readChunks, requireTree } from './roots.ts';
import { readSuperblock, type TreeRoot } from './superblock.ts';
import { walkTree, type Item, type TreeContext } from './tree.ts';

const INODE_ITEM = 1;
const DIR_INDEX = 96;
const EXTENT_DATA = 108;
const ROOT_ITEM = 132;
/** The tree of files that all others hang below, and the number of the root of any of them. */
const TOP_TREE = 5;
const TOP_DIRECTORY = 256;
const MAX_U64 = (1n << 64n) - 1n;

const MODE_MASK = 0xf000;
const DIRECTORY = 0x4000;
const REGULAR = 0x8000;
const LINK = 0xa000;
const INLINE = 0;
const PREALLOCATED = 2;
/** Bytes of an extent item before inline data. */
const INLINE_OFFSET = 21;
/** No compressed extent is larger unpacked. */
const MAX_UNPACKED_BYTES = 128 * 1024;

/** The files below the top of the file system; `undefined` if `reader` holds none that can be read. */
export async function btrfsFiles(reader: BlockReader, signal?: AbortSignal): Promise<FileTree | undefined> {
  const sb = await readSuperblock(reader);
  if (sb === undefined || featureReason(sb) !== undefined) return undefined;
  const chunks = await readChunks(reader, sb, signal);
  if (!(chunks instanceof ChunkMap)) return undefined;
  const context: TreeContext = { reader, sb, chunks, signal };
  const top = await requireTree(context, TOP_TREE);
  return new FileTree(() => openNode(context, top, TOP_DIRECTORY));
}

/** Visits the items of `objectId` and `type` in a tree. */
function visit(
  context: TreeContext,
  root: TreeRoot,
  objectId: number,
  type: number,
  each: (item: Item) => void,
): Promise<void> {
  const id = BigInt(objectId);
  const range = { first: { objectId: id, type, offset: 0n }, last: { objectId: id, type, offset: MAX_U64 } };
  return walkTree(context, root, range, each);
}

async function openNode(context: TreeContext, root: TreeRoot, number: number): Promise<FileNode> {
  let sizeBytes = 0;
  let mode = 0;
  await visit(context, root, number, INODE_ITEM, ({ data }) => {
    sizeBytes = data.u64(16);
    mode = data.u32(52) & MODE_MASK;
  });
  const what = `Btrfs inode ${number} of tree ${root.owner}`;
  const kind =
    mode === DIRECTORY ? 'directory' : mode === REGULAR ? 'file' : mode === LINK ? 'link' : 'other';
  if (kind === 'other') return unreadableNode(kind, sizeBytes, what);
  return {
    kind,
    sizeBytes,
    entries: () => entries(context, root, number),
    read: () => content(context, root, number, sizeBytes),
  };
}

async function* entries(context: TreeContext, root: TreeRoot, directory: number): AsyncGenerator<FileEntry> {
  const found: { name: string; objectId: number; type: number }[] = [];
  await visit(context, root, directory, DIR_INDEX, ({ data }) => {
    found.push({ name: data.utf8(30, data.u16(27)), objectId: data.u64(0), type: data.u8(8) });
  });
  for (const { name, objectId, type } of found) {
    if (type === INODE_ITEM) yield { name, open: () => openNode(context, root, objectId) };
    else if (type === ROOT_ITEM) {
      const open = async (): Promise<FileNode> => {
        const subvolume = await requireTree(context, objectId);
        return openNode(context, subvolume, TOP_DIRECTORY);
      };
      yield { name, open };
    }
  }
}

interface Piece {
  readonly at: number;
  readonly compression: number;
  /** Bytes of the whole extent when unpacked. */
  readonly unpackedBytes: number;
  /** Inline, or where it is on the device. */
  readonly source: Uint8Array | { readonly address: number; readonly packedBytes: number };
  /** Part of the extent, when unpacked, that belongs to the file. */
  readonly from: number;
  readonly length: number;
}

async function content(
  context: TreeContext,
  root: TreeRoot,
  number: number,
  sizeBytes: number,
): Promise<Uint8Array> {
  const pieces: Piece[] = [];
  await visit(context, root, number, EXTENT_DATA, ({ offset, data }) => {
    const piece = parsePiece(offset, data);
    if (piece !== undefined) pieces.push(piece);
  });
  const bytes = new Uint8Array(sizeBytes);
  for (const { at, compression, unpackedBytes, source, from, length } of pieces) {
    const packed =
      source instanceof Uint8Array ? source : await readExtent(context, source.address, source.packedBytes);
    const unpacked = unpack(packed, compression, unpackedBytes);
    const wanted = Math.min(length, sizeBytes - at);
    if (wanted > 0) bytes.set(unpacked.subarray(from, from + wanted), at);
  }
  return bytes;
}

/** `undefined` for holes and what was never written. */
function parsePiece(at: number, data: Fields): Piece | undefined {
  const unpackedBytes = data.u64(8);
  const compression = data.u8(16);
  if (data.u8(17) !== 0 || data.u16(18) !== 0) data.fail('is encoded in an unknown way');
  const type = data.u8(20);
  if (type === INLINE) {
    const source = data.slice(INLINE_OFFSET, data.length - INLINE_OFFSET);
    return { at, compression, unpackedBytes, source, from: 0, length: unpackedBytes };
  }
  const address = data.u64(21);
  if (type === PREALLOCATED || address === 0) return undefined;
  const source = { address, packedBytes: data.u64(29) };
  return { at, compression, unpackedBytes, source, from: data.u64(37), length: data.u64(45) };
}

function readExtent({ chunks, reader }: TreeContext, address: number, length: number): Promise<Uint8Array> {
  const chunk = chunks.chunks[chunks.indexOf(address, length)]!;
  return reader.read(chunk.copies[0]! + address - chunk.logical, length);
}

function unpack(packed: Uint8Array, compression: number, unpackedBytes: number): Uint8Array {
  if (compression === 0) return packed;
  if (compression !== 1 && compression !== 3)
    throw unreadable('is compressed in a way that is not read here');
  if (unpackedBytes > MAX_UNPACKED_BYTES) throw unreadable('is larger than compressed extents can be');
  const options = { maxOutputLength: MAX_UNPACKED_BYTES };
  try {
    // Packed data is padded to whole sectors.
    return compression === 1
      ? inflateSync(packed, options)
      : zstdDecompressSync(packed.subarray(0, zstdFrameBytes(packed)), options);
  } catch {
    throw unreadable('cannot be unpacked');
  }
}

/** Bytes of the Zstandard frame that `packed` begins with (RFC 8878, 3.1.1). */
function zstdFrameBytes(packed: Uint8Array): number {
  const flags = packed[4] ?? 0;
  const isSingle = (flags & 0x20) !== 0;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >>> 6]!;
  let at = 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][flags & 3]! + sizeBytes;
  for (let isLast = false; !isLast && at + 3 <= packed.length;) {
    const header = packed[at]! | (packed[at + 1]! << 8) | (packed[at + 2]! << 16);
    isLast = (header & 1) !== 0;
    const isRun = ((header >>> 1) & 3) === 1;
    at += 3 + (isRun ? 1 : header >>> 3);
  }
  return Math.min(packed.length, at + ((flags & 4) !== 0 ? 4 : 0));
}

function unreadable(problem: string): PermafrostError<'structure/invalid'> {
  return new PermafrostError('structure/invalid', { structure: 'Btrfs extent', problem });
}
