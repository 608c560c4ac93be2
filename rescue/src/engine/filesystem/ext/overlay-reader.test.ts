import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryReader } from '../../base/block-reader.ts';
import { overlayReader } from './overlay-reader.ts';

const parent = memoryReader(Uint8Array.from({ length: 64 }, (_, i) => i));
/** Blocks of 8 bytes; block 2 is really at 40, block 3 at 56 with another first byte. */
const reader = overlayReader(parent, 8, (block) => {
  if (block === 2) return { offset: 40, prefix: new Uint8Array(0) };
  return block === 3 ? { offset: 56, prefix: Uint8Array.of(0xff) } : undefined;
});

test('shows the replaced blocks in reads of any shape', async () => {
  const expected = new Uint8Array(64).map((_, i) => i);
  expected.set(expected.slice(40, 48), 16);
  expected.set(expected.slice(56, 64), 24);
  expected[24] = 0xff;
  for (let offset = 0; offset < 64; offset++)
    for (let length = 0; offset + length <= 64; length++)
      assert.deepEqual(await reader.read(offset, length), expected.slice(offset, offset + length));
});

test('refuses what its parent refuses', async () => {
  await assert.rejects(reader.read(60, 5), { code: 'structure/invalid' });
});
