/**
 * Files of XFS versions 4 and 5. Follows "XFS Algorithms & Data Structures", chapters "On-disk Inode", "Data
 * Extents", "Directories" and "Symbolic Links". All fields but checksums are big-endian.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import { FileTree, unreadableNode, type FileEntry, type FileNode } from '../file-tree.ts';
import { directoryEntries, shortEntries, type NamedInode } from './directory.ts';
import { featureReason } from './features.ts';
import { hasValidCrc, readSuperblock, type XfsSuperblock } from './superblock.ts';

const INODE_MAGIC = 0x494e;
const CRC_OFFSET = 100;
const MODE_MASK = 0xf000;
const DIRECTORY = 0x4000;
const REGULAR = 0x8000;
const LINK = 0xa000;
const FORMAT = { local: 1, extents: 2, tree: 3 } as const;
const FLAG2_LARGE_COUNTS = 0x10n;
const TREE_MAGICS: ReadonlySet<number> = new Set([0x424d4150, 0x424d4133]); // BMAP, BMA3
const LINK_MAGIC = 0x58534c4d; // XSLM
const LINK_HEADER_BYTES = 56;
const MAX_EXTENTS = 65536;
const MAX_LEVELS = 9;
/** Leaves and free lists of a directory come at and after this byte of it. */
const DIRECTORY_DATA_BYTES = 2 ** 35;
const MAX_DIRECTORY_BYTES = 64 * 1024 * 1024;

/** What the superblock tells of inodes and directories. */
interface Geometry {
  readonly reader: BlockReader;
  readonly sb: XfsSuperblock;
  readonly rootInode: number;
  readonly inodeBytes: number;
  readonly inodesPerBlockLog: number;
  readonly directoryBlockBytes: number;
  readonly hasTypes: boolean;
}

/** In blocks: where a run of a file's blocks is. */
interface Run {
  readonly logical: number;
  readonly physical: number;
  readonly count: number;
  readonly isWritten: boolean;
}

interface Inode {
  readonly number: number;
  readonly mode: number;
  readonly format: number;
  readonly sizeBytes: number;
  readonly extentCount: number;
  readonly fork: Fields;
}

/** The files of the file system on `reader`; `undefined` if it holds none that can be read. Throws `structure/invalid`. */
export async function xfsFiles(reader: BlockReader): Promise<FileTree | undefined> {
  const sb = await readSuperblock(reader);
  if (sb === undefined || featureReason(sb) !== undefined) return undefined;
  const f = new Fields(await reader.read(0, sb.sectorSize), 'XFS superblock');
  const g: Geometry = {
    reader,
    sb,
    rootInode: f.u64be(56),
    inodeBytes: f.u16be(104),
    inodesPerBlockLog: f.u8(123),
    directoryBlockBytes: sb.blockSize * 2 ** f.u8(192),
    hasTypes: sb.version === 5 ? (sb.incompat & 1) !== 0 : (sb.features2 & 0x200) !== 0,
  };
  if (g.inodeBytes < 256 || g.inodeBytes > 2048 || g.inodeBytes * 2 ** g.inodesPerBlockLog !== sb.blockSize)
    f.fail(`impossible inodes of ${g.inodeBytes} bytes`);
  if (g.directoryBlockBytes > 65536) f.fail(`impossible directory blocks of ${g.directoryBlockBytes} bytes`);
  return new FileTree(() => openNode(g, g.rootInode));
}

async function openNode(g: Geometry, number: number): Promise<FileNode> {
  const inode = await readInode(g, number);
  const { mode, sizeBytes } = inode;
  const kind =
    mode === DIRECTORY ? 'directory' : mode === REGULAR ? 'file' : mode === LINK ? 'link' : 'other';
  if (kind === 'other') return unreadableNode(kind, sizeBytes, `XFS inode ${number}`);
  return {
    kind,
    sizeBytes,
    entries: () => entries(g, inode),
    read: () => (kind === 'link' ? linkTarget(g, inode) : content(g, inode)),
  };
}

/** The byte where block `number` (with its group in the upper bits) lies. */
function blockOffset({ sb }: Geometry, number: number, f: Fields): number {
  const group = Math.floor(number / 2 ** sb.agBlockLog);
  const block = number % 2 ** sb.agBlockLog;
  if (group >= sb.agCount || block >= sb.agBlocks) f.fail(`points to block ${block} of group ${group}`);
  return (group * sb.agBlocks + block) * sb.blockSize;
}

async function readInode(g: Geometry, number: number): Promise<Inode> {
  const name = `XFS inode ${number}`;
  const place = new Fields(new Uint8Array(0), name);
  const perBlock = 2 ** g.inodesPerBlockLog;
  const offset = blockOffset(g, Math.floor(number / perBlock), place) + (number % perBlock) * g.inodeBytes;
  const f = new Fields(await g.reader.read(offset, g.inodeBytes), name);
  if (f.u16be(0) !== INODE_MAGIC) f.fail('has no magic');
  const version = f.u8(4);
  if (version === 3 && !hasValidCrc(f.bytes, CRC_OFFSET)) f.fail('checksum mismatch');
  const core = version === 3 ? 176 : 100;
  const hasLargeCounts = version === 3 && (BigInt(f.u64be(120)) & FLAG2_LARGE_COUNTS) !== 0n;
  const forkBytes = f.u8(82) === 0 ? g.inodeBytes - core : f.u8(82) * 8;
  return {
    number,
    mode: f.u16be(2) & MODE_MASK,
    format: f.u8(5),
    sizeBytes: f.u64be(56),
    extentCount: hasLargeCounts ? f.u64be(24) : f.u32be(76),
    fork: f.sub(core, forkBytes),
  };
}

/** Runs of the file's blocks in their order. */
async function readRuns(g: Geometry, inode: Inode): Promise<Run[]> {
  const { format, fork, extentCount } = inode;
  const runs: Run[] = [];
  const addRecords = (f: Fields, at: number, count: number): void => {
    if (runs.length + count > MAX_EXTENTS) f.fail(`has more than ${MAX_EXTENTS} extents`);
    for (let i = 0; i < count; i++) runs.push(parseRun(f, at + i * 16));
  };
  const walk = async (block: number, level: number): Promise<void> => {
    const f = new Fields(
      await g.reader.read(blockOffset(g, block, fork), g.sb.blockSize),
      `XFS extent block ${block}`,
    );
    const count = f.u16be(6);
    if (!TREE_MAGICS.has(f.u32be(0)) || f.u16be(4) !== level) f.fail('is no block of this tree');
    const header = g.sb.version === 5 ? 72 : 24;
    if (level === 0) {
      addRecords(f, header, count);
      return;
    }
    const pointers = header + Math.floor((f.length - header) / 16) * 8;
    for (let i = 0; i < count && runs.length < MAX_EXTENTS; i++)
      await walk(f.u64be(pointers + i * 8), level - 1);
  };
  if (format === FORMAT.extents) addRecords(fork, 0, extentCount);
  else if (format === FORMAT.tree) {
    const level = fork.u16be(0);
    if (level === 0 || level > MAX_LEVELS) fork.fail(`has a tree of ${level} levels`);
    const pointers = 4 + Math.floor((fork.length - 4) / 16) * 8;
    for (let i = 0; i < fork.u16be(2); i++) await walk(fork.u64be(pointers + i * 8), level - 1);
  } else fork.fail(`has its content in the unknown form ${format}`);
  return runs;
}

function parseRun(f: Fields, at: number): Run {
  // 1 bit state, 54 bits place in the file, 52 bits block, 21 bits length.
  const high = (BigInt(f.u32be(at)) << 32n) | BigInt(f.u32be(at + 4));
  const low = (BigInt(f.u32be(at + 8)) << 32n) | BigInt(f.u32be(at + 12));
  return {
    isWritten: high >> 63n === 0n,
    logical: Number((high >> 9n) & ((1n << 54n) - 1n)),
    physical: Number(((high & 0x1ffn) << 43n) | (low >> 21n)),
    count: Number(low & 0x1fffffn),
  };
}

async function content(g: Geometry, inode: Inode): Promise<Uint8Array> {
  const { sizeBytes, format, fork } = inode;
  if (format === FORMAT.local) return new Uint8Array(fork.slice(0, sizeBytes));
  const bytes = new Uint8Array(sizeBytes);
  for (const { logical, physical, count, isWritten } of await readRuns(g, inode)) {
    const start = logical * g.sb.blockSize;
    const length = Math.min(count * g.sb.blockSize, sizeBytes - start);
    if (isWritten && length > 0)
      bytes.set(await g.reader.read(blockOffset(g, physical, fork), length), start);
  }
  return bytes;
}

async function linkTarget(g: Geometry, inode: Inode): Promise<Uint8Array> {
  if (inode.format === FORMAT.local || g.sb.version !== 5) return content(g, inode);
  const [run] = await readRuns(g, inode);
  if (run === undefined) inode.fork.fail('has no target');
  const f = new Fields(
    await g.reader.read(blockOffset(g, run.physical, inode.fork), g.sb.blockSize),
    `XFS link of inode ${inode.number}`,
  );
  if (f.u32be(0) !== LINK_MAGIC) f.fail('has no magic');
  return f.slice(LINK_HEADER_BYTES, Math.min(inode.sizeBytes, f.length - LINK_HEADER_BYTES));
}

async function* entries(g: Geometry, inode: Inode): AsyncGenerator<FileEntry> {
  const named = ({ name, inode: number }: NamedInode): FileEntry => ({
    name,
    open: () => openNode(g, number),
  });
  if (inode.mode !== DIRECTORY) inode.fork.fail('is no directory');
  if (inode.format === FORMAT.local) {
    for (const entry of shortEntries(inode.fork, g.hasTypes)) yield named(entry);
    return;
  }
  const { blockSize } = g.sb;
  let given = 0;
  const perDirectoryBlock = g.directoryBlockBytes / blockSize;
  let block = new Uint8Array(g.directoryBlockBytes);
  let filled = 0;
  for (const { logical, physical, count } of await readRuns(g, inode)) {
    for (let i = 0; i < count; i++) {
      if ((logical + i) * blockSize >= DIRECTORY_DATA_BYTES) return;
      if ((given += blockSize) > MAX_DIRECTORY_BYTES) inode.fork.fail('is a directory of impossible size');
      const offset = blockOffset(g, physical, inode.fork) + i * blockSize;
      block.set(await g.reader.read(offset, blockSize), ((logical + i) % perDirectoryBlock) * blockSize);
      if (++filled < perDirectoryBlock) continue;
      const f = new Fields(block, `XFS directory block of inode ${inode.number}`);
      for (const entry of directoryEntries(f, g.sb.version, g.hasTypes)) yield named(entry);
      block = new Uint8Array(g.directoryBlockBytes);
      filled = 0;
    }
  }
}
