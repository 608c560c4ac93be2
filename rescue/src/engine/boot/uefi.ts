/**
 * What UEFI firmware finds on a disk: EFI system partitions, the fallback loader, loaders of systems, and the boot
 * entries of the machine that name them. UEFI 2.10, sections 3.5.1.1 "Removable Media Boot Behavior" and 13.3.
 */
import type { Firmware } from '../device/firmware.ts';
import type { FileTree } from '../filesystem/file-tree.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import { anyOf, good, note, problem, unknown, type Answer, type BootFinding } from './boot-check.ts';
import { parseLoadOption, type LoadOption } from './load-option.ts';
import { explain, type Volume } from './volumes.ts';
import { say } from '../base/remarks.ts';

/** The type of an EFI system partition, in a GPT and in an MBR. */
const ESP_TYPES: ReadonlySet<string> = new Set(['c12a7328-f81f-11d2-ba4b-00a0c93ec93b', '0xef']);
export const FALLBACK_PATH = '/EFI/BOOT/BOOTX64.EFI';
const MAX_LOADER_BYTES = 64 * 1024 * 1024;
const MACHINE_X64 = 0x8664;

export interface BootEntry extends LoadOption {
  readonly number: number;
}

/** An EFI system partition, or a partition that has the files of one. */
export interface SystemPartition {
  readonly volume: Volume;
  readonly files: FileTree;
  /** Whether its type says what it is; some firmware looks no further. */
  readonly isTyped: boolean;
  readonly hasFallback: boolean;
  /** Vendors' folders below `/EFI`, each with its loaders. */
  readonly vendors: readonly { readonly name: string; readonly loaders: readonly string[] }[];
  /** Entries of the machine that lead to a loader that is there. */
  readonly entries: readonly BootEntry[];
}

export interface UefiState {
  readonly answer: Answer;
  readonly findings: readonly BootFinding[];
  readonly partitions: readonly SystemPartition[];
  /** Of the whole machine; absent where they cannot be read. */
  readonly entries?: readonly BootEntry[];
}

/** Looks at all of it. */
export async function checkUefi(
  table: PartitionTable,
  volumes: readonly Volume[],
  firmware: Firmware,
): Promise<UefiState> {
  const findings: BootFinding[] = [];
  const entries = parseEntries(firmware, findings);
  const partitions: SystemPartition[] = [];
  const answers: Answer[] = [];
  for (const volume of volumes.filter(({ isPartition }) => isPartition)) {
    const isTyped = ESP_TYPES.has(volume.partition?.typeId ?? '');
    if (volume.files === undefined) {
      if (isTyped)
        findings.push(
          problem(
            say('uefi/partition-no-files', {
              place: volume.place,
              problem: volume.problem ?? say('uefi/no-fat', { content: volume.info.kind }),
            }),
            say('remedy/restore-partition'),
          ),
        );
      continue;
    }
    if (!isTyped && !(await isUntypedSystemPartition(volume))) continue;
    try {
      const found = await readSystemPartition(volume, volume.files, isTyped, entries ?? []);
      partitions.push(found);
      const own = describe(found, entries !== undefined);
      findings.push(...own.findings);
      answers.push(own.answer);
    } catch (error) {
      findings.push(
        problem(say('uefi/partition-no-files', { place: volume.place, problem: explain(error) })),
      );
    }
  }
  if (entries !== undefined) findings.push(...danglingEntries(entries, table, partitions));
  if (partitions.length === 0 && findings.every(({ level }) => level !== 'problem'))
    findings.push(note(say('uefi/no-partition')));
  return {
    answer: anyOf(answers),
    findings,
    partitions,
    ...(entries === undefined ? {} : { entries }),
  };
}

function parseEntries(firmware: Firmware, findings: BootFinding[]): BootEntry[] | undefined {
  if (firmware.entries === undefined) return undefined;
  const parsed: BootEntry[] = [];
  for (const { number, value } of firmware.entries) {
    try {
      parsed.push({ number, ...parseLoadOption(value) });
    } catch (error) {
      findings.push(
        note(say('uefi/entry-unreadable', { entry: entryName(number), problem: explain(error) })),
      );
    }
  }
  return parsed;
}

/** Firmware boots what has the files, of whatever type; a data partition has none. */
async function isUntypedSystemPartition({ info, files }: Volume): Promise<boolean> {
  if (!info.kind.startsWith('fat')) return false;
  try {
    return (await files?.find(FALLBACK_PATH)) !== undefined;
  } catch (error) {
    explain(error);
    return false;
  }
}

async function readSystemPartition(
  volume: Volume,
  files: FileTree,
  isTyped: boolean,
  entries: readonly BootEntry[],
): Promise<SystemPartition> {
  const vendors: { name: string; loaders: string[] }[] = [];
  for (const name of await files.list('/EFI')) {
    if (name.toLowerCase() === 'boot') continue;
    vendors.push({ name, loaders: await findLoaders(files, `/EFI/${name}`) });
  }
  const own = entries.filter(
    ({ active, partition }) => active && partition?.id === volume.partition?.partitionId,
  );
  const valid: BootEntry[] = [];
  for (const entry of own)
    if (entry.path !== undefined && (await isLoader(files, toPath(entry.path)))) valid.push(entry);
  return {
    volume,
    files,
    isTyped,
    hasFallback: await isLoader(files, FALLBACK_PATH),
    vendors,
    entries: valid,
  };
}

/** `.efi` programs in a vendor's folder and one level below, as Windows has it. */
async function findLoaders(files: FileTree, folder: string): Promise<string[]> {
  const loaders: string[] = [];
  const isProgram = (name: string): boolean => name.toLowerCase().endsWith('.efi');
  for (const name of await files.list(folder)) {
    const path = `${folder}/${name}`;
    if (isProgram(name)) loaders.push(path);
    else if ((await files.find(path))?.kind === 'directory')
      loaders.push(...(await files.list(path)).filter(isProgram).map((inner) => `${path}/${inner}`));
  }
  return loaders;
}

/** Whether `path` is a program for 64-bit PCs (PE32+, Microsoft's PE format specification). */
export async function isLoader(files: FileTree, path: string): Promise<boolean> {
  const node = await files.find(path);
  if (node?.kind !== 'file' || node.sizeBytes < 256 || node.sizeBytes > MAX_LOADER_BYTES) return false;
  const bytes = Buffer.from(await node.read());
  if (bytes.toString('latin1', 0, 2) !== 'MZ') return false;
  const header = bytes.readUInt32LE(60);
  if (header + 6 > bytes.length || bytes.toString('latin1', header, header + 4) !== 'PE\0\0') return false;
  return bytes.readUInt16LE(header + 4) === MACHINE_X64;
}

/** Firmware's separators as ours. */
export function toPath(path: string): string {
  return path.replaceAll('\\', '/');
}

function describe(
  { volume, isTyped, hasFallback, vendors, entries }: SystemPartition,
  knowsEntries: boolean,
): { answer: Answer; findings: BootFinding[] } {
  const { place } = volume;
  const findings: BootFinding[] = [];
  if (!isTyped) findings.push(problem(say('uefi/untyped', { place }), say('remedy/set-type')));
  const names = vendors.filter(({ loaders }) => loaders.length > 0).map(({ name }) => name);
  if (hasFallback) findings.push(good(say('uefi/fallback', { place })));
  for (const entry of entries)
    findings.push(good(say('uefi/entry-leads', { entry: entryTitle(entry), path: entry.path!, place })));
  if (hasFallback || entries.length > 0) return { answer: isTyped ? 'yes' : 'unknown', findings };
  const missing = { place, loader: FALLBACK_PATH.replaceAll('/', '\\') };
  const remedy = say('remedy/boot-entry');
  if (names.length === 0) {
    findings.push(problem(say('uefi/no-loader', missing), remedy));
    return { answer: 'no', findings };
  }
  if (knowsEntries) {
    findings.push(problem(say('uefi/no-fallback-no-entry', { ...missing, list: names.join(', ') }), remedy));
    return { answer: 'no', findings };
  }
  findings.push(unknown(say('uefi/no-fallback-unknown', { ...missing, list: names.join(', ') })));
  return { answer: 'unknown', findings };
}

/** Entries that name a partition of this disk without leading to a loader. */
function danglingEntries(
  entries: readonly BootEntry[],
  table: PartitionTable,
  partitions: readonly SystemPartition[],
): BootFinding[] {
  return entries.flatMap((entry) => {
    const { partition, path } = entry;
    if (partition === undefined || path === undefined) return [];
    if (!table.partitions.some(({ partitionId }) => partitionId === partition.id)) return [];
    if (partitions.some(({ entries: valid }) => valid.includes(entry))) return [];
    return [
      entry.active
        ? problem(say('uefi/entry-dangles', { entry: entryTitle(entry), path }))
        : note(say('uefi/entry-off', { entry: entryTitle(entry) })),
    ];
  });
}

/** `Boot0003`. */
export function entryName(number: number): string {
  return `Boot${number.toString(16).toUpperCase().padStart(4, '0')}`;
}

function entryTitle({ number, label }: BootEntry): string {
  return `${entryName(number)} “${label}”`;
}
