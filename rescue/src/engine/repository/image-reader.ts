/** The bytes of an imaged disk at any offset, straight from the repository: unused and bad bytes read as zeros. */
import type { Said } from '../base/remarks.ts';
import { checkRange, type BlockReader } from '../base/block-reader.ts';
import { PermafrostError } from '../base/errors.ts';
import { ID_BYTES, PAGE_ENTRIES } from './format.ts';
import type { FrameReader } from './frame-reader.ts';
import type { ImagedDisk, ImagedRegion, RegionContent } from './manifest.ts';
import { parsePage, tags } from './page.ts';

/** Chunks kept in memory: structures of a table lie next to each other. */
const CACHED_CHUNKS = 8;

/**
 * A reader over `disk`. Reading a region that was left out of the image gives zeros; a chunk that cannot be had
 * throws `image/chunk-unreadable`.
 */
export function imageReader(reader: FrameReader, disk: ImagedDisk, chunkBytes: number): BlockReader {
  const cache = new Map<string, Promise<Buffer>>();
  const chunkOf = (region: ImagedRegion, number: number): Promise<Buffer> => {
    const key = `${region.start}:${number}`;
    const hit = cache.get(key);
    if (hit !== undefined) return hit;
    const chunk = readChunk(reader, region, number, chunkBytes);
    cache.set(key, chunk);
    chunk.catch(() => cache.delete(key));
    if (cache.size > CACHED_CHUNKS) cache.delete(cache.keys().next().value!);
    return chunk;
  };
  const self: BlockReader = {
    name: disk.path,
    sizeBytes: disk.sizeBytes,
    sectorSize: disk.sectorSize,
    async read(offset, length) {
      checkRange(self, offset, length);
      const bytes = new Uint8Array(length);
      const end = offset + length;
      for (const region of disk.regions) {
        const from = Math.max(offset, region.start);
        const to = Math.min(end, region.start + region.length);
        for (let at = from; at < to;) {
          const number = Math.floor((at - region.start) / chunkBytes);
          const chunkStart = region.start + number * chunkBytes;
          const stop = Math.min(to, chunkStart + chunkBytes);
          const chunk = await chunkOf(region, number);
          bytes.set(chunk.subarray(at - chunkStart, stop - chunkStart), at - offset);
          at = stop;
        }
      }
      return bytes;
    },
  };
  return self;
}

/** Chunk `number` of `region` in full length. */
async function readChunk(
  reader: FrameReader,
  region: ImagedRegion,
  number: number,
  chunkBytes: number,
): Promise<Buffer> {
  const zeros = Buffer.alloc(Math.min(chunkBytes, region.length - number * chunkBytes));
  if (region.content === undefined) return zeros;
  const lost = (id: string, pack: string, problem: Said): never => {
    throw new PermafrostError('image/chunk-unreadable', {
      chunk: id.slice(0, 16),
      region: region.name,
      offset: region.start + number * chunkBytes,
      pack,
      problem,
    });
  };
  const id = await findChunk(reader, region.content, number, lost);
  if (id === undefined) return zeros;
  const bytes = await reader.readChunk(id);
  return 'problem' in bytes ? lost(id.toString('hex'), bytes.pack, bytes.problem) : bytes;
}

/** The id of chunk `number`, or undefined where it is zero or unused. */
async function findChunk(
  reader: FrameReader,
  { root, levels, chunks }: RegionContent,
  number: number,
  lost: (id: string, pack: string, problem: Said) => never,
): Promise<Buffer | undefined> {
  if (root === 'unused' || root === 'zero') return undefined;
  let id: Buffer = Buffer.from(root, 'hex');
  for (let level = levels - 1; level >= 0; level--) {
    const bytes = await reader.readChunk(id);
    if ('problem' in bytes) return lost(id.toString('hex'), bytes.pack, bytes.problem);
    const below = PAGE_ENTRIES ** level;
    const page = Math.floor(number / (below * PAGE_ENTRIES));
    const first = page * below * PAGE_ENTRIES;
    const count = Math.ceil((Math.min(chunks, first + below * PAGE_ENTRIES) - first) / below);
    const { tags: pageTags, ids } = parsePage(bytes, level, count);
    const entry = Math.floor((number - first) / below);
    if (pageTags[entry] === tags.unused || pageTags[entry] === tags.zero) return undefined;
    id = ids.subarray(entry * ID_BYTES, (entry + 1) * ID_BYTES);
  }
  return id;
}
