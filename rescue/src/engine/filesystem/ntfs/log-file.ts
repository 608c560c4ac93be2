/**
 * $LogFile: whether the journal has been closed. Only its two restart pages are read (Log File Service,
 * "LFS restart page" and "restart area"); nothing is replayed.
 */
import { Fields } from '../../base/fields.ts';
import { isPermafrostError } from '../../base/errors.ts';
import { attributeTypes } from './attribute.ts';
import { isPowerOfTwo } from './boot-sector.ts';
import { applyFixups } from './fixups.ts';
import type { Mft } from './mft.ts';
import { metadataFiles } from './record.ts';
import type { Stream } from './stream.ts';

/**
 * - `clean`: Windows closed the journal; nothing is left to be replayed.
 * - `empty`: never used, or emptied by a driver that writes no journal: it proves nothing.
 * - `open`: not closed: transactions may be pending.
 * - `cached`: in the format that Windows uses only while it holds a volume: it was cut off, or Windows sleeps
 *   (hibernation, fast start-up) and keeps changes of this volume in its memory.
 * - `checked`: chkdsk has rewritten the volume and Windows has not mounted it since.
 * - `damaged`: no valid restart page, or a torn one.
 * - `unknown`: a version that is not known here.
 */
export type LogState = 'clean' | 'empty' | 'open' | 'cached' | 'checked' | 'damaged' | 'unknown';

interface RestartPage {
  readonly isChecked: boolean;
  readonly majorVersion: number;
  readonly currentLsn: bigint;
  readonly isClosed: boolean;
}

const DEFAULT_PAGE_BYTES = 4096;
const MAX_PAGE_BYTES = 64 * 1024;
const RSTR = 0x52545352;
const CHKD = 0x444b4843;
const NO_CLIENT = 0xffff;
const VOLUME_IS_CLEAN = 0x0002;

/** Reads the state of the journal. Throws `structure/invalid` if there is none. */
export async function readLogState(mft: Mft): Promise<LogState> {
  const log = await readLogStream(mft);
  if (log === undefined) return 'damaged';
  const start = await log.read(0, Math.min(log.dataBytes, MAX_PAGE_BYTES));
  if (start.every((byte) => byte === 0xff)) return 'empty';
  const first = parsePage(start, 0);
  const pageSize = readPageSize(start);
  const second = pageSize * 2 <= start.length ? parsePage(start, pageSize) : undefined;
  // Windows writes the two in turns and closes both: with one missing it was cut off while doing so.
  if (first === undefined || second === undefined) return 'damaged';
  if (first.isChecked || second.isChecked) return 'checked';
  const latest = first.currentLsn >= second.currentLsn ? [first] : [second];
  if (first.currentLsn === second.currentLsn) latest.push(second);
  if (latest.some((page) => page.majorVersion > 2)) return 'unknown';
  if (latest.some((page) => page.majorVersion === 2)) return 'cached';
  return latest.every((page) => page.isClosed) ? 'clean' : 'open';
}

/** The clusters of the journal. */
export async function readLogStream(mft: Mft): Promise<Stream | undefined> {
  const file = await mft.readFile(metadataFiles.logFile);
  const stream = await mft.readStream(file, attributeTypes.data);
  stream?.checkPlain();
  return stream;
}

function readPageSize(start: Uint8Array): number {
  const page = new Fields(start, 'NTFS $LogFile');
  const size = page.length >= 20 ? page.u32(16) : 0;
  const isSane = isPowerOfTwo(size) && size >= 512 && size <= MAX_PAGE_BYTES;
  return page.length >= 4 && page.u32(0) === RSTR && isSane ? size : DEFAULT_PAGE_BYTES;
}

/** The restart page at `offset` of the journal; `undefined` if there is no whole one. */
function parsePage(start: Uint8Array, offset: number): RestartPage | undefined {
  try {
    const header = new Fields(start, 'NTFS $LogFile restart page').sub(offset, 48);
    const magic = header.u32(0);
    const size = header.u32(16);
    if ((magic !== RSTR && magic !== CHKD) || size < 512 || size > MAX_PAGE_BYTES || size % 512 !== 0)
      return undefined;
    const page = new Fields(start.slice(offset, offset + size), 'NTFS $LogFile restart page');
    applyFixups(page);
    const area = page.sub(header.u16(24), 48);
    return {
      isChecked: magic === CHKD,
      majorVersion: header.u16(28),
      currentLsn: area.bigU64(0),
      isClosed: area.u16(12) === NO_CLIENT || (area.u16(14) & VOLUME_IS_CLEAN) !== 0,
    };
  } catch (error) {
    if (isPermafrostError(error, 'structure/invalid')) return undefined;
    throw error;
  }
}
