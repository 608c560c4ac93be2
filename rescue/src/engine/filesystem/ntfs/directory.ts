/** Directories: the index $I30 of file names, read in the order of its blocks, not of its names. */
import { PermafrostError } from '../../base/errors.ts';
import { Fields } from '../../base/fields.ts';
import { attributeTypes } from './attribute.ts';
import { isPowerOfTwo } from './boot-sector.ts';
import { applyFixups } from './fixups.ts';
import type { Mft } from './mft.ts';
import { parseReference, type FileRecord, type FileReference } from './record.ts';
import { Stream } from './stream.ts';

export interface DirectoryEntry {
  readonly name: string;
  readonly reference: FileReference;
}

const INDEX_NAME = '$I30';
const FILE_NAME_ATTRIBUTE = 0x30;
const INDX = 0x58444e49;
const LAST_ENTRY = 2;
const MAX_BLOCK_BYTES = 64 * 1024;
/** Offset of the length and of the first character of the name in a $FILE_NAME. */
const NAME_LENGTH_OFFSET = 64;
const NAME_OFFSET = 66;
const BITMAP_PIECE_BYTES = 64 * 1024;

/** The entries of `directory`, short names included. Throws `structure/invalid`. */
export async function* readDirectory(mft: Mft, directory: FileRecord): AsyncGenerator<DirectoryEntry> {
  const root = await mft.readValue(directory, attributeTypes.indexRoot, INDEX_NAME);
  if (root === undefined) throw invalid(directory, 'has no index root');
  if (root.u32(0) !== FILE_NAME_ATTRIBUTE) throw invalid(directory, 'has no index of names');
  yield* parseEntries(root, 16);
  const blocks = await mft.readStream(directory, attributeTypes.indexAllocation, INDEX_NAME);
  if (blocks === undefined) return;
  blocks.checkPlain();
  const blockSize = root.u32(8);
  if (!isPowerOfTwo(blockSize) || blockSize < 512 || blockSize > MAX_BLOCK_BYTES)
    throw invalid(directory, `has index blocks of ${blockSize} bytes`);
  for await (const number of readUsedBlocks(mft, directory, Math.floor(blocks.dataBytes / blockSize))) {
    const name = `NTFS index block ${number} of file record ${directory.number}`;
    const block = new Fields(await blocks.read(number * blockSize, blockSize), name);
    if (block.u32(0) !== INDX) block.fail('does not begin with INDX');
    applyFixups(block);
    yield* parseEntries(block, 24);
  }
}

/** The numbers below `blockCount` of the index blocks that hold something. */
async function* readUsedBlocks(mft: Mft, directory: FileRecord, blockCount: number): AsyncGenerator<number> {
  const bitmap = await mft.readAttribute(directory, attributeTypes.bitmap, INDEX_NAME);
  if (bitmap === undefined) throw invalid(directory, 'has index blocks but no bitmap of them');
  const length = bitmap instanceof Stream ? bitmap.dataBytes : bitmap.value.length;
  const needed = Math.ceil(blockCount / 8);
  if (length < needed) throw invalid(directory, 'has a bitmap shorter than its index');
  for (let at = 0; at < needed; at += BITMAP_PIECE_BYTES) {
    const count = Math.min(BITMAP_PIECE_BYTES, needed - at);
    const bytes = bitmap instanceof Stream ? await bitmap.read(at, count) : bitmap.value.slice(at, count);
    for (let bit = 0; bit < count * 8; bit++) {
      const block = at * 8 + bit;
      if (block < blockCount && ((bytes[bit >>> 3]! >>> (bit & 7)) & 1) === 1) yield block;
    }
  }
}

/** The entries of the index node whose header is at `offset`. */
function* parseEntries(node: Fields, offset: number): Generator<DirectoryEntry> {
  const end = offset + node.u32(offset + 4);
  let at = offset + node.u32(offset);
  while ((node.u16(at + 12) & LAST_ENTRY) === 0) {
    const length = node.u16(at + 8);
    if (length < 16 || at + length > end) node.fail(`has an entry of ${length} bytes`, at);
    const key = node.sub(at + 16, node.u16(at + 10));
    yield {
      name: key.utf16(NAME_OFFSET, 2 * key.u8(NAME_LENGTH_OFFSET)),
      reference: parseReference(node, at),
    };
    at += length;
  }
}

function invalid(directory: FileRecord, problem: string): PermafrostError<'structure/invalid'> {
  const structure = `NTFS directory in file record ${directory.number}`;
  return new PermafrostError('structure/invalid', { structure, problem });
}
