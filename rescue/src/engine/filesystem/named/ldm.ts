/**
 * Dynamic disks of Windows (LDM), by the private header and the table of contents of their database, after
 * "LDM Documentation" of the Linux-NTFS project. The database fills the last MiB of an MBR disk, or a
 * partition of its own on a GPT disk.
 */
import { fromSignature, type ProberEntry } from './signature.ts';

/** The sector that is `sectors` before the end. */
function fromEnd(sizeBytes: number, sectors: number): number {
  return (Math.floor(sizeBytes / 512) - sectors) * 512;
}

export const ldmMembers: readonly ProberEntry[] = [
  fromSignature({
    kind: 'ldm',
    role: 'container',
    // Sector 6, and two copies in the database that fills the last MiB of the disk.
    at: (sizeBytes) => [6 * 512, fromEnd(sizeBytes, 2048 - 1856), fromEnd(sizeBytes, 1)],
    length: 512,
    magics: [[0, 'PRIVHEAD']],
    describe: (f) => ({
      uuid: f.text(0x30, 64),
      label: f.text(0xf0, 32),
      details: { version: `${f.u16be(12)}.${f.u16be(14)}`, diskGroup: f.text(0xb0, 64) },
    }),
  }),
  fromSignature({
    kind: 'ldm',
    role: 'container',
    // The database by itself: the LDM metadata partition of a GPT disk, or the last MiB of an MBR disk.
    at: (sizeBytes) => [512, 1024, fromEnd(sizeBytes, 2047), fromEnd(sizeBytes, 2046)],
    length: 512,
    magics: [[0, 'TOCBLOCK']],
  }),
];
