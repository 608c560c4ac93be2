/**
 * File systems of macOS, Windows, BSD and VMware that are named by their first structures: HFS (Inside Macintosh:
 * Files), ReFS, UFS (FreeBSD `ufs/ffs/fs.h`), VMFS.
 */
import type { Fields } from '../../base/fields.ts';
import { volumeUuid } from '../hfsplus/volume-header.ts';
import { apfs } from './apfs.ts';
import { fromSignature, places, type Identity, type ProberEntry } from './signature.ts';

/** An HFS volume, or the HFS wrapper of an HFS+ volume. */
function describeHfs(f: Fields): Identity | undefined {
  const blockSize = f.u32be(20);
  if (blockSize === 0 || blockSize % 512 !== 0 || f.u16be(18) === 0) return undefined;
  const embedded = f.text(124, 2);
  if (embedded === 'H+' || embedded === 'HX') return { kind: 'hfsplus', details: { wrapped: true } };
  return { label: f.text(37, Math.min(f.u8(36), 27)), uuid: volumeUuid(f.slice(116, 8)) ?? '', blockSize };
}

const hfs = fromSignature({
  kind: 'hfs',
  role: 'file-system',
  at: places(1024),
  length: 512,
  magics: [[0, 'BD']],
  describe: describeHfs,
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

export const foreignFileSystems: readonly ProberEntry[] = [hfs, apfs, refs, ufs, vmfs];
