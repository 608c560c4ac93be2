/**
 * File systems of macOS, Windows, BSD, VMware and of optical discs that are named by their first structures:
 * HFS (Inside Macintosh: Files), HFS+ (Apple TN1150), APFS (Apple File System Reference), ISO 9660 (ECMA-119),
 * UDF (ECMA-167), ReFS, UFS (FreeBSD `ufs/ffs/fs.h`), VMFS.
 */
import { createHash } from 'node:crypto';
import type { Fields } from '../../base/fields.ts';
import { fromSignature, places, type Identity, type ProberEntry } from './signature.ts';

/** The name space of HFS' version 3 UUIDs, as Apple and blkid make them from the volume's 8-byte id. */
const hfsNameSpace = Buffer.from('b3e20f39f29211d697a400306543ecac', 'hex');

function hfsUuid(id: Uint8Array): string {
  if (id.every((byte) => byte === 0)) return '';
  const hash = createHash('md5').update(hfsNameSpace).update(id).digest();
  hash[6] = 0x30 | (hash[6]! & 0x0f);
  hash[8] = 0x80 | (hash[8]! & 0x3f);
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** An HFS volume, or the HFS wrapper of an HFS+ volume. */
function describeHfs(f: Fields): Identity | undefined {
  const blockSize = f.u32be(20);
  if (blockSize === 0 || blockSize % 512 !== 0 || f.u16be(18) === 0) return undefined;
  const embedded = f.text(124, 2);
  if (embedded === 'H+' || embedded === 'HX') return { kind: 'hfsplus', details: { wrapped: true } };
  return { label: f.text(37, Math.min(f.u8(36), 27)), uuid: hfsUuid(f.slice(116, 8)), blockSize };
}

const hfs = fromSignature({
  kind: 'hfs',
  role: 'file-system',
  at: places(1024),
  length: 512,
  magics: [[0, 'BD']],
  describe: describeHfs,
});

function describeHfsplus(f: Fields): Identity | undefined {
  const isHfsx = f.text(0, 2) === 'HX';
  const blockSize = f.u32be(40);
  if (f.u16be(2) !== (isHfsx ? 5 : 4) || blockSize < 512 || (blockSize & (blockSize - 1)) !== 0)
    return undefined;
  const kind = isHfsx ? 'hfsx' : 'hfsplus';
  return { kind, uuid: hfsUuid(f.slice(104, 8)), blocks: f.u32be(44), blockSize };
}

const hfsplus = fromSignature({
  kind: 'hfsplus',
  role: 'file-system',
  at: places(1024),
  length: 512,
  magics: [
    [0, 'H+'],
    [0, 'HX'],
  ],
  describe: describeHfsplus,
});

const apfs = fromSignature({
  kind: 'apfs',
  role: 'file-system',
  at: places(0),
  length: 512,
  magics: [[32, 'NXSB']],
  describe: (f) => ({ uuid: f.uuid(72), blocks: f.u64(40), blockSize: f.u32(36) }),
});

/** The date that blkid shows as the UUID: of the last change, else of creation; 16 digits each. */
function isoDate(f: Fields): string {
  const dates = [f.text(830, 16), f.text(813, 16)];
  const date = dates.find((text) => /^[0-9]{16}$/.test(text) && /[1-9]/.test(text)) ?? '';
  return date.replace(/^(....)(..)(..)(..)(..)(..)(..)$/, '$1-$2-$3-$4-$5-$6-$7');
}

const iso9660 = fromSignature({
  kind: 'iso9660',
  role: 'file-system',
  at: places(0x8000),
  length: 2048,
  magics: [[1, 'CD001']],
  describe: (f) => ({ label: f.text(40, 32), uuid: isoDate(f), blocks: f.u32(80), blockSize: f.u16(128) }),
});

const udf = fromSignature({
  kind: 'udf',
  role: 'file-system',
  // The volume recognition sequence: descriptors of 2048 bytes, or one per sector where these are larger.
  at: places(...Array.from({ length: 16 }, (_, i) => 0x8000 + i * 2048)),
  length: 8,
  magics: [
    [1, 'NSR02'],
    [1, 'NSR03'],
  ],
});

const refs = fromSignature({
  kind: 'refs',
  role: 'file-system',
  at: places(0),
  length: 512,
  magics: [[0, '\0\0\0ReFS\0']],
  describe: (f) => ({
    uuid: f.bigU64(56).toString(16).toUpperCase().padStart(16, '0'),
    details: { version: `${f.u8(40)}.${f.u8(41)}` },
  }),
});

const ufsMagics = [0x19540119, 0x00011954, 0x00195612, 0x00095014, 0x00612195, 0x05231994];

function describeUfs(f: Fields): Identity | undefined {
  const big = ufsMagics.includes(f.u32be(1372));
  const u32 = (at: number): number => (big ? f.u32be(at) : f.u32(at));
  const version = u32(1372) === 0x19540119 ? 2 : 1;
  const id = [144, 148].map((at) => u32(at).toString(16).padStart(8, '0')).join('');
  return { ...(version === 2 ? { label: f.utf8(680, 32) } : {}), uuid: id, details: { version } };
}

function uint32Bytes(value: number): string {
  return Buffer.from(Uint32Array.of(value).buffer).toString('latin1');
}

const ufs = fromSignature({
  kind: 'ufs',
  role: 'file-system',
  at: places(0, 8192, 65536, 262144),
  length: 1376,
  magics: ufsMagics.flatMap((magic) => {
    const little = uint32Bytes(magic);
    return [
      [1372, little],
      [1372, Buffer.from(little, 'latin1').reverse().toString('latin1')],
    ] as const;
  }),
  describe: describeUfs,
});

function describeVmfs(f: Fields): Identity {
  const little = (at: number, length: number): string =>
    Buffer.from(f.slice(at, length)).reverse().toString('hex');
  return {
    label: f.utf8(29, 128),
    uuid: `${little(9, 4)}-${little(13, 4)}-${little(17, 2)}-${f.hex(19, 6)}`,
  };
}

const vmfs = fromSignature({
  kind: 'vmfs',
  role: 'file-system',
  at: places(0x200000),
  length: 512,
  magics: [[0, '\x5e\xf1\xab\x2f']],
  describe: describeVmfs,
});

export const foreignFileSystems: readonly ProberEntry[] = [hfs, hfsplus, apfs, udf, iso9660, refs, ufs, vmfs];
