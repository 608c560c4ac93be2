import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc16, crc32be, extCrc32c, extCrc32cOfU32 } from './checksums.ts';

const digits = Buffer.from('123456789');

test('give the check values of their polynomials for "123456789"', () => {
  assert.equal(crc16(0xffff, digits), 0x4b37);
  assert.equal(crc32be(0xffffffff, digits), 0x0376e6e7);
  assert.equal(extCrc32c(0xffffffff, digits), ~0xe3069283 >>> 0);
});

test('continue from the bytes before', () => {
  const [a, b] = [digits.subarray(0, 4), digits.subarray(4)];
  assert.equal(crc16(crc16(0xffff, a), b), 0x4b37);
  assert.equal(crc32be(crc32be(0xffffffff, a), b), 0x0376e6e7);
  assert.equal(extCrc32c(extCrc32c(0xffffffff, a), b), extCrc32c(0xffffffff, digits));
  assert.equal(extCrc32cOfU32(7, 0x04030201), extCrc32c(7, Uint8Array.of(1, 2, 3, 4)));
});
