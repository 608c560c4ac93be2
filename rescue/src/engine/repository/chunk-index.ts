/**
 * Which chunks the repository has, and where: a hash table in typed arrays that decides on all 256 bits.
 *
 * Chunks and frames are numbered from 0 as they are added. Memory per chunk: 32 (id) + 4 (frame) + 2 (place in
 * the frame) + 4.7 to 7.1 (hash table), at most 45.1 bytes; per frame 16. Arrays grow by segments, so growing
 * never doubles what is held.
 */
import { ID_BYTES } from './format.ts';
import { frameHeaderBytes, type FrameCodec, type FrameTable } from './frame.ts';

/** Where a frame lies. */
export interface FramePlace {
  /** Number of the pack, as the caller counts them. */
  readonly pack: number;
  readonly codec: FrameCodec;
  /** Offset of the payload in the pack and its length, in bytes. */
  readonly payloadOffset: number;
  readonly payloadBytes: number;
  /** Uncompressed lengths of the frame's chunks. */
  readonly lengths: Uint32Array;
}

const SEGMENT_BITS = 12;
const SEGMENT = 1 << SEGMENT_BITS;
/** Frames are fewer by an order of magnitude: their segments are smaller. */
const FRAME_SEGMENT_BITS = 10;
const FRAME_SEGMENT = 1 << FRAME_SEGMENT_BITS;
const ID_WORDS = ID_BYTES / 4;
const MAX_LOAD = 0.85;
const GROWTH = 1.5;
const STORED_FLAG = 0x8000;

export class ChunkIndex {
  readonly #chunkBytes: number;
  readonly #ids: Uint32Array[] = [];
  readonly #frameOfChunk: Uint32Array[] = [];
  readonly #placeInFrame: Uint16Array[] = [];
  #chunkCount = 0;
  /** chunk number + 1, or 0; open addressing, linear probing. */
  #table = new Uint32Array(1024);
  /** pack, payload offset, payload length, count | codec flag: four words a frame. */
  readonly #frames: Uint32Array[] = [];
  #frameCount = 0;
  /** Lengths of frames that are not made of whole chunks alone: pages, and the last chunks of regions. */
  readonly #oddLengths = new Map<number, Uint32Array>();

  /** An index of a repository whose chunks have `chunkBytes` bytes. */
  constructor(chunkBytes: number) {
    this.#chunkBytes = chunkBytes;
  }

  get chunkCount(): number {
    return this.#chunkCount;
  }

  get frameCount(): number {
    return this.#frameCount;
  }

  /** Bytes held by the arrays. */
  get memoryBytes(): number {
    const sum = (arrays: readonly { byteLength: number }[]): number =>
      arrays.reduce((total, array) => total + array.byteLength, 0);
    return (
      sum(this.#ids) +
      sum(this.#frameOfChunk) +
      sum(this.#placeInFrame) +
      sum(this.#frames) +
      this.#table.byteLength
    );
  }

  /** Number of the chunk whose id stands at `offset` of `ids`, or -1. */
  find(ids: Buffer, offset: number): number {
    let slot = this.#slot(ids.readUInt32LE(offset));
    for (;;) {
      const entry = this.#table[slot]!;
      if (entry === 0) return -1;
      if (this.#matches(entry - 1, ids, offset)) return entry - 1;
      if (++slot === this.#table.length) slot = 0;
    }
  }

  /** Adds a frame of which nothing but its chunks is known yet; {@link placeFrame} follows. Known ids keep their first place. */
  addFrame(table: Pick<FrameTable, 'ids' | 'lengths'>): number {
    const frame = this.#frameCount++;
    if ((frame & (FRAME_SEGMENT - 1)) === 0) this.#frames.push(new Uint32Array(FRAME_SEGMENT * 4));
    const count = table.lengths.length;
    this.#frames[frame >>> FRAME_SEGMENT_BITS]![(frame & (FRAME_SEGMENT - 1)) * 4 + 3] = count;
    if (table.lengths.some((length) => length !== this.#chunkBytes))
      this.#oddLengths.set(frame, table.lengths.slice());
    for (let place = 0; place < count; place++) {
      if (this.find(table.ids, place * ID_BYTES) < 0)
        this.#addChunk(table.ids, place * ID_BYTES, frame, place);
    }
    return frame;
  }

  /** Says where frame `frame` was written: its prefix at `offset` of pack number `pack`. */
  placeFrame(frame: number, pack: number, offset: number, length: number, codec: FrameCodec): void {
    const words = this.#frames[frame >>> FRAME_SEGMENT_BITS]!;
    const at = (frame & (FRAME_SEGMENT - 1)) * 4;
    const count = words[at + 3]! & (STORED_FLAG - 1);
    const header = frameHeaderBytes(count);
    words[at] = pack;
    words[at + 1] = offset + header;
    words[at + 2] = length - header;
    words[at + 3] = codec === 'stored' ? count | STORED_FLAG : count;
  }

  /** Where frame `frame` lies. */
  frame(frame: number): FramePlace {
    const words = this.#frames[frame >>> FRAME_SEGMENT_BITS]!;
    const at = (frame & (FRAME_SEGMENT - 1)) * 4;
    const count = words[at + 3]! & (STORED_FLAG - 1);
    return {
      pack: words[at]!,
      codec: (words[at + 3]! & STORED_FLAG) === 0 ? 'zstd' : 'stored',
      payloadOffset: words[at + 1]!,
      payloadBytes: words[at + 2]!,
      lengths: this.#oddLengths.get(frame) ?? new Uint32Array(count).fill(this.#chunkBytes),
    };
  }

  /** Number of the frame that holds chunk `chunk`. */
  frameOf(chunk: number): number {
    return this.#frameOfChunk[chunk >>> SEGMENT_BITS]![chunk & (SEGMENT - 1)]!;
  }

  /** Which of its frame's chunks chunk `chunk` is, from 0. */
  placeInFrame(chunk: number): number {
    return this.#placeInFrame[chunk >>> SEGMENT_BITS]![chunk & (SEGMENT - 1)]!;
  }

  #addChunk(ids: Buffer, offset: number, frame: number, place: number): void {
    const chunk = this.#chunkCount++;
    if ((chunk & (SEGMENT - 1)) === 0) {
      this.#ids.push(new Uint32Array(SEGMENT * ID_WORDS));
      this.#frameOfChunk.push(new Uint32Array(SEGMENT));
      this.#placeInFrame.push(new Uint16Array(SEGMENT));
    }
    const words = this.#ids[chunk >>> SEGMENT_BITS]!;
    const at = (chunk & (SEGMENT - 1)) * ID_WORDS;
    for (let i = 0; i < ID_WORDS; i++) words[at + i] = ids.readUInt32LE(offset + i * 4);
    this.#frameOfChunk[chunk >>> SEGMENT_BITS]![chunk & (SEGMENT - 1)] = frame;
    this.#placeInFrame[chunk >>> SEGMENT_BITS]![chunk & (SEGMENT - 1)] = place;
    if (this.#chunkCount > this.#table.length * MAX_LOAD) this.#grow();
    else this.#enter(chunk, words[at]!);
  }

  #grow(): void {
    this.#table = new Uint32Array(Math.ceil(this.#table.length * GROWTH));
    for (let chunk = 0; chunk < this.#chunkCount; chunk++)
      this.#enter(chunk, this.#ids[chunk >>> SEGMENT_BITS]![(chunk & (SEGMENT - 1)) * ID_WORDS]!);
  }

  #enter(chunk: number, firstWord: number): void {
    let slot = this.#slot(firstWord);
    while (this.#table[slot] !== 0) if (++slot === this.#table.length) slot = 0;
    this.#table[slot] = chunk + 1;
  }

  /** Ids are uniformly distributed: their first word, scaled to the table, is the hash. */
  #slot(firstWord: number): number {
    return Math.floor((firstWord / 0x100000000) * this.#table.length);
  }

  #matches(chunk: number, ids: Buffer, offset: number): boolean {
    const words = this.#ids[chunk >>> SEGMENT_BITS]!;
    const at = (chunk & (SEGMENT - 1)) * ID_WORDS;
    for (let i = 0; i < ID_WORDS; i++) if (words[at + i] !== ids.readUInt32LE(offset + i * 4)) return false;
    return true;
  }
}
