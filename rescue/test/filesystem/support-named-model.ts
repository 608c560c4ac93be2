/**
 * First structures of what is only named: superblocks that real tools wrote (`fixtures`), and ones written here
 * from the documentation because no tool makes them without a kernel driver or without Windows (`models`). The
 * latter are the weaker proof; where another tool reads them (blkid, cryptsetup), a test lets it.
 */
import { inflateRawSync } from 'node:zlib';
import {
  encodeBitlocker,
  encodeMd0,
  encodeMd1,
  encodeZfs,
  MiB,
  text,
  uuid,
  uuidBytes,
  type NamedRegion,
} from './support-named-encoders.ts';

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
