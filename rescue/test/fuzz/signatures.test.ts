/** Mutated superblocks of everything that is only named, one at a time and heaped on each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryReader } from '../../src/engine/base/block-reader.ts';
import { probeRegion } from '../../src/engine/filesystem/probe-region.ts';
import { probers } from '../../src/engine/filesystem/probers.ts';
import { fixtures, models } from '../filesystem/support-named-model.ts';
import { fuzzFactor, fuzzRegion, randomFrom } from './support-region.ts';

const MiB = 1024 * 1024;

for (const region of [...fixtures, ...models]) {
  test(`mutated: ${region.kind} by ${region.what}`, async (t) => {
    // What lies near the start does not need the rest of its region.
    const last = Math.max(...region.pieces.map(([offset, { length }]) => offset + length));
    const sizeBytes = last < 5 * MiB ? Math.min(region.sizeBytes, 5 * MiB) : region.sizeBytes;
    const image = Buffer.alloc(sizeBytes);
    for (const [offset, bytes] of region.pieces) Buffer.from(bytes).copy(image, offset);
    const outcome = await fuzzRegion({
      image,
      areas: region.pieces.flatMap(([offset, { length }]) => [
        [offset, Math.min(length, 64)],
        [offset, Math.min(length, 512)],
      ]),
      // Of its own kind's probers, the first that has an answer.
      prober: async (reader) => {
        for (const { kind, probe } of probers) {
          const found = kind === region.kind ? await probe(reader) : undefined;
          if (found !== undefined) return found;
        }
        return undefined;
      },
      iterations: 60,
    });
    t.diagnostic(JSON.stringify(outcome));
    assert.equal(outcome.mapped, 0);
    // NILFS2's checksum lets next to nothing through; of all others enough must be recognised.
    if (region.kind !== 'nilfs2') assert.ok(outcome.notMine < 0.75 * outcome.raw);
  });
}

test('pieces of all of them heaped into one region', async () => {
  const pieces = [...fixtures, ...models].flatMap((region) => region.pieces);
  for (let seed = 1; seed <= 150 * fuzzFactor; seed++) {
    const random = randomFrom(seed);
    const image = Buffer.alloc(3 * MiB + random(4096));
    for (let i = random(8); i >= 0; i--) {
      const [offset, bytes] = pieces[random(pieces.length)]!;
      // Where it belongs, or somewhere else.
      const at = random(4) > 0 ? offset : random(image.length);
      Buffer.from(bytes)
        .subarray(0, 1 + random(bytes.length))
        .copy(image, Math.min(at, image.length - 1));
    }
    const { map } = await probeRegion(memoryReader(image));
    assert.ok(map.raw, `seed ${seed}`);
    assert.deepEqual(map.used.toPairs(), [[0, image.length]]);
  }
});
