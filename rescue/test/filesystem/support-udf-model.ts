/** Small UDF volumes without files, written into memory from ECMA-167 and OSTA UDF: any state, any damage. */
import { udfCrc } from '../../src/engine/filesystem/udf/tag.ts';

export type Run = readonly [start: number, count: number];

export interface UdfModel {
  readonly blockSize?: number;
  readonly partitionBlocks?: number;
  /** Free blocks of the partition. */
  readonly free?: readonly Run[];
  /** How the partition keeps account of them; default `bitmap`. */
  readonly account?: 'bitmap' | 'table' | 'long-table' | 'none' | 'both';
  readonly closed?: boolean;
  /** Added to the free blocks that the integrity descriptor counts. */
  readonly freeError?: number;
  readonly revision?: number;
  readonly minReadRevision?: number;
  /** What a second partition map calls itself. */
  readonly secondMap?: string;
  readonly label?: string;
  readonly volumeSet?: string;
  readonly nsr?: string;
  /** Anchors by block; default 256 and the last block. */
  readonly anchors?: (blocks: number) => readonly number[];
}

export const PARTITION_BLOCK = 300;
export const MAIN_BLOCK = 100;
export const RESERVE_BLOCK = 120;
export const INTEGRITY_BLOCK = 140;
/** Of the partition. */
export const ACCOUNT_BLOCK = 2;
export const FILE_SET_BLOCK = 20;

/** Where things lie in {@link encodeUdf}'s volumes: see the constants. Blocks after the partition: 20. */
export function encodeUdf(model: UdfModel = {}): Buffer {
  const { blockSize = 512, partitionBlocks = 1000, anchors = (n) => [256, n - 1] } = model;
  const blocks = PARTITION_BLOCK + partitionBlocks + 20;
  const bytes = Buffer.alloc(blocks * blockSize);
  const block = (index: number): Buffer => bytes.subarray(index * blockSize, (index + 1) * blockSize);
  const step = Math.max(blockSize, 2048);
  for (const [i, name] of ['BEA01', model.nsr ?? 'NSR02', 'TEA01'].entries())
    bytes.write(name, 32768 + i * step + 1, 'latin1');
  for (const anchor of anchors(blocks)) {
    block(anchor).writeUInt32LE(16 * blockSize, 16);
    block(anchor).writeUInt32LE(MAIN_BLOCK, 20);
    block(anchor).writeUInt32LE(16 * blockSize, 24);
    block(anchor).writeUInt32LE(RESERVE_BLOCK, 28);
    seal(block(anchor), 2, anchor);
  }
  for (const start of [MAIN_BLOCK, RESERVE_BLOCK])
    encodeSequence(model, block, start, blockSize, partitionBlocks);
  encodeIntegrity(model, block(INTEGRITY_BLOCK), partitionBlocks);
  seal(block(INTEGRITY_BLOCK), 9, INTEGRITY_BLOCK);
  const account = bytes.subarray((PARTITION_BLOCK + ACCOUNT_BLOCK) * blockSize);
  const kind = model.account ?? 'bitmap';
  if (kind === 'bitmap' || kind === 'both') encodeBitmap(model, account, partitionBlocks);
  else if (kind !== 'none') encodeTable(model, account.subarray(0, blockSize), kind);
  return bytes;
}

/** Makes the tag of `descriptor`: its identifier, where it lies, checksum and CRC. */
export function seal(descriptor: Buffer, identifier: number, location: number, crcLength = 496): void {
  descriptor.writeUInt16LE(identifier, 0);
  descriptor.writeUInt16LE(2, 2);
  descriptor.writeUInt16LE(udfCrc(descriptor.subarray(16, 16 + crcLength)), 8);
  descriptor.writeUInt16LE(crcLength, 10);
  descriptor.writeUInt32LE(location, 12);
  descriptor[4] = 0;
  descriptor[4] = descriptor.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) & 0xff;
}

export function encodeDstring(text: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (text === '') return bytes;
  const narrow = !/[^\0-\u00ff]/.test(text);
  const content = narrow ? Buffer.from(text, 'latin1') : Buffer.from(text, 'utf16le').swap16();
  bytes[0] = narrow ? 8 : 16;
  content.copy(bytes, 1);
  bytes[length - 1] = content.length + 1;
  return bytes;
}

function encodeSequence(
  model: UdfModel,
  block: (index: number) => Buffer,
  start: number,
  blockSize: number,
  partitionBlocks: number,
): void {
  const primary = block(start);
  primary.writeUInt32LE(1, 16);
  encodeDstring(model.volumeSet ?? '0123456789ABCDEFname', 128).copy(primary, 72);
  seal(primary, 1, start);

  const partition = block(start + 1);
  const account = model.account ?? 'bitmap';
  partition.writeUInt32LE(2, 16);
  partition.writeUInt16LE(7, 22);
  if (account.endsWith('table') || account === 'both') {
    partition.writeUInt32LE(blockSize, 56);
    partition.writeUInt32LE(ACCOUNT_BLOCK, 60);
  }
  if (account === 'bitmap' || account === 'both') {
    partition.writeUInt32LE(Math.ceil((24 + partitionBlocks / 8) / blockSize) * blockSize, 64);
    partition.writeUInt32LE(ACCOUNT_BLOCK, 68);
  }
  partition.writeUInt32LE(4, 184);
  partition.writeUInt32LE(PARTITION_BLOCK, 188);
  partition.writeUInt32LE(partitionBlocks, 192);
  seal(partition, 5, start + 1);

  const logical = block(start + 2);
  logical.writeUInt32LE(3, 16);
  encodeDstring(model.label ?? 'label', 128).copy(logical, 84);
  logical.writeUInt32LE(blockSize, 212);
  logical.write('*OSTA UDF Compliant', 217, 'latin1');
  logical.writeUInt16LE(model.revision ?? 0x0201, 240);
  logical.writeUInt32LE(blockSize, 248);
  logical.writeUInt32LE(FILE_SET_BLOCK, 252);
  logical.writeUInt32LE(2 * blockSize, 432);
  logical.writeUInt32LE(INTEGRITY_BLOCK, 436);
  logical.writeUInt32LE(model.secondMap === undefined ? 1 : 2, 268);
  logical.set([1, 6, 1, 0, 7, 0], 440);
  if (model.secondMap !== undefined) {
    logical.set([2, 64], 446);
    logical.write(model.secondMap, 451, 'latin1');
  }
  seal(logical, 6, start + 2);
  seal(block(start + 3), 8, start + 3);
}

function freeBlocks(model: UdfModel): number {
  return (model.free ?? []).reduce((sum, [, count]) => sum + count, 0);
}

function encodeIntegrity(model: UdfModel, descriptor: Buffer, partitionBlocks: number): void {
  descriptor.writeUInt32LE(model.closed === false ? 0 : 1, 28);
  descriptor.writeUInt32LE(1, 72);
  descriptor.writeUInt32LE(46, 76);
  descriptor.writeUInt32LE(freeBlocks(model) + (model.freeError ?? 0), 80);
  descriptor.writeUInt32LE(partitionBlocks, 84);
  descriptor.writeUInt16LE(model.minReadRevision ?? 0x0150, 88 + 40);
}

function encodeBitmap(model: UdfModel, account: Buffer, partitionBlocks: number): void {
  account.writeUInt32LE(partitionBlocks, 16);
  account.writeUInt32LE(Math.ceil(partitionBlocks / 8), 20);
  for (const [start, count] of model.free ?? []) {
    for (let bit = start; bit < start + count; bit++) account[24 + (bit >> 3)]! |= 1 << (bit & 7);
  }
  seal(account, 264, ACCOUNT_BLOCK, 8);
}

function encodeTable(model: UdfModel, account: Buffer, kind: 'table' | 'long-table'): void {
  const size = kind === 'table' ? 8 : 16;
  account.writeUInt16LE(kind === 'table' ? 0 : 1, 34);
  account.writeUInt32LE((model.free ?? []).length * size, 36);
  for (const [i, [start, count]] of (model.free ?? []).entries()) {
    account.writeUInt32LE((1 << 30) | (count * account.length), 40 + i * size);
    account.writeUInt32LE(start, 44 + i * size);
  }
  seal(account, 263, ACCOUNT_BLOCK);
}
