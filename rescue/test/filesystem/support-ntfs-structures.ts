/** NTFS' structures encoded field by field, for volumes made in memory (support-ntfs-model.ts). */

export const HOLE = -1;

export interface Run {
  /** First cluster on the volume, or {@link HOLE}. */
  readonly lcn: number;
  readonly count: number;
}

export interface NamedReference {
  readonly name: string;
  readonly record: number;
  readonly sequence?: number;
}

export interface RecordOptions {
  readonly sequence?: number;
  readonly isDirectory?: boolean;
  readonly inUse?: boolean;
  /** The record that this one continues. */
  readonly base?: { readonly record: number; readonly sequence: number };
}

export interface StreamOptions {
  readonly name?: string;
  readonly lowestVcn?: number;
  readonly dataBytes?: number;
  readonly initializedBytes?: number;
  /** 0x0001 compressed, 0x4000 encrypted, 0x8000 sparse. */
  readonly flags?: number;
  readonly instance?: number;
  /** Bytes of the whole stream's clusters, where this extent is not all of it. */
  readonly allocatedBytes?: number;
}

export const types = {
  list: 0x20,
  volumeName: 0x60,
  volumeInformation: 0x70,
  data: 0x80,
  indexRoot: 0x90,
  indexAllocation: 0xa0,
  bitmap: 0xb0,
} as const;

function padded(length: number): Buffer {
  return Buffer.alloc(Math.ceil(length / 8) * 8);
}

function attributeHeader(bytes: Buffer, type: number, name: string, nameOffset: number): Buffer {
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt32LE(bytes.length, 4);
  bytes.writeUInt8(name.length, 9);
  bytes.writeUInt16LE(nameOffset, 10);
  bytes.write(name, nameOffset, 'utf16le');
  return bytes;
}

export function resident(type: number, value: Uint8Array, name = '', instance = 0): Buffer {
  const valueOffset = Math.ceil((24 + 2 * name.length) / 8) * 8;
  const bytes = attributeHeader(padded(valueOffset + value.length), type, name, 24);
  bytes.writeUInt16LE(instance, 14);
  bytes.writeUInt32LE(value.length, 16);
  bytes.writeUInt16LE(valueOffset, 20);
  bytes.set(value, valueOffset);
  return bytes;
}

/** Mapping pairs in as few bytes as Windows uses, with the end marker. */
export function mappingPairs(runs: readonly Run[]): Buffer {
  const signed = (value: number): number[] => {
    const bytes: number[] = [];
    let rest = value;
    do {
      bytes.push(((rest % 256) + 256) % 256);
      rest = Math.floor(rest / 256);
    } while (!((rest === 0 && bytes.at(-1)! < 128) || (rest === -1 && bytes.at(-1)! >= 128)));
    return bytes;
  };
  const bytes: number[] = [];
  let at = 0;
  for (const { lcn, count } of runs) {
    const length = signed(count);
    const delta = lcn === HOLE ? [] : signed(lcn - at);
    if (lcn !== HOLE) at = lcn;
    bytes.push(length.length | (delta.length << 4), ...length, ...delta);
  }
  return Buffer.from([...bytes, 0]);
}

export function clustersOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { count }) => sum + count, 0);
}

export function nonResident(
  type: number,
  runs: readonly Run[],
  clusterSize: number,
  options: StreamOptions = {},
): Buffer {
  const { name = '', lowestVcn = 0, flags = 0, instance = 0 } = options;
  const allocated = options.allocatedBytes ?? clustersOf(runs) * clusterSize;
  const dataBytes = options.dataBytes ?? allocated;
  const pairsOffset = Math.ceil((64 + 2 * name.length) / 8) * 8;
  const pairs = mappingPairs(runs);
  const bytes = attributeHeader(padded(pairsOffset + pairs.length), type, name, 64);
  bytes.writeUInt8(1, 8);
  bytes.writeUInt16LE(flags, 12);
  bytes.writeUInt16LE(instance, 14);
  bytes.writeBigUInt64LE(BigInt(lowestVcn), 16);
  bytes.writeBigInt64LE(BigInt(lowestVcn + clustersOf(runs) - 1), 24);
  bytes.writeUInt16LE(pairsOffset, 32);
  if (lowestVcn === 0) {
    bytes.writeBigUInt64LE(BigInt(allocated), 40);
    bytes.writeBigUInt64LE(BigInt(dataBytes), 48);
    bytes.writeBigUInt64LE(BigInt(options.initializedBytes ?? dataBytes), 56);
  }
  bytes.set(pairs, pairsOffset);
  return bytes;
}

export interface ListEntry {
  readonly type: number;
  readonly name?: string;
  readonly lowestVcn?: number;
  readonly record: number;
  readonly sequence?: number;
  readonly instance?: number;
}

function writeReference(bytes: Buffer, offset: number, record: number, sequence: number): void {
  bytes.writeUIntLE(record, offset, 6);
  bytes.writeUInt16LE(sequence, offset + 6);
}

/** The value of an $ATTRIBUTE_LIST. */
export function listValue(entries: readonly ListEntry[]): Buffer {
  return Buffer.concat(
    entries.map(({ type, name = '', lowestVcn = 0, record, sequence = 1, instance = 0 }) => {
      const bytes = padded(26 + 2 * name.length);
      bytes.writeUInt32LE(type, 0);
      bytes.writeUInt16LE(bytes.length, 4);
      bytes.writeUInt8(name.length, 6);
      bytes.writeUInt8(26, 7);
      bytes.writeBigUInt64LE(BigInt(lowestVcn), 8);
      writeReference(bytes, 16, record, sequence);
      bytes.writeUInt16LE(instance, 24);
      bytes.write(name, 26, 'utf16le');
      return bytes;
    }),
  );
}

/** Puts an update sequence at `offset` of `block`, as a driver does before it writes. */
export function protect(block: Buffer, offset: number, number = 7): Buffer {
  block.writeUInt16LE(offset, 4);
  block.writeUInt16LE(block.length / 512 + 1, 6);
  block.writeUInt16LE(number, offset);
  for (let i = 0; i < block.length / 512; i++) {
    const place = (i + 1) * 512 - 2;
    block.copy(block, offset + 2 + 2 * i, place, place + 2);
    block.writeUInt16LE(number, place);
  }
  return block;
}

/** A file record of `recordSize` bytes. */
export function fileRecord(
  recordSize: number,
  number: number,
  attributes: readonly Buffer[],
  { sequence = 1, isDirectory = false, inUse = true, base }: RecordOptions = {},
): Buffer {
  const bytes = Buffer.alloc(recordSize);
  bytes.write('FILE', 0, 'latin1');
  bytes.writeUInt16LE(sequence, 16);
  const start = Math.ceil((48 + 2 * (recordSize / 512 + 1)) / 8) * 8;
  bytes.writeUInt16LE(start, 20);
  bytes.writeUInt16LE((inUse ? 1 : 0) | (isDirectory ? 2 : 0), 22);
  bytes.writeUInt32LE(recordSize, 28);
  if (base !== undefined) writeReference(bytes, 32, base.record, base.sequence);
  bytes.writeUInt32LE(number, 44);
  const content = Buffer.concat([...attributes, Buffer.from('ffffffff00000000', 'hex')]);
  if (start + content.length > recordSize) throw new RangeError(`record ${number} is too full`);
  bytes.set(content, start);
  bytes.writeUInt32LE(start + content.length, 24);
  return protect(bytes, 48);
}

function indexEntries(entries: readonly NamedReference[]): Buffer {
  const parts = entries.map(({ name, record, sequence = 1 }) => {
    const key = 66 + 2 * name.length;
    const bytes = padded(16 + key);
    writeReference(bytes, 0, record, sequence);
    bytes.writeUInt16LE(bytes.length, 8);
    bytes.writeUInt16LE(key, 10);
    bytes.writeUInt8(name.length, 16 + 64);
    bytes.writeUInt8(1, 16 + 65);
    bytes.write(name, 16 + 66, 'utf16le');
    return bytes;
  });
  const end = Buffer.alloc(16);
  end.writeUInt16LE(16, 8);
  end.writeUInt16LE(2, 12);
  return Buffer.concat([...parts, end]);
}

/** The value of an $INDEX_ROOT of file names. */
export function indexRoot(entries: readonly NamedReference[], blockSize = 4096): Buffer {
  const content = indexEntries(entries);
  const bytes = Buffer.alloc(32 + content.length);
  bytes.writeUInt32LE(0x30, 0);
  bytes.writeUInt32LE(1, 4);
  bytes.writeUInt32LE(blockSize, 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt32LE(16 + content.length, 20);
  bytes.set(content, 32);
  return bytes;
}

/** A block of $INDEX_ALLOCATION. */
export function indexBlock(entries: readonly NamedReference[], blockSize = 4096): Buffer {
  const bytes = Buffer.alloc(blockSize);
  bytes.write('INDX', 0, 'latin1');
  const content = indexEntries(entries);
  bytes.writeUInt32LE(64, 24);
  bytes.writeUInt32LE(64 + content.length, 28);
  bytes.set(content, 24 + 64);
  return protect(bytes, 40);
}

export interface RestartPage {
  readonly lsn?: bigint;
  /** 2: the volume is clean. */
  readonly flags?: number;
  /** First client that has the journal open; 0xffff for none. */
  readonly client?: number;
  readonly major?: number;
  readonly minor?: number;
  readonly magic?: string;
  /** Size of the journal. */
  readonly fileBytes?: number;
}

/** A restart page of $LogFile with one client, as Windows writes it. */
export function restartPage(page: RestartPage): Buffer {
  const { lsn = 100n, flags = 2, client = 0, major = 1, minor = 1, magic = 'RSTR', fileBytes = 16384 } = page;
  const bytes = Buffer.alloc(4096);
  bytes.write(magic, 0, 'latin1');
  bytes.writeUInt32LE(4096, 16);
  bytes.writeUInt32LE(4096, 20);
  bytes.writeUInt16LE(48, 24);
  bytes.writeUInt16LE(minor, 26);
  bytes.writeUInt16LE(major, 28);
  const area = bytes.subarray(48);
  area.writeBigUInt64LE(lsn, 0);
  area.writeUInt16LE(1, 8);
  area.writeUInt16LE(0xffff, 10);
  area.writeUInt16LE(client, 12);
  area.writeUInt16LE(flags, 14);
  area.writeUInt32LE(67 - fileBytes.toString(2).length, 16);
  area.writeUInt16LE(0xe0, 20);
  area.writeUInt16LE(0x40, 22);
  area.writeBigUInt64LE(BigInt(fileBytes), 24);
  area.writeUInt32LE(0x70, 32);
  area.writeUInt16LE(0x30, 36);
  area.writeUInt16LE(0x40, 38);
  const record = area.subarray(0x40);
  record.writeBigUInt64LE(lsn, 8);
  record.writeUInt32LE(0xffffffff, 16);
  record.writeUInt32LE(8, 28);
  record.write('NTFS', 32, 'utf16le');
  return protect(bytes, 30);
}
