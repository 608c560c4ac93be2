/**
 * The NTFS boot sector ($Boot): where the volume ends and where its master file table lies.
 * Layout: "NTFS boot sector and BIOS parameter block" of the Windows NT resource kit, and the negative
 * sectors-per-cluster byte that Windows 10 1709 introduced for clusters above 64 KiB.
 */
import { Fields } from '../../base/fields.ts';

export interface NtfsGeometry {
  /** Bytes per sector as the boot sector says, 256 to 4096. */
  readonly sectorSize: number;
  /** Bytes per cluster, 256 B to 2 MiB. */
  readonly clusterSize: number;
  /** Whole clusters of the volume; the backup boot sector lies behind them. */
  readonly clusterCount: number;
  /** Bytes of the volume without the backup boot sector; a last part may be no whole cluster. */
  readonly volumeBytes: number;
  /** Logical cluster of the first extent of $MFT. */
  readonly mftLcn: number;
  /** Logical cluster of $MFTMirr. */
  readonly mftMirrorLcn: number;
  /** Bytes per record of $MFT, 512 B to 64 KiB. */
  readonly recordSize: number;
  /** Volume serial number, 16 upper-case hex digits. */
  readonly serial: string;
}

/** Bytes that {@link parseBootSector} needs. */
export const BOOT_SECTOR_BYTES = 512;

const MAX_CLUSTER_BYTES = 2 * 1024 * 1024;
const MAX_RECORD_BYTES = 64 * 1024;

/**
 * The geometry in `bytes`, the first {@link BOOT_SECTOR_BYTES} of a region; `undefined` if that is no NTFS
 * boot sector. Throws `structure/invalid` if it is one whose fields cannot be.
 */
export function parseBootSector(bytes: Uint8Array): NtfsGeometry | undefined {
  const boot = new Fields(bytes, 'NTFS boot sector');
  if (Buffer.from(boot.slice(3, 8)).toString('latin1') !== 'NTFS    ') return undefined;
  // FAT's reserved sectors, tables, root entries and sizes: NTFS wants them zero, so this is something else.
  const isFat = boot.u16(14) | boot.u8(16) | boot.u16(17) | boot.u16(19) | boot.u16(22) | boot.u32(32);
  if (isFat !== 0) return undefined;

  const sectorSize = boot.u16(11);
  if (!isPowerOfTwo(sectorSize) || sectorSize < 256 || sectorSize > 4096)
    boot.fail(`has sectors of ${sectorSize} bytes`, 11);
  const sectorsPerCluster = parseSectorsPerCluster(boot);
  const clusterSize = sectorsPerCluster * sectorSize;
  if (clusterSize > MAX_CLUSTER_BYTES) boot.fail(`has clusters of ${clusterSize} bytes`, 13);

  const sectorCount = boot.u64(40);
  const clusterCount = Math.floor(sectorCount / sectorsPerCluster);
  const volumeBytes = sectorCount * sectorSize;
  if (clusterCount === 0 || !Number.isSafeInteger(volumeBytes + sectorSize))
    boot.fail(`has ${sectorCount} sectors`, 40);
  const mftLcn = boot.u64(48);
  const mftMirrorLcn = boot.u64(56);
  if (mftLcn >= clusterCount || mftMirrorLcn >= clusterCount)
    boot.fail(`has its file table at clusters ${mftLcn} and ${mftMirrorLcn} of ${clusterCount}`, 48);

  return {
    sectorSize,
    clusterSize,
    clusterCount,
    volumeBytes,
    mftLcn,
    mftMirrorLcn,
    recordSize: parseRecordSize(boot, clusterSize),
    serial: boot.bigU64(72).toString(16).toUpperCase().padStart(16, '0'),
  };
}

function parseSectorsPerCluster(boot: Fields): number {
  const value = boot.u8(13);
  if (value <= 0x80 && isPowerOfTwo(value)) return value;
  // 0xF4 to 0xFF: minus the power of two, for up to 4096 sectors.
  if (value >= 0xf4) return 2 ** (256 - value);
  return boot.fail(`has ${value} sectors per cluster`, 13);
}

/** Positive: clusters per record. Negative: minus the power of two of its bytes. */
function parseRecordSize(boot: Fields, clusterSize: number): number {
  const value = boot.i8(64);
  const size = value > 0 ? value * clusterSize : 2 ** -value;
  if (!isPowerOfTwo(size) || size < 512 || size > MAX_RECORD_BYTES)
    boot.fail(`has file records of ${size} bytes`, 64);
  return size;
}

/** Whether `value` is a power of two; up to 2^31. */
export function isPowerOfTwo(value: number): boolean {
  return value > 0 && value <= 2 ** 31 && Math.log2(value) % 1 === 0;
}
