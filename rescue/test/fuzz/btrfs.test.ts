/** Mutated Btrfs: a map, a reason why not, or our own error; soon, and in little memory. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { probeBtrfs } from '../../src/engine/filesystem/btrfs/btrfs.ts';
import { checksumOf } from '../../src/engine/filesystem/btrfs/checksum.ts';
import { encodeBtrfs, superblockAt, type BtrfsModel } from '../filesystem/support-btrfs-model.ts';
import { makeBtrfs, mountBtrfs } from '../filesystem/support-btrfs.ts';
import { fillTree } from '../filesystem/support-ext.ts';
import { scratchFolder } from '../support/scratch.ts';
import { bothWays, fuzzRegion, type Area, type Outcome } from './support-region.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Offsets of the tree blocks in `image`: they carry the UUID of the superblock. */
function findTreeBlocks(image: Buffer, nodeSize: number): number[] {
  const uuid = image.subarray(superblockAt + 32, superblockAt + 48);
  const found: number[] = [];
  for (let at = MIB; at + nodeSize <= image.length; at += 4096)
    if (image.subarray(at + 32, at + 48).equals(uuid)) found.push(at);
  return found;
}

function sealAll(image: Buffer, nodeSize: number, blocks: readonly number[]): void {
  const seal = (at: number, length: number): void => {
    image.fill(0, at, at + 32);
    image.set(checksumOf(0)!.of(image.subarray(at + 32, at + length)), at);
  };
  seal(superblockAt, 4096);
  for (const at of blocks) seal(at, nodeSize);
}

/** Superblock; header, first items and last items' data of each tree block. */
function metadata(blocks: readonly number[], nodeSize: number): Area[] {
  const superblock: Area = [superblockAt + 32, 320];
  const chunks: Area = [superblockAt + 811, 200];
  const inBlocks = blocks.flatMap((at): Area[] => [
    [at, 101],
    [at + 101, 300],
    [at + nodeSize - 500, 500],
  ]);
  return [superblock, superblock, chunks, ...inBlocks];
}

function report(t: TestContext, outcome: Outcome): void {
  t.diagnostic(JSON.stringify(outcome));
  for (const kind of ['mapped', 'raw', 'refused'] as const) assert.ok(outcome[kind] > 0, kind);
}

const data: BtrfsModel['data'] = Array.from(
  { length: 20 },
  (_, i) => [18 * MIB + i * 24 * KIB, (1 + (i % 4)) * 4 * KIB] as const,
);
const models: Record<string, BtrfsModel> = {
  'a high extent tree and free space in extents': { data, itemsPerBlock: 4, freeSpace: 'extents' },
  'a tree of block groups and free space in bitmaps': { data, blockGroupTree: true, freeSpace: 'bitmap' },
};
for (const [name, model] of Object.entries(models)) {
  test(`mutated Btrfs with ${name}`, async (t) => {
    const { bytes: image } = encodeBtrfs(model);
    const blocks = findTreeBlocks(image, 4096);
    const outcome = await fuzzRegion({
      image,
      areas: metadata(blocks, 4096),
      prober: bothWays(probeBtrfs),
      iterations: 800,
      seal: (bytes) => sealAll(bytes, 4096, blocks),
    });
    report(t, outcome);
  });
}

test(
  'mutated Btrfs from mkfs.btrfs and the kernel',
  { timeout: 60_000 * Number(process.env['PERMAFROST_FUZZ_FACTOR'] ?? 1) },
  async (t) => {
    const folder = await scratchFolder(t, 'fuzz');
    const path = await makeBtrfs(join(folder, 'image'), 24 * MIB, ['--mixed', '-n', '4096']);
    const mounted = await mountBtrfs(t, path);
    await fillTree(mounted.folder, 3 * MIB);
    await mounted.unmount();
    const image = await readFile(path);
    const blocks = findTreeBlocks(image, 4096);
    const outcome = await fuzzRegion({
      image,
      areas: metadata(blocks, 4096),
      prober: bothWays(probeBtrfs),
      iterations: 300,
      seal: (bytes) => sealAll(bytes, 4096, blocks),
    });
    report(t, outcome);
  },
);
