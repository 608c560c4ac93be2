/** A reader that shows some blocks of another one as they are elsewhere on it: a replayed journal. */
import { checkRange, type BlockReader } from '../../base/block-reader.ts';

/** Where the content of a block really is. */
export interface Replacement {
  /** Byte offset of the content. */
  readonly offset: number;
  /** What the first bytes are instead of those at `offset`; empty if they are right there. */
  readonly prefix: Uint8Array;
}

/** `parent`, but block n (of `blockSize` bytes) has the content that `replacement(n)` says, where it says so. */
export function overlayReader(
  parent: BlockReader,
  blockSize: number,
  replacement: (block: number) => Replacement | undefined,
): BlockReader {
  const reader: BlockReader = {
    name: parent.name,
    sizeBytes: parent.sizeBytes,
    sectorSize: parent.sectorSize,
    async read(offset, length) {
      checkRange(reader, offset, length);
      // Copies, so that nothing is patched that someone else might hold.
      const bytes = new Uint8Array(await parent.read(offset, length));
      const last = Math.floor((offset + length - 1) / blockSize);
      for (let block = Math.floor(offset / blockSize); block <= last; block++) {
        const found = replacement(block);
        if (found === undefined) continue;
        const content = new Uint8Array(await parent.read(found.offset, blockSize));
        content.set(found.prefix);
        const from = Math.max(offset, block * blockSize);
        const to = Math.min(offset + length, (block + 1) * blockSize);
        bytes.set(content.subarray(from - block * blockSize, to - block * blockSize), from - offset);
      }
      return bytes;
    },
  };
  return reader;
}
