/** Small F2FS volumes without files, written into memory from the kernel's documentation: any state, any damage. */
import { f2fsCrc } from '../../src/engine/filesystem/f2fs/crc.ts';

const BLOCK = 4096;
const SEGMENT_BYTES = 512 * BLOCK;

/** Valid blocks of a segment, as runs within it. */
export interface SegmentModel {
  readonly valid: readonly (readonly [start: number, count: number])[];
  /** 0 to 2 hold data, 3 to 5 nodes; default 0. */
  readonly log?: number;
  /** What the entry claims, where it is not so. */
  readonly claimed?: number;
}

export interface F2fsModel {
  readonly mainSegments?: number;
  readonly segments: Readonly<Record<number, SegmentModel>>;
  /** Segments whose entries are in the journal; the table has something else for them. */
  readonly journal?: readonly (readonly [segment: number, entry: SegmentModel])[];
  /** Which copy of a block of the table is current; default the first. The other one calls everything valid. */
  readonly copyOf?: (sitBlock: number) => 0 | 1;
  readonly flags?: number;
  readonly features?: number;
  readonly payloadBlocks?: number;
  /** Blocks that are promised and have no address. */
  readonly promised?: number;
  /** Added to the number of nodes that the checkpoint counts. */
  readonly nodeError?: number;
  /** Which of the two packs is newer; default the first. The other has no valid block at all. */
  readonly newer?: 0 | 1;
  readonly label?: string;
}

export const flagsOf = { unmounted: 0x1, compact: 0x4, fastboot: 0x20, largeNat: 0x400 } as const;
export const modelUuid = '00112233-4455-6677-8899-aabbccddeeff';
/** Block of a pack's first block, for tests that damage it. */
export const packBlocks = [512, 1024] as const;

/** Bytes behind the last whole segment. */
export const TAIL_BYTES = 5 * BLOCK;

/** The first byte of segment `segment` of the main area. */
export function segmentStart(segment: number): number {
  return (8 + segment) * SEGMENT_BYTES;
}

export function encodeF2fs(model: F2fsModel): Buffer {
  const { mainSegments = 4 } = model;
  const bytes = Buffer.alloc(segmentStart(mainSegments) + TAIL_BYTES);
  encodeSuperblock(bytes, model, mainSegments);
  encodeTable(bytes, model, mainSegments);
  const newer = model.newer ?? 0;
  encodePack(bytes, model, packBlocks[newer], 0x1_0000_0007n, mainSegments);
  const empty: F2fsModel = { ...model, segments: {}, journal: [], promised: 0, nodeError: 0 };
  encodePack(bytes, empty, packBlocks[1 - newer]!, 0x1_0000_0006n, mainSegments);
  return bytes;
}

/** Changes both copies of the superblock and makes their checksums right, where they have one. */
export function editSuperblock(bytes: Buffer, edit: (superblock: Buffer) => void): void {
  for (const start of [1024, BLOCK + 1024]) {
    const superblock = bytes.subarray(start, start + 3072);
    edit(superblock);
    if ((superblock.readUInt32LE(2180) & 0x800) !== 0) {
      superblock.writeUInt32LE(3068, 32);
      superblock.writeUInt32LE(f2fsCrc(superblock.subarray(0, 3068)), 3068);
    }
  }
}

/** Changes the first and the last block of the pack at `pack` and makes their checksums right. */
export function editPack(bytes: Buffer, pack: number, edit: (block: Buffer) => void): void {
  const last = pack + bytes.readUInt32LE(pack * BLOCK + 136) - 1;
  for (const block of [pack, last]) {
    const header = bytes.subarray(block * BLOCK, (block + 1) * BLOCK);
    edit(header);
    sealPack(header);
  }
}

/** Makes the checksum of a pack's first or last block right. */
export function sealPack(header: Buffer): void {
  const offset = header.readUInt32LE(164);
  let crc = f2fsCrc(header.subarray(0, offset));
  if (offset < 4092) crc = f2fsCrc(header.subarray(offset + 4), crc);
  header.writeUInt32LE(crc, offset);
}

function encodeSuperblock(bytes: Buffer, model: F2fsModel, mainSegments: number): void {
  editSuperblock(bytes, (s) => {
    s.writeUInt32LE(0xf2f52010, 0);
    s.writeUInt32LE(9, 8);
    s.writeUInt32LE(3, 12);
    s.writeUInt32LE(12, 16);
    s.writeUInt32LE(9, 20);
    s.writeUInt32LE(1, 24);
    s.writeUInt32LE(1, 28);
    s.writeBigUInt64LE(BigInt(bytes.length / BLOCK), 36);
    s.writeUInt32LE(7 + mainSegments, 48);
    for (const [i, count] of [2, 2, 2, 1, mainSegments].entries()) s.writeUInt32LE(count, 52 + 4 * i);
    for (const [i, segment] of [1, 1, 3, 5, 7, 8].entries()) s.writeUInt32LE(segment * 512, 72 + 4 * i);
    Buffer.from(modelUuid.replaceAll('-', ''), 'hex').copy(s, 108);
    s.write(model.label ?? '', 124, 'utf16le');
    s.writeUInt32LE(model.payloadBlocks ?? 0, 1664);
    s.writeUInt32LE(model.features ?? 0, 2180);
  });
}

function encodeEntry({ valid, log = 0, claimed }: SegmentModel): Buffer {
  const entry = Buffer.alloc(74);
  let count = 0;
  for (const [start, length] of valid) {
    for (let block = start; block < start + length; block++) entry[2 + (block >> 3)]! |= 0x80 >> (block & 7);
    count += length;
  }
  entry.writeUInt16LE((log << 10) | (claimed ?? count), 0);
  return entry;
}

function encodeTable(bytes: Buffer, model: F2fsModel, mainSegments: number): void {
  const full = encodeEntry({ valid: [[0, 512]] });
  const inJournal = new Set((model.journal ?? []).map(([segment]) => segment));
  for (let segment = 0; segment < mainSegments; segment++) {
    const block = Math.floor(segment / 55);
    const current = model.copyOf?.(block) ?? 0;
    const entry = inJournal.has(segment) ? full : encodeEntry(model.segments[segment] ?? { valid: [] });
    for (const copy of [0, 1] as const) {
      const at = (3 + copy) * SEGMENT_BYTES + block * BLOCK + (segment % 55) * 74;
      (copy === current ? entry : full).copy(bytes, at);
    }
  }
}

function encodePack(
  bytes: Buffer,
  model: F2fsModel,
  pack: number,
  version: bigint,
  mainSegments: number,
): void {
  const { flags = flagsOf.unmounted, payloadBlocks = 0, journal = [] } = model;
  const compact = (flags & flagsOf.compact) !== 0;
  const large = (flags & flagsOf.largeNat) !== 0;
  const start = 1 + payloadBlocks;
  const nodeSummaries = (flags & (flagsOf.unmounted | flagsOf.fastboot)) !== 0 ? 3 : 0;
  const blocks = start + (compact ? 1 : 3) + nodeSummaries + 1;
  const head = Buffer.alloc((1 + payloadBlocks) * BLOCK);
  const all: Record<number, SegmentModel> = { ...model.segments, ...Object.fromEntries(journal) };
  const sum = (wanted: (log: number) => boolean): number =>
    Object.values(all)
      .filter(({ log = 0 }) => wanted(log))
      .reduce((total, { valid }) => total + valid.reduce((blocks, [, count]) => blocks + count, 0), 0);
  head.writeBigUInt64LE(version, 0);
  head.writeBigUInt64LE(BigInt(sum(() => true) + (model.promised ?? 0)), 16);
  // The log of ordinary nodes writes to block 100 of segment 1.
  head.writeUInt32LE(1, 40);
  head.writeUInt16LE(100, 70);
  head.writeUInt32LE(flags, 132);
  head.writeUInt32LE(blocks, 136);
  head.writeUInt32LE(start, 140);
  head.writeUInt32LE(sum((log) => log >= 3) + (model.nodeError ?? 0), 144);
  head.writeUInt32LE(64, 156);
  head.writeUInt32LE(64, 160);
  head.writeUInt32LE(large ? 192 : 4092, 164);
  const versions = large ? 192 + 4 + 64 : payloadBlocks > 0 ? BLOCK : 192;
  for (let block = 0; block * 55 < mainSegments; block++) {
    if ((model.copyOf?.(block) ?? 0) === 1) head[versions + (block >> 3)]! |= 0x80 >> (block & 7);
  }
  sealPack(head.subarray(0, BLOCK));
  head.copy(bytes, pack * BLOCK);
  head.copy(bytes, (pack + blocks - 1) * BLOCK, 0, BLOCK);

  const at = (pack + start) * BLOCK + (compact ? 507 : 2 * BLOCK + 3584);
  bytes.writeUInt16LE(journal.length, at);
  for (const [i, [segment, entry]] of journal.entries()) {
    bytes.writeUInt32LE(segment, at + 2 + i * 78);
    encodeEntry(entry).copy(bytes, at + 6 + i * 78);
  }
}
