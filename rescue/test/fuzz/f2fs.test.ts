/** Mutated F2FS: a map, a reason why not, or our own error; soon, and in little memory. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { probeF2fs } from '../../src/engine/filesystem/f2fs/f2fs.ts';
import {
  editSuperblock,
  encodeF2fs,
  flagsOf,
  packBlocks,
  sealPack,
  segmentStart,
  type F2fsModel,
} from '../filesystem/support-f2fs-model.ts';
import { makeF2fs } from '../filesystem/support-f2fs.ts';
import { scratchFolder } from '../support/scratch.ts';
import { assertReached, bothWays, fuzzRegion, type Area } from './support-region.ts';

const BLOCK = 4096;
const MIB = 1024 * 1024;

/** Makes the checksums of both superblocks and of the ends of both packs right, as far as they have a place. */
function seal(image: Buffer, packs: readonly number[]): void {
  editSuperblock(image, () => undefined);
  for (const pack of packs) {
    const blocks = image.readUInt32LE(pack * BLOCK + 136);
    for (const block of [pack, pack + blocks - 1]) {
      const header = image.subarray(block * BLOCK, (block + 1) * BLOCK);
      if (blocks > 0 && blocks <= 512 && header.length === BLOCK && header.readUInt32LE(164) <= BLOCK - 4)
        sealPack(header);
    }
  }
}

/** Superblocks, the first blocks of both packs, their summaries, and the start of both copies of the table. */
function metadata(packs: readonly number[], sitBytes: number, sitCopyBytes: number): Area[] {
  const superblocks = [1024, 1024, 1024 + BLOCK].flatMap((at): Area[] => [
    [at, 108],
    [at + 1660, 8],
    [at + 2176, 40],
    [at + 2750, 60],
  ]);
  const inPacks = packs.flatMap((pack): Area[] => [
    [pack * BLOCK, 200],
    [pack * BLOCK + 128, 80],
    [(pack + 1) * BLOCK + 500, 200],
    [(pack + 3) * BLOCK + 3584, 200],
  ]);
  const tables = [sitBytes, sitBytes + sitCopyBytes].map((at): Area => [at, 8 * 74]);
  return [...superblocks, ...inPacks, ...inPacks, ...tables];
}

const segments: F2fsModel['segments'] = {
  0: { valid: [[0, 3], [500, 12]], log: 3 }, // prettier-ignore
  1: { valid: [[7, 90]] },
  3: { valid: [[0, 512]], log: 1 },
};

for (const [name, model] of Object.entries<Partial<F2fsModel>>({
  'an ordinary layout': { journal: [[2, { valid: [[1, 5]] }]] },
  'compact summaries and a large NAT bitmap': {
    flags: flagsOf.unmounted | flagsOf.compact | flagsOf.largeNat,
    features: 0x800,
    payloadBlocks: 1,
  },
  'a mount that was cut off': { flags: flagsOf.compact },
})) {
  test(`mutated F2FS with ${name}`, async (t) => {
    const image = encodeF2fs({ segments, ...model });
    const next: Area = [segmentStart(1) + 101 * BLOCK - 12, 4];
    const outcome = await fuzzRegion({
      image,
      areas: [...metadata(packBlocks, 3 * 2 * MIB, 2 * MIB), next],
      prober: bothWays(probeF2fs),
      iterations: 500,
      seal: (bytes) => seal(bytes, packBlocks),
    });
    const cutOff = ((model.flags ?? flagsOf.unmounted) & flagsOf.unmounted) === 0;
    assertReached(t, outcome, cutOff ? ['raw', 'refused'] : ['mapped', 'raw', 'refused']);
  });
}

test('mutated F2FS from mkfs.f2fs', async (t) => {
  const path = join(await scratchFolder(t, 'fuzz'), 'image');
  await makeF2fs(path, 64 * MIB, ['-l', 'fuzz', '-O', 'extra_attr,sb_checksum']);
  const image = await readFile(path);
  const superblock = image.subarray(1024);
  const first = superblock.readUInt32LE(76);
  const packs = [first, first + 512];
  const sitBytes = superblock.readUInt32LE(80) * BLOCK;
  const copyBytes = (superblock.readUInt32LE(56) / 2) * 512 * BLOCK;
  const before = Buffer.from(image);
  seal(image, packs);
  assert.ok(image.equals(before), 'sealing changes nothing that is sound');
  const outcome = await fuzzRegion({
    image,
    areas: metadata(packs, sitBytes, copyBytes),
    prober: bothWays(probeF2fs),
    iterations: 200,
    seal: (bytes) => seal(bytes, packs),
  });
  assertReached(t, outcome, ['mapped', 'raw', 'refused', 'notMine']);
});
