/**
 * Regions that belong to something larger: LVM2 physical volumes (lvm2 `lib/format_text/layout.h`), LUKS (LUKS1
 * and LUKS2 On-Disk Format Specifications), bcache (Linux `bcache_ondisk.h`), Storage Spaces and VMFS extents.
 */
import type { Fields } from '../../base/fields.ts';
import { fromSignature, places, type Identity, type ProberEntry } from './signature.ts';

function describeLvm2(label: Fields, at: number): Identity | undefined {
  if (label.text(24, 8) !== 'LVM2 001' || label.bigU64(8) !== BigInt(at / 512)) return undefined;
  const header = label.u32(20);
  if (header + 32 > label.length) return {};
  const id = label.text(header, 32);
  return { uuid: id.replace(/^(.{6})(.{4})(.{4})(.{4})(.{4})(.{4})(.{6})$/, '$1-$2-$3-$4-$5-$6-$7') };
}

function describeLuks(header: Fields): Identity | undefined {
  const version = header.u16be(6);
  if (version !== 1 && version !== 2) return undefined;
  const details = { version };
  const uuid = header.text(168, 40);
  return version === 2 ? { label: header.utf8(24, 48), uuid, details } : { uuid, details };
}

const bcacheMagic = '\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81';
const bcachefsMagic = '\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef';
const bcacheOffset = 4096;

/** bcachefs began with bcache's magic; only bcache has the superblock's own sector at 8. */
function isBcache(superblock: Fields): boolean {
  return superblock.bigU64(8) === BigInt(bcacheOffset / 512);
}

/** A file system, and here for the magic that it shares. */
export const bcachefs: ProberEntry = fromSignature({
  kind: 'bcachefs',
  role: 'file-system',
  at: places(bcacheOffset),
  length: 512,
  magics: [
    [24, bcachefsMagic],
    [24, bcacheMagic],
  ],
  describe: (f) => (isBcache(f) ? undefined : { uuid: f.uuid(56), label: f.utf8(72, 32) }),
});

/** Where the copy of the LUKS2 header may lie (LUKS2 On-Disk Format, "Binary Header"). */
const luks2Copies = [14, 15, 16, 17, 18, 19, 20, 21, 22].map((shift) => 2 ** shift);

export const containers: readonly ProberEntry[] = [
  fromSignature({
    kind: 'lvm2',
    role: 'container',
    at: places(0, 512, 1024, 1536),
    length: 512,
    magics: [[0, 'LABELONE']],
    describe: describeLvm2,
  }),
  fromSignature({
    kind: 'luks',
    role: 'container',
    at: places(0),
    length: 512,
    magics: [[0, 'LUKS\xba\xbe']],
    describe: describeLuks,
  }),
  fromSignature({
    kind: 'luks',
    role: 'trace',
    at: places(...luks2Copies),
    length: 512,
    magics: [[0, 'SKUL\xba\xbe']],
    describe: describeLuks,
  }),
  fromSignature({
    kind: 'bcache',
    role: 'container',
    at: places(bcacheOffset),
    length: 512,
    magics: [[24, bcacheMagic]],
    describe: (f) => (isBcache(f) ? { uuid: f.uuid(40), label: f.utf8(72, 32) } : undefined),
  }),
  fromSignature({
    kind: 'storage-spaces',
    role: 'container',
    at: places(0),
    length: 512,
    magics: [[0, 'SPACEDB ']],
  }),
  fromSignature({
    kind: 'vmfs',
    role: 'container',
    at: places(0x100000),
    length: 512,
    magics: [[0, '\x0d\xd0\x01\xc0']],
  }),
];
