import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Extents, ExtentsBuilder } from './extents.ts';

test('a builder merges what touches or overlaps, in any order', () => {
  const builder = new ExtentsBuilder().add(100, 10).add(50, 10).add(60, 5).add(105, 20).add(0, 0);
  const extents = builder.finish();
  assert.deepEqual(extents.toPairs(), [
    [50, 15],
    [100, 25],
  ]);
  assert.equal(extents.totalBytes, 40);
});

test('a builder grows as far as it may and then refuses with an error of ours', () => {
  for (const most of [1, 63, 64, 100, 1000]) {
    const builder = new ExtentsBuilder(most);
    for (let i = 0; i < most; i++) builder.add(i * 10, 5);
    // What merges takes no more room.
    builder.add((most - 1) * 10 + 5, 2);
    assert.throws(() => builder.add(most * 10, 5), {
      code: 'structure/invalid',
      message: new RegExp(`more than ${most} separate runs`),
    });
    assert.equal(builder.finish().count, most);
  }
});

test('values that no disk has are refused', () => {
  for (const [start, length] of [
    [-1, 5],
    [0, -5],
    [NaN, 5],
    [0.5, 5],
    [Number.MAX_SAFE_INTEGER, 5],
  ] as const)
    assert.throws(() => new ExtentsBuilder().add(start, length), RangeError);
});

test('union, complement, slice and growth to whole units cover the same bytes as one by one', () => {
  let state = 1;
  const random = (bound: number): number => (state = (state * 48271) % 2147483647) % bound;
  const cover = (extents: Extents): boolean[] => {
    const bytes = Array.from({ length: 200 }, () => false);
    for (const [start, length] of extents.toPairs()) bytes.fill(true, start, start + length);
    return bytes;
  };
  for (let round = 0; round < 200; round++) {
    const make = (): Extents => {
      const builder = new ExtentsBuilder();
      for (let i = random(6); i > 0; i--) builder.add(random(150), random(40));
      return builder.finish();
    };
    const a = make();
    const b = make();
    const [inA, inB] = [cover(a), cover(b)];
    assert.deepEqual(
      cover(a.union(b)),
      inA.map((byte, i) => byte || inB[i]!),
    );
    assert.deepEqual(
      cover(a.complement(200)),
      inA.map((byte) => !byte),
    );
    assert.deepEqual(
      cover(a.slice(20, 100, 7)),
      inA.map((_, i) => i >= 27 && i < 127 && inA[i - 7]!),
    );
    assert.deepEqual(
      cover(a.alignOutwards(8, 197)),
      inA.map((_, i) => i < 197 && inA.slice(i - (i % 8), i - (i % 8) + 8).includes(true)),
    );
    for (let i = 0; i < 20; i++) {
      const [start, length] = [random(190), random(10)];
      const part = inA.slice(start, start + length);
      assert.equal(a.covers(start, length), !part.includes(false));
      if (length > 0) assert.equal(a.touches(start, length), part.includes(true));
    }
    assert.equal(a.equals(Extents.fromPairs(a.toPairs())), true);
  }
});
