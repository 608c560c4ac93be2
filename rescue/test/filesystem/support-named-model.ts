/**
 * First structures of what is only named: superblocks that real tools wrote (`fixtures`), and ones written here
 * from the documentation because no tool makes them without a kernel driver or without Windows (`models`). The
 * latter are the weaker proof; where another tool reads them (blkid, cryptsetup), a test lets it.
 */
import { inflateRawSync } from 'node:zlib';
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

const MiB = 1024 * 1024;
const uuid = '00112233-4455-6677-8899-aabbccddeeff';
const uuidBytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');

function inflated(deflatedBase64: string): Uint8Array {
  return inflateRawSync(Buffer.from(deflatedBase64, 'base64'));
}

/** Superblocks by the tool named, of Debian 12 unless said otherwise. */
export const fixtures: readonly NamedRegion[] = [
  {
    kind: 'jfs',
    what: 'jfs_mkfs 1.1.15',
    sizeBytes: 32 * MiB,
    label: 'JfsLabel',
    uuid: 'b7db59cc-891b-488f-bb93-b2dfe6b489c9',
    blkid: 'jfs',
    pieces: [
      [
        0x8000,
        inflated(
          '83ILNmRkYGBI+MYAAQIMDDwMzAwMTAwMnCC+AhBzKghAZRlYgFiCASzNIMaABECGyDMwmACpM3IMDD2ezNkgYSMQ4ZVW7JOY' +
            'lJrDgBtsvx15plPao3/35E33n23pPEmEllFABQAA',
        ),
      ],
    ],
  },
  {
    kind: 'reiserfs',
    what: 'mkreiserfs 3.6.27',
    sizeBytes: 64 * MiB,
    label: 'ReiserLabel',
    uuid,
    blkid: 'reiserfs',
    pieces: [
      [
        0x10000,
        inflated(
          'Y3BgYHgjz8AgrMDAIMQABUA2AwtQbO6x5BZmBgY5mLjAGWYmBkaGoFTPYtciI7dioBBQmgEkxgRVwggiBJWMXULTyjtmrtp9' +
            '5u67/0GpmcWpRT6JSak5UDVyDD2ezNkMfm8ZqAkYoe4ZBcQDAA==',
        ),
      ],
    ],
  },
  {
    kind: 'nilfs2',
    what: 'mkfs.nilfs2 2.2.9',
    sizeBytes: 160 * MiB,
    label: 'NilfsLabel',
    uuid: '56fb0abf-79e6-41be-acd6-6ec2bb1f09b4',
    blkid: 'nilfs2',
    pieces: [
      [
        1024,
        inflated(
          'Y2IAARMTCUYGhiAP+cXBlm87mIAiwgxwwAUiGGE8DgYGViQ+IwMamACh+jyZs5GFEXwjoB5GBN/vLVwNNxA3MCgwHGAQYAj7' +
            'zbW/8pnjvjXX8g7tlufc4peZk1bsk5iUmsMwCkbBKKASAAA=',
        ),
      ],
    ],
  },
  {
    kind: 'bcache',
    what: 'make-bcache -B of bcache-tools 1.0.8',
    sizeBytes: 16 * MiB,
    uuid: '9f171d57-9891-49d5-bf67-c962ee3aa32f',
    blkid: 'bcache',
    pieces: [
      [
        4096,
        inflated(
          'exX7dPeU2aKdHAwQwAilj7UWf/OTcj3VlPq13mNXbuN8cdnwGRM9r+5PP5n0zmqx/gyDLd8fNzvt3bE8at73+dKsDAMEgO5m' +
            'YRgFZAMA',
        ),
      ],
    ],
  },
  {
    kind: 'apfs',
    what: 'mkapfs of apfsprogs, February 2023',
    sizeBytes: 600 * MiB,
    label: 'Größe',
    uuid,
    blkid: 'apfs',
    pieces: [
      [
        0,
        inflated(
          'M//LILPiXdNuRgYIQKIbQLRfRLATgwCQEcHEgA3ARQWVjF1C08o7Zq7afebuu/8pLKjyDkAsII4w3xFJPwuaWSwMCEEFP6h7' +
            'WFDtZGJhGAWjYBSMApoCRmBBxDEaDKNgFIyCUTAKRsEoGAWjYJgAAA==',
        ),
      ],
      [
        81920000,
        inflated('+x436e9WllwnBT8GMGCEUAzcDAwOyHwmIB+EFaHqRsEoGAWjYBSMglEwCkbBKBgFo2AUjIJRMHQAAA=='),
      ],
      [
        81924096,
        inflated(
          'k1l5a4L6tEnyin4MYMAIoRiYGBgcuIE0O1zsAKMAwwHe//8ZGECYgUGAYRQMXcDEghrfo2AUjIJRMApGwSgYBaNgFIyCUTAK' +
            'hhAAdsmV/OBMMCHAgIph/T0YDQA=',
        ),
      ],
      [
        81928192,
        inflated(
          's9h2THVen8UHJhYGMGCEUAy8UNoxINgJRDMxoAJGBvyAFY1mQ9LHBMEOIKzsBxFnhtqvBuWr+2E3V4CBMjDz0jLDpgRX40VP' +
            '4l9ac3KcQfdPbnZiQVqxQlp+kUJOZl5phY5CWWpRcWZ+noKBniFQ/qCfbH1L0ysJRoZRMBiAe9HhbYfnp45Y/zOPJoFRMApG' +
            'wSgYBaNgFIyCUTAKRgGRAAA=',
        ),
      ],
    ],
  },
  {
    kind: 'ufs',
    what: 'makefs -t ffs -o version=1, 2019-01-05',
    sizeBytes: 8 * MiB,
    uuid: '6b03498e6b8b4567',
    blkid: 'ufs',
    pieces: [
      [
        8192,
        inflated(
          'Y2CAAAEglgBiBSDWgIr9B4I+T+ZskOB1eQYGRgaoAhYGBg4gxQpVZwMiHvz/z/Dn/39eIJOLASIPIpgZoPo4GBAAyHYAUkww' +
            'vgNUDRCA7Et37c4Gu4EFSZ8DQh0jlAtyC4j9ixniBrB7GBkaGEbBKKATmKD8SnRrKJBWh9AoQGEQORTqFlg+A+UZeN5FysuE' +
            'ALg8QDIPVC4wIJUZNAUO0HxPZ8ABDSdQefW/npGRA+iI/1B//2dGqGNECl8QCJFkHPTpFwA=',
        ),
      ],
    ],
  },
  {
    kind: 'ufs',
    what: 'makefs -t ffs -B big -o version=2, 2019-01-05',
    sizeBytes: 8 * MiB,
    uuid: '6b03498e6b8b4567',
    blkid: 'ufs',
    pieces: [
      [
        8192,
        inflated(
          'Y2CAAwEglgBiBSDWYMAOGCHSLCA2BxCzwiT+/38AxH9ATF4g5oLIg5QwMEP0cSAZA9avgM2CbGbPvuxu13SEOg4cTgHpV4C6' +
            'ifkXkJYBu4eRoYFhFIwCOoEJi6N42MKA9HIIjZFEBxVQQMrH4Kz5C8qXgdKsxJgCyqOo5slfhzI0aOt+BzhBZwAqhCqAmAnI' +
            'ZGJorP8P9TeUZv6PTZNkCKPkYE+/AA==',
        ),
      ],
    ],
  },
  {
    kind: 'lvm2',
    what: 'pvcreate 2.03.16',
    sizeBytes: 64 * MiB,
    uuid: 'pEL8rX-6u0g-q4CH-XTXO-rP5X-vupo-hDyyFv',
    blkid: 'LVM2_member',
    pieces: [
      [
        512,
        inflated(
          '83F0cvXx93NlZIAAB0HXNwpA2ifM10jBwMCwwNXHoijCrNQgvdDE2SMiJMK/KMA0oqy0ID/DpbLSrQyolAWiU4ABL4BJf+DH' +
            'Ks3EMAoGAgAA',
        ),
      ],
    ],
  },
];

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

function encodeMd0(big: boolean): NamedRegion {
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

function text(
  length: number,
  ...fields: readonly (readonly [at: number, text: string | Uint8Array])[]
): Buffer {
  const b = Buffer.alloc(length);
  for (const [at, value] of fields)
    (typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value)).copy(b, at);
  return b;
}

const privateHeader = text(
  512,
  [0, 'PRIVHEAD'],
  [12, Uint8Array.of(0, 2, 0, 12)],
  [0x30, uuid],
  [0xb0, 'ffeeddcc-bbaa-9988-7766-554433221100'],
  [0xf0, 'PC-Dg0'],
);

export const models: readonly NamedRegion[] = [
  encodeMd1(0, 16 * MiB + 512),
  encodeMd1(1, 16 * MiB),
  encodeMd1(2, 16 * MiB),
  encodeMd0(false),
  encodeMd0(true),
  {
    kind: 'md',
    what: 'Intel Matrix RAID',
    sizeBytes: 16 * MiB,
    pieces: [[16 * MiB - 1024, text(512, [0, 'Intel Raid ISM Cfg Sig. 1.0.00'])]],
    blkid: 'isw_raid_member',
  },
  {
    kind: 'md',
    what: 'DDF',
    sizeBytes: 16 * MiB,
    pieces: [[16 * MiB - 512, text(512, [0, '\xde\x11\xde\x11'])]],
  },
  encodeBitlocker(false, [0x0100, 0x0800]),
  encodeBitlocker(true, [0x2000]),
  encodeZfs([0, 1, 2, 3]),
  encodeZfs([1], true),
  {
    kind: 'ldm',
    what: 'the private header in sector 6',
    sizeBytes: 8 * MiB,
    pieces: [[6 * 512, privateHeader]],
    label: 'PC-Dg0',
    uuid,
  },
  {
    kind: 'ldm',
    what: 'the private header in the last sector',
    sizeBytes: 8 * MiB,
    pieces: [[8 * MiB - 512, privateHeader]],
    label: 'PC-Dg0',
    uuid,
  },
  {
    kind: 'ldm',
    what: 'the database in the last MiB',
    sizeBytes: 8 * MiB,
    pieces: [[7 * MiB + 512, text(512, [0, 'TOCBLOCK'])]],
  },
  {
    kind: 'storage-spaces',
    what: 'Storage Spaces',
    sizeBytes: 8 * MiB,
    pieces: [[0, text(512, [0, 'SPACEDB '])]],
  },
  {
    kind: 'refs',
    what: 'ReFS 3.4',
    sizeBytes: 8 * MiB,
    pieces: [
      [0, text(512, [3, 'ReFS'], [16, 'FSRS'], [40, '\x03\x04'], [56, '\xef\xcd\xab\x89\x67\x45\x23\x01'])],
    ],
    uuid: '0123456789ABCDEF',
    blkid: 'ReFS',
  },
  {
    kind: 'vmfs',
    what: 'a VMFS extent',
    sizeBytes: 4 * MiB,
    pieces: [
      [MiB, text(512, [0, '\x0d\xd0\x01\xc0'])],
      [
        2 * MiB,
        text(
          512,
          [0, '\x5e\xf1\xab\x2f'],
          [9, Buffer.from('33221100776655449988aabbccddeeff', 'hex')],
          [29, 'store'],
        ),
      ],
    ],
    blkid: 'VMFS_volume_member',
  },
  {
    kind: 'vmfs',
    what: 'a VMFS file system',
    sizeBytes: 4 * MiB,
    pieces: [
      [
        2 * MiB,
        text(
          512,
          [0, '\x5e\xf1\xab\x2f'],
          [9, Buffer.from('33221100776655449988aabbccddeeff', 'hex')],
          [29, 'store'],
        ),
      ],
    ],
    label: 'store',
    uuid: '00112233-44556677-8899-aabbccddeeff',
    blkid: 'VMFS',
  },
  {
    kind: 'bcachefs',
    what: 'bcachefs with its own magic',
    sizeBytes: 8 * MiB,
    pieces: [
      [
        4096,
        text(
          512,
          [24, Buffer.from('c68573f666ce90a9d96a60cf803df7ef', 'hex')],
          [56, uuidBytes],
          [72, 'data'],
          [104, '\x08'],
        ),
      ],
    ],
    label: 'data',
    uuid,
  },
  {
    kind: 'bcachefs',
    what: "bcachefs with bcache's magic",
    sizeBytes: 8 * MiB,
    pieces: [
      [
        4096,
        text(
          512,
          [24, Buffer.from('c68573f64e1a45ca8265f57f48ba6d81', 'hex')],
          [56, uuidBytes],
          [72, 'data'],
          [104, '\x08'],
        ),
      ],
    ],
    label: 'data',
    uuid,
  },
  {
    kind: 'luks',
    what: 'the copy of a LUKS2 header',
    sizeBytes: 32 * MiB,
    pieces: [[0x4000, text(512, [0, 'SKUL\xba\xbe\0\x02'], [24, 'secret'], [168, uuid])]],
    label: 'secret',
    uuid,
  },
  {
    kind: 'reiserfs',
    what: 'Reiser4',
    sizeBytes: 8 * MiB,
    pieces: [[0x10000, text(512, [0, 'ReIsEr4'], [20, uuidBytes], [36, 'four'])]],
    label: 'four',
    uuid,
    blkid: 'reiser4',
  },
];
