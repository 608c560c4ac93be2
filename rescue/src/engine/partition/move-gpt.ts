/**
 * The bytes of a GPT that goes to a disk of another size or gets other entries: both copies, and the MBR that protects
 * it (UEFI 2.10, sections 5.2.3 and 5.3.2).
 */
import type { BlockReader } from '../base/block-reader.ts';
import { arrayBytes, encodeGptHeader, type GptHeader } from './gpt.ts';
import { encodeMbr, parseMbr, PROTECTIVE_TYPE } from './mbr.ts';
import { isValidCopy, type GptCopies, type GptCopy } from './read-gpt.ts';
import type { TableWrite } from './relocate.ts';
import { say, type Said } from '../base/remarks.ts';

/** Where the parts of the table go on the target. */
export interface NewPlaces {
  readonly sectorSize: number;
  /** Of the target. */
  readonly sectors: number;
  readonly backupArraySector: number;
  readonly usableEndSector: number;
  readonly hasRoomForPrimary: boolean;
  /** The entries are others than those of the image. */
  readonly withPrimaryEntries: boolean;
}

/** Both copies for the new places, made from `source` where one is damaged; ascending. */
export function moveGpt(
  { primary, backup }: GptCopies,
  source: GptCopy,
  {
    sectorSize,
    sectors,
    backupArraySector,
    usableEndSector,
    hasRoomForPrimary,
    withPrimaryEntries,
  }: NewPlaces,
): { writes: TableWrite[]; warnings: Said[] } {
  const array = new Uint8Array(Math.ceil(arrayBytes(source.header) / sectorSize) * sectorSize);
  array.set(source.array);
  const backupSector = sectors - 1;
  const primaryHeader = { ...source.header, usableEndSector, ownSector: 1, otherSector: backupSector };
  const headerOf = (template: GptCopy, header: GptHeader): Uint8Array =>
    encodeGptHeader({ ...header, headerBytes: template.header.headerBytes }, template.headerSector);

  const writes: TableWrite[] = [];
  const warnings: Said[] = [];
  const offset = sectorSize;
  const what = say('part/primary-header');
  if (isValidCopy(primary)) {
    writes.push({ offset, bytes: headerOf(primary, primaryHeader), what });
    const { arraySector } = primary.header;
    if (withPrimaryEntries)
      writes.push({ offset: arraySector * sectorSize, bytes: array, what: say('part/primary-entries') });
  } else if (hasRoomForPrimary) {
    writes.push(
      { offset, bytes: headerOf(source, { ...primaryHeader, arraySector: 2 }), what },
      { offset: 2 * sectorSize, bytes: array, what: say('part/primary-entries') },
    );
    warnings.push(say('gpt/made-anew', { problem: primary.problem }));
  } else {
    warnings.push(say('gpt/no-room-for-primary', { problem: primary.problem }));
  }
  const backupHeader: GptHeader = {
    ...primaryHeader,
    ownSector: backupSector,
    otherSector: 1,
    arraySector: backupArraySector,
  };
  writes.push(
    { offset: backupArraySector * sectorSize, bytes: array, what: say('part/backup-entries') },
    {
      offset: backupSector * sectorSize,
      bytes: headerOf(isValidCopy(backup) ? backup : source, backupHeader),
      what: say('part/backup-header'),
    },
  );
  return { writes, warnings };
}

/** The MBR with its protection stretched to the target's end, if it reached the imaged disk's or the target's. */
export async function protectiveMbr(
  reader: BlockReader,
  sectorSize: number,
  imaged: number,
  sectors: number,
): Promise<TableWrite | undefined> {
  const before = await reader.read(0, sectorSize);
  const mbr = parseMbr(before);
  if (mbr === undefined) return undefined;
  const used = mbr.entries.filter(({ sectorCount }) => sectorCount !== 0);
  const isHybrid = used.some(({ type }) => type !== PROTECTIVE_TYPE);
  const entries = mbr.entries.map((entry) => {
    if (entry.type !== PROTECTIVE_TYPE || entry.sectorCount === 0) return entry;
    const end = entry.startSector + entry.sectorCount;
    const reachesEnd = end >= imaged || end > sectors || (!isHybrid && used.length === 1);
    // All ones means "to the end, however far".
    if (!reachesEnd || entry.sectorCount === 0xffffffff) return entry;
    return { ...entry, sectorCount: Math.min(sectors - entry.startSector, 0xffffffff) };
  });
  const bytes = encodeMbr({ ...mbr, entries }, before);
  if (Buffer.compare(bytes, before) === 0) return undefined;
  return { offset: 0, bytes, what: say(isHybrid ? 'part/hybrid-mbr' : 'part/protective-mbr') };
}
