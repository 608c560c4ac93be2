/** Reads a restored region back from the medium and compares it with the image: fake capacity shows here. */
import type { BlockFile, ChunkPool } from 'blockdev-native';
import { throwIfCancelled } from '../base/errors.ts';
import { ID_BYTES } from '../repository/format.ts';
import type { FrameReader } from '../repository/frame-reader.ts';
import type { RegionContent } from '../repository/manifest.ts';
import { walkChunks } from './chunk-walk.ts';
import { compareChunks, type ExpectedChunk } from './compare-chunks.ts';
import type { Expected } from './restore-held.ts';

export interface ReadBackInput {
  readonly file: BlockFile;
  readonly pool: ChunkPool;
  readonly reader: FrameReader;
  readonly content: RegionContent;
  /** Extent on the target in bytes. */
  readonly start: number;
  readonly length: number;
  readonly chunkBytes: number;
  /** Chunks that were written otherwise than the image has them. */
  readonly expected: readonly Expected[];
  /** Chunks that the repository has lost; the target has zeros there. */
  readonly isLost: (chunk: number) => boolean;
  /** Unused chunks were zeroed too. */
  readonly zeroUnused: boolean;
  readonly signal?: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/** Chunks compared in one go. */
const STEP_CHUNKS = 4096;

/** Extents on the target that are not what they must be. */
export async function readBack(input: ReadBackInput): Promise<{ offset: number; length: number }[]> {
  const { reader, content, expected, zeroUnused, signal } = input;
  const overrides = new Map(expected.map(({ chunk, id }) => [chunk, id]));
  const wrong: { offset: number; length: number }[] = [];
  const compare = async (chunks: readonly { chunk: number; id: Buffer | undefined }[]): Promise<void> => {
    throwIfCancelled(signal);
    const list = chunks.flatMap(({ chunk, id }) => expectedChunk(input, chunk, id));
    for (const i of await compareChunks(input, list, input.onBytes)) {
      const { offset, length } = list[i]!;
      wrong.push({ offset, length });
    }
  };
  await compare(expected.flatMap(({ chunk, id }) => (id === undefined ? [] : [{ chunk, id }])));
  for await (const part of walkChunks(reader, content)) {
    if (part.kind === 'data') {
      const { window } = part;
      const chunks = Array.from({ length: window.count }, (_, i) => ({
        chunk: window.chunks[i]!,
        id: input.isLost(window.chunks[i]!)
          ? undefined
          : window.ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES),
      }));
      await compare(chunks.filter(({ chunk }) => !overrides.has(chunk)));
    } else if (part.kind !== 'unused' || zeroUnused) {
      for (let at = part.first; at < part.first + part.count; at += STEP_CHUNKS) {
        const count = Math.min(STEP_CHUNKS, part.first + part.count - at);
        const chunks = Array.from({ length: count }, (_, i) => ({ chunk: at + i, id: undefined }));
        await compare(chunks.filter(({ chunk }) => !overrides.has(chunk)));
      }
    }
  }
  return wrong.sort((a, b) => a.offset - b.offset);
}

/** The chunk as far as the target holds it. */
function expectedChunk(
  { start, length, chunkBytes }: ReadBackInput,
  chunk: number,
  id: Buffer | undefined,
): ExpectedChunk[] {
  const bytes = Math.min(chunkBytes, length - chunk * chunkBytes);
  return bytes > 0 ? [{ offset: start + chunk * chunkBytes, length: bytes, id }] : [];
}
