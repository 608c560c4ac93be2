/**
 * How parsers see a disk, a partition or an image file: bytes at an offset, nothing else. They never open
 * anything themselves, so they run on memory, files and devices alike, without root.
 */
import { PermafrostError } from './errors.ts';

export interface BlockReader {
  /** What messages call it, for example `/dev/sda2`. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Logical sector size in bytes; for files the one that is assumed. */
  readonly sectorSize: number;
  /**
   * Exactly `length` bytes at `offset`; the caller owns the array.
   * Throws `structure/invalid` if they do not lie inside, `device/read-failed` if the device cannot read them.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Upper bound of one {@link BlockReader.read}: what hostile lengths in a structure can cost in memory. */
export const MAX_READ_BYTES = 64 * 1024 * 1024;

/** Throws `structure/invalid` unless `length` bytes at `offset` lie inside `reader` and a read of them is sane. */
export function checkRange(reader: BlockReader, offset: number, length: number): void {
  const inside =
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    length <= MAX_READ_BYTES &&
    offset + length <= reader.sizeBytes;
  if (!inside)
    throw new PermafrostError('structure/invalid', {
      structure: reader.name,
      problem: `points to ${length} bytes at ${offset}, outside its ${reader.sizeBytes} bytes`,
    });
}

/** A reader over bytes in memory. */
export function memoryReader(bytes: Uint8Array, name = 'memory', sectorSize = 512): BlockReader {
  const reader: BlockReader = {
    name,
    sizeBytes: bytes.length,
    sectorSize,
    // Asynchronous throughout: callers see the same behaviour as with a device.
    // eslint-disable-next-line @typescript-eslint/require-await
    async read(offset, length) {
      checkRange(reader, offset, length);
      // Not `slice`: that of a Buffer shares memory.
      return new Uint8Array(bytes.subarray(offset, offset + length));
    },
  };
  return reader;
}

/** The `length` bytes at `start` of `parent` as a reader of their own. */
export function subReader(parent: BlockReader, start: number, length: number, name: string): BlockReader {
  checkRange(parent, start, 0);
  if (start + length > parent.sizeBytes) checkRange(parent, start + length, 0);
  const reader: BlockReader = {
    name,
    sizeBytes: length,
    sectorSize: parent.sectorSize,
    async read(offset, count) {
      checkRange(reader, offset, count);
      return parent.read(start + offset, count);
    },
  };
  return reader;
}

/**
 * A reader that keeps the last `pages` pages of `pageBytes` read from `parent`: parsers read many small
 * structures next to each other. Reads larger than a page pass through.
 */
export function cachedReader(parent: BlockReader, pageBytes = 64 * 1024, pages = 64): BlockReader {
  const cache = new Map<number, Promise<Uint8Array>>();
  const page = (index: number): Promise<Uint8Array> => {
    const hit = cache.get(index);
    if (hit !== undefined) {
      cache.delete(index);
      cache.set(index, hit);
      return hit;
    }
    const start = index * pageBytes;
    const read = parent.read(start, Math.min(pageBytes, parent.sizeBytes - start));
    cache.set(index, read);
    // A failed page is forgotten, so that a later, narrower read can still succeed.
    read.catch(() => cache.delete(index));
    if (cache.size > pages) cache.delete(cache.keys().next().value!);
    return read;
  };
  const reader: BlockReader = {
    name: parent.name,
    sizeBytes: parent.sizeBytes,
    sectorSize: parent.sectorSize,
    async read(offset, length) {
      checkRange(reader, offset, length);
      if (length === 0) return new Uint8Array(0);
      const first = Math.floor(offset / pageBytes);
      const last = Math.floor((offset + length - 1) / pageBytes);
      if (last > first + 1) return parent.read(offset, length);
      try {
        const bytes = new Uint8Array(length);
        for (let index = first; index <= last; index++) {
          const start = index * pageBytes;
          const from = Math.max(offset, start);
          const to = Math.min(offset + length, start + pageBytes);
          bytes.set((await page(index)).subarray(from - start, to - start), from - offset);
        }
        return bytes;
      } catch {
        // An unreadable sector elsewhere in the page must not hide bytes that can be read.
        return parent.read(offset, length);
      }
    },
  };
  return reader;
}
