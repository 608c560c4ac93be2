/**
 * FAT and NTFS note in their boot sectors how many sectors lie before them on the disk ("hidden sectors", byte 28;
 * FAT specification 1.03, section 3.1), and firmware and Windows start from that: it must go along when a partition
 * gets another place.
 */
import type { BlockReader } from '../base/block-reader.ts';
import { Fields } from '../base/fields.ts';
import type { FileSystemKind } from './file-system.ts';

const HIDDEN_SECTORS = 28;

/** Bytes to be laid over those of a region; `offset` in bytes from its start. */
export interface BootSectorPatch {
  readonly offset: number;
  /** One sector of the file system. */
  readonly bytes: Uint8Array;
}

export interface MovedRegion {
  readonly kind: FileSystemKind;
  /** Where it begins on its disk, in sectors of that disk. */
  readonly fromSector: number;
  readonly toSector: number;
}

/**
 * The boot sectors of `region` with the new place, backups too. One that does not say where it was is left as it is:
 * nobody relies upon it. None for other file systems.
 */
export async function hiddenSectorPatches(
  region: BlockReader,
  { kind, fromSector, toSector }: MovedRegion,
): Promise<BootSectorPatch[]> {
  const isNtfs = kind === 'ntfs';
  if ((!isNtfs && !kind.startsWith('fat')) || fromSector === toSector || toSector >= 2 ** 32) return [];
  const first = new Fields(await region.read(0, 512), 'boot sector');
  const sectorBytes = first.u16(11);
  if (![512, 1024, 2048, 4096].includes(sectorBytes)) return [];
  const backup = isNtfs ? first.u64(40) : kind === 'fat32' ? first.u16(50) : 0;
  const patches: BootSectorPatch[] = [];
  for (const sector of new Set([0, backup])) {
    const offset = sector * sectorBytes;
    if (offset + sectorBytes > region.sizeBytes) continue;
    const bytes = Buffer.from(await region.read(offset, sectorBytes));
    const isBootSector = bytes.readUInt16LE(510) === 0xaa55 && bytes.readUInt16LE(11) === sectorBytes;
    if (!isBootSector || bytes.readUInt32LE(HIDDEN_SECTORS) !== fromSector) continue;
    bytes.writeUInt32LE(toSector, HIDDEN_SECTORS);
    patches.push({ offset, bytes });
  }
  return patches;
}
