import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ChunkIndex } from './chunk-index.ts';

const CHUNK = 262144;

/** 16 ids that depend on `frame` alone. */
function idsOf(frame: number): Buffer {
  const half = (i: number): Buffer => createHash('sha512').update(`${frame}:${i}`).digest();
  return Buffer.concat(Array.from({ length: 8 }, (_, i) => half(i)));
}

function filled(frames: number): ChunkIndex {
  const index = new ChunkIndex(CHUNK);
  const lengths = new Uint32Array(16).fill(CHUNK);
  for (let frame = 0; frame < frames; frame++) {
    const number = index.addFrame({ ids: idsOf(frame), lengths });
    index.placeFrame(number, frame >> 7, 1000 * frame, 5000, 'zstd');
  }
  return index;
}

test('every chunk is found in its frame, and no other is', () => {
  const index = filled(3000);
  assert.equal(index.chunkCount, 48_000);
  for (let frame = 0; frame < 3000; frame += 7) {
    const ids = idsOf(frame);
    for (let place = 0; place < 16; place++) {
      const chunk = index.find(ids, place * 32);
      assert.equal(index.frameOf(chunk), frame);
      assert.equal(index.placeInFrame(chunk), place);
    }
    // The same first word and another last byte is another chunk: all 256 bits decide.
    ids[31]! ^= 1;
    assert.equal(index.find(ids, 0), -1);
  }
});

test('a chunk costs at most 48 bytes', () => {
  for (const frames of [4000, 6500, 10_000]) {
    const index = filled(frames);
    const perChunk = index.memoryBytes / index.chunkCount;
    assert.ok(perChunk <= 48, `${perChunk.toFixed(1)} bytes a chunk with ${index.chunkCount}`);
  }
});

test('a known chunk keeps its first place, and odd lengths are kept', () => {
  const index = new ChunkIndex(CHUNK);
  const ids = idsOf(1);
  const first = index.addFrame({ ids: ids.subarray(0, 64), lengths: Uint32Array.of(CHUNK, 777) });
  const second = index.addFrame({ ids: ids.subarray(32, 96), lengths: Uint32Array.of(777, 5) });
  index.placeFrame(first, 3, 48, 1000, 'stored');
  index.placeFrame(second, 4, 4048, 1000, 'zstd');
  assert.equal(index.frameOf(index.find(ids, 32)), first);
  assert.equal(index.frameOf(index.find(ids, 64)), second);
  assert.equal(index.placeInFrame(index.find(ids, 64)), 1);
  assert.deepEqual([...index.frame(first).lengths], [CHUNK, 777]);
  assert.deepEqual([index.frame(first).codec, index.frame(first).pack], ['stored', 3]);
  assert.equal(index.frame(first).payloadOffset, 48 + 32 + 8 + 2 * 36);
  assert.equal(index.frame(first).payloadBytes, 1000 - (32 + 8 + 2 * 36));
  assert.equal(index.frame(second).codec, 'zstd');
});
