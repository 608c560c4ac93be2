/** Finds and checks both copies of a GPT (UEFI 2.10, section 5.3.2): the second sector and the last one. */
import type { BlockReader } from '../base/block-reader.ts';
import { isPermafrostError } from '../base/errors.ts';
import { arrayBytes, parseGptEntries, parseGptHeader, type GptEntry, type GptHeader } from './gpt.ts';
import { asIs, type Said, say } from '../base/remarks.ts';

/** A copy whose checksums are right. */
export interface GptCopy {
  readonly header: GptHeader;
  readonly entries: readonly GptEntry[];
  /** The whole sector with the header, as it is on the disk. */
  readonly headerSector: Uint8Array;
  /** The entry array, as it is on the disk. */
  readonly array: Uint8Array;
}

/** Why a copy cannot be used, as the end of a sentence that begins with its name. */
export interface GptProblem {
  readonly problem: Said;
  /** The signature is there: something was a GPT once. */
  readonly hasSignature: boolean;
  /** A sector could not be read, which says nothing about what it holds. */
  readonly isUnreadable: boolean;
  /** Where the damaged header says that the other copy is: a hint to try, nothing to trust. */
  readonly otherSector?: number;
}

export interface GptCopies {
  readonly primary: GptCopy | GptProblem;
  readonly backup: GptCopy | GptProblem;
}

export function isValidCopy(copy: GptCopy | GptProblem): copy is GptCopy {
  return 'header' in copy;
}

/**
 * Reads both copies of the GPT of a disk with sectors of `sectorSize` bytes. The backup is looked for where the
 * primary says, else in the last sector, else where a damaged primary says. Rejects only for reasons other than
 * what the disk holds or cannot deliver.
 */
export async function readGpt(reader: BlockReader, sectorSize: number): Promise<GptCopies> {
  const sectors = Math.floor(reader.sizeBytes / sectorSize);
  const primary = await readCopy(reader, sectorSize, 1);
  if (isValidCopy(primary)) {
    const at = primary.header.otherSector;
    if (at === 1) return { primary, backup: nothing(say('copy/is-primary')) };
    return { primary, backup: await readCopy(reader, sectorSize, at) };
  }
  const last = await readCopy(reader, sectorSize, sectors - 1);
  const hint = primary.otherSector;
  if (isValidCopy(last) || hint === undefined || hint === 1 || hint === sectors - 1)
    return { primary, backup: last };
  const hinted = await readCopy(reader, sectorSize, hint);
  return { primary, backup: isValidCopy(hinted) ? hinted : last };
}

async function readCopy(reader: BlockReader, sectorSize: number, at: number): Promise<GptCopy | GptProblem> {
  const sectors = Math.floor(reader.sizeBytes / sectorSize);
  if (at < 1 || at >= sectors) return nothing(say('copy/outside', { number: at }));
  let headerSector: Uint8Array;
  try {
    headerSector = await reader.read(at * sectorSize, sectorSize);
  } catch (error) {
    return unreadable(error, say('copy/unreadable', { number: at }), false);
  }
  let header: GptHeader;
  try {
    header = parseGptHeader(headerSector, at);
  } catch (error) {
    if (!isPermafrostError(error, 'structure/invalid')) throw error;
    return { problem: asIs(error.details.problem), isUnreadable: false, ...damagedHeader(headerSector) };
  }
  const length = arrayBytes(header);
  if (header.arraySector * sectorSize + length > reader.sizeBytes)
    return { ...nothing(say('copy/entries-outside')), hasSignature: true };
  let array: Uint8Array;
  try {
    array = await reader.read(header.arraySector * sectorSize, length);
  } catch (error) {
    return unreadable(error, say('copy/entries-unreadable', { number: header.arraySector }), true);
  }
  try {
    return { header, headerSector, array, entries: parseGptEntries(array, header) };
  } catch (error) {
    if (!isPermafrostError(error, 'structure/invalid')) throw error;
    const otherSector = header.otherSector;
    return {
      problem: say('copy/entries-checksum'),
      hasSignature: true,
      isUnreadable: false,
      otherSector,
    };
  }
}

function nothing(problem: Said): GptProblem {
  return { problem, hasSignature: false, isUnreadable: false };
}

function unreadable(error: unknown, problem: Said, hasSignature: boolean): GptProblem {
  if (!isPermafrostError(error, 'device/read-failed')) throw error;
  return { problem, hasSignature, isUnreadable: true };
}

function damagedHeader(sector: Uint8Array): { hasSignature: boolean; otherSector?: number } {
  const view = Buffer.from(sector.buffer, sector.byteOffset, sector.length);
  if (view.toString('latin1', 0, 8) !== 'EFI PART') return { hasSignature: false };
  const other = view.readBigUInt64LE(32);
  return other <= BigInt(Number.MAX_SAFE_INTEGER)
    ? { hasSignature: true, otherSector: Number(other) }
    : { hasSignature: true };
}
