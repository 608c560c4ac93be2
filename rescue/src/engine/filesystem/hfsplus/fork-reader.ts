/** Reads a range of a file of HFS Plus out of the runs of blocks that hold it. */
import type { BlockReader } from '../../base/block-reader.ts';
import { PermafrostError } from '../../base/errors.ts';
import type { BlockRun } from './volume-header.ts';

/**
 * `length` bytes at `offset` of the file that lies in `runs` of blocks of `blockSize` bytes. Throws
 * `structure/invalid` naming `structure` if the runs end before.
 */
export async function readFork(
  reader: BlockReader,
  structure: string,
  runs: readonly BlockRun[],
  blockSize: number,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let runStart = 0;
  let done = 0;
  for (const run of runs) {
    const runBytes = run.blockCount * blockSize;
    const inRun = offset + done - runStart;
    if (done < length && inRun < runBytes) {
      const piece = Math.min(length - done, runBytes - inRun);
      pieces.push(await reader.read(run.startBlock * blockSize + inRun, piece));
      done += piece;
    }
    runStart += runBytes;
  }
  if (done < length)
    throw new PermafrostError('structure/invalid', { structure, problem: `ends before ${offset + length}` });
  return pieces.length === 1 ? pieces[0]! : new Uint8Array(Buffer.concat(pieces));
}
