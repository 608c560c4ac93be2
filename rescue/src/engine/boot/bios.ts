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
import { say } from '../base/remarks.ts';

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
    const finding = problem(say('bios/sector-unreadable', { problem: explain(error) }));
    return { code: 'other', answer: 'no', findings: [finding] };
  }
  const code = identifyBootCode(sector);
  if (code === 'none')
    return {
      code,
      answer: 'no',
      findings: [note(say('bios/no-code'))],
    };
  if (code === 'grub') return checkGrub(disk, sector, table, volumes);
  if (code === 'other')
    return {
      code,
      answer: 'unknown',
      findings: [unknown(say('bios/unknown-code'))],
    };
  return checkActive(code, table, volumes);
}

async function checkGrub(
  disk: BlockReader,
  sector: Uint8Array,
  table: PartitionTable,
  volumes: readonly Volume[],
): Promise<BiosState> {
  const remedy = say('remedy/grub-install');
  let core: GrubCore;
  try {
    core = await readGrubCore(disk, sector);
  } catch (error) {
    const finding = problem(say('bios/grub-damaged', { problem: explain(error) }), remedy);
    return { code: 'grub', answer: 'no', findings: [finding] };
  }
  const findings: BootFinding[] = [placeFinding(core.runs, table)];
  const { image } = core;
  if (image === undefined) {
    findings.push(unknown(say('bios/grub-packed')));
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
  if (inside === undefined) return good(say('bios/core-in-front', { atStart: start }));
  if (inside.typeId === BIOS_BOOT_TYPE && start >= inside.start && end <= inside.start + inside.length)
    return good(say('bios/core-in-boot-partition', { number: inside.number }));
  return note(say('bios/core-inside', { number: inside.number }));
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
  const remedy = say('remedy/grub-install');
  const [, device = '', path = ''] = /^(?:\(([^)]*)\))?(.*)$/.exec(prefix) ?? [];
  const folder = configured ?? path;
  if (searched.length > 0) {
    const value = searched[0]!;
    const found = resolveReference({ kind: 'uuid', value }, volumes);
    if (found.kind === 'here')
      return checkFolder(found.volume, folder, say('where/file-system', { id: value }));
    return {
      isKnown: true,
      findings: [problem(say('bios/grub-seeks-missing', { id: value }), remedy)],
    };
  }
  const [, lvm] = /^lvm\/(.+)$/.exec(device) ?? [];
  const [, number] = /^(?:hd\d+)?,(?:gpt|msdos)?(\d+)$/.exec(device) ?? [];
  if (lvm !== undefined) {
    const volume = volumes.find(({ mapperName }) => mapperName === lvm);
    if (volume !== undefined) return checkFolder(volume, folder, say('where/volume', { volume: lvm }));
  }
  if (number !== undefined) {
    const volume = volumes.find((v) => v.isPartition && v.partition?.number === Number(number));
    if (volume !== undefined)
      return checkFolder(volume, folder, say('place/partition', { number: Number(number) }));
    const exists = table.partitions.some((partition) => partition.number === Number(number));
    if (!exists)
      return {
        isKnown: true,
        findings: [problem(say('bios/grub-seeks-partition', { number: Number(number) }), remedy)],
      };
  }
  return {
    isKnown: false,
    findings: [unknown(say('bios/grub-prefix', { prefix }))],
  };
}

async function checkFolder(volume: Volume, folder: string, where: string): Promise<Lead> {
  if (volume.files === undefined)
    return {
      isKnown: false,
      findings: [unknown(say('bios/grub-files-not-read', { folder, where }))],
    };
  try {
    if ((await volume.files.find(`${folder}/i386-pc/normal.mod`)) === undefined)
      return {
        isKnown: true,
        findings: [
          problem(
            say('bios/grub-files-missing', { folder, where, place: volume.place }),
            say('remedy/grub-install'),
          ),
        ],
      };
  } catch (error) {
    return {
      isKnown: false,
      findings: [unknown(say('bios/grub-files-unreadable', { problem: explain(error) }))],
    };
  }
  return {
    isKnown: true,
    findings: [good(say('bios/grub-files', { folder, where, place: volume.place }))],
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
  const title = code === 'windows' ? say('bios/windows-code') : say('bios/plain-code');
  if (table.kind === 'gpt' && code === 'windows')
    return {
      code,
      answer: 'no',
      findings: [note(say('bios/code-on-gpt', { code: title }))],
    };
  if (active.length !== 1) {
    const which = active.length === 0 ? 'bios/none-active' : 'bios/many-active';
    return {
      code,
      answer: 'no',
      findings: [problem(say(which, { code: title }), say('remedy/activate'))],
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
            say('bios/active-no-code', { place: volume.place }),
            code === 'windows' ? say('remedy/bootsect') : undefined,
          ),
        ],
      };
    const which = startsBootManager(sector) ? 'bios/active-starts-manager' : 'bios/active-has-code';
    return {
      code,
      answer: 'yes',
      active: volume,
      findings: [good(say(which, { code: title, place: volume.place }))],
    };
  } catch (error) {
    return {
      code,
      answer: 'no',
      findings: [problem(say('bios/active-unreadable', { problem: explain(error) }))],
    };
  }
}
