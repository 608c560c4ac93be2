/**
 * Reads the partition table of a disk: decides between GPT, MBR, a file system straight on the disk, and what
 * must be taken whole because it does not add up. Never throws for what a disk holds.
 *
 * The rules follow what systems do: a GPT counts where an MBR protects it; without protection only where its
 * primary copy is intact, since backups of former tables outlive most ways of reusing a disk.
 */
import type { BlockReader } from '../base/block-reader.ts';
import { isPermafrostError } from '../base/errors.ts';
import { bootSectorFileSystem, foreignScheme, hasContentAt } from './boot-sector.ts';
import { gptTable } from './gpt-table.ts';
import { hasSaneStatus, MBR_BYTES, parseMbr, PROTECTIVE_TYPE, type Mbr } from './mbr.ts';
import { readMbrTable } from './mbr-table.ts';
import type { Doubt, NoTable, PartitionTable, UnreadableTable } from './partition-table.ts';
import { isValidCopy, readGpt, type GptCopies } from './read-gpt.ts';
import { type Said, say } from '../base/remarks.ts';

export interface ReadTableOptions {
  /** Use this logical sector size in bytes, whatever the disk says (`--sector-size`). */
  readonly sectorSize?: number;
  /** The reader is a file, whose sector size nobody knows: both usual ones are tried. Default `false`. */
  readonly isFile?: boolean;
}

const usualSectorSizes = [512, 4096] as const;
/** Of CD, DVD and Blu-ray (ECMA-119, 6.1.2). */
const DISC_SECTOR_BYTES = 2048;

/**
 * The partition table of `reader`. Rejects only for reasons other than what the disk holds or cannot deliver,
 * and with RangeError for a sector size that is no power of two from 512 to 4096.
 */
export async function readTable(
  reader: BlockReader,
  options: ReadTableOptions = {},
): Promise<PartitionTable> {
  const sectorSize = options.sectorSize ?? (options.isFile === true ? 512 : reader.sectorSize);
  if (![512, 1024, 2048, 4096].includes(sectorSize))
    throw new RangeError(`no disk has sectors of ${sectorSize} bytes`);
  const table = await readWith(reader, sectorSize);
  const otherSize = await otherSectorSize(reader, table);
  if (otherSize === undefined) return table;

  if (options.isFile === true && options.sectorSize === undefined) {
    const other = await readWith(reader, otherSize);
    return withWarning(other, say('table/other-sectors', { otherSize }));
  }
  // The image of a bootable disc is made for sticks too. Read as a disc it has no partitions.
  if (sectorSize === DISC_SECTOR_BYTES && options.sectorSize === undefined)
    return noTable(reader, sectorSize, [say('table/for-stick', { otherSize })]);
  const warning = say('table/sector-mismatch', { otherSize, sectorSize });
  return withWarning(table, warning);
}

function withWarning(table: PartitionTable, warning: Said): PartitionTable {
  return { ...table, warnings: [warning, ...table.warnings] };
}

/** The other usual sector size, if the disk makes sense with it and not with the one of `table`. */
async function otherSectorSize(reader: BlockReader, table: PartitionTable): Promise<number | undefined> {
  if (table.kind === 'gpt') return undefined;
  for (const sectorSize of usualSectorSizes) {
    if (sectorSize === table.sectorSize || reader.sizeBytes < 2 * sectorSize) continue;
    const first = await readFirst(reader, sectorSize);
    const copies = await readGpt(reader, sectorSize);
    if (decidesForGpt(first, copies)) return sectorSize;
    if (table.kind !== 'mbr' && table.kind !== 'unreadable') continue;
    // An MBR does not say its unit: it shows in where the entries lead.
    if (first.mbr === undefined || !isPlausible(first.mbr)) continue;
    const here = await leadsSomewhere(reader, first.mbr, table.sectorSize);
    if (!here && (await leadsSomewhere(reader, first.mbr, sectorSize))) return sectorSize;
  }
  return undefined;
}

function noTable({ sizeBytes }: BlockReader, sectorSize: number, warnings: readonly Said[]): NoTable {
  return { kind: 'none', sectorSize, sizeBytes, partitions: [], structures: [], doubtful: [], warnings };
}

async function readWith(reader: BlockReader, sectorSize: number): Promise<PartitionTable> {
  const none = (warnings: readonly Said[] = []): NoTable => noTable(reader, sectorSize, warnings);
  const unreadable = (reason: Said, code: Doubt['code'] = 'inconsistent'): UnreadableTable => ({
    ...none(),
    kind: 'unreadable',
    doubt: { code, reason },
    warnings: [say('table/all-raw', { doubt: reason })],
  });
  if (reader.sizeBytes < 2 * sectorSize) return none();

  const first = await readFirst(reader, sectorSize);
  const { mbr, fileSystem } = first;
  const copies = await readGpt(reader, sectorSize);
  const disk = { sizeBytes: reader.sizeBytes, sectorSize, mbr };

  if (decidesForGpt(first, copies)) {
    const warnings: Said[] = [];
    if (first.isUnreadable) warnings.push(say('table/first-unreadable'));
    else if (!isProtective(mbr)) warnings.push(say('table/unprotected'));
    return gptTable(disk, copies, warnings);
  }
  if (isProtective(mbr)) {
    const isBroken = [copies.primary, copies.backup].some((c) => !isValidCopy(c) && c.isUnreadable);
    return unreadable(describeBoth(copies), isBroken ? 'unreadable' : 'inconsistent');
  }
  if (first.isUnreadable) return unreadable(say('doubt/first-unreadable'), 'unreadable');

  const remains = remainsOfGpt(copies);
  const plausible = mbr !== undefined && isPlausible(mbr);
  if (fileSystem !== undefined) {
    // Both in one sector: an entry that starts in sector 0 only makes Windows see the file system.
    const isOwnEntry = mbr?.entries.every((e) => e.sectorCount === 0 || e.startSector === 0) === true;
    if (!plausible || isOwnEntry) return none(remains);
    if (!(await leadsSomewhere(reader, mbr, sectorSize)))
      return unreadable(say('doubt/two-things', { fileSystem }));
    const note = say('table/boot-sector-remains', { fileSystem });
    return readMbrTable(reader, sectorSize, mbr, [note, ...remains]);
  }
  if (mbr === undefined) {
    const scheme = foreignScheme(first.head, sectorSize);
    return scheme === undefined ? none(remains) : unreadable(say('doubt/scheme', { scheme }), 'unsupported');
  }
  if (!hasSaneStatus(mbr)) return unreadable(say('doubt/mbr-impossible'));
  const used = mbr.entries.filter((entry) => entry.sectorCount !== 0);
  if (used.length > 0 && used.every((e) => e.startSector * sectorSize >= reader.sizeBytes))
    return unreadable(say('doubt/mbr-behind'));
  return readMbrTable(reader, sectorSize, mbr, remains);
}

interface FirstSectors {
  readonly head: Uint8Array;
  readonly mbr: Mbr | undefined;
  /** The file system whose boot sector the first sector is, if it is one. */
  readonly fileSystem: string | undefined;
  readonly isUnreadable: boolean;
}

const HEAD_SECTORS = 16;

async function readFirst(reader: BlockReader, sectorSize: number): Promise<FirstSectors> {
  const wanted = Math.min(HEAD_SECTORS * sectorSize, reader.sizeBytes);
  for (const length of [wanted, MBR_BYTES]) {
    try {
      const head = await reader.read(0, length);
      return {
        head,
        mbr: parseMbr(head),
        fileSystem: bootSectorFileSystem(head),
        isUnreadable: false,
      };
    } catch (error) {
      // One bad sector further on must not hide the first.
      if (!isPermafrostError(error, 'device/read-failed')) throw error;
    }
  }
  return { head: new Uint8Array(0), mbr: undefined, fileSystem: undefined, isUnreadable: true };
}

/** Whether an MBR announces a GPT. Random bytes of a boot sector are no announcement. */
function isProtective(mbr: Mbr | undefined): boolean {
  if (mbr === undefined) return false;
  const sane = hasSaneStatus(mbr);
  return mbr.entries.some(
    (e) => e.type === PROTECTIVE_TYPE && e.sectorCount !== 0 && (sane || e.startSector === 1),
  );
}

function decidesForGpt({ mbr, fileSystem }: FirstSectors, { primary, backup }: GptCopies): boolean {
  if (isProtective(mbr)) return isValidCopy(primary) || isValidCopy(backup);
  // An MBR with partitions, or a file system's boot sector, is newer than the GPT behind it.
  const isReplaced = fileSystem !== undefined || (mbr !== undefined && isPlausible(mbr));
  return isValidCopy(primary) && !isReplaced;
}

/** Whether the entries look like a table with at least one partition. */
function isPlausible(mbr: Mbr): boolean {
  return hasSaneStatus(mbr) && mbr.entries.some((entry) => entry.sectorCount !== 0);
}

/** Whether something known begins where at least one entry leads. */
async function leadsSomewhere(reader: BlockReader, mbr: Mbr, sectorSize: number): Promise<boolean> {
  for (const entry of mbr.entries) {
    if (entry.sectorCount === 0 || entry.startSector === 0) continue;
    if ((entry.startSector + entry.sectorCount) * sectorSize > reader.sizeBytes) continue;
    if (await hasContentAt(reader, entry.startSector * sectorSize)) return true;
  }
  return false;
}

function describeBoth({ primary, backup }: GptCopies): Said {
  const problem = (copy: GptCopies['primary']): Said =>
    isValidCopy(copy) ? say('copy/valid') : copy.problem;
  return say('doubt/announced-gpt', { problem: problem(primary), other: problem(backup) });
}

function remainsOfGpt({ primary, backup }: GptCopies): Said[] {
  const remains = [primary, backup].some((copy) => isValidCopy(copy) || copy.hasSignature);
  return remains ? [say('table/gpt-remains')] : [];
}
