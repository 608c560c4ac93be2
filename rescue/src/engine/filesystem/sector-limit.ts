/**
 * The largest logical sectors that a file system can live on: its drivers refuse a disk whose sectors are larger than
 * what it was made with. FAT and NTFS note it in their boot sector (byte 11), exFAT too (byte 108, a power), XFS in its
 * superblock (byte 102); for the others it is the block size.
 */
import type { BlockReader } from '../base/block-reader.ts';
import { Fields } from '../base/fields.ts';
import type { FileSystemInfo } from './file-system.ts';

/** In bytes; undefined where nothing is known that would be in the way. */
export async function mostSectorBytes(
  region: BlockReader,
  { kind, blockSize }: Pick<FileSystemInfo, 'kind' | 'blockSize'>,
): Promise<number | undefined> {
  const read = async (): Promise<Fields> =>
    new Fields(await region.read(0, 512), `${region.name} boot sector`);
  switch (kind) {
    case 'fat12':
    case 'fat16':
    case 'fat32':
    case 'ntfs':
      return (await read()).u16(11);
    case 'exfat':
      return 2 ** (await read()).u8(108);
    case 'xfs': {
      const bytes = await region.read(0, 512);
      return (bytes[102]! << 8) | bytes[103]!;
    }
    default:
      return blockSize;
  }
}
