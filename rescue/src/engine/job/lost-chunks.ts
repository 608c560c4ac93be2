/** Chunks that an image no longer has: an error, or with `keepGoing` zeros on the target and a gap in the report. */
import { PermafrostError } from '../base/errors.ts';
import { say } from '../base/remarks.ts';
import type { ChunkProblem } from '../repository/frame-reader.ts';
import { lengthOf, offsetOf, type RegionTarget } from './region-target.ts';
import { zeroRange } from './zero-range.ts';

export class LostChunks {
  readonly #target: RegionTarget;
  readonly #lost = new Set<number>();

  constructor(target: RegionTarget) {
    this.#target = target;
  }

  /** Whether chunk `chunk` was lost, so that the target holds zeros there. */
  has(chunk: number): boolean {
    return this.#lost.has(chunk);
  }

  /** Throws `image/chunk-unreadable` unless the restore is to go on without it. */
  async lose(chunk: number, id: Buffer, { pack, offset: at, problem }: ChunkProblem): Promise<void> {
    const { file, name, keepGoing, onGap } = this.#target;
    const offset = offsetOf(this.#target, chunk);
    const length = lengthOf(this.#target, chunk);
    if (!keepGoing)
      throw new PermafrostError('image/chunk-unreadable', {
        chunk: id.toString('hex').slice(0, 16),
        region: name,
        offset,
        pack: `${pack.slice(0, 16)} at ${at}`,
        problem,
      });
    if (length <= 0 || this.#lost.has(chunk)) return;
    this.#lost.add(chunk);
    await zeroRange(file, offset, length);
    onGap(offset, length, say('gap/lost', { pack: pack.slice(0, 16), problem }));
  }
}
