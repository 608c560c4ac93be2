/**
 * Says for every system installed on a disk whether firmware can find it, and why not. Nothing is mounted and nothing
 * written; what cannot be told is said to be not known.
 */
import type { BlockReader } from '../base/block-reader.ts';
import type { Firmware } from '../device/firmware.ts';
import { readTable, type ReadTableOptions } from '../partition/table.ts';
import { checkBios } from './bios.ts';
import type { BootCheck } from './boot-check.ts';
import { findLinux } from './linux.ts';
import { checkUefi } from './uefi.ts';
import { readVolumes, type Elsewhere, type Volume } from './volumes.ts';
import { findWindows } from './windows.ts';
import { type Said, say } from '../base/remarks.ts';

export interface CheckBootOptions extends ReadTableOptions {
  readonly firmware: Firmware;
  /** What other disks of the machine have; without it, nobody knows. */
  readonly elsewhere?: Elsewhere;
  readonly signal?: AbortSignal;
}

/** Checks the disk `reader`. Throws only `job/cancelled` and what is no fault of the disk. */
export async function checkBoot(reader: BlockReader, options: CheckBootOptions): Promise<BootCheck> {
  const { firmware, elsewhere, signal, ...tableOptions } = options;
  const table = await readTable(reader, tableOptions);
  const volumes = await readVolumes(reader, table, signal);
  const uefi = await checkUefi(table, volumes, firmware);
  const bios = await checkBios(reader, table, volumes);
  const notes = volumes.flatMap(unreadNotes);
  const systems = [
    ...(await findLinux(volumes, uefi, bios, notes, elsewhere)),
    ...(await findWindows(table, volumes, uefi, bios, notes)),
  ];
  return {
    machine: firmware.kind,
    uefi: { answer: uefi.answer, findings: uefi.findings },
    bios: { answer: bios.answer, findings: bios.findings },
    systems,
    notes,
  };
}

/** Where a system may be that nobody could look for. */
function unreadNotes({ place, info, files, problem }: Volume): Said[] {
  if (files !== undefined) return [];
  if (problem !== undefined) return [say('unread/file-system', { place, content: info.kind, problem })];
  if (info.kind === 'luks' || info.kind === 'bitlocker')
    return [say('unread/encrypted', { place, content: info.kind })];
  if (
    ['md', 'bcache', 'zfs', 'f2fs', 'bcachefs', 'ldm', 'storage-spaces', 'jfs', 'reiserfs'].includes(
      info.kind,
    )
  )
    return [say('unread/kind', { place, content: info.kind })];
  return [];
}
