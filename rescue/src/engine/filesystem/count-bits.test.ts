import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countBits } from './count-bits.ts';

test('bits behind the last one wanted do not count, from either end of a byte', () => {
  const bytes = Uint8Array.of(0xff, 0b1010_0111);
  const counts = (order: 'lsb' | 'msb'): number[] =>
    Array.from({ length: 17 }, (_, bitCount) => countBits(bytes, bitCount, order));
  assert.deepEqual(counts('lsb'), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 11, 11, 12, 12, 13]);
  assert.deepEqual(counts('msb'), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10, 10, 10, 11, 12, 13]);
});
