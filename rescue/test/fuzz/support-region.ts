/** Mutates the metadata of a region and looks at it each time: a sound answer, in bounded time and memory. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { memoryReader } from '../../src/engine/base/block-reader.ts';
import { isPermafrostError } from '../../src/engine/base/errors.ts';
import type { Prober } from '../../src/engine/filesystem/file-system.ts';
import { probeRegion } from '../../src/engine/filesystem/probe-region.ts';
import { limitMs, processorMs } from '../support/patience.ts';

export const fuzzFactor = Number(process.env['PERMAFROST_FUZZ_FACTOR'] ?? 1);
const timeLimitMs = limitMs(2);
const memoryLimitBytes = 128 * 1024 * 1024;

/** A number from 0 to `bound` - 1. */
export type Random = (bound: number) => number;

/** Deterministic numbers: 32-bit xorshift. */
export function randomFrom(seed: number): Random {
  let state = (seed * 2654435761 + 12345) >>> 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % bound;
  };
}

/** Values that have broken parsers before. */
const edges = [
  0, 1, 2, 3, 7, 8, 0x0f, 0x10, 0x7f, 0x80, 0xff, 0x100, 0x1ff, 0x200, 0xfff, 0x1000, 0x7fff, 0x8000, 0xfff7,
  0xffff, 0x10000, 0x0ffffff7, 0x0fffffff, 0x7fffffff, 0x80000000, 0xfffffff7, 0xffffffff,
];

/** Bytes of the region that parsers read: offset and length. */
export type Area = readonly [offset: number, length: number];

export interface Fuzz {
  readonly image: Buffer;
  readonly areas: readonly Area[];
  /** Asked by itself as well as through {@link probeRegion}. */
  readonly prober: Prober;
  readonly iterations: number;
  /** Makes checksums right after a mutation, so that what is behind them is reached; every second time. */
  readonly seal?: (image: Buffer) => void;
}

/** `prober` that also asks for what is to be believed on request alone: that reads it all the same. */
export function bothWays(prober: Prober): Prober {
  return async (reader) => {
    const found = await prober(reader);
    const mapUsed = found?.mapUsed;
    if (found === undefined || mapUsed === undefined) return found;
    return {
      ...found,
      async mapUsed(options) {
        await mapUsed({ ...options, trustBitmap: true });
        return mapUsed(options);
      },
    };
  };
}

/** What came of the mutations; a fuzz that reaches only one of them does not test much. */
export interface Outcome {
  mapped: number;
  raw: number;
  refused: number;
  notMine: number;
}

/** Prints what came of a fuzz, and fails if it did not reach all of `kinds`. */
export function assertReached(t: TestContext, outcome: Outcome, kinds: readonly (keyof Outcome)[]): void {
  t.diagnostic(JSON.stringify(outcome));
  for (const kind of kinds) assert.ok(outcome[kind] > 0, kind);
}

/** Changes one to six fields of the areas; returns how to take that back. */
function mutate(image: Buffer, areas: readonly Area[], random: Random): () => void {
  const saved: [number, Buffer][] = [];
  for (let i = random(6); i >= 0; i--) {
    const [start, length] = areas[random(areas.length)]!;
    const at = Math.min(start + random(length), image.length - 8);
    saved.push([at, Buffer.from(image.subarray(at, at + 8))]);
    const edge = edges[random(edges.length)]!;
    switch (random(9)) {
      case 0:
        image[at] = random(256);
        break;
      case 1:
        image[at]! ^= 1 << random(8);
        break;
      case 2:
        image.writeUInt16LE(edge & 0xffff, at);
        break;
      case 3:
        image.writeUInt32LE(edge, at);
        break;
      case 4:
        image.writeUInt32LE(random(0xffffffff), at);
        break;
      case 5:
        image.writeUInt32LE((image.readUInt32LE(at) + random(5) - 2) >>> 0, at);
        break;
      case 6:
        image.writeUInt32BE(edge, at);
        break;
      case 7:
        image.writeUInt32BE((image.readUInt32BE(at) + random(5) - 2) >>> 0, at);
        break;
      default:
        image.writeBigUInt64LE(BigInt(edge) << BigInt(random(33)), at);
    }
  }
  return () => {
    for (const [at, bytes] of saved.reverse()) bytes.copy(image, at);
  };
}

/** Runs a fuzz; fails at the first answer that is neither sound nor ours, with its seed. */
export async function fuzzRegion({ image, areas, prober, iterations, seal }: Fuzz): Promise<Outcome> {
  const pristine = Buffer.from(image);
  const outcome: Outcome = { mapped: 0, raw: 0, refused: 0, notMine: 0 };
  const memoryBefore = process.memoryUsage.rss();
  for (let seed = 1; seed <= iterations * fuzzFactor; seed++) {
    const takeBack = mutate(image, areas, randomFrom(seed));
    const sealed = seal !== undefined && seed % 2 === 0;
    if (sealed) seal(image);
    const began = processorMs();
    try {
      await look(image, prober, outcome);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`, {
        cause: error,
      });
    }
    const tookMs = processorMs() - began;
    assert.ok(tookMs < timeLimitMs, `seed ${seed} took ${tookMs} ms`);
    const grownBytes = process.memoryUsage.rss() - memoryBefore;
    assert.ok(grownBytes < memoryLimitBytes + image.length, `seed ${seed} took ${grownBytes} bytes`);
    if (sealed) pristine.copy(image);
    else takeBack();
  }
  return outcome;
}

async function look(image: Buffer, prober: Prober, outcome: Outcome): Promise<void> {
  const reader = memoryReader(image);
  try {
    const found = await prober(reader);
    if (found === undefined) outcome.notMine++;
    else await found.mapUsed?.({});
  } catch (error) {
    if (!isPermafrostError(error)) throw error;
    outcome.refused++;
  }
  // Whatever the prober says, a region always gets a map that lies inside it; a raw one is all of it.
  const { map } = await probeRegion(reader);
  if (map.raw === undefined) outcome.mapped++;
  else outcome.raw++;
  if (map.raw !== undefined) assert.deepEqual(map.used.toPairs(), [[0, image.length]]);
  else if (map.used.count > 0) assert.ok(map.used.end(map.used.count - 1) <= image.length);
}
