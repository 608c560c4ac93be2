/**
 * Members of Linux software RAID: superblock 0.90 and 1.0 near the end of the region, 1.1 at its start, 1.2 at
 * 4096 (Linux `include/uapi/linux/raid/md_p.h`), and the firmware formats that md assembles: Intel Matrix (IMSM)
 * and SNIA "Common RAID Disk Data Format". Those at the end leave the inner file system's start in place.
 */
import type { Fields } from '../../base/fields.ts';
import { fromSignature, type Identity, type ProberEntry } from './signature.ts';

const littleMagic = '\xfc\x4e\x2b\xa9';
const bigMagic = '\xa9\x2b\x4e\xfc';

function describeVersion1(superblock: Fields, at: number): Identity | undefined {
  // The superblock knows its own sector: a whole disk's, seen at the end of its last partition, does not fit.
  if (superblock.u32(4) !== 1 || superblock.bigU64(144) !== BigInt(at / 512)) return undefined;
  return {
    label: superblock.utf8(32, 32),
    uuid: superblock.uuid(16),
    details: {
      version: at === 0 ? '1.1' : at === 4096 ? '1.2' : '1.0',
      level: superblock.i32(72),
      members: superblock.u32(92),
    },
  };
}

function describeVersion0(superblock: Fields): Identity | undefined {
  const big = superblock.u8(0) === 0xa9;
  const word = (offset: number): number => (big ? superblock.u32be(offset) : superblock.u32(offset));
  if (word(4) !== 0) return undefined;
  const hex = [20, 52, 56, 60].map((offset) => word(offset).toString(16).padStart(8, '0')).join('');
  return {
    uuid: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    details: { version: '0.90', level: word(28) | 0, members: word(40) },
  };
}

/** The sector that is `sectors` before the end. */
function fromEnd(sizeBytes: number, sectors: number): number {
  return (Math.floor(sizeBytes / 512) - sectors) * 512;
}

export const mdMembers: readonly ProberEntry[] = [
  fromSignature({
    kind: 'md',
    role: 'container',
    at: (sizeBytes) => [Math.floor((Math.floor(sizeBytes / 512) - 16) / 8) * 4096, 0, 4096],
    length: 256,
    magics: [[0, littleMagic]],
    describe: describeVersion1,
  }),
  fromSignature({
    kind: 'md',
    role: 'container',
    at: (sizeBytes) => [Math.floor(sizeBytes / 65536) * 65536 - 65536],
    length: 128,
    magics: [
      [0, littleMagic],
      [0, bigMagic],
    ],
    describe: describeVersion0,
  }),
  fromSignature({
    kind: 'md',
    role: 'container',
    at: (sizeBytes) => [fromEnd(sizeBytes, 2)],
    length: 512,
    magics: [[0, 'Intel Raid ISM Cfg Sig. ']],
    describe: () => ({ details: { version: 'imsm' } }),
  }),
  fromSignature({
    kind: 'md',
    role: 'container',
    at: (sizeBytes) => [fromEnd(sizeBytes, 1), fromEnd(sizeBytes, 257)],
    length: 512,
    magics: [[0, '\xde\x11\xde\x11']],
    describe: () => ({ details: { version: 'ddf' } }),
  }),
];
