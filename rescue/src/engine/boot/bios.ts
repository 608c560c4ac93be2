/**
 * What a BIOS finds on a disk: code in the first sector, and what that needs. GRUB's core image is followed and read;
 * of others it is looked whether what they start is there.
 */
import type { BlockReader } from '../base/block-reader.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import { good, note, problem, unknown, type Answer, type BootFinding } from './boot-check.ts';
import { readGrubCore, type GrubCore, type SectorRun } from './grub-bios.ts';
import { identifyBootCode, startsBootManager, type BootCode } from './mbr-code.ts';
import { parseGrubConfig } from './references.ts';
import { explain, resolveReference, type Volume } from './volumes.ts';

const BIOS_BOOT_TYPE = '21686148-6449-6e6f-744e-656564454649';
const SECTOR = 512;

export interface BiosState {
  readonly code: BootCode;
  readonly answer: Answer;
  readonly findings: readonly BootFinding[];
  /** Where GRUB goes on: the volume with its files and their folder. */
  readonly grub?: { readonly volume: Volume; readonly folder: string };
  /** The volume whose first sector Windows' or a plain MBR code starts. */
  readonly active?: Volume;
}

/** Looks at the first sector and at what it leads to. */
export async function checkBios(
  disk: BlockReader,
  table: PartitionTable,
  volumes: readonly Volume[],
): Promise<BiosState> {
  let sector: Uint8Array;
  try {
    sector = await disk.read(0, SECTOR);
  } catch (error) {
    const finding = problem(`The first sector of the disk cannot be read: ${explain(error)}.`);
    return { code: 'other', answer: 'no', findings: [finding] };
  }
  const code = identifyBootCode(sector);
  if (code === 'none')
    return {
      code,
      answer: 'no',
      findings: [
        note('There is no boot code in the first sector, so that a BIOS starts nothing from this disk.'),
      ],
    };
  if (code === 'grub') return checkGrub(disk, sector, table, volumes);
  if (code === 'other')
    return {
      code,
      answer: 'unknown',
      findings: [unknown('The first sector has boot code that is not known here.')],
    };
  return checkActive(code, table, volumes);
}

async function checkGrub(
  disk: BlockReader,
  sector: Uint8Array,
  table: PartitionTable,
  volumes: readonly Volume[],
): Promise<BiosState> {
  const remedy = 'Start the system from another medium and run grub-install on this disk.';
  let core: GrubCore;
  try {
    core = await readGrubCore(disk, sector);
  } catch (error) {
    const finding = problem(
      `GRUB is in the first sector, and what it loads is damaged: ${explain(error)}.`,
      remedy,
    );
    return { code: 'grub', answer: 'no', findings: [finding] };
  }
  const findings: BootFinding[] = [placeFinding(core.runs, table)];
  const { image } = core;
  if (image === undefined) {
    findings.push(
      unknown(
        "Where GRUB's core image looks for the rest of it is not known: it is packed in a way that is not read here.",
      ),
    );
    return { code: 'grub', answer: 'unknown', findings };
  }
  const lead = await followPrefix(image.prefix ?? '', image.config ?? '', table, volumes);
  findings.push(...lead.findings);
  const answer: Answer = lead.grub === undefined ? (lead.isKnown ? 'no' : 'unknown') : 'yes';
  return { code: 'grub', answer, findings, ...(lead.grub === undefined ? {} : { grub: lead.grub }) };
}

/** Whether the core image is where nothing else is kept. */
function placeFinding(runs: readonly SectorRun[], table: PartitionTable): BootFinding {
  const start = Math.min(...runs.map((run) => run.start)) * SECTOR;
  const end = Math.max(...runs.map((run) => run.start + run.count)) * SECTOR;
  const inside = table.partitions.find((p) => start < p.start + p.length && end > p.start);
  if (inside === undefined)
    return good(`GRUB's core image is whole, at byte ${start}, in front of the partitions.`);
  if (inside.typeId === BIOS_BOOT_TYPE && start >= inside.start && end <= inside.start + inside.length)
    return good(`GRUB's core image is whole, in the BIOS boot partition (partition ${inside.number}).`);
  return note(
    `GRUB's core image is inside partition ${inside.number}, at fixed sectors of its file system: it is lost when that file system moves it.`,
  );
}

interface Lead {
  readonly findings: readonly BootFinding[];
  readonly grub?: BiosState['grub'];
  /** Whether it is known where it leads to, so that nothing there means nothing found. */
  readonly isKnown: boolean;
}

/** Where the core image looks: by its own small configuration, else by the partition in its prefix. */
async function followPrefix(
  prefix: string,
  config: string,
  table: PartitionTable,
  volumes: readonly Volume[],
): Promise<Lead> {
  const { searched, prefix: configured } = parseGrubConfig(config);
  const remedy = 'Start the system from another medium and run grub-install on this disk.';
  const [, device = '', path = ''] = /^(?:\(([^)]*)\))?(.*)$/.exec(prefix) ?? [];
  const folder = configured ?? path;
  if (searched.length > 0) {
    const value = searched[0]!;
    const found = resolveReference({ kind: 'uuid', value }, volumes);
    if (found.kind === 'here') return checkFolder(found.volume, folder, `the file system ${value}`);
    return {
      isKnown: true,
      findings: [problem(`GRUB looks for the file system ${value}, which is not on this disk.`, remedy)],
    };
  }
  const [, lvm] = /^lvm\/(.+)$/.exec(device) ?? [];
  const [, number] = /^(?:hd\d+)?,(?:gpt|msdos)?(\d+)$/.exec(device) ?? [];
  if (lvm !== undefined) {
    const volume = volumes.find(({ mapperName }) => mapperName === lvm);
    if (volume !== undefined) return checkFolder(volume, folder, `the volume ${lvm}`);
  }
  if (number !== undefined) {
    const volume = volumes.find((v) => v.isPartition && v.partition?.number === Number(number));
    if (volume !== undefined) return checkFolder(volume, folder, `partition ${number}`);
    const exists = table.partitions.some((partition) => partition.number === Number(number));
    if (!exists)
      return {
        isKnown: true,
        findings: [problem(`GRUB looks for its files on partition ${number}, which does not exist.`, remedy)],
      };
  }
  return {
    isKnown: false,
    findings: [unknown(`Where GRUB looks for its files is not known: its prefix is “${prefix}”.`)],
  };
}

async function checkFolder(volume: Volume, folder: string, where: string): Promise<Lead> {
  if (volume.files === undefined)
    return {
      isKnown: false,
      findings: [unknown(`GRUB looks for its files in ${folder} on ${where}, which is not read here.`)],
    };
  try {
    if ((await volume.files.find(`${folder}/i386-pc/normal.mod`)) === undefined)
      return {
        isKnown: true,
        findings: [
          problem(
            `GRUB looks for its files in ${folder} on ${where} (${volume.place}), and they are not there.`,
            'Start the system from another medium and run grub-install on this disk.',
          ),
        ],
      };
  } catch (error) {
    return { isKnown: false, findings: [unknown(`GRUB's files cannot be looked at: ${explain(error)}.`)] };
  }
  return {
    isKnown: true,
    findings: [good(`GRUB finds its files in ${folder} on ${where} (${volume.place}).`)],
    grub: { volume, folder },
  };
}

/** Code that starts the first sector of the active partition: of Windows, of syslinux and others. */
async function checkActive(
  code: BootCode,
  table: PartitionTable,
  volumes: readonly Volume[],
): Promise<BiosState> {
  const active = table.partitions.filter(({ bootable, logical }) => bootable && !logical);
  const title = code === 'windows' ? 'Windows’ boot code' : 'Boot code that starts the active partition';
  if (table.kind === 'gpt' && code === 'windows')
    return {
      code,
      answer: 'no',
      findings: [note(`${title} is in the first sector, but it does not start from a GPT disk.`)],
    };
  if (active.length !== 1) {
    const what = active.length === 0 ? 'no partition is active' : 'more than one partition is active';
    const remedy = 'Make the partition with the boot files active (sfdisk --activate).';
    return {
      code,
      answer: 'no',
      findings: [problem(`${title} is in the first sector, and ${what}.`, remedy)],
    };
  }
  const volume = volumes.find((v) => v.isPartition && v.partition === active[0]);
  if (volume === undefined) return { code, answer: 'unknown', findings: [] };
  try {
    const sector = await volume.reader.read(0, SECTOR);
    const ends = sector[510] === 0x55 && sector[511] === 0xaa;
    if (!ends || identifyBootCode(sector) === 'none')
      return {
        code,
        answer: 'no',
        active: volume,
        findings: [
          problem(
            `The active partition (${volume.place}) has no boot code in its first sector.`,
            code === 'windows'
              ? 'Start the Windows recovery medium and run "bootsect /nt60 ALL".'
              : undefined,
          ),
        ],
      };
    const starts = startsBootManager(sector) ? 'starts Windows’ boot manager' : 'has boot code';
    return {
      code,
      answer: 'yes',
      active: volume,
      findings: [
        good(`${title} is in the first sector, and the active partition (${volume.place}) ${starts}.`),
      ],
    };
  } catch (error) {
    return {
      code,
      answer: 'no',
      findings: [problem(`The active partition cannot be read: ${explain(error)}.`)],
    };
  }
}
