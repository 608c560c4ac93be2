/** Small HFS Plus volumes without files, written into memory from TN1150: any bitmap, any state, any damage. */

export type Run = readonly [start: number, count: number];

export interface HfsplusModel {
  readonly signature?: 'H+' | 'HX';
  readonly blockSize?: number;
  readonly totalBlocks?: number;
  /** Used blocks besides the volume's own. */
  readonly used?: readonly Run[];
  /** Where the bitmap lies; runs after the eighth go to the extents overflow file. */
  readonly bitmapRuns?: readonly Run[];
  /** Default: the flag of a clean unmount. */
  readonly attributes?: number;
  readonly lastMounted?: string;
  readonly label?: string;
  readonly freeError?: number;
  readonly journal?: JournalModel;
}

export interface JournalModel {
  /** 1: in the volume, 2: on another device, 4: not initialised. */
  readonly flags: number;
  readonly start: number;
  readonly end: number;
  readonly littleEndian?: boolean;
  readonly magic?: number;
}

export const attributes = {
  unmounted: 0x100,
  mounted: 0x800,
  journaled: 0x2000,
  inconsistent: 0x4000,
} as const;

/** First block of the journal's info block and the journal behind it. */
export const JOURNAL_BLOCK = 20;
const EXTENTS_RUN: Run = [4, 2];
const CATALOG_RUN: Run = [8, 2];
const NODE_BYTES = 512;

/** The whole volume. Its own files are small and lie in the first 32 blocks. */
export function encodeHfsplus(model: HfsplusModel = {}): Buffer {
  const { blockSize = 512, totalBlocks = 1000, bitmapRuns = [[12, 1]] } = model;
  const bytes = Buffer.alloc(totalBlocks * blockSize);
  const headerBlocks = Math.ceil(1536 / blockSize);
  const tailBlocks = Math.ceil(1024 / blockSize);
  const runs: Run[] = [
    [0, headerBlocks],
    [totalBlocks - tailBlocks, tailBlocks],
    EXTENTS_RUN,
    CATALOG_RUN,
    ...bitmapRuns,
    ...(model.journal === undefined ? [] : [[JOURNAL_BLOCK, 8] as const]),
    ...(model.used ?? []),
  ];
  const bitmap = Buffer.alloc(Math.ceil(totalBlocks / 8));
  const taken = new Set(runs.flatMap(([start, count]) => Array.from({ length: count }, (_, i) => start + i)));
  for (const block of taken) bitmap[block >> 3]! |= 0x80 >> (block & 7);
  scatter(bytes, bitmap, bitmapRuns, blockSize);

  const header = Buffer.alloc(512);
  header.write(model.signature ?? 'H+', 0, 'latin1');
  header.writeUInt16BE(model.signature === 'HX' ? 5 : 4, 2);
  header.writeUInt32BE(model.attributes ?? attributes.unmounted, 4);
  header.write(model.lastMounted ?? '10.0', 8, 'latin1');
  header.writeUInt32BE(model.journal === undefined ? 0 : JOURNAL_BLOCK, 12);
  header.writeUInt32BE(blockSize, 40);
  header.writeUInt32BE(totalBlocks, 44);
  header.writeUInt32BE(totalBlocks - taken.size + (model.freeError ?? 0), 48);
  Buffer.from('0123456789abcdef', 'hex').copy(header, 104);
  encodeFork(header, 112, bitmapRuns, bitmap.length);
  encodeFork(header, 192, [EXTENTS_RUN], 2 * NODE_BYTES);
  encodeFork(header, 272, [CATALOG_RUN], 2 * NODE_BYTES);
  header.copy(bytes, 1024);
  header.copy(bytes, bytes.length - 1024);

  bytes.set(encodeTree([rootThread(model.label ?? '')]), CATALOG_RUN[0] * blockSize);
  bytes.set(encodeTree(overflowRecords(bitmapRuns)), EXTENTS_RUN[0] * blockSize);
  if (model.journal !== undefined) encodeJournal(bytes, model.journal, blockSize);
  return bytes;
}

function scatter(bytes: Buffer, content: Buffer, runs: readonly Run[], blockSize: number): void {
  let done = 0;
  for (const [start, count] of runs) {
    content.copy(bytes, start * blockSize, done, done + count * blockSize);
    done += count * blockSize;
  }
}

function encodeRuns(runs: readonly Run[]): Buffer {
  const record = Buffer.alloc(64);
  for (const [i, [start, count]] of runs.slice(0, 8).entries()) {
    record.writeUInt32BE(start, 8 * i);
    record.writeUInt32BE(count, 8 * i + 4);
  }
  return record;
}

function encodeFork(header: Buffer, offset: number, runs: readonly Run[], length: number): void {
  header.writeBigUInt64BE(BigInt(length), offset);
  header.writeUInt32BE(blocksOf(runs), offset + 12);
  encodeRuns(runs).copy(header, offset + 16);
}

function blocksOf(runs: readonly Run[]): number {
  return runs.reduce((sum, [, count]) => sum + count, 0);
}

/** Records of the bitmap's runs after the eighth, among those of other files. */
function overflowRecords(runs: readonly Run[]): Buffer[] {
  const record = (file: number, fork: number, from: number, part: readonly Run[]): Buffer => {
    const key = Buffer.alloc(12);
    key.writeUInt16BE(10, 0);
    key.writeUInt8(fork, 2);
    key.writeUInt32BE(file, 4);
    key.writeUInt32BE(from, 8);
    return Buffer.concat([key, encodeRuns(part)]);
  };
  const records = [record(5, 0, 0, [[1, 1]])];
  for (let i = 8; i < runs.length; i += 8)
    records.push(record(6, 0, blocksOf(runs.slice(0, i)), runs.slice(i, i + 8)));
  records.push(record(6, 0xff, 0, [[2, 1]]), record(20, 0, 8, [[3, 1]]));
  return records;
}

function rootThread(label: string): Buffer {
  const name = Buffer.from(label, 'utf16le').swap16();
  const record = Buffer.alloc(8 + name.length + 2);
  record.writeUInt16BE(6 + name.length, 0);
  record.writeUInt32BE(1, 2);
  record.writeUInt16BE(label.length, 6);
  name.copy(record, 8);
  record.writeUInt16BE(1, 8 + name.length);
  return record;
}

/** A header node and one leaf with `records`. */
function encodeTree(records: readonly Buffer[]): Buffer {
  const tree = Buffer.alloc(2 * NODE_BYTES);
  tree.writeInt8(1, 8);
  tree.writeUInt16BE(1, 14);
  tree.writeUInt32BE(1, 16);
  tree.writeUInt32BE(records.length, 20);
  tree.writeUInt32BE(1, 24);
  tree.writeUInt32BE(1, 28);
  tree.writeUInt16BE(NODE_BYTES, 32);
  tree.writeUInt32BE(2, 36);
  const leaf = tree.subarray(NODE_BYTES);
  leaf.writeInt8(-1, 8);
  leaf.writeUInt8(1, 9);
  leaf.writeUInt16BE(records.length, 10);
  let at = 14;
  for (const [i, record] of records.entries()) {
    leaf.writeUInt16BE(at, NODE_BYTES - 2 * (i + 1));
    at += record.copy(leaf, at);
  }
  leaf.writeUInt16BE(at, NODE_BYTES - 2 * (records.length + 1));
  return tree;
}

function encodeJournal(bytes: Buffer, journal: JournalModel, blockSize: number): void {
  const info = bytes.subarray(JOURNAL_BLOCK * blockSize);
  const offset = (JOURNAL_BLOCK + 1) * blockSize;
  info.writeUInt32BE(journal.flags, 0);
  info.writeBigUInt64BE(BigInt(offset), 36);
  info.writeBigUInt64BE(BigInt(7 * blockSize), 44);
  const { littleEndian = true, magic = 0x4a4e4c78 } = journal;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 48);
  view.setUint32(0, magic, littleEndian);
  view.setUint32(4, 0x12345678, littleEndian);
  view.setBigUint64(8, BigInt(journal.start), littleEndian);
  view.setBigUint64(16, BigInt(journal.end), littleEndian);
  view.setBigUint64(24, BigInt(7 * blockSize), littleEndian);
}
