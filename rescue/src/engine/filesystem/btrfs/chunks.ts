/**
 * From logical addresses to places on the device: the chunks of a Btrfs file system on one device. Follows
 * the Btrfs documentation, "On-disk format", item CHUNK_ITEM. All fields are little-endian.
 */
import { Fields } from '../../base/fields.ts';
import { PermafrostError } from '../../base/errors.ts';
import type { BtrfsSuperblock } from './superblock.ts';

export const CHUNK_ITEM = 228;
export const FIRST_CHUNK_TREE = 256n;
const KEY_BYTES = 17;
const CHUNK_BYTES = 48;
const STRIPE_BYTES = 32;
const STRIPE_LENGTH = 65536;

/** Bits of a chunk's type. */
export const groupTypes = { data: 1n, system: 2n, metadata: 4n } as const;
const TYPE_MASK = 7n;
const RAID0 = 8n;
const DUP = 32n;
/** RAID0, 1, DUP, 10, 5, 6, 1C3 and 1C4. */
const PROFILE_MASK = 0x7f8n;

/** A run of logical addresses and where its copies are; all in bytes. */
export interface Chunk {
  readonly logical: number;
  readonly length: number;
  readonly type: bigint;
  /** Starts of its copies on the device: one, or two for DUP. */
  readonly copies: readonly number[];
  /** Why its copies are not all of it; {@link copies} is then empty. */
  readonly unsupported?: string;
}

/** The chunk of the item `f` at address `logical`. Throws `structure/invalid`. */
export function parseChunk(f: Fields, logical: number, sb: BtrfsSuperblock): Chunk {
  const length = f.u64(0);
  const type = f.bigU64(24);
  const stripeCount = f.u16(44);
  if (f.length !== CHUNK_BYTES + stripeCount * STRIPE_BYTES)
    f.fail(`has not room for ${stripeCount} stripes`);
  if (f.u64(16) !== STRIPE_LENGTH) f.fail(`impossible stripe length ${f.u64(16)}`);
  if (length === 0 || length % sb.sectorSize !== 0 || logical % sb.sectorSize !== 0)
    f.fail(`is not in sectors: ${length} bytes at ${logical}`);
  if (!Number.isSafeInteger(logical + length)) f.fail(`ends beyond all addresses`);
  if ((type & TYPE_MASK) === 0n) f.fail(`has no type`);
  const profile = type & ~TYPE_MASK;
  const unsupported = (reason: string): Chunk => ({ logical, length, type, copies: [], unsupported: reason });
  if ((profile & ~PROFILE_MASK) !== 0n)
    return unsupported(`it has a block group of the unknown type 0x${type.toString(16)}`);
  // RAID0 of one stripe is laid out like a single copy.
  const expected = profile === 0n || profile === RAID0 ? 1 : profile === DUP ? 2 : undefined;
  if (expected === undefined || (profile === RAID0 && stripeCount !== 1))
    return unsupported('it has a block group with a profile for several devices');
  if (stripeCount !== expected) f.fail(`has ${stripeCount} stripes where ${expected} are expected`);
  const copies: number[] = [];
  for (let at = CHUNK_BYTES; at < f.length; at += STRIPE_BYTES) {
    if (f.u64(at) !== sb.device.id || f.uuid(at + 16) !== sb.device.uuid)
      return unsupported('some of its block groups are on another device');
    const start = f.u64(at + 8);
    if (start + length > sb.device.sizeBytes || start % sb.sectorSize !== 0)
      f.fail(`a copy of ${length} bytes at ${start} lies outside the device`);
    copies.push(start);
  }
  return { logical, length, type, copies };
}

/** The chunks of the superblock's own array, which are enough to read the chunk tree. */
export function parseSystemChunks(sb: BtrfsSuperblock): Chunk[] {
  const f = new Fields(sb.systemChunks, 'Btrfs system chunks');
  const chunks: Chunk[] = [];
  for (let at = 0; at < f.length;) {
    if (f.bigU64(at) !== FIRST_CHUNK_TREE || f.u8(at + 8) !== CHUNK_ITEM) f.fail('holds something else', at);
    const itemBytes = CHUNK_BYTES + f.u16(at + KEY_BYTES + 44) * STRIPE_BYTES;
    const item = f.sub(at + KEY_BYTES, itemBytes, 'Btrfs system chunk');
    chunks.push(parseChunk(item, f.u64(at + 9), sb));
    at += KEY_BYTES + itemBytes;
  }
  return chunks;
}

/** Chunks by logical address; they overlap neither there nor on the device. */
export class ChunkMap {
  /** Ascending by logical address. */
  readonly chunks: readonly Chunk[];

  /** Throws `structure/invalid` if chunks overlap. */
  constructor(chunks: readonly Chunk[]) {
    this.chunks = [...chunks].sort((a, b) => a.logical - b.logical);
    for (let i = 1; i < this.chunks.length; i++) {
      const before = this.chunks[i - 1]!;
      if (before.logical + before.length > this.chunks[i]!.logical)
        fail(`chunks overlap at address ${this.chunks[i]!.logical}`);
    }
    const copies = this.copies();
    for (let i = 1; i < copies.length; i++) {
      const before = copies[i - 1]!;
      if (before.start + before.chunk.length > copies[i]!.start)
        fail(`chunks overlap on the device at ${copies[i]!.start}`);
    }
  }

  /** Every copy of every chunk, ascending by its start on the device. */
  copies(): { readonly chunk: Chunk; readonly start: number }[] {
    return this.chunks
      .flatMap((chunk) => chunk.copies.map((start) => ({ chunk, start })))
      .sort((a, b) => a.start - b.start);
  }

  /** Index of the chunk that holds all of `length` bytes at `logical`. Throws `structure/invalid`. */
  indexOf(logical: number, length: number): number {
    const index = this.#firstEndingAfter(logical);
    const chunk = this.chunks[index];
    if (chunk === undefined || chunk.logical > logical || logical + length > chunk.logical + chunk.length)
      fail(`no chunk holds ${length} bytes at address ${logical}`);
    return index;
  }

  /** Index of the chunk of exactly `length` bytes at `logical`; -1 if there is none. */
  find(logical: number, length: number): number {
    const index = this.#firstEndingAfter(logical);
    const chunk = this.chunks[index];
    return chunk?.logical === logical && chunk.length === length ? index : -1;
  }

  #firstEndingAfter(logical: number): number {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { logical: start, length } = this.chunks[middle]!;
      if (start + length > logical) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function fail(problem: string): never {
  throw new PermafrostError('structure/invalid', { structure: 'Btrfs chunk tree', problem });
}
