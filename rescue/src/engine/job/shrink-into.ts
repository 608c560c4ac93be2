/** Partitions of an image that go into smaller ones of a disk: which file systems get smaller for that, or why they cannot. */
import { type Said, say } from '../base/remarks.ts';
import type { BlockReader } from '../base/block-reader.ts';
import type { PermafrostError } from '../base/errors.ts';
import { kindTitles } from '../filesystem/kind-titles.ts';
import type { Placement, Span } from '../partition/plan-layout.ts';
import type { FrameReader } from '../repository/frame-reader.ts';
import type { ImagedRegion } from '../repository/manifest.ts';
import type { ShrinkPlan } from './plan.ts';
import { knownRegion } from './plan-layout.ts';
import {
  describeSizes,
  measurePart,
  scratchRefusal,
  shrinkings,
  type PartSize,
  type Shrinking,
} from './plan-shrink.ts';

export interface ShrinkIntoInput {
  /** The bytes of the imaged disk. */
  readonly reader: BlockReader;
  /** What of them the image has. */
  readonly frames: FrameReader;
  readonly chunkBytes: number;
  /** Logical sector sizes of the imaged disk and of the target, in bytes. */
  readonly imagedSectorSize: number;
  readonly sectorSize: number;
  readonly scratch?: string;
  readonly signal?: AbortSignal;
}

/** What gets smaller, and where. */
export interface ShrunkInto {
  readonly shrinks: readonly Shrinking[];
  readonly shrinking?: ShrinkPlan;
  readonly refusal?: PermafrostError;
}

/** A partition of the image, and one of the target that is smaller. */
export interface Narrow {
  readonly number: number;
  readonly region: ImagedRegion;
  readonly to: Span;
}

/** Asks the file system of `region` whether it can live in `to`; why not, as a clause that goes on from its size. */
export async function measureInto(
  input: ShrinkIntoInput,
  { number, region, to }: Narrow,
): Promise<PartSize | { readonly tooLarge: Said }> {
  const { start, length } = region;
  const known = knownRegion(region, input.frames, input.chunkBytes);
  const part = { number, start, length, leadBytes: 0 };
  const size = await measurePart(input, part, known, input.sectorSize);
  if (size.leastBytes <= to.length) return size;
  const { fileSystem } = known;
  const place = region.name;
  const content = fileSystem === undefined ? undefined : kindTitles[fileSystem.kind];
  if (size.problem === undefined) {
    const { leastBytes } = size;
    return {
      tooLarge:
        content === undefined
          ? say('into/least', { place, leastBytes })
          : say('into/least-kind', { place, content, leastBytes }),
    };
  }
  const kept = { place, lengthBytes: length, problem: size.problem.text };
  return {
    tooLarge: content === undefined ? say('into/needs', kept) : say('into/needs-kind', { ...kept, content }),
  };
}

/** The plan for partitions of the image that go to smaller `places`; `sizes` as {@link measureInto} gave them. */
export async function planShrinkInto(
  input: ShrinkIntoInput,
  places: readonly Placement[],
  sizes: readonly PartSize[],
): Promise<ShrunkInto> {
  if (sizes.length === 0) return { shrinks: [] };
  const lengths = new Map(places.map(({ number, to }) => [number, to.length]));
  const shrinking = await describeSizes(input, sizes, lengths);
  const refusal = await scratchRefusal(shrinking);
  const { reader, sectorSize, imagedSectorSize } = input;
  const disks = { reader, sectorSize, table: { sectorSize: imagedSectorSize } };
  return {
    shrinks: shrinkings(disks, places, sizes),
    shrinking,
    ...(refusal === undefined ? {} : { refusal }),
  };
}
