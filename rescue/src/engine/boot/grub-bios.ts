/**
 * GRUB 2 on BIOS machines: the boot sector leads to the first sector of the core image, which lists where the rest
 * of it is. After GRUB's `boot.S`, `diskboot.S`, `startup_raw.S` and `include/grub/i386/pc/boot.h`.
 */
import type { BlockReader } from '../base/block-reader.ts';
import { isPermafrostError, PermafrostError } from '../base/errors.ts';
import { Fields } from '../base/fields.ts';
import { parseGrubModules, type GrubImage } from './grub-modules.ts';
import { decodeLzma } from './lzma.ts';

const SECTOR = 512;
const CORE_SECTOR_OFFSET = 0x5c;
const FIRST_LIST_OFFSET = SECTOR - 12;
const LIST_BYTES = 12;
/** Where the boot sector says which code it has: a word that all versions of it print. */
const NAME = 'GRUB ';
const PACKED_SIZE_OFFSET = 0x08;
const UNPACKED_SIZE_OFFSET = 0x0c;
/** As GRUB's own tools pack it. */
const properties = { lc: 3, lp: 0, pb: 2 } as const;
const MAX_CORE_BYTES = 4 * 1024 * 1024;
const MAX_UNPACKED_BYTES = 16 * 1024 * 1024;
/** The program that unpacks the rest is not longer. */
const MAX_UNPACKER_BYTES = 8192;

/** Runs of 512-byte sectors. */
export interface SectorRun {
  readonly start: number;
  readonly count: number;
}

export interface GrubCore {
  /** Where the core image is, its first sector included. */
  readonly runs: readonly SectorRun[];
  /** Absent where the image could not be unpacked. */
  readonly image?: GrubImage;
}

/** Whether `sector`, 512 bytes, is GRUB's boot sector. */
export function isGrubBootSector(sector: Uint8Array): boolean {
  const text = Buffer.from(sector.subarray(0x80, 446)).toString('latin1');
  return text.includes(NAME) && text.includes('Geom') && text.includes('Read');
}

/**
 * Follows the boot sector `sector` of `disk` to its core image. Throws `structure/invalid` with what is wrong, as the
 * end of a sentence that begins with "GRUB's core image".
 */
export async function readGrubCore(disk: BlockReader, sector: Uint8Array): Promise<GrubCore> {
  const first = new Fields(sector, "GRUB's boot sector").u64(CORE_SECTOR_OFFSET);
  const readRun = async ({ start, count }: SectorRun): Promise<Uint8Array> => {
    if (count === 0 || (start + count) * SECTOR > disk.sizeBytes)
      fail(`has ${count} sectors at sector ${start}, outside the disk`);
    return disk.read(start * SECTOR, count * SECTOR);
  };
  const head = new Fields(await readRun({ start: first, count: 1 }), "GRUB's core image");
  if (!Buffer.from(head.bytes).toString('latin1').includes('loading'))
    fail(`is not at sector ${first}, where the boot sector says`);
  const runs: SectorRun[] = [{ start: first, count: 1 }];
  const pieces: Uint8Array[] = [];
  let total = 0;
  for (let at = FIRST_LIST_OFFSET; at > 0; at -= LIST_BYTES) {
    const run = { start: head.u64(at), count: head.u16(at + 8) };
    if (run.count === 0) break;
    total += run.count * SECTOR;
    if (total > MAX_CORE_BYTES) fail(`claims to have more than ${MAX_CORE_BYTES} bytes`);
    pieces.push(await readRun(run));
    runs.push(run);
  }
  if (pieces.length === 0) fail('does not say where the rest of it is');
  const image = unpack(Buffer.concat(pieces));
  return { runs, ...(image === undefined ? {} : { image }) };
}

/** What the core image behind its first sector carries; `undefined` if it is packed in another way. */
function unpack(core: Buffer): GrubImage | undefined {
  const f = new Fields(core, "GRUB's core image");
  const packedBytes = f.u32(PACKED_SIZE_OFFSET);
  const unpackedBytes = f.u32(UNPACKED_SIZE_OFFSET);
  if (packedBytes === 0 || packedBytes > core.length)
    fail(`has ${core.length} bytes on the disk and is said to have ${packedBytes}`);
  if (unpackedBytes < packedBytes || unpackedBytes > MAX_UNPACKED_BYTES) return undefined;
  // How long the program in front of the packed part is, is not noted anywhere. A wrong place ends soon in an error.
  const last = Math.min(MAX_UNPACKER_BYTES, core.length - packedBytes);
  for (let at = SECTOR; at <= last; at++) {
    if (core[at] !== 0) continue;
    try {
      const unpacked = decodeLzma(core.subarray(at), unpackedBytes, properties);
      const found = parseGrubModules(unpacked);
      if (found !== undefined) return found;
    } catch (error) {
      if (!isPermafrostError(error, 'structure/invalid')) throw error;
    }
  }
  return undefined;
}

function fail(problem: string): never {
  throw new PermafrostError('structure/invalid', { structure: "GRUB's core image", problem });
}
