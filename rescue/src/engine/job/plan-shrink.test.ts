import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryReader } from '../base/block-reader.ts';
import { remark, asIs } from '../base/remarks.ts';
import type { FileSystemKind } from '../filesystem/file-system.ts';
import { placeParts } from '../partition/plan-layout.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import type { LayoutInput } from './plan-layout.ts';
import { describeShrinking, shrinkToFit, whyTooSmall, type PartSize } from './plan-shrink.ts';

const MIB = 1024 * 1024;
const EFI = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
const LINUX = '0fc63daf-8483-4772-8e79-3d69d8477de4';

interface Part {
  readonly kind: FileSystemKind;
  readonly mib: number;
  readonly leastMiB: number;
  readonly typeId?: string;
}

/** Partitions one after the other from 1 MiB on. */
function disk(parts: readonly Part[]): { input: LayoutInput; sizes: PartSize[] } {
  let start = MIB;
  const sizes: PartSize[] = [];
  const partitions: { number: number; typeId: string }[] = [];
  for (const [i, { kind, mib, leastMiB, typeId = LINUX }] of parts.entries()) {
    const number = i + 1;
    const length = mib * MIB;
    partitions.push({ number, typeId });
    sizes.push({
      part: { number, start, length, leadBytes: 0 },
      region: {
        region: { kind: 'partition', name: `partition ${number}`, start, length, partitions: [number] },
        fileSystem: { kind, state: 'clean' },
        usedBytes: 0,
      },
      leastBytes: leastMiB * MIB,
      ...(leastMiB === mib ? { problem: remark('resize/failed', { problem: asIs('nobody can') }) } : {}),
    });
    start += length;
  }
  const input: LayoutInput = {
    reader: memoryReader(new Uint8Array(512)),
    table: { kind: 'gpt', sectorSize: 512, partitions } as unknown as PartitionTable,
    regions: sizes.map(({ region }) => region!),
    device: '/dev/target',
    sizeBytes: 0,
    sectorSize: 512,
  };
  return { input, sizes };
}

function lengthsOn(mib: number, parts: readonly Part[]): Record<number, number> | undefined {
  const { input, sizes } = disk(parts);
  const room = { end: mib * MIB, sectorSize: 512 };
  const lengths = shrinkToFit(input, room, sizes);
  if (lengths === undefined) return undefined;
  const placed = placeParts(
    sizes.map(({ part }) => part),
    room,
    lengths,
  );
  assert.equal(placed.placements.length, parts.length, 'they fit');
  return Object.fromEntries([...lengths].map(([number, length]) => [number, length / MIB]));
}

const parts: readonly Part[] = [
  { kind: 'fat32', mib: 100, leastMiB: 10, typeId: EFI },
  { kind: 'ntfs', mib: 500, leastMiB: 450 },
  { kind: 'ext4', mib: 300, leastMiB: 200 },
  { kind: 'swap', mib: 64, leastMiB: 1 },
  { kind: 'xfs', mib: 100, leastMiB: 100 },
];

void test('nothing shrinks where all fits', () => {
  assert.deepEqual(lengthsOn(1065, parts), {});
});

void test('the file system with the most free space gives it first, then others, swap, and what is kept for firmware', () => {
  assert.deepEqual(lengthsOn(1064, parts), { 3: 299 });
  assert.deepEqual(lengthsOn(965, parts), { 3: 200 });
  assert.deepEqual(lengthsOn(960, parts), { 3: 200, 2: 495 });
  assert.deepEqual(lengthsOn(900, parts), { 3: 200, 2: 450, 4: 49 });
  assert.deepEqual(lengthsOn(800, parts), { 3: 200, 2: 450, 4: 1, 1: 48 });
  assert.deepEqual(lengthsOn(762, parts), { 3: 200, 2: 450, 4: 1, 1: 10 });
});

void test('one MiB less than the least is too little, and the plan names the least', async () => {
  assert.equal(lengthsOn(761, parts), undefined);
  const { input, sizes } = disk(parts);
  const room = { end: 761 * MIB, sectorSize: 512, tableBytes: 33 * 512 };
  const plan = await describeShrinking(input, room, sizes);
  assert.equal(plan.leastBytes, 762 * MIB + 33 * 512);
  assert.match(
    whyTooSmall(input, plan),
    /partition 4 \(Linux swap\) can be as small as 1048576 bytes; partition 5 \(XFS\) keeps its 104857600 bytes: nobody can/,
  );
});

void test('lengths that are no whole MiB become some', () => {
  const odd = [
    { kind: 'ext4', mib: 10.25, leastMiB: 5 },
    { kind: 'xfs', mib: 4.5, leastMiB: 4.5 },
  ] as const;
  assert.deepEqual(lengthsOn(15, odd), { 1: 9 });
});
