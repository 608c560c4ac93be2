/** The region that a restore writes: where it goes, what is to be in it, and how its chunks lie there. */
import type { BlockFile, ChunkPool } from 'blockdev-native';
import { type Said, say } from '../base/remarks.ts';
import { ID_BYTES } from '../repository/format.ts';
import type { ChunkProblem, DecodedFrame, FrameReader } from '../repository/frame-reader.ts';
import type { RegionContent } from '../repository/manifest.ts';
import type { PauseGate } from './pause-gate.ts';
import type { RegionChanges } from './shrink-file-system.ts';
import type { Patch } from './target-steps.ts';

export interface RegionTarget {
  readonly file: BlockFile;
  readonly reader: FrameReader;
  readonly pool: ChunkPool;
  readonly content: RegionContent;
  readonly name: string;
  /** Extent on the target in bytes: the region's, cut where the target ends. */
  readonly start: number;
  readonly length: number;
  readonly chunkBytes: number;
  /** Length of the region in the image; its last chunk ends here. */
  readonly imagedLength: number;
  readonly patches: readonly Patch[];
  /** What of the region is other than in the image. */
  readonly changes?: RegionChanges;
  readonly delta: boolean;
  readonly zeroUnused: boolean;
  readonly keepGoing: boolean;
  readonly signal?: AbortSignal;
  readonly gate?: PauseGate;
  readonly onBytes: (bytes: number, writtenBytes: number) => void;
  /** A part that is not what the source had: offset on the disk, length, why. */
  readonly onGap: (offset: number, length: number, reason: Said) => void;
}

/** Where chunk `chunk` goes, in bytes from the start of the disk. */
export function offsetOf({ start, chunkBytes }: RegionTarget, chunk: number): number {
  return start + chunk * chunkBytes;
}

/** Bytes of chunk `chunk` that the target holds; 0 or less beyond its end. */
export function lengthOf({ length, chunkBytes }: RegionTarget, chunk: number): number {
  return Math.min(chunkBytes, length - chunk * chunkBytes);
}

/** Of a chunk that no pack has. */
export const notThere: ChunkProblem = { pack: 'no pack', offset: 0, problem: say('lost/not-there') };

/** Where the chunk with the id at `idOffset` of `ids` lies in a decoded frame, or why it is not there. */
export function chunkIn(
  target: RegionTarget,
  decoded: DecodedFrame | ChunkProblem,
  ids: Buffer,
  idOffset: number,
  chunk: number,
): { offset: number } | ChunkProblem {
  if ('problem' in decoded) return decoded;
  const { index, packs } = target.reader.packs;
  const place = index.placeInFrame(index.find(ids, idOffset));
  const imagedLength = Math.min(target.chunkBytes, target.imagedLength - chunk * target.chunkBytes);
  const same =
    decoded.ids.compare(ids, idOffset, idOffset + ID_BYTES, place * ID_BYTES, (place + 1) * ID_BYTES) === 0;
  if (same && decoded.place.lengths[place] === imagedLength) return { offset: decoded.offsets[place]! };
  return {
    pack: packs[decoded.place.pack]!.id,
    offset: decoded.place.payloadOffset,
    problem: say(same ? 'lost/length' : 'lost/content'),
  };
}
