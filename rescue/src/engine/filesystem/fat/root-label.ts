/**
 * The volume label of a FAT volume: the entry in its root directory, which is what Windows shows and changes,
 * else the copy in the boot sector. "FAT: General Overview of On-Disk Format" 1.03, "FAT Directory Structure".
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError } from '../../base/errors.ts';
import type { FatLayout } from './boot-sector.ts';

/** No FAT directory is larger: 65536 entries of 32 bytes. */
const maxDirectoryBytes = 65536 * 32;

/** The upper half of code page 850, in which Windows stores names in most of the world. */
const cp850 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀' +
  'ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0';

/** Text of an 11-byte name; `undefined` if it is blank or the formatter's "NO NAME". */
export function decodeLabel(bytes: Uint8Array): string | undefined {
  let text = '';
  for (const [i, byte] of bytes.entries()) {
    // 0x05 stands for 0xE5 in first place, where 0xE5 would mean a deleted entry.
    const code = i === 0 && byte === 0x05 ? 0xe5 : byte;
    if (code >= 0x80) text += cp850[code - 0x80]!;
    else if (code >= 0x20 && code !== 0x7f) text += String.fromCharCode(code);
  }
  text = text.trimEnd();
  return text === '' || text === 'NO NAME' ? undefined : text;
}

/** The label in the root directory, else the boot sector's. A directory that cannot be followed has none. */
export async function readLabel(reader: BlockReader, layout: FatLayout): Promise<string | undefined> {
  const fallback = layout.label === undefined ? undefined : decodeLabel(layout.label);
  try {
    for await (const piece of rootPieces(reader, layout)) {
      for (let at = 0; at + 32 <= piece.length; at += 32) {
        const first = piece[at]!;
        const attributes = piece[at + 11]!;
        if (first === 0) return fallback;
        if (first === 0xe5 || (attributes & 0x18) !== 0x08 || (attributes & 0x3f) === 0x0f) continue;
        return decodeLabel(piece.subarray(at, at + 11)) ?? fallback;
      }
    }
  } catch (error) {
    if (!isPermafrostError(error)) throw error;
  }
  return fallback;
}

async function* rootPieces(reader: BlockReader, layout: FatLayout): AsyncGenerator<Uint8Array> {
  const { clusterBytes, clusterCount, rootBytes } = layout;
  if (layout.width !== 32) {
    const pieceBytes = 64 * 1024;
    for (let at = 0; at < rootBytes; at += pieceBytes)
      yield await reader.read(layout.rootOffsetBytes + at, Math.min(pieceBytes, rootBytes - at));
    return;
  }
  let cluster = layout.rootCluster;
  // A chain may lead round in a circle: the largest possible directory is the bound.
  for (let seen = 0; seen < maxDirectoryBytes; seen += clusterBytes) {
    if (cluster < 2 || cluster > clusterCount + 1) return;
    yield await reader.read(layout.dataOffsetBytes + (cluster - 2) * clusterBytes, clusterBytes);
    const entry = await reader.read(layout.fatOffsetBytes + cluster * 4, 4);
    cluster = new DataView(entry.buffer, entry.byteOffset).getUint32(0, true) & 0x0fffffff;
  }
}
