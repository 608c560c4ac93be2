/**
 * Files of a FAT volume, with their long names. "FAT: General Overview of On-Disk Format" 1.03, "FAT Directory
 * Structure" and "FAT Long Directory Entries".
 */
import type { BlockReader } from '../../base/block-reader.ts';
import { PermafrostError } from '../../base/errors.ts';
import { Fields } from '../../base/fields.ts';
import { FileTree, type FileEntry, type FileNode } from '../file-tree.ts';
import { parseFatBootSector, type FatLayout } from './boot-sector.ts';

const ENTRY_BYTES = 32;
/** No FAT directory is larger: 65536 entries of 32 bytes. */
const MAX_DIRECTORY_BYTES = 65536 * ENTRY_BYTES;
const LONG_NAME = 0x0f;
const DIRECTORY = 0x10;
const VOLUME_LABEL = 0x08;
const DELETED = 0xe5;
const MAX_LONG_PIECES = 20;

/** The files of the volume on `reader`; `undefined` if it is no FAT volume. */
export async function fatFiles(reader: BlockReader): Promise<FileTree | undefined> {
  if (reader.sizeBytes < 512) return undefined;
  const layout = parseFatBootSector(await reader.read(0, 512));
  if (layout === undefined || layout.problem !== undefined) return undefined;
  const volume = new FatVolume(reader, layout);
  return new FileTree(() => Promise.resolve(volume.root()), { ignoresCase: true });
}

class FatVolume {
  readonly #reader: BlockReader;
  readonly #layout: FatLayout;

  constructor(reader: BlockReader, layout: FatLayout) {
    this.#reader = reader;
    this.#layout = layout;
  }

  root(): FileNode {
    const { width, rootCluster, rootOffsetBytes, rootBytes } = this.#layout;
    if (width === 32) return this.#directory(rootCluster);
    return {
      kind: 'directory',
      sizeBytes: rootBytes,
      entries: () => this.#parse(this.#fixedRoot(rootOffsetBytes, rootBytes)),
      read: () => Promise.resolve(new Uint8Array(0)),
    };
  }

  #directory(cluster: number): FileNode {
    return {
      kind: 'directory',
      sizeBytes: 0,
      entries: () => this.#parse(this.#chain(cluster, MAX_DIRECTORY_BYTES)),
      read: () => Promise.resolve(new Uint8Array(0)),
    };
  }

  #file(cluster: number, sizeBytes: number): FileNode {
    return {
      kind: 'file',
      sizeBytes,
      entries: () => this.#parse(this.#chain(0, 0)),
      read: () => this.#content(cluster, sizeBytes),
    };
  }

  async #content(cluster: number, sizeBytes: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(sizeBytes);
    let at = 0;
    for await (const piece of this.#chain(cluster, sizeBytes)) {
      bytes.set(piece.subarray(0, sizeBytes - at), at);
      at += piece.length;
    }
    if (at < sizeBytes) fail(`a file of ${sizeBytes} bytes ends after ${at}`);
    return bytes;
  }

  async *#fixedRoot(offset: number, length: number): AsyncGenerator<Uint8Array> {
    const pieceBytes = 64 * 1024;
    for (let at = 0; at < length; at += pieceBytes)
      yield await this.#reader.read(offset + at, Math.min(pieceBytes, length - at));
  }

  /** The clusters from `cluster` on, until `wanted` bytes were given: so that a circle ends, too. */
  async *#chain(cluster: number, wanted: number): AsyncGenerator<Uint8Array> {
    const { clusterBytes, clusterCount, dataOffsetBytes } = this.#layout;
    for (let given = 0; given < wanted; given += clusterBytes) {
      if (cluster < 2 || cluster > clusterCount + 1) return;
      yield await this.#reader.read(dataOffsetBytes + (cluster - 2) * clusterBytes, clusterBytes);
      cluster = await this.#next(cluster);
    }
  }

  async #next(cluster: number): Promise<number> {
    const { width, fatOffsetBytes, fatBytes, activeFat = 0 } = this.#layout;
    const table = fatOffsetBytes + activeFat * fatBytes;
    if (width === 32) {
      const entry = new Fields(await this.#reader.read(table + cluster * 4, 4), 'file allocation table');
      return entry.u32(0) & 0x0fffffff;
    }
    const at = width === 16 ? cluster * 2 : cluster + (cluster >>> 1);
    const entry = new Fields(await this.#reader.read(table + at, 2), 'file allocation table').u16(0);
    if (width === 16) return entry;
    return (cluster & 1) === 0 ? entry & 0xfff : entry >>> 4;
  }

  async *#parse(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<FileEntry> {
    let long: LongName | undefined;
    for await (const piece of pieces) {
      for (let at = 0; at + ENTRY_BYTES <= piece.length; at += ENTRY_BYTES) {
        const entry = new Fields(piece.subarray(at, at + ENTRY_BYTES), 'FAT directory entry');
        const first = entry.u8(0);
        if (first === 0) return;
        const attributes = entry.u8(11);
        if (first === DELETED) long = undefined;
        else if ((attributes & 0x3f) === LONG_NAME) long = addPiece(long, entry);
        else {
          const name = long?.finish(entry) ?? shortName(entry);
          long = undefined;
          if ((attributes & VOLUME_LABEL) !== 0 || name === '.' || name === '..') continue;
          const cluster = entry.u16(26) + (this.#layout.width === 32 ? entry.u16(20) * 0x10000 : 0);
          const isDirectory = (attributes & DIRECTORY) !== 0;
          const size = entry.u32(28);
          const open = (): Promise<FileNode> =>
            Promise.resolve(isDirectory ? this.#directory(cluster) : this.#file(cluster, size));
          yield { name, open };
        }
      }
    }
  }
}

/** The pieces of a long name, which come last piece first, right before the short entry that they belong to. */
class LongName {
  readonly #checksum: number;
  #next: number;
  #text = '';

  constructor(pieceCount: number, checksum: number) {
    this.#next = pieceCount;
    this.#checksum = checksum;
  }

  add(entry: Fields): boolean {
    if ((entry.u8(0) & 0x3f) !== this.#next || entry.u8(13) !== this.#checksum) return false;
    const units = [entry.slice(1, 10), entry.slice(14, 12), entry.slice(28, 4)];
    this.#text = Buffer.concat(units).toString('utf16le') + this.#text;
    this.#next--;
    return true;
  }

  /** The name, if it is whole and belongs to `entry`. */
  finish(entry: Fields): string | undefined {
    let sum = 0;
    for (const byte of entry.slice(0, 11)) sum = (((sum & 1) << 7) + (sum >>> 1) + byte) & 0xff;
    if (this.#next !== 0 || sum !== this.#checksum) return undefined;
    const end = this.#text.indexOf('\0');
    return end < 0 ? this.#text : this.#text.slice(0, end);
  }
}

function addPiece(long: LongName | undefined, entry: Fields): LongName | undefined {
  const order = entry.u8(0);
  const isLast = (order & 0x40) !== 0;
  const count = order & 0x3f;
  const started = isLast && count >= 1 && count <= MAX_LONG_PIECES ? new LongName(count, entry.u8(13)) : long;
  return started?.add(entry) === true ? started : undefined;
}

/** Bits of the byte at 12 with which Windows NT says that a part of a short name is in lower case. */
const LOWER_BASE = 0x08;
const LOWER_EXTENSION = 0x10;

function shortName(entry: Fields): string {
  const flags = entry.u8(12);
  const part = (at: number, length: number, isLower: boolean): string => {
    const text = Buffer.from(entry.slice(at, length)).toString('latin1').trimEnd();
    return isLower ? text.toLowerCase() : text;
  };
  const base = part(0, 8, (flags & LOWER_BASE) !== 0);
  const extension = part(8, 3, (flags & LOWER_EXTENSION) !== 0);
  return extension === '' ? base : `${base}.${extension}`;
}

function fail(problem: string): never {
  throw new PermafrostError('structure/invalid', { structure: 'FAT volume', problem });
}
