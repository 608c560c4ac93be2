/**
 * Decodes frames and proves that they hold the chunks that the index promises. What is found good is kept as
 * one bit a chunk, so that any number of images can be judged after their frames were read once.
 */
import { type Said, say } from '../base/remarks.ts';
import { ID_BYTES } from '../repository/format.ts';
import type { FramePool, FrameReader } from '../repository/frame-reader.ts';
import type { PackSet } from '../repository/repository.ts';
import { eachInSlot } from './slots.ts';

/** A frame that does not hold what it should. */
export interface FrameProblem {
  readonly pack: string;
  /** Offset of the payload in the pack, in bytes. */
  readonly offset: number;
  readonly problem: Said;
}

/** One bit for each numbered thing. */
export class BitSet {
  readonly #words: Uint32Array;

  constructor(size: number) {
    this.#words = new Uint32Array(Math.ceil(size / 32));
  }

  add(i: number): void {
    this.#words[i >>> 5]! |= 1 << (i & 31);
  }

  has(i: number): boolean {
    return (this.#words[i >>> 5]! & (1 << (i & 31))) !== 0;
  }
}

export interface VerifyFramesInput {
  readonly reader: FrameReader;
  readonly pool: FramePool;
  /** Frames to read, by number, in the order of their packs. */
  readonly frames: Iterable<number>;
  readonly signal?: AbortSignal;
  /** Uncompressed bytes of a frame that was read. */
  readonly onBytes: (bytes: number) => void;
}

/** Reads `frames`; `good` are the chunks (by number) proven to be there. */
export async function verifyFrames(
  input: VerifyFramesInput,
): Promise<{ good: BitSet; problems: FrameProblem[] }> {
  const { reader, pool, signal, onBytes } = input;
  const good = new BitSet(reader.packs.index.chunkCount);
  const problems: FrameProblem[] = [];
  await eachInSlot(pool, input.frames, signal, async (slot, frame) => {
    const decoded = await reader.readFrame(slot, frame);
    if ('problem' in decoded) {
      problems.push(decoded);
      return;
    }
    const wrong = markGood(reader.packs, frame, decoded.ids, good);
    if (wrong > 0)
      problems.push({
        pack: reader.packs.packs[decoded.place.pack]!.id,
        offset: decoded.place.payloadOffset,
        problem: say('lost/chunks', { badCount: wrong }),
      });
    onBytes(decoded.offsets.at(-1)!);
  });
  return { good, problems };
}

/** Marks the chunks that decoded to an id of the index; how many did not. */
function markGood({ index }: PackSet, frame: number, ids: Buffer, good: BitSet): number {
  let wrong = 0;
  for (let place = 0; place * ID_BYTES < ids.length; place++) {
    const chunk = index.find(ids, place * ID_BYTES);
    if (chunk < 0) wrong++;
    // A chunk that another frame is to provide proves nothing about that frame.
    else if (index.frameOf(chunk) === frame && index.placeInFrame(chunk) === place) good.add(chunk);
  }
  return wrong;
}
