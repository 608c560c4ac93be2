/** Windows systems on a disk, and whether their boot manager and its configuration lead to them. */
import type { PartitionTable } from '../partition/partition-table.ts';
import { parseBcd, type BcdDevice, type BcdEntry } from './bcd.ts';
import type { BiosState } from './bios.ts';
import {
  answerOf,
  anyOf,
  good,
  note,
  problem,
  unknown,
  type BootFinding,
  type FirmwareAnswer,
  type InstalledSystem,
} from './boot-check.ts';
import { isLoader, type UefiState } from './uefi.ts';
import { explain, type Volume } from './volumes.ts';
import { say, type Said } from '../base/remarks.ts';

const UEFI_MANAGER = '/EFI/Microsoft/Boot/bootmgfw.efi';
export const UEFI_STORE = '/EFI/Microsoft/Boot/BCD';
export const BIOS_STORE = '/Boot/BCD';
const MAX_STORE_BYTES = 16 * 1024 * 1024;
const remedy = say('remedy/bcdboot');

/** Whether `volume` has a Windows on it. Throws what {@link explain} explains. */
async function hasWindows(volume: Volume): Promise<boolean> {
  if (volume.info.kind !== 'ntfs' || volume.files === undefined) return false;
  return (await volume.files.find('/Windows/System32/config/SYSTEM')) !== undefined;
}

/** The systems of `volumes`; what could not be looked into goes to `notes`. */
export async function findWindows(
  table: PartitionTable,
  volumes: readonly Volume[],
  uefi: UefiState,
  bios: BiosState,
  notes: Said[],
): Promise<InstalledSystem[]> {
  const systems: InstalledSystem[] = [];
  for (const volume of volumes) {
    try {
      if (!(await hasWindows(volume))) continue;
    } catch (error) {
      notes.push(say('unread/whole', { place: volume.place, problem: explain(error) }));
      continue;
    }
    const answers = {
      uefi: await byUefi(table, volume, uefi),
      bios: await byBios(table, volume, bios),
    };
    systems.push({
      name: 'Windows',
      kind: 'windows',
      place: volume.place,
      starts: anyOf([answers.uefi.answer, answers.bios.answer]),
      ...answers,
      findings: [],
    });
  }
  return systems;
}

async function byUefi(table: PartitionTable, windows: Volume, uefi: UefiState): Promise<FirmwareAnswer> {
  if (uefi.partitions.length === 0) return { answer: 'no', findings: [note(say('uefi/none'))] };
  const answers: FirmwareAnswer[] = [];
  for (const { files, volume } of uefi.partitions) {
    try {
      if (!(await isLoader(files, UEFI_MANAGER))) continue;
      const findings = [
        good(say('windows/manager', { place: volume.place })),
        ...checkStore(await files.readFile(UEFI_STORE, MAX_STORE_BYTES), table, windows),
      ];
      answers.push({ answer: uefi.answer === 'yes' ? answerOf(findings) : uefi.answer, findings });
    } catch (error) {
      answers.push({
        answer: 'no',
        findings: [problem(say('windows/files-unreadable', { problem: explain(error) }), remedy)],
      });
    }
  }
  const best = answers.find(({ answer }) => answer === 'yes') ?? answers[0];
  return (
    best ?? {
      answer: 'no',
      findings: [problem(say('windows/no-manager'), remedy)],
    }
  );
}

async function byBios(table: PartitionTable, windows: Volume, bios: BiosState): Promise<FirmwareAnswer> {
  if (table.kind !== 'mbr') return { answer: 'no', findings: [note(say('windows/uefi-only'))] };
  const { active, answer } = bios;
  if (bios.code === 'grub')
    return {
      answer: answer === 'no' ? 'no' : 'unknown',
      findings: [unknown(say('windows/behind-grub'))],
    };
  if (active?.files === undefined || answer !== 'yes')
    return { answer: answer === 'yes' ? 'unknown' : answer, findings: [] };
  try {
    if ((await active.files.find('/bootmgr')) === undefined)
      return {
        answer: 'no',
        findings: [problem(say('windows/manager-not-active', { place: active.place }), remedy)],
      };
    const store = await active.files.readFile(BIOS_STORE, MAX_STORE_BYTES);
    const findings = [
      good(say('windows/manager', { place: active.place })),
      ...checkStore(store, table, windows),
    ];
    return { answer: answerOf(findings), findings };
  } catch (error) {
    return {
      answer: 'no',
      findings: [problem(say('windows/files-unreadable', { problem: explain(error) }), remedy)],
    };
  }
}

/** Whether an entry of the store `bytes` starts the Windows on `windows`. */
function checkStore(bytes: Uint8Array | undefined, table: PartitionTable, windows: Volume): BootFinding[] {
  if (bytes === undefined) return [problem(say('windows/store-missing'), remedy)];
  let entries: BcdEntry[];
  try {
    entries = parseBcd(bytes);
  } catch (error) {
    return [problem(say('windows/store-damaged', { problem: explain(error) }), remedy)];
  }
  const loaders = entries.filter(({ kind }) => kind === 'windows');
  const starting = loaders.filter(({ devices }) => devices.some((device) => leadsTo(device, table, windows)));
  const wrong = [...loaders, ...entries.filter(({ kind }) => kind === 'boot-manager')].flatMap((entry) =>
    entry.devices.flatMap((device) => deviceProblem(entry, device, table)),
  );
  if (starting.length > 0) return [good(say('windows/store-has-entry')), ...wrong];
  if (loaders.some(({ devices }) => devices.length === 0) && wrong.length === 0)
    return [unknown(say('windows/store-unread'))];
  return [...wrong, problem(say('windows/store-no-entry'), remedy)];
}

function leadsTo(device: BcdDevice, table: PartitionTable, { partition }: Volume): boolean {
  if (partition === undefined || !('diskId' in table) || device.diskId !== table.diskId) return false;
  return device.style === 'gpt'
    ? device.partitionId === partition.partitionId
    : device.partitionStart === partition.start;
}

function deviceProblem(entry: BcdEntry, device: BcdDevice, table: PartitionTable): BootFinding[] {
  const title = entry.description === undefined ? entry.id : `“${entry.description}”`;
  if ('diskId' in table && device.diskId !== table.diskId)
    return [
      problem(
        say('windows/entry-other-disk', { entry: title, diskId: device.diskId, ownId: table.diskId }),
        remedy,
      ),
    ];
  const exists = table.partitions.some((partition) =>
    device.style === 'gpt'
      ? partition.partitionId === device.partitionId
      : partition.start === device.partitionStart,
  );
  if (exists) return [];
  const which =
    device.style === 'gpt' ? device.partitionId! : say('where/at-byte', { atStart: device.partitionStart! });
  return [problem(say('windows/entry-no-partition', { entry: title, partition: which }), remedy)];
}
