/** A file allocation table in memory: one number a cluster ("FAT: General Overview of On-Disk Format" 1.03). */
import type { BlockReader } from '../../base/block-reader.ts';
import type { FatLayout, FatWidth } from './boot-sector.ts';

/** What entries mean, without the four upper bits of FAT32, which are nobody's. */
export const tableMarks: Readonly<Record<FatWidth, { readonly mask: number; readonly bad: number }>> = {
  12: { mask: 0xfff, bad: 0xff7 },
  16: { mask: 0xffff, bad: 0xfff7 },
  32: { mask: 0x0fffffff, bad: 0x0ffffff7 },
};

/** What is read and written at once; a whole number of entries of every width. */
const PIECE_BYTES = 3 * 256 * 1024;

/** The entries of the table that is kept up to date; index is the cluster's number. */
export async function readClusterTable(reader: BlockReader, layout: FatLayout): Promise<Uint32Array> {
  const { width, clusterCount, fatOffsetBytes, fatBytes, activeFat = 0 } = layout;
  const entries = new Uint32Array(clusterCount + 2);
  const start = fatOffsetBytes + activeFat * fatBytes;
  const end = Math.ceil((entries.length * width) / 8);
  for (let at = 0; at < end; at += PIECE_BYTES) {
    const bytes = await reader.read(start + at, Math.min(PIECE_BYTES, end - at));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const first = (at * 8) / width;
    const count = Math.min(Math.floor((bytes.length * 8) / width), entries.length - first);
    for (let i = 0; i < count; i++) entries[first + i] = readEntry(view, width, i);
  }
  return entries;
}

function readEntry(view: DataView, width: FatWidth, index: number): number {
  if (width === 32) return view.getUint32(4 * index, true);
  if (width === 16) return view.getUint16(2 * index, true);
  const pair = view.getUint16(index + (index >>> 1), true);
  return (index & 1) === 0 ? pair & 0xfff : pair >>> 4;
}

/** The pieces of one copy of a table of `fatBytes` with `entries`, zeros behind them: offset in it, and bytes. */
export function* encodeClusterTable(
  entries: Uint32Array,
  width: FatWidth,
  fatBytes: number,
): Generator<{ readonly offset: number; readonly bytes: Uint8Array }> {
  for (let offset = 0; offset < fatBytes; offset += PIECE_BYTES) {
    const bytes = new Uint8Array(Math.min(PIECE_BYTES, fatBytes - offset));
    const view = new DataView(bytes.buffer);
    const first = (offset * 8) / width;
    const count = Math.min(Math.floor((bytes.length * 8) / width), entries.length - first);
    for (let i = 0; i < count; i++) writeEntry(view, width, i, entries[first + i]!);
    yield { offset, bytes };
  }
}

function writeEntry(view: DataView, width: FatWidth, index: number, value: number): void {
  if (width === 32) view.setUint32(4 * index, value, true);
  else if (width === 16) view.setUint16(2 * index, value, true);
  else {
    const at = index + (index >>> 1);
    const pair = view.getUint16(at, true);
    const isEven = (index & 1) === 0;
    view.setUint16(at, isEven ? (pair & 0xf000) | value : (pair & 0x000f) | (value << 4), true);
  }
}
