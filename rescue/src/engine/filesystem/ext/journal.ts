/** The internal journal of an ext file system: its superblock, and the file system as a replay would leave it. */
import { cachedReader, type BlockReader } from '../../base/block-reader.ts';
import { PermafrostError } from '../../base/errors.ts';
import { ExtentsBuilder, type Extents } from '../../base/extents.ts';
import { physicalBlock, readFileBlocks } from './file-blocks.ts';
import type { Geometry } from './geometry.ts';
import { readRegularInode, type Inode } from './inode.ts';
import { ESCAPED_PREFIX, parseJournalSuperblock, type JournalSuperblock } from './jbd2.ts';
import { replayJournal } from './journal-replay.ts';
import { overlayReader } from './overlay-reader.ts';

/** More than mke2fs makes; bounds what a hostile size can cost. */
const MAX_JOURNAL_BLOCKS = 2 ** 24;

const UNESCAPED = new Uint8Array(0);

/** A journal that was found, but not yet read beyond its superblock. */
export interface InternalJournal {
  readonly inode: Inode;
  readonly superblock: JournalSuperblock;
}

/** Finds the journal and reads its superblock. Throws `structure/invalid` if it is not sound. */
export async function findJournal(reader: BlockReader, g: Geometry): Promise<InternalJournal> {
  const inode = await readRegularInode(reader, g, g.superblock.journalInode);
  const runs = await readFileBlocks(reader, g, inode, 1);
  const superblock = parseJournalSuperblock(await reader.read(physicalBlock(runs, 0) * g.blockSize, 1024));
  const problem =
    superblock.blockSize !== g.blockSize
      ? `has blocks of ${superblock.blockSize} bytes`
      : superblock.blockCount * g.blockSize > inode.sizeBytes || superblock.blockCount > MAX_JOURNAL_BLOCKS
        ? `has ${superblock.blockCount} blocks in a file of ${inode.sizeBytes} bytes`
        : undefined;
  if (problem !== undefined)
    throw new PermafrostError('structure/invalid', { structure: 'ext journal superblock', problem });
  return { inode, superblock };
}

/** A file system whose journal was replayed in memory. */
export interface Replayed {
  /** The device as it would be after the replay. */
  readonly reader: BlockReader;
  readonly transactions: number;
  /** Where the journal itself is, in bytes: a restored copy needs it for its own replay. */
  readonly journal: Extents;
}

/**
 * Replays a journal without fast commits or unknown features in memory.
 * Throws `structure/invalid` if it cannot be replayed.
 */
export async function replayInMemory(
  reader: BlockReader,
  g: Geometry,
  { inode, superblock }: InternalJournal,
  signal?: AbortSignal,
): Promise<Replayed> {
  const runs = await readFileBlocks(reader, g, inode, superblock.blockCount);
  const offsetOf = (number: number): number => physicalBlock(runs, number) * g.blockSize;
  const cached = cachedReader(reader);
  const { copies, transactions } = await replayJournal(
    {
      superblock,
      fileSystemBlocks: g.blockCount,
      readBlock: (number) => cached.read(offsetOf(number), g.blockSize),
    },
    signal,
  );
  const journal = new ExtentsBuilder();
  for (const { physical, count } of runs) journal.add(physical * g.blockSize, count * g.blockSize);
  return {
    reader: overlayReader(reader, g.blockSize, (block) => {
      const copy = copies.get(block);
      if (copy === undefined) return undefined;
      return { offset: offsetOf(copy.journalBlock), prefix: copy.escaped ? ESCAPED_PREFIX : UNESCAPED };
    }),
    transactions,
    journal: journal.finish(),
  };
}
