import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  gptDisk,
  mbrDisk,
  mbrEntry,
  mbrSector,
  type GptDiskOptions,
} from '../../../test/partition/build-disk.ts';
import { memoryReader } from '../base/block-reader.ts';
import { encodeGptHeader, parseGptHeader } from './gpt.ts';
import { parseMbr } from './mbr.ts';
import type { GptTable, PartitionTable } from './partition-table.ts';
import { planTables, type TablePlan } from './relocate.ts';
import { readTable } from './table.ts';

const partitions = [
  { number: 1, startSector: 64, endSector: 128, name: 'one' },
  { number: 2, startSector: 128, endSector: 700 },
];

interface Restored {
  readonly plan: TablePlan;
  readonly target: Uint8Array;
  readonly table: PartitionTable;
}

/** Restores `disk` to a target of another size as a job would: the image's bytes, then the writes. */
async function restore(disk: Uint8Array, targetBytes: number, sectorSize = 512): Promise<Restored> {
  const reader = memoryReader(disk, 'image', sectorSize);
  const plan = await planTables(reader, await readTable(reader), targetBytes);
  const target = new Uint8Array(targetBytes);
  target.set(disk.subarray(0, targetBytes));
  for (const write of plan.writes) {
    assert.equal(write.offset % sectorSize, 0);
    assert.equal(write.bytes.length % sectorSize, 0);
    target.set(write.bytes, write.offset);
  }
  return { plan, target, table: await readTable(memoryReader(target, 'target', sectorSize)) };
}

function assertGoodGpt(table: PartitionTable): asserts table is GptTable {
  assert.equal(table.kind, 'gpt');
  assert.equal(table.otherCopyProblem, undefined);
  assert.deepEqual(table.warnings, []);
}

for (const [name, options] of [
  ['the usual array', {}],
  ['sectors of 4096 bytes', { sectorSize: 4096 }],
  ['few entries of an unusual size', { entryCount: 8, entryBytes: 256 }],
  [
    '1024 entries',
    {
      entryCount: 1024,
      sectors: 2000,
      header: {},
      partitions: [{ number: 900, startSector: 300, endSector: 700 }],
    },
  ],
] satisfies [string, Partial<GptDiskOptions>][]) {
  test(`moves the backup to the end of larger and smaller disks: ${name}`, async () => {
    const settings: GptDiskOptions = { sectors: 1024, partitions, ...options };
    const sectorSize = settings.sectorSize ?? 512;
    const disk = gptDisk(settings);
    const before = await readTable(memoryReader(disk, 'image', sectorSize));
    assertGoodGpt(before);
    const { minimumBytes } = (await restore(disk, disk.length, sectorSize)).plan;
    for (const bytes of [minimumBytes, disk.length - sectorSize, disk.length + sectorSize, 3 * disk.length]) {
      const { table, target, plan } = await restore(disk, bytes, sectorSize);
      assertGoodGpt(table);
      assert.deepEqual(table.partitions, before.partitions);
      assert.equal(table.diskId, before.diskId);
      assert.equal(table.usableStart, before.usableStart);
      assert.ok(table.usableEnd <= bytes);
      const own = plan.writes.filter(({ what }) => !what.startsWith('former'));
      assert.deepEqual(
        own.map((w) => w.what),
        ['protective MBR', 'primary GPT header', 'backup GPT entries', 'backup GPT header'],
      );
      const sectors = Array.from({ length: bytes / sectorSize }, (_, i) => i * sectorSize);
      const headers = sectors.filter((at) => Buffer.from(target.buffer, at, 8).toString() === 'EFI PART');
      assert.deepEqual(headers, [sectorSize, bytes - sectorSize], 'no former backup is left');
      const protection = parseMbr(target)!.entries[0]!;
      assert.equal(protection.startSector + protection.sectorCount, bytes / sectorSize);
    }
    const tooSmall = await planTables(memoryReader(disk, 'image', sectorSize), before, minimumBytes - 1);
    assert.deepEqual(tooSmall, { minimumBytes, writes: [], warnings: [] });
  });
}

test('needs room for the last partition and the backup, no more', async () => {
  const { plan } = await restore(gptDisk({ sectors: 1024, partitions }), 1024 * 512);
  assert.equal(plan.minimumBytes, (700 + 33) * 512);
});

test('writes nothing for a target of the same size, and warns if a copy is damaged', async () => {
  const disk = gptDisk({ sectors: 1024, partitions });
  assert.deepEqual((await restore(disk, disk.length)).plan.writes, []);
  disk[512 + 40]! ^= 1;
  const { plan, target } = await restore(disk, disk.length);
  assert.deepEqual(plan.writes, []);
  assert.deepEqual(target, disk);
  assert.match(plan.warnings.join(), /Restored as it was imaged: the primary GPT has a wrong checksum/);
});

test('changes only the fields it must', async () => {
  const disk = gptDisk({ sectors: 1024, partitions });
  disk.fill(0x77, 512 + 92, 1024); // what a vendor put behind the headers
  disk.fill(0x66, 1023 * 512 + 92, 1024 * 512);
  disk.fill(0x90, 0, 440);
  const { target } = await restore(disk, 2048 * 512);
  const changed = [...disk.subarray(0, 64 * 512).keys()].filter((i) => disk[i] !== target[i]);
  const allowed = (i: number): boolean =>
    (i >= 446 + 12 && i < 446 + 16) || // length of the protection
    (i >= 512 + 16 && i < 512 + 20) || // checksum
    (i >= 512 + 32 && i < 512 + 40) || // place of the backup
    (i >= 512 + 48 && i < 512 + 56); // last usable sector
  assert.ok(changed.length > 0 && changed.every(allowed), changed.join());
  assert.deepEqual(target.subarray(2047 * 512 + 92), new Uint8Array(420).fill(0x66));
});

test('makes both copies from the valid one', async () => {
  const noBackup = gptDisk({ sectors: 1024, partitions });
  noBackup.fill(0, 1000 * 512);
  const a = await restore(noBackup, 2048 * 512);
  assertGoodGpt(a.table);
  assert.deepEqual(a.plan.warnings, []);

  const noPrimary = gptDisk({ sectors: 1024, partitions });
  noPrimary.fill(0, 512, 34 * 512);
  const b = await restore(noPrimary, 2048 * 512);
  assertGoodGpt(b.table);
  assert.equal(b.table.partitions.length, 2);
  assert.match(b.plan.warnings.join(), /made anew from the backup/);
});

test('puts the backup at the usual place where the image has its entries at an odd one', async () => {
  const disk = gptDisk({ sectors: 2048, tableSectors: 1024, partitions });
  // The backup header says that its entries lie behind it.
  const header = parseGptHeader(disk.subarray(1023 * 512, 1024 * 512), 1023);
  const moved = { ...header, arraySector: 1500 };
  disk.set(disk.slice(2 * 512, 34 * 512), 1500 * 512);
  disk.set(encodeGptHeader(moved, disk.subarray(1023 * 512, 1024 * 512)), 1023 * 512);
  const { table, target } = await restore(disk, 4096 * 512);
  assertGoodGpt(table);
  assert.equal(parseGptHeader(target.subarray(4095 * 512), 4095).arraySector, 4095 - 32);
});

test('does not overwrite a partition to make a primary anew', async () => {
  for (const header of [{ firstUsableSector: 20 }, {}]) {
    const disk = gptDisk({
      sectors: 1024,
      partitions: [{ number: 1, startSector: 20, endSector: 100 }],
      header,
    });
    disk.fill(0, 512, 34 * 512);
    const { plan } = await restore(disk, 2048 * 512);
    assert.ok(plan.writes.every((w) => w.what !== 'primary GPT entries' && w.what !== 'primary GPT header'));
    assert.match(plan.warnings.join(), /no room to make it anew/);
  }
});

test('keeps the room that the owner left between the usable part and the backup', async () => {
  const disk = gptDisk({ sectors: 1024, partitions, header: { usableEndSector: 900 } });
  const larger = await restore(disk, 2048 * 512);
  assertGoodGpt(larger.table);
  assert.equal(larger.table.usableEnd, (900 + 1024) * 512);
  const smallest = await restore(disk, larger.plan.minimumBytes);
  assertGoodGpt(smallest.table);
  assert.equal(smallest.table.usableEnd, 700 * 512);
});

test('stretches the protection of a hybrid MBR only where it reached the end', async () => {
  const disk = gptDisk({ sectors: 1024, partitions });
  const front = mbrEntry(1, 0xee, 1, 63);
  const own = mbrEntry(2, 0x83, 64, 64, 0x80);
  disk.set(mbrSector([front, own, mbrEntry(3, 0xee, 128, 896)]));
  const { target, plan } = await restore(disk, 2048 * 512);
  assert.equal(plan.writes[0]?.what, 'hybrid MBR');
  assert.deepEqual(parseMbr(target)!.entries.slice(0, 3), [front, own, mbrEntry(3, 0xee, 128, 1920)]);

  disk.set(mbrSector([front, own]));
  const without = await restore(disk, 2048 * 512);
  assert.deepEqual(without.target.subarray(0, 512), disk.subarray(0, 512));
});

test('leaves a protection that says "to the end, however far"', async () => {
  const disk = gptDisk({ sectors: 1024, partitions });
  disk.set(mbrSector([mbrEntry(1, 0xee, 1, 0xffffffff)]));
  const { target } = await restore(disk, 2048 * 512);
  assert.deepEqual(target.subarray(0, 512), disk.subarray(0, 512));
});

test('allows the imaged size for a disk whose partitions leave no room for a backup', async () => {
  const disk = gptDisk({ sectors: 600, tableSectors: 1024, partitions });
  const same = await restore(disk, disk.length);
  assert.equal(same.plan.minimumBytes, disk.length);
  const slightlyLarger = await restore(disk, disk.length + 512);
  assert.deepEqual(slightlyLarger.plan.writes, []);
  assert.match(slightlyLarger.plan.warnings.join(), /no room for its backup/);
});

test('needs the end of the last partition or container of an MBR, and changes nothing', async () => {
  const plain = await restore(mbrDisk(1000, [mbrEntry(1, 0x83, 64, 100)]), 1000 * 512);
  assert.deepEqual(plain.plan, { minimumBytes: 164 * 512, writes: [], warnings: [] });
  const extended = mbrDisk(1000, [mbrEntry(1, 0x05, 64, 400)], { 64: [mbrEntry(1, 0x83, 1, 10)] });
  assert.equal((await restore(extended, 2000 * 512)).plan.minimumBytes, 464 * 512);
});

test('needs all of a disk without partitions, or with a dynamic disk', async () => {
  for (const disk of [
    new Uint8Array(512_000),
    mbrDisk(1000, []),
    mbrDisk(1000, [mbrEntry(1, 0x42, 64, 100)]),
  ])
    assert.equal((await restore(disk, 1024 * 512)).plan.minimumBytes, 512_000);
});
