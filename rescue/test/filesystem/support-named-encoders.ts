/**
 * Encoders of first structures that no tool at hand writes: md, BitLocker, ZFS. From their documentation: a weaker
 * proof than bytes of a real tool.
 */
import type { FileSystemKind } from '../../src/engine/filesystem/file-system.ts';

export interface NamedRegion {
  readonly kind: FileSystemKind;
  readonly what: string;
  readonly sizeBytes: number;
  /** What lies where; all else is zero. */
  readonly pieces: readonly (readonly [offset: number, bytes: Uint8Array])[];
  readonly label?: string;
  readonly uuid?: string;
  /** What blkid calls it, where it knows it. */
  readonly blkid?: string;
}

/** The whole region in memory. */
export function encodeRegion(region: NamedRegion): Buffer {
  const bytes = Buffer.alloc(region.sizeBytes);
  for (const [offset, piece] of region.pieces) Buffer.from(piece).copy(bytes, offset);
  return bytes;
}

export const MiB = 1024 * 1024;
export const uuid = '00112233-4455-6677-8899-aabbccddeeff';
export const uuidBytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');

/** An md superblock of version 1.x for a member of `sizeBytes`; `minor` says where it lies. */
export function encodeMd1(minor: 0 | 1 | 2, sizeBytes: number): NamedRegion {
  const at = minor === 0 ? Math.floor((sizeBytes / 512 - 16) / 8) * 4096 : minor === 1 ? 0 : 4096;
  const b = Buffer.alloc(4096);
  b.writeUInt32LE(0xa92b4efc, 0);
  b.writeUInt32LE(1, 4);
  uuidBytes.copy(b, 16);
  b.write('host:0', 32);
  b.writeInt32LE(1, 72);
  b.writeBigUInt64LE(BigInt(sizeBytes / 512 - 2048), 80);
  b.writeUInt32LE(2, 92);
  b.writeBigUInt64LE(minor === 0 ? 0n : 2048n, 128);
  b.writeBigUInt64LE(BigInt(sizeBytes / 512 - 2048), 136);
  b.writeBigUInt64LE(BigInt(at / 512), 144);
  b.writeUInt32LE(128, 220);
  let sum = 0n;
  for (let i = 0; i < 256 + 2 * 128; i += 4) sum += BigInt(b.readUInt32LE(i));
  b.writeUInt32LE(Number((sum & 0xffffffffn) + (sum >> 32n)), 216);
  return {
    kind: 'md',
    what: `md 1.${minor}`,
    sizeBytes,
    pieces: [[at, b]],
    label: 'host:0',
    uuid,
    blkid: 'linux_raid_member',
  };
}

export function encodeMd0(big: boolean): NamedRegion {
  const sizeBytes = 16 * MiB + 12345 * 512;
  const b = Buffer.alloc(4096);
  const write = (value: number, at: number): unknown =>
    big ? b.writeUInt32BE(value, at) : b.writeUInt32LE(value, at);
  write(0xa92b4efc, 0);
  write(0, 4);
  write(90, 8);
  for (const [i, at] of [20, 52, 56, 60].entries()) write(uuidBytes.readUInt32BE(4 * i), at);
  write(1, 28);
  write(2, 40);
  return {
    kind: 'md',
    what: `md 0.90 ${big ? 'big' : 'little'}-endian`,
    sizeBytes,
    pieces: [[Math.floor(sizeBytes / 65536) * 65536 - 65536, b]],
    uuid,
    blkid: 'linux_raid_member',
  };
}

/** A BitLocker volume with the given key protectors (their codes in the metadata). */
export function encodeBitlocker(toGo: boolean, protectors: readonly number[]): NamedRegion {
  const header = Buffer.alloc(512);
  header.write(toGo ? '\xeb\x58\x90MSWIN4.1' : '\xeb\x58\x90-FVE-FS-', 0, 'latin1');
  const guid = toGo ? '3bd66749292ed84a8399f6a339e3d001' : '3bd66749292ed84a8399f6a339e3d001';
  const guidAt = toGo ? 424 : 160;
  Buffer.from(guid, 'hex').copy(header, guidAt);
  const blocks = [4, 6, 8].map((mib) => mib * MiB);
  for (const [i, at] of blocks.entries()) header.writeBigUInt64LE(BigInt(at), guidAt + 16 + 8 * i);
  header.writeUInt16LE(0xaa55, 510);

  const entry = (type: number, valueType: number, data: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt16LE(8 + data.length, 0);
    head.writeUInt16LE(type, 2);
    head.writeUInt16LE(valueType, 4);
    head.writeUInt16LE(1, 6);
    return Buffer.concat([head, data]);
  };
  const keys = protectors.map((code) => {
    const key = Buffer.alloc(28);
    key.writeUInt16LE(code, 26);
    return entry(2, 8, key);
  });
  const name = entry(7, 2, Buffer.from('PC C: 01/01/2026\0', 'utf16le'));
  const volumeKey = entry(3, 5, Buffer.alloc(72));
  const entries = Buffer.concat([name, ...keys, volumeKey]);
  const metadata = Buffer.alloc(112);
  metadata.write('-FVE-FS-', 0);
  metadata.writeUInt16LE(64, 8);
  metadata.writeUInt16LE(2, 10);
  metadata.writeUInt32LE(48 + entries.length, 64);
  metadata.writeUInt32LE(1, 68);
  metadata.writeUInt32LE(48, 72);
  metadata.writeUInt32LE(48 + entries.length, 76);
  // A GUID: its first three groups are little-endian.
  Buffer.from('33221100554477668899aabbccddeeff', 'hex').copy(metadata, 80);
  metadata.writeUInt16LE(0x8004, 100);
  metadata.writeBigUInt64LE(132000000000000000n, 104);
  const block = Buffer.concat([metadata, entries]);
  return {
    kind: 'bitlocker',
    what: toGo ? 'BitLocker To Go' : 'BitLocker',
    sizeBytes: 16 * MiB,
    pieces: [[0, header], ...blocks.map((at) => [at, block] as const)],
    uuid,
    blkid: 'BitLocker',
  };
}

/** A pair of ZFS' XDR-encoded list: a string (type 9) or a 64-bit number (type 8). */
function zfsPair(name: string, value: string | bigint): Buffer {
  const padded = (text: string): Buffer =>
    Buffer.alloc(Math.ceil(text.length / 4) * 4, 0).fill(text, 0, text.length);
  const words = (...values: number[]): Buffer => {
    const b = Buffer.alloc(4 * values.length);
    for (const [i, word] of values.entries()) b.writeUInt32BE(word, 4 * i);
    return b;
  };
  const number = Buffer.alloc(8);
  if (typeof value === 'bigint') number.writeBigUInt64BE(value);
  const data =
    typeof value === 'string'
      ? Buffer.concat([words(9, 1, value.length), padded(value)])
      : Buffer.concat([words(8, 1), number]);
  const body = Buffer.concat([words(name.length), padded(name), data]);
  return Buffer.concat([words(body.length + 8, body.length + 8), body]);
}

export function encodeZfs(labels: readonly (0 | 1 | 2 | 3)[], big = false): NamedRegion {
  const label = Buffer.alloc(256 * 1024);
  const list = Buffer.concat([
    Buffer.from([1, big ? 0 : 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    zfsPair('version', 5000n),
    zfsPair('name', 'tank'),
    zfsPair('state', 0n),
    zfsPair('pool_guid', 12345678901234567890n),
  ]);
  list.copy(label, 16 * 1024);
  for (let i = 4; i < 12; i++) {
    const at = 128 * 1024 + i * 1024;
    if (big) label.writeBigUInt64BE(0x00bab10cn, at);
    else label.writeBigUInt64LE(0x00bab10cn, at);
  }
  const sizeBytes = 64 * MiB + 4096;
  const end = 64 * MiB;
  const places = [0, 256 * 1024, end - 512 * 1024, end - 256 * 1024];
  return {
    kind: 'zfs',
    what: `ZFS with labels ${labels.join(', ')}${big ? ', big-endian' : ''}`,
    sizeBytes,
    pieces: labels.map((i) => [places[i]!, label] as const),
    label: 'tank',
    uuid: '12345678901234567890',
    blkid: 'zfs_member',
  };
}

/** A structure of `length` bytes with `fields` at their places; all else is zero. */
export function text(
  length: number,
  ...fields: readonly (readonly [at: number, text: string | Uint8Array])[]
): Buffer {
  const b = Buffer.alloc(length);
  for (const [at, value] of fields)
    (typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value)).copy(b, at);
  return b;
}
