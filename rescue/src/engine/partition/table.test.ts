import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gptDisk, mbrDisk, mbrEntry, mbrSector } from '../../../test/partition/build-disk.ts';
import { assertKind, tableOf, withBadSectors } from '../../../test/partition/read-disk.ts';
import { memoryReader } from '../base/block-reader.ts';
import { readTable } from './table.ts';

/** The first sector of a FAT file system, as mkfs.fat makes it. */
function fatBootSector(): Uint8Array {
  const sector = new Uint8Array(512);
  sector.set([0xeb, 0x58, 0x90, ...Buffer.from('mkfs.fat'), 0x00, 0x02, 0x08, 0x20, 0x00, 0x02]);
  sector.set([0xf8], 21);
  new DataView(sector.buffer).setUint32(32, 65536, true);
  sector.set([0x55, 0xaa], 510);
  return sector;
}

const two = [
  { number: 1, startSector: 64, endSector: 128, name: 'one' },
  { number: 3, startSector: 128, endSector: 256, attributes: 4n },
];

test('uses an intact primary GPT although its protective MBR is gone, but not a backup alone', async () => {
  const disk = gptDisk({ sectors: 1024, partitions: two });
  disk.fill(0, 0, 512);
  const table = await tableOf(disk);
  assertKind(table, 'gpt');
  assert.equal(table.mbr, 'missing');
  assert.match(table.warnings.join(), /No protective MBR/);

  disk.fill(0, 0, 34 * 512);
  const wiped = await tableOf(disk);
  assertKind(wiped, 'none');
  assert.match(wiped.warnings.join(), /Remains of a former GPT/);
});

test('uses a GPT whose first sector cannot be read', async () => {
  const table = await readTable(withBadSectors(gptDisk({ sectors: 1024, partitions: two }), [0]));
  assertKind(table, 'gpt');
  assert.match(table.warnings.join(), /first sector, with the protective MBR, cannot be read/);
});

test('follows an MBR with partitions rather than the remains of a GPT', async () => {
  const disk = gptDisk({ sectors: 1024, partitions: two });
  disk.set(mbrSector([mbrEntry(1, 0x83, 100, 500)]));
  const table = await tableOf(disk);
  assertKind(table, 'mbr');
  assert.match(table.warnings.join(), /Remains of a former GPT/);
});

test('knows an MBR without partitions from no table', async () => {
  const table = await tableOf(mbrDisk(1000, []));
  assertKind(table, 'mbr');
  assert.deepEqual(table.partitions, []);
  assertKind(await tableOf(new Uint8Array(512_000)), 'none');
  assertKind(await tableOf(new Uint8Array(100)), 'none');
  assertKind(await tableOf(new Uint8Array(0)), 'none');
});

test('finds a file system straight on the disk, whatever its boot sector has for entries', async () => {
  for (const oem of ['NTFS    ', 'EXFAT   ', '-FVE-FS-', 'ReFS\0\0\0\0']) {
    const disk = new Uint8Array(512_000);
    disk.set(mbrSector([]));
    disk.set(Buffer.from(oem, 'latin1'), 3);
    disk.fill(0x6e, 446, 510); // the text of a message
    assertKind(await tableOf(disk), 'none');
  }
  const fat = new Uint8Array(512_000);
  fat.set(fatBootSector());
  assertKind(await tableOf(fat), 'none');
  // mkfs.fat --mbr: one entry that begins in sector 0 and covers everything.
  fat.set(mbrSector([mbrEntry(1, 0x0c, 0, 1000)]).subarray(440), 440);
  assertKind(await tableOf(fat), 'none');
});

test('does not take the type byte of boot code for a protective MBR', async () => {
  const disk = new Uint8Array(512_000);
  disk.set(fatBootSector());
  disk.fill(0xee, 446, 510);
  assertKind(await tableOf(disk), 'none');
});

test('believes a table in a sector with an old boot sector only if it leads somewhere', async () => {
  const disk = new Uint8Array(512_000);
  disk.set(fatBootSector());
  disk.set(mbrSector([mbrEntry(1, 0x83, 64, 500)]).subarray(440), 440);
  assertKind(await tableOf(disk), 'unreadable');
  disk.set([0x53, 0xef], 64 * 512 + 0x438);
  const table = await tableOf(disk);
  assertKind(table, 'mbr');
  assert.match(table.warnings.join(), /remains of a boot sector of FAT/);
});

const schemes: readonly [string, number, number[]][] = [
  ['Apple', 512, [0x50, 0x4d, 0, 0]],
  ['BSD', 512, [0x57, 0x45, 0x56, 0x82]],
  ['BSD', 64, [0x57, 0x45, 0x56, 0x82]],
  ['Sun', 508, [0xda, 0xbe]],
  ['SGI', 0, [0x0b, 0xe5, 0xa9, 0x41]],
  ['Amiga', 5 * 512, [0x52, 0x44, 0x53, 0x4b]],
];
for (const [name, at, magic] of schemes) {
  test(`names a table of the kind ${name} at ${at} and takes the disk raw`, async () => {
    const disk = new Uint8Array(512_000);
    disk.set(magic, at);
    const table = await tableOf(disk);
    assertKind(table, 'unreadable');
    assert.equal(table.doubt.code, 'unsupported');
    assert.match(table.doubt.reason, new RegExp(name));
  });
}

test('tries both sector sizes on a file, names the mismatch, and obeys the override', async () => {
  const disk = gptDisk({ sectors: 512, sectorSize: 4096, partitions: two });
  const found = await tableOf(disk, { isFile: true });
  assertKind(found, 'gpt');
  assert.equal(found.sectorSize, 4096);
  assert.match(found.warnings[0]!, /sectors of 4096 bytes was found: the image is read with that/);

  const forced = await tableOf(disk, { isFile: true, sectorSize: 512 });
  assertKind(forced, 'unreadable');
  assert.match(forced.warnings.join(), /--sector-size 4096 is right/);

  const right = await tableOf(disk, { isFile: true, sectorSize: 4096 });
  assertKind(right, 'gpt');
  assert.deepEqual(right.warnings, []);
});

test('names the mismatch on a device and keeps to what the device says', async () => {
  const disk = gptDisk({ sectors: 1024, partitions: two });
  const table = await tableOf(disk, {}, 4096);
  assertKind(table, 'unreadable');
  assert.match(
    table.warnings[0]!,
    /sectors of 512 bytes was found, but the disk is read with sectors of 4096/,
  );
});

test('a disc whose image is made for sticks too has no partitions, unless it is asked for them', async () => {
  const disk = gptDisk({ sectors: 1024, partitions: two });
  const disc = { ...memoryReader(disk), sectorSize: 2048 };
  const table = await readTable(disc);
  assertKind(table, 'none');
  assert.equal(table.sectorSize, 2048);
  assert.match(table.warnings.join(), /when this disc is copied to a stick/);
  assertKind(await readTable(disc, { sectorSize: 512 }), 'gpt');
});

test('tells the sector size of an MBR in a file by where its entries lead', async () => {
  const disk = mbrDisk(200, [mbrEntry(1, 0x83, 16, 100)], {}, 4096);
  disk.set([0x53, 0xef], 16 * 4096 + 0x438);
  const table = await tableOf(disk, { isFile: true });
  assertKind(table, 'mbr');
  assert.equal(table.sectorSize, 4096);
  assert.equal(table.partitions[0]!.start, 16 * 4096);
  // Nothing where either leads: the usual size stands.
  const plain = await tableOf(mbrDisk(200, [mbrEntry(1, 0x83, 16, 100)], {}, 4096), { isFile: true });
  assert.equal(plain.sectorSize, 512);
});

test('refuses sector sizes that no disk has', async () => {
  await assert.rejects(tableOf(new Uint8Array(8192), { sectorSize: 520 }), RangeError);
});
