/**
 * Full file systems of 1 TiB in sparse files, with a hole of one to three blocks here and there: made by their own
 * tools, then their allocation structures are written over. No file is in them, which no map can tell.
 */
import assert from 'node:assert/strict';
import { open, type FileHandle } from 'node:fs/promises';
import type { BlockReader } from '../../src/engine/base/block-reader.ts';
import { parseBootSector } from '../../src/engine/filesystem/ntfs/boot-sector.ts';
import { Mft } from '../../src/engine/filesystem/ntfs/mft.ts';
import { attributeTypes } from '../../src/engine/filesystem/ntfs/attribute.ts';
import { metadataFiles } from '../../src/engine/filesystem/ntfs/record.ts';
import { udfCrc } from '../../src/engine/filesystem/udf/tag.ts';
import { readUdfVolume } from '../../src/engine/filesystem/udf/volume.ts';
import { countBits } from '../../src/engine/filesystem/count-bits.ts';
import { run } from '../support/command.ts';
import { sparseFile } from '../support/scratch.ts';
import { editCheckpoint } from './support-f2fs.ts';

export const TIB = 1024 ** 4;
/** Holes of each file system. */
export const HOLES = 131_072;
const PIECE_BYTES = 1024 * 1024;

/** The blocks among `count` from `from` to `to` that are in a hole: {@link HOLES}, one to three blocks long. */
function* holes(count: number, from: number, to: number): Generator<number> {
  const step = Math.floor(count / HOLES);
  for (let hole = Math.max(0, Math.floor(from / step) - 1); hole < HOLES; hole++) {
    const start = hole * step + (step >> 1);
    if (start >= to) return;
    for (let block = start; block <= start + (hole % 3); block++)
      if (block >= from && block < to) yield block;
  }
}

export interface BitmapPlace {
  readonly offset: number;
  readonly bitCount: number;
  readonly order?: 'lsb' | 'msb';
  /** Set bits stand for free blocks. */
  readonly setIsFree?: boolean;
  /** Instead of holes: what every byte calls used. */
  readonly pattern?: number;
}

/** Calls every block of a bitmap used but those in holes that were free before; returns how many are free. */
async function fillBitmap(file: FileHandle, place: BitmapPlace): Promise<number> {
  const { offset, bitCount, order = 'lsb', setIsFree = false, pattern } = place;
  let free = 0;
  for (let from = 0; from < bitCount; from += PIECE_BYTES * 8) {
    const bits = Math.min(PIECE_BYTES * 8, bitCount - from);
    const piece = Buffer.alloc(Math.ceil(bits / 8));
    await file.read(piece, 0, piece.length, offset + from / 8);
    const wanted = Buffer.alloc(piece.length, pattern ?? 0xff);
    if (pattern === undefined)
      for (const block of holes(bitCount, from, from + bits)) {
        const bit = block - from;
        wanted[bit >>> 3]! &= ~(order === 'msb' ? 0x80 >> (bit & 7) : 1 << (bit & 7));
      }
    const flip = setIsFree ? 0xff : 0;
    for (let i = 0; i < piece.length; i++) piece[i] = ((piece[i]! ^ flip) | wanted[i]!) ^ flip;
    const set = countBits(piece, bits, order);
    free += setIsFree ? set : bits - set;
    await file.write(piece, 0, piece.length, offset + from / 8);
  }
  return free;
}

async function readBytes(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  assert.equal(bytesRead, length);
  return bytes;
}

function readerOf(file: FileHandle): BlockReader {
  const read = async (offset: number, length: number): Promise<Uint8Array> =>
    new Uint8Array(await readBytes(file, offset, length));
  return { name: 'large', sizeBytes: TIB, sectorSize: 512, read };
}

async function edit(path: string, change: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await change(file);
  } finally {
    await file.close();
  }
}

async function makeFat32(path: string): Promise<void> {
  await run('mkfs.vfat', ['-F', '32', '-s', '64', path]);
  await edit(path, async (file) => {
    const boot = await readBytes(file, 0, 512);
    const start = boot.readUInt16LE(14) * 512;
    const tableBytes = boot.readUInt32LE(36) * 512;
    const clusters = Math.floor((TIB - start - boot[16]! * tableBytes) / (64 * 512));
    for (let from = 2; from < clusters + 2; from += PIECE_BYTES / 4) {
      const count = Math.min(PIECE_BYTES / 4, clusters + 2 - from);
      const entries = new Uint32Array(count).fill(0x0fffffff);
      for (const cluster of holes(clusters, from, from + count)) entries[cluster - from] = 0;
      for (let copy = 0; copy < boot[16]!; copy++)
        await file.write(new Uint8Array(entries.buffer), 0, 4 * count, start + copy * tableBytes + 4 * from);
    }
  });
}

async function makeExfat(path: string): Promise<void> {
  await run('mkfs.exfat', ['-c', '32K', path]);
  await edit(path, async (file) => {
    const boot = await readBytes(file, 0, 512);
    const clusterBytes = 512 << boot[109]!;
    const clusterAt = (cluster: number): number => boot.readUInt32LE(88) * 512 + (cluster - 2) * clusterBytes;
    const root = await readBytes(file, clusterAt(boot.readUInt32LE(96)), 4096);
    let entry = 0;
    while (root[entry] !== 0x81) entry += 32;
    const offset = clusterAt(root.readUInt32LE(entry + 20));
    await fillBitmap(file, { offset, bitCount: boot.readUInt32LE(92) });
  });
}

async function makeNtfs(path: string): Promise<void> {
  await run('mkntfs', ['-q', '-Q', '-F', '-s', '512', '-p', '0', '-H', '0', '-S', '0', path]);
  await edit(path, async (file) => {
    const geometry = parseBootSector(await readBytes(file, 0, 512));
    assert.ok(geometry !== undefined);
    const mft = await Mft.open(readerOf(file), geometry);
    const bitmap = await mft.readStream(await mft.readFile(metadataFiles.bitmap), attributeTypes.data);
    assert.equal(bitmap?.runs.count, 1);
    const offset = bitmap.runs.lcn(0) * geometry.clusterSize;
    await fillBitmap(file, { offset, bitCount: geometry.clusterCount });
  });
}

async function makeHfsplus(path: string, pattern?: number): Promise<void> {
  await run('mkfs.hfsplus', ['-b', '4096', path]);
  await edit(path, async (file) => {
    const header = await readBytes(file, 1024, 512);
    const offset = header.readUInt32BE(112 + 16) * 4096;
    const place = { offset, bitCount: header.readUInt32BE(44), order: 'msb' } as const;
    header.writeUInt32BE(
      await fillBitmap(file, { ...place, ...(pattern === undefined ? {} : { pattern }) }),
      48,
    );
    for (const at of [1024, TIB - 1024]) await file.write(header, 0, 512, at);
  });
}

/** HFS Plus on which every second block is used: many more runs than any disk has. */
export async function makeHostile(path: string): Promise<string> {
  await sparseFile(path, TIB);
  await makeHfsplus(path, 0xaa);
  return path;
}

async function makeUdf(path: string): Promise<void> {
  await run('mkudffs', ['-m', 'hd', '-b', '2048', path]);
  await edit(path, async (file) => {
    const { partitions, integrity } = await readUdfVolume(readerOf(file));
    const { startBlock, spaceBitmap, blockCount } = partitions[0]!;
    const offset = (startBlock + spaceBitmap!.block) * 2048 + 24;
    const free = await fillBitmap(file, { offset, bitCount: blockCount, setIsFree: true });
    const descriptor = await readBytes(file, integrity!.block * 2048, 2048);
    descriptor.writeUInt32LE(free, 80);
    descriptor.writeUInt16LE(udfCrc(descriptor.subarray(16, 16 + descriptor.readUInt16LE(10))), 8);
    descriptor[4] = 0;
    descriptor[4] = descriptor.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) & 0xff;
    await file.write(descriptor, 0, 2048, integrity!.block * 2048);
  });
}

async function makeF2fs(path: string): Promise<void> {
  await run('mkfs.f2fs', ['-q', '-f', '-t', '0', path]);
  let added = 0;
  await edit(path, async (file) => {
    const superblock = await readBytes(file, 1024, 512);
    const table = superblock.readUInt32LE(80) * 4096;
    const segments = superblock.readUInt32LE(68);
    const perPiece = 55 * 256;
    // The first segments, and those where the logs start, have entries in the table or in the journal.
    const first = 64;
    for (let from = 0; from < segments; from += perPiece) {
      const count = Math.min(perPiece, segments - from);
      const blocks = Math.ceil(count / 55);
      const piece = await readBytes(file, table + (from / 55) * 4096, blocks * 4096);
      for (let i = 0; i < count; i++) {
        const entry = piece.subarray(Math.floor(i / 55) * 4096 + (i % 55) * 74).subarray(0, 66);
        if (entry.readUInt16LE(0) !== 0 || from + i < first || from + i >= segments - first) continue;
        entry.fill(0xff, 2);
        const hole = (from + i) % 4 === 0;
        if (hole) entry[30] = 0xe7;
        entry.writeUInt16LE(hole ? 510 : 512, 0);
        added += hole ? 510 : 512;
      }
      await file.write(piece, 0, piece.length, table + (from / 55) * 4096);
    }
  });
  await editCheckpoint(path, (block) => {
    block.writeBigUInt64LE(block.readBigUInt64LE(16) + BigInt(added), 16);
  });
}

const makers = {
  FAT32: makeFat32,
  exFAT: makeExfat,
  NTFS: makeNtfs,
  F2FS: makeF2fs,
  'HFS+': makeHfsplus,
  UDF: makeUdf,
} as const;

export type LargeKind = keyof typeof makers;
export const largeKinds = Object.keys(makers) as LargeKind[];

/** Makes a full file system of {@link TIB} with about {@link HOLES} holes. */
export async function makeLarge(kind: LargeKind, path: string): Promise<string> {
  await sparseFile(path, TIB);
  await makers[kind](path);
  return path;
}
