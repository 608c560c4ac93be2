/**
 * The segment information table (SIT): which blocks of each segment of the main area are valid. Entries that
 * changed last are in a journal inside the summary of the log for cold data.
 * Layout: `struct f2fs_sit_entry`, `struct f2fs_journal`; "Segment Information Table" of the Linux kernel
 * documentation on F2FS.
 */
import { addBits } from '../../base/bitmap.ts';
import type { BlockReader } from '../../base/block-reader.ts';
import { throwIfCancelled } from '../../base/errors.ts';
import type { ExtentsBuilder } from '../../base/extents.ts';
import { Fields } from '../../base/fields.ts';
import { countBits } from '../count-bits.ts';
import { release } from '../release.ts';
import { checkpointFlags, type F2fsCheckpoint } from './checkpoint.ts';
import { BLOCK_BYTES, SEGMENT_BLOCKS, type F2fsSuperblock } from './superblock.ts';

const ENTRY_BYTES = 74;
const ENTRIES_PER_BLOCK = 55;
const MAP_OFFSET = 2;
const MAP_BYTES = 64;
/** Bytes of a journal: what a summary block of 512 entries of 7 bytes and a footer of 5 has left. */
const JOURNAL_BYTES = 507;
const JOURNAL_ENTRY_BYTES = 4 + ENTRY_BYTES;
const JOURNAL_ENTRIES = 6;
/** Logs of the checkpoint whose summaries lie in its pack: three for data, then three for nodes. */
const DATA_LOGS = 3;
const NODE_LOGS = 3;
/** SIT blocks per read: 1 MiB. */
const READ_BLOCKS = 256;

/**
 * Adds every valid block of the main area to `builder`, in bytes. Throws `structure/invalid` if an entry, or
 * all of them together, contradict their own counts or the checkpoint's.
 */
export async function readValidBlocks(
  reader: BlockReader,
  superblock: F2fsSuperblock,
  checkpoint: F2fsCheckpoint,
  builder: ExtentsBuilder,
  signal: AbortSignal | undefined,
): Promise<void> {
  const journal = await readJournal(reader, superblock, checkpoint);
  const segmentCount = superblock.mainSegments;
  const sitBlocks = Math.ceil(segmentCount / ENTRIES_PER_BLOCK);
  const copyBlocks = (superblock.sitSegments / 2) * SEGMENT_BLOCKS;
  const problems = new Fields(new Uint8Array(0), 'F2FS segment information table');
  if (sitBlocks > copyBlocks) problems.fail(`has no room for ${segmentCount} segments`);

  let nodeBlocks = 0;
  let dataBlocks = 0;
  for (let from = 0; from < sitBlocks;) {
    throwIfCancelled(signal);
    const copy = versionOf(checkpoint.sitVersions, from);
    let to = from + 1;
    while (to < sitBlocks && to - from < READ_BLOCKS && versionOf(checkpoint.sitVersions, to) === copy) to++;
    const offset = (superblock.sitBlock + copy * copyBlocks + from) * BLOCK_BYTES;
    const bytes = await reader.read(offset, (to - from) * BLOCK_BYTES);
    const lastSegment = Math.min(to * ENTRIES_PER_BLOCK, segmentCount);
    for (let segment = from * ENTRIES_PER_BLOCK; segment < lastSegment; segment++) {
      const at =
        (Math.floor(segment / ENTRIES_PER_BLOCK) - from) * BLOCK_BYTES +
        (segment % ENTRIES_PER_BLOCK) * ENTRY_BYTES;
      const entry = journal.get(segment) ?? bytes.subarray(at, at + ENTRY_BYTES);
      const counts = entry[0]! | (entry[1]! << 8);
      const valid = counts & 0x3ff;
      const map = entry.subarray(MAP_OFFSET, MAP_OFFSET + MAP_BYTES);
      if (valid !== 0) {
        const log = counts >>> 10;
        if (log >= DATA_LOGS + NODE_LOGS) problems.fail(`gives segment ${segment} to log ${log}`);
        if (log < DATA_LOGS) dataBlocks += valid;
        else nodeBlocks += valid;
        const start = (superblock.mainBlock + segment * SEGMENT_BLOCKS) * BLOCK_BYTES;
        addBits(builder, map, SEGMENT_BLOCKS, BLOCK_BYTES, start, { order: 'msb' });
      }
      if (countBits(map, SEGMENT_BLOCKS, 'msb') !== valid)
        problems.fail(`miscounts the blocks of segment ${segment}`);
    }
    release(bytes);
    from = to;
  }
  if (nodeBlocks !== checkpoint.validNodeCount)
    problems.fail(`has ${nodeBlocks} nodes where the checkpoint counts ${checkpoint.validNodeCount}`);
  // The checkpoint also counts blocks that are promised to a file but have no address yet.
  if (nodeBlocks + dataBlocks > checkpoint.validBlockCount)
    problems.fail(
      `has ${nodeBlocks + dataBlocks} blocks where the checkpoint counts ${checkpoint.validBlockCount}`,
    );
}

function versionOf(versions: Uint8Array, block: number): number {
  return (versions[block >>> 3]! >>> (7 - (block & 7))) & 1;
}

/** The SIT entries of the journal by segment number. */
async function readJournal(
  reader: BlockReader,
  superblock: F2fsSuperblock,
  checkpoint: F2fsCheckpoint,
): Promise<ReadonlyMap<number, Uint8Array>> {
  const { packBlock, packBlocks, summaryStart, flags } = checkpoint;
  const compact = (flags & checkpointFlags.compactSummaries) !== 0;
  // Between the start of the summaries and the pack's last block lie those of the data logs, then, after a
  // clean unmount, one of each log for nodes. A compact pack needs one to three blocks for all data logs.
  const dataBlocks = packBlocks - 1 - summaryStart - nodeSummaryBlocks(flags);
  const wrong = compact ? dataBlocks < 1 || dataBlocks > DATA_LOGS : dataBlocks !== DATA_LOGS;
  const problems = new Fields(new Uint8Array(0), 'F2FS checkpoint');
  if (summaryStart <= superblock.payloadBlocks || wrong)
    problems.fail(`has its summaries at block ${summaryStart} of ${packBlocks}`);

  // Compact: the journal of the NAT, the one of the SIT, summaries. Otherwise the block of the third log.
  const block = packBlock + summaryStart + (compact ? 0 : DATA_LOGS - 1);
  const bytes = await reader.read(block * BLOCK_BYTES, BLOCK_BYTES);
  const start = compact ? JOURNAL_BYTES : BLOCK_BYTES - 5 - JOURNAL_BYTES;
  const journal = new Fields(bytes, 'F2FS SIT journal').sub(start, JOURNAL_BYTES);
  const count = journal.u16(0);
  if (count > JOURNAL_ENTRIES) journal.fail(`has ${count} entries`);
  const entries = new Map<number, Uint8Array>();
  for (let i = 0; i < count; i++) {
    const at = 2 + i * JOURNAL_ENTRY_BYTES;
    const segment = journal.u32(at);
    if (segment >= superblock.mainSegments) journal.fail(`names segment ${segment}`);
    if (entries.has(segment)) journal.fail(`names segment ${segment} twice`);
    entries.set(segment, journal.slice(at + 4, ENTRY_BYTES));
  }
  return entries;
}

function nodeSummaryBlocks(flags: number): number {
  const fastboot = 0x20;
  return (flags & (checkpointFlags.unmounted | fastboot)) !== 0 ? NODE_LOGS : 0;
}
