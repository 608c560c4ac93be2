import assert from 'node:assert/strict';
import { test } from 'node:test';
import { featureDoubt, featureNames } from './features.ts';

const none = { compat: 0, incompat: 0, roCompat: 0 };

test('names features as e2fsprogs does, and unknown bits by their number', () => {
  const words = { compat: 0x80000004, incompat: 0x2c2, roCompat: 0x403 };
  assert.deepEqual(featureNames(words), [
    'has_journal',
    'compat 0x80000000',
    ...['filetype', 'extent', '64bit', 'flex_bg'],
    ...['sparse_super', 'large_file', 'metadata_csum'],
  ]);
});

test('has no doubts about features that leave the bitmaps alone', () => {
  assert.equal(featureDoubt({ compat: 0x1e3f, incompat: 0x3e7d6, roCompat: 0x1f77f }), undefined);
  assert.equal(featureDoubt({ ...none, compat: 0x80000000 }), undefined);
});

for (const [kind, bit, readable, about] of [
  ['compat', 0x40, true, /lazy_bg/],
  ['compat', 0x100, true, /snapshot_bitmap/],
  ['incompat', 0x1, true, /compression/],
  ['incompat', 0x1000, true, /dirdata/],
  ['incompat', 0x20, false, /unknown incompatible features 0x20$/],
  ['incompat', 0x800, false, /0x800$/],
  ['incompat', 0x80000000, false, /0x80000000$/],
  ['roCompat', 0x80, true, /has_snapshot/],
  ['roCompat', 0x800, true, /replica/],
  ['roCompat', 0x20000, true, /unknown read-only-compatible features 0x20000$/],
] as const)
  test(`doubts ${kind} 0x${bit.toString(16)}`, () => {
    const doubt = featureDoubt({ ...none, [kind]: bit });
    assert.match(doubt?.reason ?? '', about);
    assert.equal(doubt?.readable, readable);
  });
