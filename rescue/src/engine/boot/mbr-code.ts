/**
 * Whose code is in the first sector of a disk or of a partition. Told by the texts that it prints, which translations
 * of Windows change, so by its first instructions, too.
 */
import { isGrubBootSector } from './grub-bios.ts';

/** `none`: nothing but zeros, so that a BIOS goes on to the next disk or stops. */
export type BootCode = 'none' | 'grub' | 'windows' | 'syslinux' | 'other';

/** xor ax,ax; mov ss,ax; mov sp,7c00h: as Windows begins since Vista, and with other registers before. */
const windowsBeginnings: readonly string[] = ['33c08ed0bc007c8e', '33c08ed0bc007cfb', 'fa33c08ed0bc007c'];

/** What a BIOS would run of the disk whose first 512 bytes are `sector`. */
export function identifyBootCode(sector: Uint8Array): BootCode {
  const code = Buffer.from(sector.subarray(0, 440));
  if (code.every((byte) => byte === 0)) return 'none';
  if (isGrubBootSector(sector)) return 'grub';
  const text = code.toString('latin1');
  const isWindows = windowsBeginnings.some((beginning) => code.toString('hex').startsWith(beginning));
  if (text.includes('Invalid partition table') || (isWindows && text.includes('TCPA'))) return 'windows';
  if (text.includes('Missing operating system') || text.includes('isolinux')) return 'syslinux';
  return 'other';
}

/** Whether `sector`, the first of an NTFS or FAT volume, has the code that starts Windows' boot manager. */
export function startsBootManager(sector: Uint8Array): boolean {
  const text = Buffer.from(sector.subarray(0, 512)).toString('latin1');
  return text.includes('BOOTMGR') || text.includes('NTLDR');
}
