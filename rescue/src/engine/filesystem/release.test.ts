import assert from 'node:assert/strict';
import { test } from 'node:test';
import { release } from './release.ts';

test('what is released is gone, and what is a part of something else is not', () => {
  const whole = new Uint8Array(1024);
  release(whole);
  assert.equal(whole.length, 0);
  const part = new Uint8Array(1024).subarray(10, 20);
  release(part);
  assert.equal(part.length, 10);
  release(new Uint8Array(new SharedArrayBuffer(8)));
});

test('memory is given back without the garbage collector', () => {
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 32; i++) release(new Uint8Array(1024 * 1024).fill(1));
  assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024);
});
