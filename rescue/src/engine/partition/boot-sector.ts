/**
 * Tells what else than a partition table the first sectors of a disk can be: the boot sector of a file system
 * that has the whole disk (which ends in 55 AA as an MBR does), or the label of a scheme that is not read here.
 * Signatures: Microsoft's FAT specification (section 3.1), exFAT specification (section 3.1), NTFS and BitLocker
 * boot sectors; sys/disklabel.h of the BSDs; Inside Macintosh: Devices, chapter 3; Linux block/partitions.
 */
import type { BlockReader } from '../base/block-reader.ts';
import { isPermafrostError } from '../base/errors.ts';
import { Fields } from '../base/fields.ts';

/**
 * The name of the file system whose boot sector `sector` (512 bytes or more) is, or `undefined`. A boot loader
 * may have left the parameter block of a former file system in a true MBR, so this alone decides nothing.
 */
export function bootSectorFileSystem(sector: Uint8Array): string | undefined {
  const fields = new Fields(sector, 'boot sector');
  if (fields.u8(510) !== 0x55 || fields.u8(511) !== 0xaa) return undefined;
  const oem = Buffer.from(fields.slice(3, 8)).toString('latin1');
  if (oem === 'NTFS    ') return 'NTFS';
  if (oem === 'EXFAT   ') return 'exFAT';
  if (oem === '-FVE-FS-') return 'BitLocker';
  if (oem.startsWith('ReFS')) return 'ReFS';

  const jumps = (fields.u8(0) === 0xeb && fields.u8(2) === 0x90) || fields.u8(0) === 0xe9;
  const sectorBytes = fields.u16(11);
  const clusterSectors = fields.u8(13);
  const media = fields.u8(21);
  const isFat =
    jumps &&
    isPowerOfTwo(sectorBytes) &&
    sectorBytes >= 128 &&
    sectorBytes <= 4096 &&
    isPowerOfTwo(clusterSectors) &&
    fields.u16(14) !== 0 && // reserved sectors
    fields.u8(16) >= 1 && // allocation tables
    fields.u8(16) <= 4 &&
    (media === 0xf0 || media >= 0xf8) &&
    (fields.u16(19) !== 0 || fields.u32(32) !== 0); // sectors
  return isFat ? 'FAT' : undefined;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}

interface ForeignLabel {
  readonly name: string;
  /** In bytes, or in sectors where the label lies at a sector's start. */
  readonly at: (sectorSize: number) => number;
  readonly magic: readonly number[];
}

const bsdMagic = [0x57, 0x45, 0x56, 0x82];
const foreignLabels: readonly ForeignLabel[] = [
  { name: 'an Apple partition map', at: () => 512, magic: [0x50, 0x4d, 0x00, 0x00] },
  { name: 'an Apple partition map', at: (sectorSize) => sectorSize, magic: [0x50, 0x4d, 0x00, 0x00] },
  { name: 'a BSD disklabel', at: (sectorSize) => sectorSize, magic: bsdMagic },
  { name: 'a BSD disklabel', at: () => 512, magic: bsdMagic },
  { name: 'a BSD disklabel', at: () => 64, magic: bsdMagic },
  { name: 'a Sun disk label', at: () => 508, magic: [0xda, 0xbe] },
  { name: 'an SGI volume header', at: () => 0, magic: [0x0b, 0xe5, 0xa9, 0x41] },
  { name: 'an AIX label', at: () => 0, magic: [0xc9, 0xc2, 0xd4, 0xc1] },
  { name: 'a DASD volume label', at: (sectorSize) => 2 * sectorSize, magic: [0xe5, 0xd6, 0xd3, 0xf1] },
];

/**
 * The name of a partition scheme found in `head` (the first bytes of the disk, as many as there are up to
 * 16 sectors) that is not read here, with its article, or `undefined`.
 */
export function foreignScheme(head: Uint8Array, sectorSize: number): string | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length);
  const found = foreignLabels.find(({ at, magic }) => startsWith(bytes, at(sectorSize), magic));
  if (found !== undefined) return found.name;
  // An Amiga puts its rigid disk block anywhere in the first 16 sectors of 512 bytes.
  for (let sector = 0; sector < 16; sector++) {
    if (startsWith(bytes, sector * 512, [0x52, 0x44, 0x53, 0x4b])) return 'an Amiga partition table';
  }
  return undefined;
}

function startsWith(bytes: Buffer, at: number, magic: readonly number[]): boolean {
  return at + magic.length <= bytes.length && magic.every((byte, i) => bytes[at + i] === byte);
}

/** Signatures at fixed places, one of which nearly every file system, container or record in use has. */
const contentMagics: readonly { readonly at: number; readonly magic: readonly number[] }[] = [
  { at: 510, magic: [0x55, 0xaa] }, // FAT, exFAT, NTFS, BitLocker, extended boot record
  { at: 0x438, magic: [0x53, 0xef] }, // ext2/3/4
  { at: 0, magic: [0x58, 0x46, 0x53, 0x42] }, // XFS
  { at: 0, magic: [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe] }, // LUKS
  { at: 512, magic: [0x4c, 0x41, 0x42, 0x45, 0x4c, 0x4f, 0x4e, 0x45] }, // LVM2
  { at: 0xff6, magic: [0x53, 0x57, 0x41, 0x50, 0x53, 0x50, 0x41, 0x43, 0x45, 0x32] }, // swap
  { at: 0x400, magic: [0x10, 0x20, 0xf5, 0xf2] }, // F2FS
  { at: 0x400, magic: [0x48, 0x2b] }, // HFS+
  { at: 0x400, magic: [0x48, 0x58] }, // HFSX
  { at: 4096, magic: [0xfc, 0x4e, 0x2b, 0xa9] }, // md, version 1.2
];
const CONTENT_BYTES = 4100;
const btrfs = { at: 0x10040, magic: [...Buffer.from('_BHRfS_M', 'latin1')] };

/** Whether something known begins at byte `offset`: evidence that a table entry that points there is true. */
export async function hasContentAt(reader: BlockReader, offset: number): Promise<boolean> {
  const available = reader.sizeBytes - offset;
  try {
    const head = Buffer.from(await reader.read(offset, Math.min(CONTENT_BYTES, available)));
    if (contentMagics.some(({ at, magic }) => startsWith(head, at, magic))) return true;
    if (available < btrfs.at + btrfs.magic.length) return false;
    const superblock = Buffer.from(await reader.read(offset + btrfs.at, btrfs.magic.length));
    return startsWith(superblock, 0, btrfs.magic);
  } catch (error) {
    if (isPermafrostError(error, 'device/read-failed') || isPermafrostError(error, 'structure/invalid'))
      return false;
    throw error;
  }
}
