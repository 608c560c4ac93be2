import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureBits } from './measure-bits.ts';

test('measures any length at any alignment', () => {
  const bytes = Uint8Array.from({ length: 43 }, (_, i) => (i % 7 === 3 ? 0xff : (i * 89 + 41) & 0xff));
  for (let start = 0; start < 5; start++)
    for (let bitCount = 0; bitCount <= (bytes.length - start) * 8; bitCount++) {
      const part = bytes.subarray(start);
      const expected = { set: 0, runs: 0 };
      let before = 0;
      for (let i = 0; i < bitCount; i++) {
        const bit = (part[i >> 3]! >> (i & 7)) & 1;
        expected.set += bit;
        if (bit > before) expected.runs++;
        before = bit;
      }
      assert.deepEqual(measureBits(part, bitCount), expected);
    }
});

test('measures bitmaps that are all one thing', () => {
  assert.deepEqual(measureBits(new Uint8Array(64).fill(0xff), 512), { set: 512, runs: 1 });
  assert.deepEqual(measureBits(new Uint8Array(64).fill(0xaa), 512), { set: 256, runs: 256 });
  assert.deepEqual(measureBits(new Uint8Array(64), 512), { set: 0, runs: 0 });
});

test('refuses more bits than there are', () => {
  assert.throws(() => measureBits(new Uint8Array(2), 17), RangeError);
});
