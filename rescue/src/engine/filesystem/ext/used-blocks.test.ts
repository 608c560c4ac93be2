import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeSuperblock } from '../../../../test/filesystem/support-ext-model.ts';
import { checkRange, type BlockReader } from '../../base/block-reader.ts';
import { makeDoubts } from './doubts.ts';
import { makeGeometry } from './geometry.ts';
import { parseSuperblock } from './superblock.ts';
import { mapUsedBlocks } from './used-blocks.ts';

/** 2¹³ groups of 8192 blocks of 1 KiB, all with one and the same bitmap. */
function sharedBitmap(pattern: number) {
  const groups = 2 ** 13;
  const superblock = encodeSuperblock(
    {
      blockCount: 1 + groups * 8192,
      superblock(fields) {
        fields.setUint32(0x20, 8192, true);
        fields.setUint32(0x24, 8192, true);
      },
    },
    groups,
  );
  const g = makeGeometry(parseSuperblock(superblock)!);
  const BITMAP = 1000;
  const reader: BlockReader = {
    name: 'hostile',
    sizeBytes: g.blockCount * 1024,
    sectorSize: 512,
    // eslint-disable-next-line @typescript-eslint/require-await
    async read(offset, length) {
      checkRange(reader, offset, length);
      if (offset === BITMAP * 1024) return new Uint8Array(length).fill(pattern);
      const descriptor = new Uint32Array([BITMAP, BITMAP + 1, BITMAP + 2, 0, 0, 0, 0, 0]);
      return new Uint8Array(length).map((_, i) => new Uint8Array(descriptor.buffer)[i % 32]!);
    },
  };
  return { reader, g };
}

test('a sparse file of nothing cannot ask for more extents than there is memory', async () => {
  const { reader, g } = sharedBitmap(0xaa);
  await assert.rejects(mapUsedBlocks(reader, g, makeDoubts(), { maxExtents: 100_000 }), {
    code: 'structure/invalid',
    message: /more than 100000 runs/,
  });
});

test('many groups alone are no reason to refuse', async () => {
  const { reader, g } = sharedBitmap(0xff);
  const doubts = makeDoubts();
  const { used } = await mapUsedBlocks(reader, g, doubts);
  assert.deepEqual(used.toPairs(), [[0, g.blockCount * 1024]]);
  assert.match(doubts.text(), /bytes are metadata of more than one/);
});
