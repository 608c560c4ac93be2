/** Turns the copies of a GPT, and the MBR in front of it, into a partition table. */
import type { GptEntry } from './gpt.ts';
import { isExtendedType, PROTECTIVE_TYPE, type Mbr } from './mbr.ts';
import { capital, unsupported } from './mbr-table.ts';
import { nestedTypeReason, partitionTypeName } from './partition-types.ts';
import type { Doubt, DoubtfulArea, GptTable, Partition, TableStructure } from './partition-table.ts';
import { isValidCopy, type GptCopies, type GptCopy } from './read-gpt.ts';
import { type Said, say } from '../base/remarks.ts';

const LEGACY_BOOTABLE = 1n << 2n;

export interface GptDisk {
  readonly sizeBytes: number;
  readonly sectorSize: number;
  /** `undefined` if the first sector holds none or cannot be read. */
  readonly mbr: Mbr | undefined;
}

/** The table in `copies`, of which at least one must be valid. */
export function gptTable(disk: GptDisk, copies: GptCopies, earlierWarnings: readonly Said[]): GptTable {
  const { sizeBytes, sectorSize, mbr } = disk;
  const used = isValidCopy(copies.primary) ? 'primary' : 'backup';
  const copy = copies[used];
  if (!isValidCopy(copy)) throw new TypeError('neither copy of the GPT is valid');
  const warnings = [...earlierWarnings];

  const otherCopyProblem = describeOther(disk, copies);
  if (otherCopyProblem !== undefined) warnings.push(say('table/doubt', { doubt: capital(otherCopyProblem) }));

  const { header } = copy;
  const usableEnd = header.usableEndSector * sectorSize;
  if (usableEnd > sizeBytes)
    warnings.push(say('table/of-larger-disk', { lastStart: usableEnd - 1, sizeBytes }));
  const partitions = copy.entries.flatMap((entry) => partitionOf(entry, disk, copy, warnings));
  const listed = mbr?.entries.filter((e) => e.sectorCount !== 0 && e.type !== PROTECTIVE_TYPE) ?? [];
  const isProtected = mbr?.entries.some((e) => e.type === PROTECTIVE_TYPE) === true;
  const doubtful = hybridDoubts(listed, partitions, disk, warnings);

  return {
    kind: 'gpt',
    sectorSize,
    sizeBytes,
    diskId: header.diskGuid,
    used,
    ...(otherCopyProblem === undefined ? {} : { otherCopyProblem }),
    usableStart: Math.min(header.firstUsableSector * sectorSize, sizeBytes),
    usableEnd: Math.min(usableEnd, sizeBytes),
    mbr: !isProtected ? 'missing' : listed.length > 0 ? 'hybrid' : 'protective',
    partitions,
    structures: structuresOf(disk, copies),
    doubtful,
    warnings,
  };
}

/** What is wrong with the copy that was not used, or where the two disagree. */
function describeOther({ sizeBytes, sectorSize }: GptDisk, copies: GptCopies): Said | undefined {
  const { primary, backup } = copies;
  if (!isValidCopy(primary)) return say('doubt/primary-gpt', { problem: primary.problem });
  if (!isValidCopy(backup)) return say('doubt/backup-gpt', { problem: backup.problem });
  const last = Math.floor(sizeBytes / sectorSize) - 1;
  const a = primary.header;
  const b = backup.header;
  const same =
    a.diskGuid === b.diskGuid &&
    a.firstUsableSector === b.firstUsableSector &&
    a.usableEndSector === b.usableEndSector &&
    Buffer.compare(primary.array, backup.array) === 0;
  if (!same) return say('doubt/gpt-differs');
  if (b.otherSector !== 1) return say('doubt/gpt-no-pointer');
  if (b.ownSector !== last)
    return say('doubt/gpt-not-at-end', { beforeBytes: (last - b.ownSector) * sectorSize });
  return undefined;
}

function partitionOf(entry: GptEntry, disk: GptDisk, copy: GptCopy, warnings: Said[]): Partition[] {
  const { number } = entry;
  const { sizeBytes, sectorSize } = disk;
  const { header } = copy;
  if (entry.endSector <= entry.startSector) {
    warnings.push(say('table/reversed', { number }));
    return [];
  }
  const start = entry.startSector * sectorSize;
  const end = entry.endSector * sectorSize;
  if (start >= sizeBytes) {
    warnings.push(say('table/behind-disk', { number }));
    return [];
  }
  let doubt: Doubt | undefined;
  if (end > sizeBytes) doubt = { code: 'inconsistent', reason: say('doubt/ends-behind', { number }) };
  else if (entry.startSector < header.firstUsableSector || entry.endSector > header.usableEndSector)
    doubt = {
      code: 'inconsistent',
      reason: say('doubt/not-inside', { number }),
    };
  if (doubt !== undefined) warnings.push(say('table/taken-whole', { doubt: capital(doubt.reason) }));
  const nested = nestedTypeReason(entry.typeGuid);
  if (doubt === undefined && nested !== undefined) doubt = unsupported(number, nested, warnings);
  return [
    {
      number,
      start,
      length: Math.min(end, sizeBytes) - start,
      typeId: entry.typeGuid,
      typeName: partitionTypeName(entry.typeGuid),
      ...(entry.name === '' ? {} : { name: entry.name }),
      partitionId: entry.partitionGuid,
      bootable: (entry.attributes & LEGACY_BOOTABLE) !== 0n,
      attributes: entry.attributes.toString(16).padStart(16, '0'),
      logical: false,
      ...(doubt === undefined ? {} : { doubt }),
    },
  ];
}

/** An MBR entry of a hybrid that is not also a GPT partition: two systems would disagree about these bytes. */
function hybridDoubts(
  listed: Mbr['entries'],
  partitions: readonly Partition[],
  { sizeBytes, sectorSize }: GptDisk,
  warnings: Said[],
): DoubtfulArea[] {
  const doubtful: DoubtfulArea[] = [];
  for (const entry of listed) {
    const start = entry.startSector * sectorSize;
    const length = entry.sectorCount * sectorSize;
    const twin = partitions.some((p) => p.start === start && p.length === length);
    if ((twin && !isExtendedType(entry.type)) || start >= sizeBytes) continue;
    const reason = say('doubt/hybrid', { number: entry.slot });
    warnings.push(say('table/bytes-taken-whole', { doubt: capital(reason) }));
    doubtful.push({
      start,
      length: Math.min(length, sizeBytes - start),
      doubt: { code: 'inconsistent', reason },
    });
  }
  return doubtful;
}

function structuresOf({ sizeBytes, sectorSize }: GptDisk, copies: GptCopies): TableStructure[] {
  const structures: TableStructure[] = [
    { what: say('part/protective-mbr'), start: 0, length: sectorSize },
    { what: say('part/primary-header'), start: sectorSize, length: sectorSize },
  ];
  for (const name of ['primary', 'backup'] as const) {
    const copy = copies[name];
    if (!isValidCopy(copy)) continue;
    const { arraySector, ownSector } = copy.header;
    if (name === 'backup')
      structures.push({ what: say('part/backup-header'), start: ownSector * sectorSize, length: sectorSize });
    structures.push({
      what: say(`part/${name}-entries`),
      start: arraySector * sectorSize,
      length: Math.ceil(copy.array.length / sectorSize) * sectorSize,
    });
  }
  return structures
    .filter(({ start }) => start < sizeBytes)
    .map((s) => ({ ...s, length: Math.min(s.length, sizeBytes - s.start) }))
    .sort((a, b) => a.start - b.start);
}
