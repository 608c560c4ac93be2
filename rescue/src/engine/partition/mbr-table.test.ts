import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mbrDisk, mbrEntry } from '../../../test/partition/build-disk.ts';
import { assertKind, tableOf } from '../../../test/partition/read-disk.ts';

test('reads an MBR with primary and logical partitions, numbered as Linux does', async () => {
  const disk = mbrDisk(
    4096,
    [mbrEntry(1, 0x0c, 64, 100, 0x80), mbrEntry(3, 0x0f, 200, 1000), mbrEntry(4, 0x07, 2000, 50)],
    {
      200: [mbrEntry(1, 0x83, 10, 90), mbrEntry(2, 0x05, 300, 200)],
      500: [mbrEntry(1, 0x82, 10, 90)],
    },
  );
  const table = await tableOf(disk);
  assertKind(table, 'mbr');
  assert.equal(table.diskId, '12345678');
  assert.deepEqual(
    table.partitions.map((p) => [p.number, p.start / 512, p.length / 512, p.typeId, p.bootable, p.logical]),
    [
      [1, 64, 100, '0x0c', true, false],
      [4, 2000, 50, '0x07', false, false],
      [5, 210, 90, '0x83', false, true],
      [6, 510, 90, '0x82', false, true],
    ],
  );
  assert.equal(table.partitions[2]!.partitionId, '12345678-05');
  assert.deepEqual(table.extended, [{ number: 3, start: 200 * 512, length: 1000 * 512 }]);
  assert.deepEqual(
    table.structures.map((s) => s.start / 512),
    [0, 200, 500],
  );
  assert.deepEqual(table.warnings, []);
});

test('doubts the whole extended partition when its chain is broken', async () => {
  const disk = mbrDisk(4096, [mbrEntry(2, 0x05, 200, 1000)], {
    200: [mbrEntry(1, 0x83, 10, 90), mbrEntry(2, 0x05, 300, 200)],
  });
  const table = await tableOf(disk);
  assertKind(table, 'mbr');
  assert.equal(table.partitions.length, 1);
  assert.deepEqual(
    table.doubtful.map((d) => [d.start / 512, d.length / 512, d.doubt.code]),
    [[200, 1000, 'inconsistent']],
  );
});

test('doubts a logical partition outside its extended partition', async () => {
  const disk = mbrDisk(4096, [mbrEntry(2, 0x05, 200, 1000)], { 200: [mbrEntry(1, 0x83, 900, 500)] });
  const table = await tableOf(disk);
  assert.equal(table.partitions[0]?.doubt?.code, 'inconsistent');
});

test('cuts an MBR partition at the end of the disk and ignores one after it', async () => {
  const disk = mbrDisk(1000, [mbrEntry(1, 0x83, 500, 1000), mbrEntry(2, 0x83, 5000, 10)]);
  const table = await tableOf(disk);
  assertKind(table, 'mbr');
  assert.deepEqual(
    table.partitions.map((p) => [p.number, p.length / 512, p.doubt?.code]),
    [[1, 500, 'inconsistent']],
  );
  assert.equal(table.warnings.length, 2);
});

test('takes a disk raw when all of its MBR lies after its end, or is impossible', async () => {
  assertKind(await tableOf(mbrDisk(1000, [mbrEntry(1, 0x83, 5000, 10)])), 'unreadable');
  assertKind(await tableOf(mbrDisk(1000, [mbrEntry(1, 0x83, 50, 10, 0x12)])), 'unreadable');
});

test('doubts partitions of dynamic disks and with labels of their own', async () => {
  const disk = mbrDisk(1000, [
    mbrEntry(1, 0x42, 50, 10),
    mbrEntry(2, 0xa5, 100, 10),
    mbrEntry(3, 0x83, 200, 10),
  ]);
  const table = await tableOf(disk);
  assert.deepEqual(
    table.partitions.map((p) => p.doubt?.code),
    ['unsupported', 'unsupported', undefined],
  );
  assert.match(table.warnings.join(), /dynamic disk/);
});
