/**
 * Files of ext2, ext3 and ext4, as they would be after a replay of the journal. See "Directory Entries" and
 * "Symbolic Links" of the kernel's ext4 documentation. Directories with an index read like those without.
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import { FileTree, unreadableNode, type FileEntry, type FileNode } from '../file-tree.ts';
import { incompat } from './features.ts';
import { readFileBlocks } from './file-blocks.ts';
import { makeGeometry, type Geometry } from './geometry.ts';
import { inodeTypes, readInode, type AnyInode } from './inode.ts';
import { findJournal, replayInMemory } from './journal.ts';
import { has, parseSuperblock, SUPERBLOCK_BYTES, SUPERBLOCK_OFFSET, type Superblock } from './superblock.ts';

const ROOT_INODE = 2;
/** Links shorter than this are in the inode itself. */
const FAST_LINK_BYTES = 60;
const MAX_DIRECTORY_BYTES = 64 * 1024 * 1024;

/** The files of the file system on `reader`; `undefined` if it is none. Throws `structure/invalid`. */
export async function extFiles(reader: BlockReader, signal?: AbortSignal): Promise<FileTree | undefined> {
  const read = async (from: BlockReader): Promise<Superblock | undefined> =>
    parseSuperblock(await from.read(SUPERBLOCK_OFFSET, SUPERBLOCK_BYTES));
  if (reader.sizeBytes < SUPERBLOCK_OFFSET + SUPERBLOCK_BYTES) return undefined;
  let sb = await read(reader);
  if (sb === undefined || has.incompat(sb, incompat.journalDevice)) return undefined;
  let from = reader;
  if (has.incompat(sb, incompat.recover) && sb.journalInode !== 0) {
    const g = makeGeometry(sb);
    from = (await replayInMemory(reader, g, await findJournal(reader, g), signal)).reader;
    sb = (await read(from)) ?? sb;
  }
  const g = makeGeometry(sb);
  return new FileTree(() => openNode(from, g, ROOT_INODE));
}

async function openNode(reader: BlockReader, g: Geometry, number: number): Promise<FileNode> {
  const inode = await readInode(reader, g, number);
  const { sizeBytes, type } = inode;
  const kind =
    type === inodeTypes.directory
      ? 'directory'
      : type === inodeTypes.regular
        ? 'file'
        : type === inodeTypes.link
          ? 'link'
          : 'other';
  if (kind === 'other' || inode.isInline) return unreadableNode(kind, sizeBytes, `ext inode ${number}`);
  return {
    kind,
    sizeBytes,
    entries: () => entries(reader, g, inode),
    read: () => content(reader, g, inode),
  };
}

async function content(reader: BlockReader, g: Geometry, inode: AnyInode): Promise<Uint8Array> {
  const { sizeBytes, type, hasExtents, blockField } = inode;
  if (type === inodeTypes.link && sizeBytes < FAST_LINK_BYTES && !hasExtents)
    return new Uint8Array(blockField.slice(0, sizeBytes));
  const bytes = new Uint8Array(sizeBytes);
  for (const { logical, physical, count } of await readFileBlocks(
    reader,
    g,
    inode,
    Math.ceil(sizeBytes / g.blockSize),
  )) {
    const start = logical * g.blockSize;
    const length = Math.min(count * g.blockSize, sizeBytes - start);
    if (length > 0) bytes.set(await reader.read(physical * g.blockSize, length), start);
  }
  return bytes;
}

async function* entries(reader: BlockReader, g: Geometry, inode: AnyInode): AsyncGenerator<FileEntry> {
  const { sizeBytes, blockField } = inode;
  if (inode.type !== inodeTypes.directory || sizeBytes > MAX_DIRECTORY_BYTES)
    blockField.fail('is no directory that can be read');
  const runs = await readFileBlocks(reader, g, inode, Math.floor(sizeBytes / g.blockSize));
  for (const { physical, count } of runs)
    for (let i = 0; i < count; i++)
      yield* blockEntries(reader, g, await reader.read((physical + i) * g.blockSize, g.blockSize));
}

function* blockEntries(reader: BlockReader, g: Geometry, block: Uint8Array): Generator<FileEntry> {
  const f = new Fields(block, 'ext directory block');
  for (let at = 0; at + 8 <= f.length;) {
    const number = f.u32(at);
    // 64 KiB do not fit into the field.
    const length = f.u16(at + 4) === 0 || f.u16(at + 4) === 65535 ? f.length - at : f.u16(at + 4);
    if (length < 8 || length % 4 !== 0 || at + length > f.length) f.fail(`an entry of ${length} bytes`, at);
    const nameLength = f.u8(at + 6);
    if (number !== 0) {
      if (8 + nameLength > length) f.fail('a name that does not fit its entry', at);
      const name = Buffer.from(f.slice(at + 8, nameLength)).toString('utf8');
      if (name !== '.' && name !== '..') yield { name, open: () => openNode(reader, g, number) };
    }
    at += length;
  }
}
