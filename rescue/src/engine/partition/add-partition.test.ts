import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gptDisk, mbrDisk, mbrEntry } from '../../../test/partition/build-disk.ts';
import { memoryReader } from '../base/block-reader.ts';
import { addPartitions, freeSpans, placeInFree, type WantedPartition } from './add-partition.ts';
import type { PartitionTable } from './partition-table.ts';
import { readTable } from './table.ts';

const MIB = 1024 * 1024;
const LINUX = '0fc63daf-8483-4772-8e79-3d69d8477de4';
const disk = (): Uint8Array =>
  gptDisk({
    sectors: 40 * 2048,
    partitions: [
      { number: 1, startSector: 2048, endSector: 4 * 2048 },
      { number: 3, startSector: 8 * 2048 + 1, endSector: 20 * 2048 },
    ],
  });

type Wanted = Omit<WantedPartition, 'place'> & { readonly length: number };

async function add(bytes: Uint8Array, wanted: readonly Wanted[]): Promise<PartitionTable | string> {
  const reader = memoryReader(bytes);
  const before = await readTable(reader);
  const lengths = wanted.map(({ length }) => length);
  const places = before.kind === 'gpt' || before.kind === 'mbr' ? placeInFree(before, lengths) : [];
  const result = await addPartitions(
    reader,
    before,
    wanted.map((one, i) => ({ ...one, place: places[i] ?? { start: 0, length: 0 } })),
  );
  if ('problem' in result) return result.problem;
  for (const { offset, bytes: patch } of result.writes) bytes.set(patch, offset);
  const table = await readTable(memoryReader(bytes));
  for (const { number, start, length } of result.added) {
    const there = table.partitions.find((partition) => partition.number === number);
    assert.deepEqual([there?.start, there?.length], [start, length]);
  }
  return table;
}

async function problem(bytes: Uint8Array, wanted: readonly Wanted[]): Promise<string> {
  const result = await add(bytes, wanted);
  return typeof result === 'string' ? result : 'none';
}

test('free spans are whole MiB from their start, and none of them is in a partition', async () => {
  const table = await readTable(memoryReader(disk()));
  assert.ok(table.kind === 'gpt');
  const inMib = freeSpans(table).map(({ start, length }) => [start / MIB, Math.ceil(length / MIB)]);
  assert.deepEqual(inMib, [
    [4, 5],
    [20, 20],
  ]);
});

test('new entries take the first free slots, and both copies of the table agree', async () => {
  const id = '11111111-2222-4333-8444-555555555555';
  const table = await add(disk(), [
    { length: 3 * MIB, typeId: '0x82', name: 'swap' },
    { length: 6 * MIB, typeId: LINUX, partitionId: id },
    { length: 5 * MIB, typeId: LINUX, partitionId: id },
  ]);
  assert.ok(typeof table !== 'string' && table.kind === 'gpt');
  assert.equal(table.otherCopyProblem, undefined);
  const [, swap, , first, second] = table.partitions;
  assert.deepEqual(
    [swap!.number, swap!.typeName, swap!.name, swap!.start],
    [2, 'Linux swap', 'swap', 4 * MIB],
  );
  assert.deepEqual([first!.start, first!.partitionId], [20 * MIB, id]);
  assert.equal(second!.start, 26 * MIB);
  assert.notEqual(second!.partitionId, id, 'no two partitions have one id');
});

test('what fits nowhere as it is gets the largest space that is left by what does', async () => {
  const table = await readTable(memoryReader(disk()));
  assert.ok(table.kind === 'gpt');
  const [, large] = freeSpans(table);
  const fourth = { start: 4 * MIB, length: 4 * MIB + 512 };
  const placed = (...mib: readonly number[]): ReturnType<typeof placeInFree> =>
    placeInFree(
      table,
      mib.map((size) => size * MIB),
    );
  assert.deepEqual(placed(30), [large]);
  assert.deepEqual(placed(30, 18), [fourth, { start: 20 * MIB, length: 18 * MIB }]);
  assert.deepEqual(placed(30, 31, 32), [large, fourth, undefined]);
});

test('says what is in the way', async () => {
  const damaged = disk();
  damaged[damaged.length - 512]! ^= 1;
  assert.match(await problem(damaged, [{ length: MIB, typeId: LINUX }]), /partition table is damaged/);
  assert.match(await problem(new Uint8Array(MIB), [{ length: MIB, typeId: LINUX }]), /no partition table/);
  const entries = [1, 2, 3, 4].map((slot) => mbrEntry(slot, 0x83, slot * 2048, 2048));
  assert.match(
    await problem(mbrDisk(20 * 2048, entries), [{ length: MIB, typeId: LINUX }]),
    /all are in use/,
  );
});

test('an MBR entry gets the type that means the same', async () => {
  const table = await add(mbrDisk(20 * 2048, [mbrEntry(1, 0x83, 2048, 2048)]), [
    { length: MIB, typeId: 'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7' },
  ]);
  assert.ok(typeof table !== 'string');
  assert.deepEqual([table.partitions[1]!.number, table.partitions[1]!.typeId], [2, '0x07']);
});
