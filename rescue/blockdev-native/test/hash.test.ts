/** BLAKE3 against the published vectors (test_vectors.json of the BLAKE3 team: input byte i is i mod 251). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { native } from '../lib/index.ts';

const vectors: readonly (readonly [length: number, id: string])[] = [
  [0, 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'],
  [1, '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213'],
  [1023, '10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11'],
  [1024, '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7'],
  [1025, 'd00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444'],
  [2048, 'e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a'],
  [102400, 'bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085'],
];

function pattern(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => i % 251));
}

for (const [length, id] of vectors)
  test(`the published vector of ${length} bytes`, () => {
    assert.equal(native.hash(pattern(length)).toString('hex'), id);
  });

test('an incremental hash equals the hash of the whole, whatever the pieces', () => {
  const bytes = pattern(102400);
  for (const piece of [1000, 1024, 4096, 65536]) {
    const hasher = native.createHasher();
    for (let at = 0; at < bytes.length; at += piece) hasher.update(bytes.subarray(at, at + piece));
    assert.deepEqual(hasher.digest(), native.hash(bytes));
    assert.deepEqual(hasher.digest(), native.hash(bytes), 'a digest changes nothing');
    hasher.update(Uint8Array.of(0));
    assert.notDeepEqual(hasher.digest(), native.hash(bytes));
  }
});

test('versions name what is linked in, not what node brings', () => {
  assert.match(native.versions().zstd, /^1\.\d+\.\d+$/);
  assert.match(native.versions().blake3, /^1\.\d+\.\d+$/);
  assert.throws(() => native.hash('text' as never), TypeError);
});
