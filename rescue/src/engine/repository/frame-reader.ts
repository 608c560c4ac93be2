/**
 * Reads chunks back: a frame is read, decompressed and every chunk checked against its id, all in a slot. A
 * small cache of whole frames serves the trees.
 */
import { asIs, type Said, say } from '../base/remarks.ts';
import type { Slot } from 'blockdev-native';
import { errorWords, isPermafrostError } from '../base/errors.ts';
import { ID_BYTES } from './format.ts';
import type { FramePlace } from './chunk-index.ts';
import type { PackSet, Repository } from './repository.ts';

/** What reading frames needs of a slot, and of a pool of them. */
export type FrameSlot = Pick<Slot, 'readFrame' | 'hashRange' | 'bytes' | 'release'>;
export interface FramePool {
  acquire(): Promise<FrameSlot>;
}

/** Why a chunk cannot be had. */
export interface ChunkProblem {
  readonly pack: string;
  /** Offset of the frame's payload in the pack, in bytes. */
  readonly offset: number;
  readonly problem: Said;
}

/** A frame in a slot: offsets of its chunks, and the ids they really have. */
export interface DecodedFrame {
  readonly place: FramePlace;
  /** Offset of each chunk in the slot, and one more: their end. */
  readonly offsets: Uint32Array;
  readonly ids: Buffer;
}

const RECENT_FRAMES = 6;

export class FrameReader {
  readonly #repository: Repository;
  readonly #packs: PackSet;
  readonly #pool: FramePool;
  readonly #recentFrames = new Map<
    number,
    Promise<{ decoded: DecodedFrame; bytes: Buffer } | ChunkProblem>
  >();

  constructor(repository: Repository, packs: PackSet, pool: FramePool) {
    this.#repository = repository;
    this.#packs = packs;
    this.#pool = pool;
  }

  get packs(): PackSet {
    return this.#packs;
  }

  /** Reads frame `frame` into `slot`. The caller compares the ids of the chunks it takes. */
  async readFrame(slot: FrameSlot, frame: number): Promise<DecodedFrame | ChunkProblem> {
    const place = this.#packs.index.frame(frame);
    const pack = this.#packs.packs[place.pack]!.id;
    const fail = (problem: Said): ChunkProblem => ({ pack, offset: place.payloadOffset, problem });
    try {
      const file = await this.#repository.packFile(pack);
      const result = await slot.readFrame(file, {
        offset: place.payloadOffset,
        payloadBytes: place.payloadBytes,
        codec: place.codec,
        lengths: place.lengths,
      });
      if (result.ids === undefined) return fail(asIs(result.problem));
      const offsets = new Uint32Array(place.lengths.length + 1);
      place.lengths.forEach((length, i) => (offsets[i + 1] = offsets[i]! + length));
      return { place, offsets, ids: result.ids };
    } catch (error) {
      const failed = this.#repository.store.failure(error, 'read', pack);
      // A pack that cannot be read damages what lies in it; anything else is not about this chunk.
      if (isPermafrostError(failed, 'repository/failed')) return fail(errorWords(failed));
      throw failed;
    }
  }

  /** A single chunk as bytes, checked: for pages, bad maps and structures, not for the content of disks. */
  async readChunk(id: Buffer): Promise<Buffer | ChunkProblem> {
    const { index } = this.#packs;
    const chunk = index.find(id, 0);
    if (chunk < 0) return { pack: 'no pack', offset: 0, problem: say('lost/not-there') };
    const frame = index.frameOf(chunk);
    const loaded = await this.#loadFrame(frame);
    if ('problem' in loaded) return loaded;
    const place = index.placeInFrame(chunk);
    const { decoded, bytes } = loaded;
    if (decoded.ids.compare(id, 0, ID_BYTES, place * ID_BYTES, (place + 1) * ID_BYTES) !== 0)
      return {
        pack: this.#packs.packs[decoded.place.pack]!.id,
        offset: decoded.place.payloadOffset,
        problem: say('lost/content'),
      };
    return bytes.subarray(decoded.offsets[place], decoded.offsets[place + 1]);
  }

  #loadFrame(frame: number): Promise<{ decoded: DecodedFrame; bytes: Buffer } | ChunkProblem> {
    const hit = this.#recentFrames.get(frame);
    if (hit !== undefined) {
      this.#recentFrames.delete(frame);
      this.#recentFrames.set(frame, hit);
      return hit;
    }
    const load = this.#readWhole(frame);
    this.#recentFrames.set(frame, load);
    load.catch(() => this.#recentFrames.delete(frame));
    if (this.#recentFrames.size > RECENT_FRAMES)
      this.#recentFrames.delete(this.#recentFrames.keys().next().value!);
    return load;
  }

  async #readWhole(frame: number): Promise<{ decoded: DecodedFrame; bytes: Buffer } | ChunkProblem> {
    const slot = await this.#pool.acquire();
    try {
      const decoded = await this.readFrame(slot, frame);
      if ('problem' in decoded) return decoded;
      return { decoded, bytes: slot.bytes(0, decoded.offsets.at(-1)!) };
    } finally {
      slot.release();
    }
  }
}
