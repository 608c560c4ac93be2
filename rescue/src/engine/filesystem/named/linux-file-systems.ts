/**
 * File systems of Linux that are named by their superblock: label, UUID and size where these are simple to
 * read. Layouts after the kernel's documentation and on-disk headers of each (`Documentation/filesystems/`).
 */
import { crc32 } from 'node:zlib';
import type { Fields } from '../../base/fields.ts';
import { fromSignature, places, type Identity, type ProberEntry } from './signature.ts';

/** The magic has 16 bits only: the checksum over the superblock says whether it is one. */
function describeNilfs2(f: Fields): Identity | undefined {
  const length = f.u16(8);
  if (length < 20 || length > f.length) return undefined;
  const bytes = Uint8Array.from(f.slice(0, length)).fill(0, 16, 20);
  // The kernel's CRC takes its seed and gives its result without the usual inversions.
  const sum = ~crc32(bytes, ~f.u32(12) >>> 0) >>> 0;
  if (sum !== f.u32(16)) return undefined;
  return {
    label: f.utf8(168, 80),
    uuid: f.uuid(152),
    details: { deviceBytes: f.bigU64(32).toString() },
  };
}

const nilfs2 = fromSignature({
  kind: 'nilfs2',
  role: 'file-system',
  at: places(1024),
  length: 1024,
  magics: [[6, '\x34\x34']],
  describe: describeNilfs2,
});

const jfs = fromSignature({
  kind: 'jfs',
  role: 'file-system',
  at: places(0x8000),
  length: 512,
  magics: [[0, 'JFS1']],
  describe: (f) => ({ label: f.utf8(152, 16), uuid: f.uuid(136) }),
});

const reiserfs = fromSignature({
  kind: 'reiserfs',
  role: 'file-system',
  at: places(0x10000, 0x2000),
  length: 512,
  magics: [
    [52, 'ReIsErFs'],
    [52, 'ReIsEr2Fs'],
    [52, 'ReIsEr3Fs'],
  ],
  describe: (f) => ({
    label: f.utf8(100, 16),
    uuid: f.uuid(84),
    blocks: f.u32(0),
    blockSize: f.u16(44),
  }),
});

const reiser4 = fromSignature({
  kind: 'reiserfs',
  role: 'file-system',
  at: places(0x10000),
  length: 512,
  magics: [[0, 'ReIsEr4']],
  describe: (f) => ({ label: f.utf8(36, 16), uuid: f.uuid(20), details: { version: 4 } }),
});

/** Bytes of one of Minix' bitmaps' blocks, in bits. */
const minixBlockBits = 1024 * 8;

/** The magic has 16 bits only: the bitmaps must be as large as inodes and zones need. */
function describeMinix(f: Fields): Identity | undefined {
  // Linux's ext2/3/4 puts other fields here.
  if (f.u16(56) === 0xef53) return undefined;
  const order = ['little', 'big'].find((endian) => minixVersion(f, endian === 'big') !== undefined);
  const big = order === 'big';
  const version = minixVersion(f, big);
  if (version === undefined) return undefined;
  const u16 = (at: number): number => (big ? f.u16be(at) : f.u16(at));
  const u32 = (at: number): number => (big ? f.u32be(at) : f.u32(at));
  if (version === 3) {
    const blockSize = u16(28);
    const sane = blockSize >= 1024 && blockSize % 512 === 0 && u16(6) > 0 && u16(8) > 0 && u32(20) > 0;
    return sane ? { details: { version } } : undefined;
  }
  const zones = version === 1 ? u16(2) : u32(20);
  const [inodes, inodeMaps, zoneMaps, firstZone] = [u16(0), u16(4), u16(6), u16(8)];
  if (inodes === 0 || inodeMaps === 0 || zoneMaps === 0 || firstZone < 4 || zones <= firstZone)
    return undefined;
  if (inodeMaps * minixBlockBits < inodes + 1 || zoneMaps * minixBlockBits < zones - firstZone + 1)
    return undefined;
  return { details: { version } };
}

function minixVersion(f: Fields, big: boolean): 1 | 2 | 3 | undefined {
  const u16 = (at: number): number => (big ? f.u16be(at) : f.u16(at));
  const magic = u16(16);
  if (magic === 0x137f || magic === 0x138f) return 1;
  if (magic === 0x2468 || magic === 0x2478) return 2;
  return u16(24) === 0x4d5a ? 3 : undefined;
}

const minix = fromSignature({
  kind: 'minix',
  role: 'file-system',
  at: places(1024),
  length: 64,
  magics: [
    ...['\x7f\x13', '\x8f\x13', '\x68\x24', '\x78\x24', '\x13\x7f', '\x13\x8f', '\x24\x68', '\x24\x78'].map(
      (magic) => [16, magic] as const,
    ),
    [24, '\x5a\x4d'],
    [24, '\x4d\x5a'],
  ],
  describe: describeMinix,
});

const squashfs = fromSignature({
  kind: 'squashfs',
  role: 'file-system',
  at: places(0),
  length: 96,
  magics: [
    [0, 'hsqs'],
    [0, 'sqsh'],
  ],
  describe(f) {
    const big = f.u8(0) === 0x73;
    const version = big ? f.u16be(28) : f.u16(28);
    return version >= 1 && version <= 4 ? { details: { version } } : undefined;
  },
});

const erofs = fromSignature({
  kind: 'erofs',
  role: 'file-system',
  at: places(1024),
  length: 128,
  magics: [[0, '\xe2\xe1\xf5\xe0']],
  describe: (f) => ({
    label: f.utf8(64, 16),
    uuid: f.uuid(48),
    blocks: f.u32(36),
    blockSize: 2 ** Math.min(f.u8(12), 16),
  }),
});

export const linuxFileSystems: readonly ProberEntry[] = [
  nilfs2,
  jfs,
  reiserfs,
  reiser4,
  minix,
  squashfs,
  erofs,
];
