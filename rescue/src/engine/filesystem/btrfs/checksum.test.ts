import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { blake2b } from './blake2b.ts';
import { checksumOf, hasValidChecksum } from './checksum.ts';
import { xxhash64 } from './xxhash64.ts';

const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 131 + 7) & 0xff);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** XXH64 straight from the description, in BigInt: too slow to use, simple enough to believe. */
function slowXxhash64(bytes: Uint8Array): bigint {
  const p1 = 0x9e3779b185ebca87n;
  const p2 = 0xc2b2ae3d27d4eb4fn;
  const p3 = 0x165667b19e3779f9n;
  const p4 = 0x85ebca77c2b2ae63n;
  const p5 = 0x27d4eb2f165667c5n;
  const w = (x: bigint): bigint => BigInt.asUintN(64, x);
  const rotate = (x: bigint, n: bigint): bigint => w((x << n) | (x >> (64n - n)));
  const round = (acc: bigint, lane: bigint): bigint => w(rotate(w(acc + w(lane * p2)), 31n) * p1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let hash = p5;
  if (bytes.length >= 32) {
    const acc = [w(p1 + p2), p2, 0n, w(-p1)];
    for (; at + 32 <= bytes.length; at += 32)
      for (let k = 0; k < 4; k++) acc[k] = round(acc[k]!, view.getBigUint64(at + 8 * k, true));
    hash = w(rotate(acc[0]!, 1n) + rotate(acc[1]!, 7n) + rotate(acc[2]!, 12n) + rotate(acc[3]!, 18n));
    for (const lane of acc) hash = w((hash ^ round(0n, lane)) * p1 + p4);
  }
  hash = w(hash + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8)
    hash = w(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * p1 + p4);
  if (at + 4 <= bytes.length) {
    hash = w(rotate(hash ^ w(BigInt(view.getUint32(at, true)) * p1), 23n) * p2 + p3);
    at += 4;
  }
  for (; at < bytes.length; at++) hash = w(rotate(hash ^ w(BigInt(bytes[at]!) * p5), 11n) * p1);
  hash = w((hash ^ (hash >> 33n)) * p2);
  hash = w((hash ^ (hash >> 29n)) * p3);
  return hash ^ (hash >> 32n);
}

test('XXH64 gives the published value of nothing and that of the plain algorithm for every length', () => {
  assert.equal(hex(xxhash64(new Uint8Array(0)).reverse()), 'ef46db3751d8e999');
  for (const length of [...Array(140).keys(), 4064, 16352])
    assert.equal(
      hex(xxhash64(pattern(length)).reverse()),
      slowXxhash64(pattern(length)).toString(16).padStart(16, '0'),
      `${length} bytes`,
    );
});

test('BLAKE2b gives the value of RFC 7693 appendix A and that of OpenSSL for every length', () => {
  assert.match(hex(blake2b(Buffer.from('abc'), 64)), /^ba80a53f981c4d0d6a2797b69f12f6e9/);
  for (const length of [...Array(300).keys(), 4064, 16352])
    assert.equal(
      hex(blake2b(pattern(length), 64)),
      createHash('blake2b512').update(pattern(length)).digest('hex'),
      `${length} bytes`,
    );
});

test('BLAKE2b with 32 bytes gives its published value of nothing', () => {
  assert.equal(
    hex(blake2b(new Uint8Array(0), 32)),
    '0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8',
  );
});

test('every checksum sees a flipped bit anywhere behind its room and ignores the rest of the room', () => {
  for (let type = 0; type < 4; type++) {
    const checksum = checksumOf(type)!;
    const block = pattern(200);
    block.set(checksum.of(block.subarray(32)));
    assert.ok(hasValidChecksum(checksum, block), checksum.name);
    for (const at of [32, 100, 199, 0]) {
      block[at]! ^= 0x10;
      assert.ok(!hasValidChecksum(checksum, block), `${checksum.name} at ${at}`);
      block[at]! ^= 0x10;
    }
  }
  assert.equal(checksumOf(4), undefined);
});
