/** The blocks of a jbd2 journal, built byte by byte; checksums included. */
import { crc32be, extCrc32c } from '../../src/engine/filesystem/ext/checksums.ts';

const MAGIC = 0xc03b3998;
const uuid = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 - i);
const seed = extCrc32c(0xffffffff, uuid);

export interface LogOptions {
  /** Default 1024. */
  readonly blockSize?: number;
  /** Default 'none'. */
  readonly checksums?: 'none' | 'transaction' | 'v2' | 'v3';
  /** 64-bit block numbers. */
  readonly wide?: boolean;
  readonly asyncCommit?: boolean;
  /** Blocks of the whole journal; default 32. */
  readonly blockCount?: number;
  /** Default 1. */
  readonly sequence?: number;
  /** Default 1; 0 for an empty journal. */
  readonly startBlock?: number;
  readonly errorNumber?: number;
  /** Incompatible features besides those that follow from the rest. */
  readonly incompat?: number;
}

/** What goes into one transaction, in this order. */
export interface Step {
  readonly write?: readonly { readonly block: number; readonly content: Uint8Array }[];
  readonly revoke?: readonly number[];
}

function perBlock(options: LogOptions): boolean {
  return options.checksums === 'v2' || options.checksums === 'v3';
}

function newBlock(options: LogOptions, type: number, sequence: number): [Uint8Array, DataView] {
  const bytes = new Uint8Array(options.blockSize ?? 1024);
  const fields = new DataView(bytes.buffer);
  fields.setUint32(0, MAGIC);
  fields.setUint32(4, type);
  fields.setUint32(8, sequence);
  return [bytes, fields];
}

export function encodeJournalSuperblock(options: LogOptions): Uint8Array {
  const { blockSize = 1024, blockCount = 32, sequence = 1, startBlock = 1, errorNumber = 0 } = options;
  const [bytes, fields] = newBlock(options, 4, 0);
  for (const [offset, value] of [
    [0x0c, blockSize],
    [0x10, blockCount],
    [0x14, 1],
    [0x18, sequence],
    [0x1c, startBlock],
    [0x20, errorNumber],
    [0x24, options.checksums === 'transaction' ? 1 : 0],
    [
      0x28,
      (options.incompat ?? 0) |
        1 |
        (options.wide === true ? 2 : 0) |
        (options.asyncCommit === true ? 4 : 0) |
        (options.checksums === 'v2' ? 8 : 0) |
        (options.checksums === 'v3' ? 16 : 0),
    ],
  ] as const)
    fields.setUint32(offset, value);
  bytes.set(uuid, 0x30);
  if (perBlock(options)) {
    bytes[0x50] = 4;
    fields.setUint32(0xfc, extCrc32c(0xffffffff, bytes.subarray(0, 1024)));
  }
  return bytes;
}

function sealTail(options: LogOptions, bytes: Uint8Array, fields: DataView): void {
  if (perBlock(options)) fields.setUint32(bytes.length - 4, extCrc32c(seed, bytes));
}

function encodeWrites(
  options: LogOptions,
  sequence: number,
  writes: NonNullable<Step['write']>,
): Uint8Array[] {
  const [descriptor, fields] = newBlock(options, 1, sequence);
  const copies: Uint8Array[] = [];
  let at = 12;
  for (const [i, { block, content }] of writes.entries()) {
    const copy = content.slice();
    const escaped = new DataView(copy.buffer).getUint32(0) === MAGIC;
    if (escaped) copy.fill(0, 0, 4);
    copies.push(copy);
    const flags = (escaped ? 1 : 0) | (i > 0 ? 2 : 0) | (i === writes.length - 1 ? 8 : 0);
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, sequence);
    const sum = extCrc32c(extCrc32c(seed, number), copy);
    const high = Math.floor(block / 2 ** 32);
    fields.setUint32(at, block % 2 ** 32);
    if (options.checksums === 'v3') {
      fields.setUint32(at + 4, flags);
      fields.setUint32(at + 8, high);
      fields.setUint32(at + 12, sum);
      at += 16;
    } else {
      if (options.checksums === 'v2') fields.setUint16(at + 4, sum & 0xffff);
      fields.setUint16(at + 6, flags);
      if (options.wide === true) fields.setUint32(at + 8, high);
      at += 8 + (options.wide === true ? 4 : 0) + (options.checksums === 'v2' ? 2 : 0);
    }
    if (i === 0) {
      descriptor.set(uuid, at);
      at += 16;
    }
  }
  sealTail(options, descriptor, fields);
  return [descriptor, ...copies];
}

function encodeRevocations(options: LogOptions, sequence: number, blocks: readonly number[]): Uint8Array {
  const [bytes, fields] = newBlock(options, 5, sequence);
  const size = options.wide === true ? 8 : 4;
  for (const [i, block] of blocks.entries()) {
    const at = 16 + i * size;
    if (options.wide === true) fields.setBigUint64(at, BigInt(block));
    else fields.setUint32(at, block);
  }
  fields.setUint32(12, 16 + blocks.length * size);
  sealTail(options, bytes, fields);
  return bytes;
}

/** The blocks of a transaction; the last is its commit block. `time` is the commit's, in seconds. */
export function encodeTransaction(
  options: LogOptions,
  sequence: number,
  steps: readonly Step[],
  time = 1_700_000_000 + sequence,
): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  let transactionSum = 0xffffffff;
  for (const { write, revoke } of steps) {
    if (write !== undefined) {
      const written = encodeWrites(options, sequence, write);
      for (const block of written) transactionSum = crc32be(transactionSum, block);
      blocks.push(...written);
    }
    if (revoke !== undefined) blocks.push(encodeRevocations(options, sequence, revoke));
  }
  const [commit, fields] = newBlock(options, 2, sequence);
  fields.setBigUint64(0x30, BigInt(time));
  if (options.checksums === 'transaction') {
    commit[0x0c] = 1;
    commit[0x0d] = 4;
    fields.setUint32(0x10, transactionSum);
  }
  if (perBlock(options)) fields.setUint32(0x10, extCrc32c(seed, commit));
  return [...blocks, commit];
}

/** All blocks of a journal whose log has `log` from its start block on, round the end if need be. */
export function encodeJournal(options: LogOptions, log: readonly Uint8Array[]): Uint8Array[] {
  const { blockSize = 1024, blockCount = 32, startBlock = 1 } = options;
  const blocks: Uint8Array[] = Array.from({ length: blockCount }, () => new Uint8Array(blockSize));
  blocks[0] = encodeJournalSuperblock(options);
  for (const [i, block] of log.entries()) blocks[1 + ((startBlock - 1 + i) % (blockCount - 1))] = block;
  return blocks;
}
