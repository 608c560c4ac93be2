/**
 * The rescue environment sets every disk read-only when it appears (protect-disks) and notes which ones it was that
 * did: in `protected/NAME` the disk's sequence number. Without a note a read-only disk is read-only for good.
 */
import { join } from 'node:path';
import { wholeDisk, type BlockNode } from './block-node.ts';
import { readNumber, readText, type System } from './system.ts';

/** Whether the disk that `node` is or is a part of was set read-only by the rescue environment, and only by it. */
export async function hasProtectionNote(system: System, node: BlockNode): Promise<boolean> {
  const disk = await wholeDisk(system, node);
  const note = await readText(join(system.stateRoot, 'protected', disk.name));
  // Another disk may have taken the name meanwhile.
  return note !== undefined && note !== '' && note === (await readText(join(disk.folder, 'diskseq')));
}

/** Whether it is so now: a disk that a job has set writable is not. */
export async function isProtected(system: System, node: BlockNode): Promise<boolean> {
  const disk = await wholeDisk(system, node);
  return (await readNumber(join(disk.folder, 'ro'))) === 1 && (await hasProtectionNote(system, node));
}
