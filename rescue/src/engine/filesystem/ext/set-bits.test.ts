import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countSetBits } from './set-bits.ts';

test('counts the bits of any length at any alignment', () => {
  const bytes = Uint8Array.from({ length: 43 }, (_, i) => (i * 89 + 41) & 0xff);
  for (let start = 0; start < 5; start++)
    for (let bitCount = 0; bitCount <= (bytes.length - start) * 8; bitCount++) {
      const part = bytes.subarray(start);
      let expected = 0;
      for (let bit = 0; bit < bitCount; bit++) expected += (part[bit >> 3]! >> (bit & 7)) & 1;
      assert.equal(countSetBits(part, bitCount), expected);
    }
  assert.equal(countSetBits(new Uint8Array(8).fill(0xff), 64), 64);
});

test('refuses to count more bits than there are', () => {
  assert.throws(() => countSetBits(new Uint8Array(2), 17), RangeError);
});
