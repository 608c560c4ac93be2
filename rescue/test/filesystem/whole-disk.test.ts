/**
 * Partitioned disks that are not what their partitions look like: members of a RAID as a whole, dynamic disks and
 * storage pools of Windows, its reserved partition.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { memoryReader, type BlockReader } from '../../src/engine/base/block-reader.ts';
import { PermafrostError } from '../../src/engine/base/errors.ts';
import { inspectDisk, type InspectOptions, type InspectedDisk } from '../../src/engine/job/inspect-disk.ts';
import { gptDisk, mbrDisk, mbrEntry, type GptPart } from '../partition/build-disk.ts';
import { run } from '../support/command.ts';
import { scratchFolder } from '../support/scratch.ts';
import { encodeExt } from './support-ext-model.ts';
import { encodeMd1, type NamedRegion } from './support-named-encoders.ts';
import { models } from './support-named-model.ts';

const SECTORS = 16384;
const DISK_BYTES = SECTORS * 512;
const FIRST = 2048;
/** Ends 2 MiB before the disk. */
const SECOND = 4096;
const SECOND_END = SECTORS - 4096;

const ext = encodeExt();

/** A disk with two partitions of ext, as an MBR or as a GPT. */
function disk(kind: 'gpt' | 'mbr' = 'mbr', secondEnd = SECOND_END): Uint8Array {
  const partitions: GptPart[] = [
    { number: 1, startSector: FIRST, endSector: SECOND },
    { number: 2, startSector: SECOND, endSector: secondEnd },
  ];
  const entries = [mbrEntry(1, 0x83, FIRST, SECOND - FIRST), mbrEntry(2, 0x83, SECOND, secondEnd - SECOND)];
  const bytes = kind === 'gpt' ? gptDisk({ sectors: SECTORS, partitions }) : mbrDisk(SECTORS, entries);
  bytes.set(ext, FIRST * 512);
  bytes.set(ext, SECOND * 512);
  return bytes;
}

function inspect(bytes: Uint8Array, options: InspectOptions = {}): Promise<InspectedDisk> {
  return inspectDisk(memoryReader(bytes), options);
}

/** Everything is used, each partition for `reason`; the ext in them is still named. */
function assertWhole({ regions }: InspectedDisk, reason: RegExp): void {
  for (const { region, used, raw, fileSystem } of regions) {
    assert.deepEqual(used.toPairs(), [[0, region.length]], region.name);
    if (region.kind !== 'partition') continue;
    assert.match(raw?.reason ?? '', reason);
    assert.equal(fileSystem?.kind, 'ext2');
  }
  assert.equal(regions.filter(({ region }) => region.kind === 'partition').length, 2);
}

function assertMapped({ regions }: InspectedDisk): void {
  const partitions = regions.filter(({ region }) => region.kind === 'partition');
  assert.equal(partitions.length, 2);
  for (const { raw, used, region } of partitions) {
    assert.equal(raw, undefined);
    assert.ok(used.totalBytes < region.length);
  }
}

function place(bytes: Uint8Array, region: Pick<NamedRegion, 'pieces'>, shift = 0): Uint8Array {
  for (const [at, piece] of region.pieces) bytes.set(piece.subarray(0, DISK_BYTES - at - shift), at + shift);
  return bytes;
}

function model(what: string): NamedRegion {
  const found = models.find((candidate) => candidate.what === what);
  assert.ok(found !== undefined, what);
  return found;
}

/** What of a model lies near its end, moved to the same distance from the end of the disk. */
function atEnd(what: string): Pick<NamedRegion, 'pieces'> {
  const { pieces, sizeBytes } = model(what);
  return { pieces: pieces.map(([at, piece]) => [at - sizeBytes + DISK_BYTES, piece] as const) };
}

/** The same superblock at the place that the disk's size gives it. */
const md0: Pick<NamedRegion, 'pieces'> = {
  pieces: [[DISK_BYTES - 65536, model('md 0.90 little-endian').pieces[0]![1]]],
};

test('a disk with nothing but its partitions is read as such', async () => {
  for (const kind of ['gpt', 'mbr'] as const) assertMapped(await inspect(disk(kind)));
});

for (const [what, pieces, reason] of [
  ['md 0.90', md0, /RAID member \(version 0\.90, level 1, 2 members\)/],
  ['md 1.0', encodeMd1(0, DISK_BYTES), /RAID member \(“host:0”, version 1\.0, level 1, 2 members\)/],
  ['md 1.2', encodeMd1(2, DISK_BYTES), /RAID member \(“host:0”, version 1\.2/],
  ['Intel Matrix RAID', atEnd('Intel Matrix RAID'), /RAID member \(version imsm\)/],
  ['DDF', atEnd('DDF'), /RAID member \(version ddf\)/],
] as const) {
  test(`a disk whose metadata of ${what} lies outside its partitions is raw in every region`, async () => {
    const bytes = place(disk(), pieces);
    assertWhole(await inspect(bytes), reason);
    assertWhole(await inspect(bytes, { skipGaps: true, trustBitmap: [1, 2] }), reason);
  });
}

test('the metadata of an array around a GPT is found behind it', async () => {
  // The table is that of the array, which ends before the metadata of its members.
  const array = gptDisk({
    sectors: SECTORS - 256,
    partitions: [
      { number: 1, startSector: FIRST, endSector: SECOND },
      { number: 2, startSector: SECOND, endSector: SECOND_END },
    ],
  });
  const bytes = new Uint8Array(DISK_BYTES);
  bytes.set(array);
  bytes.set(ext, FIRST * 512);
  bytes.set(ext, SECOND * 512);
  assertMapped(await inspect(bytes));
  for (const member of [md0, encodeMd1(0, DISK_BYTES), atEnd('Intel Matrix RAID'), atEnd('DDF')])
    assertWhole(await inspect(place(bytes.slice(), member)), /the disk as a whole is a RAID member/);
});

test('blkid takes such a disk for a member, too', async (t) => {
  const path = join(await scratchFolder(t, 'whole'), 'disk');
  for (const member of [md0, encodeMd1(0, DISK_BYTES), atEnd('Intel Matrix RAID')]) {
    await writeFile(path, place(disk(), member));
    const { stdout } = await run('blkid', ['-p', '-o', 'value', '-s', 'TYPE', '-u', 'raid', path]);
    assert.match(stdout, /^(linux|isw)_raid_member$/m);
    assertWhole(await inspect(await readFile(path)), /the disk as a whole is a RAID member/);
  }
});

test('a member at the end of the last partition is that partition’s and not the disk’s', async () => {
  for (const [member, kind] of [
    [md0, 'md'],
    [atEnd('Intel Matrix RAID'), 'md'],
    // It knows the sector it was written for; an array that has its partitions ends before its metadata.
    [encodeMd1(0, DISK_BYTES), 'ext2'],
  ] as const) {
    const { regions } = await inspect(place(disk('mbr', SECTORS), member));
    const [first, second] = regions.filter(({ region }) => region.kind === 'partition');
    assert.equal(first?.fileSystem?.kind, 'ext2');
    assert.equal(first.raw, undefined);
    assert.equal(second?.fileSystem?.kind, kind);
  }
});

test('an end of the disk that cannot be read makes all of it raw', async () => {
  const bytes = disk();
  const whole = memoryReader(bytes);
  const failing = (from: number): BlockReader => ({
    ...whole,
    read(offset, length) {
      if (offset + length <= from || offset >= from + 512) return whole.read(offset, length);
      const details = { path: 'x', syscall: 'read', errno: 'EIO', offset, length };
      return Promise.reject(new PermafrostError('device/read-failed', details));
    },
  });
  const { regions } = await inspectDisk(failing(DISK_BYTES - 65536));
  for (const { region, raw } of regions)
    if (region.kind === 'partition') assert.equal(raw?.code, 'unreadable');
  assertMapped(await inspectDisk(failing(DISK_BYTES - 512 * 1024)));
});

test('a label of LVM2 beside a partition table is a left-over', async () => {
  const label = Buffer.alloc(512);
  label.write('LABELONE', 'latin1');
  label.writeUInt32LE(1, 8);
  label.write('LVM2 001', 24, 'latin1');
  assertMapped(await inspect(place(disk(), { pieces: [[512, label]] })));
});

const RESERVED = 'e3c9e316-0b5c-4db8-817d-f92df00215ae';
const LDM_DATA = 'af9b60a0-1431-4f62-bc68-3311714a69ad';
const LDM_METADATA = '5808c8aa-7e8f-42e0-85d2-e1e90434cfb3';
const STORAGE_POOL = 'e75caf8f-f680-4cee-afa3-b001e56efc2d';

/** A GPT disk with partitions of these types, each 2048 sectors, with an ext in the last one. */
function typedDisk(...types: readonly string[]): Uint8Array {
  const partitions = types.map((typeGuid, i) => ({
    number: i + 1,
    startSector: FIRST * (i + 1),
    endSector: FIRST * (i + 2),
    typeGuid,
  }));
  const bytes = gptDisk({ sectors: SECTORS, partitions });
  bytes.set(ext, FIRST * types.length * 512);
  return bytes;
}

test('the Microsoft reserved partition is shown by its type and kept whole', async () => {
  const { table, regions } = await inspect(typedDisk(RESERVED, 'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7'));
  assert.equal(table.partitions[0]?.typeName, 'Microsoft reserved');
  const [reserved, data] = regions.filter(({ region }) => region.kind === 'partition');
  assert.deepEqual(reserved?.used.toPairs(), [[0, FIRST * 512]]);
  assert.equal(data?.raw, undefined);
});

test('a dynamic disk is raw in all of its partitions', async () => {
  // By the types of its partitions; and what is in the one with the database is named.
  const typed = typedDisk(LDM_METADATA, LDM_DATA);
  const database = model('the database in the last MiB').pieces[0]![1];
  typed.set(database, FIRST * 512 + 512);
  const byType = (await inspect(typed)).regions.filter(({ region }) => region.kind === 'partition');
  assert.equal(byType[0]?.fileSystem?.kind, 'ldm');
  for (const { raw, used, region } of byType) {
    assert.match(raw?.reason ?? '', /it belongs to a Windows dynamic disk/);
    assert.deepEqual(used.toPairs(), [[0, region.length]]);
  }
  // By the database in a partition of another type.
  const stray = disk('gpt');
  stray.set(database, SECOND * 512 + 512);
  const byPartition = (await inspect(stray)).regions.filter(({ region }) => region.kind === 'partition');
  assert.equal(byPartition[1]?.fileSystem?.kind, 'ldm');
  for (const { raw, used, region } of byPartition) {
    assert.ok(raw !== undefined);
    assert.deepEqual(used.toPairs(), [[0, region.length]]);
  }
  // By the database in the last MiB of an MBR disk, whatever the types of its partitions say.
  for (const what of ['the private header in the last sector', 'the database in the last MiB'])
    assertWhole(await inspect(place(disk(), atEnd(what))), /the disk as a whole is a Windows dynamic disk/);
  const header = model('the private header in sector 6');
  assertWhole(await inspect(place(disk(), header)), /Windows dynamic disk \(“PC-Dg0”/);
});

test('a partition of a storage pool is raw, whatever begins in it', async () => {
  for (const pool of [true, false]) {
    const bytes = typedDisk(STORAGE_POOL);
    if (pool) bytes.set(model('Storage Spaces').pieces[0]![1], FIRST * 512);
    const found = (await inspect(bytes)).regions.find(({ region }) => region.kind === 'partition');
    assert.match(found?.raw?.reason ?? '', /storage pool/);
    assert.equal(found?.fileSystem?.kind, pool ? 'storage-spaces' : 'ext2');
  }
  const untyped = disk();
  untyped.set(model('Storage Spaces').pieces[0]![1], FIRST * 512);
  const [first, second] = (await inspect(untyped)).regions.filter(
    ({ region }) => region.kind === 'partition',
  );
  assert.equal(first?.fileSystem?.kind, 'storage-spaces');
  assert.deepEqual(first.used.toPairs(), [[0, first.region.length]]);
  assert.equal(second?.raw, undefined);
});

test('a partition that was not asked for stays out of a whole disk that is taken raw', async () => {
  const { regions } = await inspect(place(disk(), md0), { partitions: [2] });
  const [first, second] = regions.filter(({ region }) => region.kind === 'partition');
  assert.equal(first?.used.count, 0);
  assert.equal(first.raw, undefined);
  assert.deepEqual(second?.used.toPairs(), [[0, (SECOND_END - SECOND) * 512]]);
});
