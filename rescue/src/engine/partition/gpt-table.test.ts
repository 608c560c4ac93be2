import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DISK_GUID, gptDisk, LINUX_TYPE, mbrEntry, mbrSector } from '../../../test/partition/build-disk.ts';
import { assertKind, tableOf, withBadSectors } from '../../../test/partition/read-disk.ts';
import { readTable } from './table.ts';

const two = [
  { number: 1, startSector: 64, endSector: 128, name: 'one' },
  { number: 3, startSector: 128, endSector: 256, attributes: 4n },
];

test('reads a GPT whose copies agree', async () => {
  const table = await tableOf(gptDisk({ sectors: 1024, partitions: two }));
  assertKind(table, 'gpt');
  assert.equal(table.diskId, DISK_GUID);
  assert.equal(table.used, 'primary');
  assert.equal(table.otherCopyProblem, undefined);
  assert.equal(table.mbr, 'protective');
  assert.equal(table.usableStart, 34 * 512);
  assert.equal(table.usableEnd, (1024 - 33) * 512);
  assert.deepEqual(table.warnings, []);
  assert.deepEqual(table.partitions, [
    {
      number: 1,
      start: 64 * 512,
      length: 64 * 512,
      typeId: LINUX_TYPE,
      typeName: 'Linux',
      name: 'one',
      partitionId: '00000000-0000-0000-0000-000000000001',
      bootable: false,
      attributes: '0000000000000000',
      logical: false,
    },
    {
      number: 3,
      start: 128 * 512,
      length: 128 * 512,
      typeId: LINUX_TYPE,
      typeName: 'Linux',
      partitionId: '00000000-0000-0000-0000-000000000003',
      bootable: true,
      attributes: '0000000000000004',
      logical: false,
    },
  ]);
  assert.deepEqual(
    table.structures.map((s) => [s.start / 512, s.length / 512]),
    [
      [0, 1],
      [1, 1],
      [2, 32],
      [991, 32],
      [1023, 1],
    ],
  );
});

test('reads a GPT with sectors of 4096 bytes on a device that has them', async () => {
  const table = await tableOf(gptDisk({ sectors: 512, sectorSize: 4096, partitions: two }), {}, 4096);
  assertKind(table, 'gpt');
  assert.equal(table.partitions[0]!.start, 64 * 4096);
  assert.equal(table.sectorSize, 4096);
});

test('uses the backup when the primary header is damaged, and says so', async () => {
  const disk = gptDisk({ sectors: 1024, partitions: two });
  disk[512 + 40]! ^= 1;
  const table = await tableOf(disk);
  assertKind(table, 'gpt');
  assert.equal(table.used, 'backup');
  assert.match(table.otherCopyProblem ?? '', /^the primary GPT has a wrong checksum; the backup/);
  assert.equal(table.partitions.length, 2);
});

test('uses the backup when the primary entries are damaged', async () => {
  const disk = gptDisk({ sectors: 1024, partitions: two });
  disk[1024 + 40]! ^= 1;
  const table = await tableOf(disk);
  assertKind(table, 'gpt');
  assert.equal(table.used, 'backup');
  assert.match(table.otherCopyProblem ?? '', /primary GPT has entries with a wrong checksum/);
});

test('uses the backup when the primary cannot be read', async () => {
  const disk = gptDisk({ sectors: 1024, partitions: two });
  const table = await readTable(withBadSectors(disk, [1]));
  assertKind(table, 'gpt');
  assert.equal(table.used, 'backup');
  assert.match(table.otherCopyProblem ?? '', /cannot be read \(sector 1\)/);
});

test('uses the primary when the backup is damaged, and says so', async () => {
  const disk = gptDisk({ sectors: 1024, partitions: two });
  disk.fill(0, 1023 * 512);
  const table = await tableOf(disk);
  assertKind(table, 'gpt');
  assert.equal(table.used, 'primary');
  assert.match(table.otherCopyProblem ?? '', /^the backup GPT has no GPT signature; the primary was used/);
});

test('finds the backup of a disk that has grown, with and without its primary', async () => {
  const disk = gptDisk({ sectors: 2048, tableSectors: 1024, partitions: two });
  const table = await tableOf(disk);
  assertKind(table, 'gpt');
  assert.match(table.otherCopyProblem ?? '', /not at the end of the disk but 524288 bytes before it/);
  disk[512 + 41]! ^= 1;
  const rescued = await tableOf(disk);
  assertKind(rescued, 'gpt');
  assert.equal(rescued.used, 'backup');
});

test('says when the two copies disagree', async () => {
  const disk = gptDisk({ sectors: 1024, partitions: two });
  const other = gptDisk({ sectors: 1024, partitions: two.slice(1) });
  disk.set(other.subarray(512 * 512), 512 * 512);
  const table = await tableOf(disk);
  assertKind(table, 'gpt');
  assert.match(table.otherCopyProblem ?? '', /differs from the primary/);
  assert.equal(table.partitions.length, 2);
});

test('cuts a partition at the end of a disk that has shrunk and takes it whole', async () => {
  const partitions = [
    two[0]!,
    { number: 2, startSector: 500, endSector: 800 },
    { number: 4, startSector: 900, endSector: 950 },
  ];
  const table = await tableOf(gptDisk({ sectors: 600, tableSectors: 1024, partitions }));
  assertKind(table, 'gpt');
  assert.deepEqual(
    table.partitions.map((p) => [p.number, p.length / 512, p.doubt?.code]),
    [
      [1, 64, undefined],
      [2, 100, 'inconsistent'],
    ],
  );
  assert.match(table.warnings.join('\n'), /would be in sector 1023, outside the disk/);
  assert.match(table.warnings.join('\n'), /Partition 4 lies after the end of the disk/);
});

test('takes the whole disk raw when an MBR announces a GPT and neither copy is valid', async () => {
  const disk = gptDisk({ sectors: 1024, partitions: two });
  disk[512 + 40]! ^= 1;
  disk[1023 * 512 + 40]! ^= 1;
  const table = await tableOf(disk);
  assertKind(table, 'unreadable');
  assert.equal(table.doubt.code, 'inconsistent');
  assert.match(table.doubt.reason, /primary copy has a wrong checksum and its backup has a wrong checksum/);
  assert.equal(table.warnings.length, 1);
});

test('calls it unreadable when the copies could not be read', async () => {
  const disk = gptDisk({ sectors: 1024, partitions: two });
  const table = await readTable(withBadSectors(disk, [1, 1023]));
  assertKind(table, 'unreadable');
  assert.equal(table.doubt.code, 'unreadable');
});

test('knows a hybrid MBR, and doubts bytes that only it lists', async () => {
  const disk = gptDisk({ sectors: 1024, partitions: two });
  disk.set(mbrSector([mbrEntry(1, 0xee, 1, 63), mbrEntry(2, 0x83, 64, 64)]));
  const agreed = await tableOf(disk);
  assertKind(agreed, 'gpt');
  assert.equal(agreed.mbr, 'hybrid');
  assert.deepEqual(agreed.doubtful, []);

  disk.set(mbrSector([mbrEntry(1, 0xee, 1, 63), mbrEntry(2, 0x83, 64, 65)]));
  const differs = await tableOf(disk);
  assert.deepEqual(
    differs.doubtful.map((d) => [d.start / 512, d.length / 512]),
    [[64, 65]],
  );
  assert.match(differs.warnings.join(), /entry 2 of the hybrid MBR is not a partition of the GPT/i);
});

test('ignores a GPT partition that ends before it begins and doubts one outside the usable part', async () => {
  const partitions = [
    { number: 1, startSector: 300, endSector: 200 },
    { number: 2, startSector: 10, endSector: 100 },
    { number: 5, startSector: 2 ** 52, endSector: 2 ** 53 - 1 },
  ];
  const table = await tableOf(gptDisk({ sectors: 1024, partitions }));
  assert.deepEqual(
    table.partitions.map((p) => [p.number, p.doubt?.code]),
    [[2, 'inconsistent']],
  );
});

test('makes names from the disk fit for a terminal', async () => {
  const partitions = [{ ...two[0]!, name: '\u001b[2Jx\u202e' }];
  const table = await tableOf(gptDisk({ sectors: 1024, partitions }));
  assert.equal(table.partitions[0]!.name, '[2Jx');
});
