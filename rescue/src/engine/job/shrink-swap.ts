/** Makes a Linux swap area smaller: its header says which page is the last (Linux include/linux/swap.h). */
import { type Said, say } from '../base/remarks.ts';
import { Fields } from '../base/fields.ts';
import type { Overlay } from '../device/overlay.ts';
import { probeSwap } from '../filesystem/swap.ts';

const HEADER = 1024;
const LAST_PAGE = 4;
const BAD_PAGES = 8;

/** Gives the area in `overlay` the pages of its first `length` bytes; its UUID and label stay. Why not, as a clause. */
export async function shrinkSwap(overlay: Overlay, length: number): Promise<Said | undefined> {
  const area = await probeSwap(overlay);
  const pageBytes = area?.info.blockSize;
  if (pageBytes === undefined || area?.info.details?.['version'] !== 1) return say('resize/swap-version');
  const header = Buffer.from(await overlay.read(HEADER, 12));
  const isLittle = new Fields(header, 'swap header').u32(0) === 1;
  if (header.readUInt32LE(BAD_PAGES) !== 0) return say('resize/swap-bad');
  const lastPage = Math.floor(length / pageBytes) - 1;
  if (isLittle) header.writeUInt32LE(lastPage, LAST_PAGE);
  else header.writeUInt32BE(lastPage, LAST_PAGE);
  await overlay.write(HEADER, header);
  return undefined;
}
