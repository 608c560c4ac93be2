/**
 * The two questions asked of the B-trees of HFS Plus: the volume's name, which is the first key of the catalog,
 * and the later runs of a file that has more than eight.
 * Layout: Apple Technical Note TN1150: "B-Trees", "Catalog File", "Extents Overflow File".
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { Fields } from '../../base/fields.ts';
import { readFork } from './fork-reader.ts';
import { parseRuns, type BlockRun, type HfsplusHeader, type HfsplusFork } from './volume-header.ts';

const ROOT_PARENT_ID = 1;
const LEAF_NODE = 0xff;
const NODE_DESCRIPTOR_BYTES = 14;
/** Leaves visited in search of one file: each has dozens of records, and the files asked for come first. */
const MAX_LEAVES = 1024;

interface Tree {
  readonly nodeSize: number;
  readonly firstLeaf: number;
  readonly readNode: (index: number) => Promise<Fields>;
}

async function openTree(
  reader: BlockReader,
  header: HfsplusHeader,
  fork: HfsplusFork,
  structure: string,
): Promise<Tree> {
  const read = async (offset: number, length: number): Promise<Fields> =>
    new Fields(await readFork(reader, structure, fork.runs, header.blockSize, offset, length), structure);
  const head = await read(0, 512);
  const nodeSize = head.u16be(NODE_DESCRIPTOR_BYTES + 18);
  if (nodeSize < 512 || nodeSize > 32768 || (nodeSize & (nodeSize - 1)) !== 0)
    head.fail(`has nodes of ${nodeSize} bytes`);
  return {
    nodeSize,
    firstLeaf: head.u32be(NODE_DESCRIPTOR_BYTES + 10),
    readNode: (index) => read(index * nodeSize, nodeSize),
  };
}

/** Offset and length of record `index` of `node`. */
function record(node: Fields, index: number): [number, number] {
  const start = node.u16be(node.length - 2 * (index + 1));
  const end = node.u16be(node.length - 2 * (index + 2));
  if (start < NODE_DESCRIPTOR_BYTES || end < start || end > node.length)
    node.fail(`has a record from ${start} to ${end}`);
  return [start, end - start];
}

function recordCount(leaf: Fields): number {
  if (leaf.u8(8) !== LEAF_NODE) leaf.fail('has no leaf where one is due');
  return leaf.u16be(10);
}

/** The volume's name. Throws `structure/invalid` if the catalog does not start with it. */
export async function readVolumeName(reader: BlockReader, header: HfsplusHeader): Promise<string> {
  const tree = await openTree(reader, header, header.catalogFile, 'HFS Plus catalog');
  const leaf = await tree.readNode(tree.firstLeaf);
  if (recordCount(leaf) === 0) leaf.fail('starts with an empty leaf');
  const [offset, length] = record(leaf, 0);
  const key = leaf.sub(offset, length);
  if (key.u32be(2) !== ROOT_PARENT_ID) key.fail('does not start with the root folder');
  const name = Buffer.from(key.slice(8, 2 * Math.min(key.u16be(6), 255)));
  return name.swap16().toString('utf16le');
}

/**
 * All runs of the data fork of file `fileId`, one of those with reserved numbers: the eight of the header and
 * what the extents overflow file adds. Throws `structure/invalid` if they do not make up `fork.totalBlocks`.
 */
export async function readAllRuns(
  reader: BlockReader,
  header: HfsplusHeader,
  fork: HfsplusFork,
  fileId: number,
): Promise<BlockRun[]> {
  const runs = [...fork.runs];
  let found = runs.reduce((sum, run) => sum + run.blockCount, 0);
  if (found >= fork.totalBlocks) return runs;

  const tree = await openTree(reader, header, header.extentsFile, 'HFS Plus extents overflow file');
  let index = tree.firstLeaf;
  for (let leaves = 0; index !== 0 && leaves < MAX_LEAVES; leaves++) {
    const leaf = await tree.readNode(index);
    for (let i = 0, count = recordCount(leaf); i < count; i++) {
      const [offset, length] = record(leaf, i);
      const entry = leaf.sub(offset, length);
      const owner = entry.u32be(4);
      if (owner > fileId) entry.fail(`has no more extents of file ${fileId} after block ${found}`);
      if (owner < fileId || entry.u8(2) !== 0) continue;
      if (entry.u32be(8) !== found) entry.fail(`continues file ${fileId} at a wrong block`);
      for (const run of parseRuns(entry, 2 + entry.u16be(0), header.totalBlocks)) {
        runs.push(run);
        found += run.blockCount;
      }
      if (found >= fork.totalBlocks) return runs;
    }
    index = leaf.u32be(0);
  }
  const empty = new Fields(new Uint8Array(0), 'HFS Plus extents overflow file');
  return empty.fail(`lacks extents of file ${fileId} after block ${found}`);
}
