/** Random disks, copied to random targets, and judged by tools that others wrote. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { planClone, runClone, runImage, runRestore } from '../../src/engine/index.ts';
import { run } from '../support/command.ts';
import { fillWithNoise, scratchFolder, sparseFile } from '../support/scratch.ts';
import {
  assertLayout,
  makeLayout,
  MIB,
  readLayout,
  type LayoutDisk,
  type LayoutKind,
  type LayoutPartition,
} from './support-layout.ts';

/** Kinds with the least size that their tools make, in MiB. */
const kinds: readonly (readonly [LayoutKind, number])[] = [
  ['ext4', 8],
  ['ext4', 24],
  ['fat16', 16],
  ['fat32', 34],
  ['ntfs', 12],
  ['ntfs', 30],
  ['swap', 3],
  ['btrfs', 120],
];
/** Btrfs cannot be resized to less than 256 MiB, which is more than these disks have: grow.test.ts has a larger one. */
const growable: readonly LayoutKind[] = ['ext4', 'ntfs', 'fat32'];
const spreadable: readonly LayoutKind[] = ['ext4', 'ntfs', 'fat16', 'fat32'];

/** A generator of numbers from 0 to below `below`. */
export function randomFrom(seed: number): (below: number) => number {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export function randomDisk(random: (below: number) => number, seed: number): LayoutDisk {
  const table = random(3) === 0 ? 'dos' : 'gpt';
  const count = 1 + random(table === 'dos' ? 6 : 5);
  const partitions: LayoutPartition[] = [];
  let at = 1;
  for (let i = 0; i < count; i++) {
    const [kind, least] = kinds[random(kinds.length)]!;
    // Three primaries at most, so that there is a slot left for the extended partition.
    const logical = table === 'dos' && (i >= 3 || (partitions.at(-1)?.logical ?? random(3) === 0));
    // The first record of an extended partition needs room before it, beside the MBR.
    const gapMiB = (i === 0 ? 1 : 0) + (logical ? 1 : 0) + (random(3) === 0 ? random(8) : 0);
    const sizeMiB = least + random(12);
    const spread = spreadable.includes(kind) && random(3) === 0;
    partitions.push({
      ...{ kind, sizeMiB, gapMiB, label: `p${i}` },
      ...(logical ? { logical } : {}),
      ...(spread ? { spread } : {}),
    });
    at += gapMiB + sizeMiB;
  }
  return { table, sizeMiB: at + 1 + random(20), partitions, seed };
}

/** Makes disk number `seed`, copies it to a larger, equal or smaller target, and looks at everything on it. */
export async function proveLayout(t: TestContext, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const disk = randomDisk(random, seed);
  const folder = await scratchFolder(t, 'layout');
  const source = await makeLayout(join(folder, 'source.img'), disk);
  const unchanged = (await run('sha256sum', [source])).stdout;
  const parts = (await readLayout(source)).filter(({ type }) => type !== '5');
  const target = join(folder, 'target.img');
  // Gaps before logical partitions belong to their records, and stay.
  const leads = disk.partitions.reduce(
    (sum, { gapMiB = 0, logical }) => sum + (logical === true ? gapMiB : 0),
    0,
  );
  // The first partition stays where it is.
  const start = parts[0]!.start + (2 + leads) * MIB;
  const least = parts.reduce((sum, { size }) => sum + size + MIB, start);
  const fitting =
    random(3) === 0 ? least + random(4) * MIB : (disk.sizeMiB + random(100)) * MIB + random(64) * 512;
  const sizeBytes = random(3) === 0 ? await tightSize(source, target, random, fitting) : fitting;
  await sparseFile(target, sizeBytes);
  await fillWithNoise(target, sizeBytes, seed);
  const candidates = disk.partitions.flatMap(({ kind }, i) =>
    growable.includes(kind) ? [parts[i]!.number] : [],
  );
  const grow = random(4) > 0 ? candidates[random(candidates.length)] : undefined;
  const asked = grow === undefined ? {} : { grow };
  const clone = { kind: 'clone', source, targets: [target], ...asked } as const;
  const { disks } = await planClone(clone);
  const layout = disks[0]!.layout ?? [];
  const grows = layout.some(({ from, to }) => to.length > from.length);
  const shrunk = layout.flatMap(({ number, from, to }) => (to.length < from.length ? [number] : []));
  const report =
    random(2) === 0
      ? await runClone(clone)
      : await imageAndRestore(source, target, join(folder, 'repository'), asked);
  assert.equal(report.outcome, 'done', JSON.stringify(report.error));
  assert.equal(report.verified, true);
  assert.deepEqual(
    report.warnings.filter((warning) => warning.includes('old size')),
    [],
  );
  const partitionKinds = disk.partitions.map(({ kind }) => kind);
  await assertLayout(t, source, target, partitionKinds, grows ? grow : undefined, shrunk);
  assert.equal((await run('sha256sum', [source])).stdout, unchanged, 'the source');
}

/** A size between the least that a plan names and `most`. */
async function tightSize(
  source: string,
  target: string,
  random: (below: number) => number,
  most: number,
): Promise<number> {
  await sparseFile(target, MIB);
  const { refusals } = await planClone({ kind: 'clone', source, targets: [target] });
  const { neededBytes: needed } = refusals[0]!.details as { neededBytes: number };
  return needed + random(Math.max(1, Math.floor((most - needed) / 512))) * 512;
}

async function imageAndRestore(
  source: string,
  target: string,
  repository: string,
  asked: { grow?: number },
): ReturnType<typeof runRestore> {
  await runImage({ kind: 'image', sources: [source], repository, name: 'it' });
  return runRestore({ kind: 'restore', repository, image: 'it', targets: [{ target }], ...asked });
}
