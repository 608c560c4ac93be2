import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gptDisk, mbrDisk, mbrEntry, mbrSector } from '../../../test/partition/build-disk.ts';
import { memoryReader } from '../base/block-reader.ts';
import { grownLength, layoutParts, placeParts, type LayoutPart } from './plan-layout.ts';
import { readTable } from './table.ts';

const MIB = 1024 * 1024;
const room = (mib: number): { end: number; sectorSize: number } => ({ end: mib * MIB, sectorSize: 512 });
/** Parts as [start, length] in MiB, numbered from 1. */
const partsOf = (...spans: readonly (readonly [number, number, number?])[]): LayoutPart[] =>
  spans.map(([start, length, lead = 0], i) => ({
    number: i + 1,
    start: start * MIB,
    length: length * MIB,
    leadBytes: lead * MIB,
  }));
/** Places as [start, length] in MiB. */
const placesOf = (...args: Parameters<typeof placeParts>): number[][] =>
  placeParts(...args).placements.map(({ to }) => [to.start / MIB, to.length / MIB]);

test('everything stays where there is room for it', () => {
  const parts = partsOf([1, 9], [20, 10], [40, 5]);
  for (const end of [45, 46, 1000])
    assert.deepEqual(placesOf(parts, room(end)), [
      [1, 9],
      [20, 10],
      [40, 5],
    ]);
});

test('what does not fit is moved to the left, no more than it must, and only what must', () => {
  const parts = partsOf([1, 9], [20, 10], [40, 5]);
  assert.deepEqual(placesOf(parts, room(36)), [
    [1, 9],
    [20, 10],
    [31, 5],
  ]);
  assert.deepEqual(placesOf(parts, room(33)), [
    [1, 9],
    [18, 10],
    [28, 5],
  ]);
  const least = placeParts(parts, room(25));
  assert.deepEqual(least.placements.length, 3);
  assert.equal(least.leastEnd, 25 * MIB);
  assert.deepEqual(placeParts(parts, room(24)), { placements: [], leastEnd: 25 * MIB });
});

test('the record of a logical partition stays before it', () => {
  const parts = partsOf([1, 9], [12, 10, 1], [40, 5, 1]);
  assert.deepEqual(placesOf(parts, room(27)), [
    [1, 9],
    [11, 10],
    [22, 5],
  ]);
  assert.equal(placeParts(parts, room(26)).placements.length, 0);
});

test('a partition grows by all that is free, and what lies behind it keeps its distance', () => {
  const parts = partsOf([1, 9], [12, 10], [25, 5], [30, 4]);
  const length = grownLength(parts, room(100), 2);
  assert.equal(length, 76 * MIB);
  assert.deepEqual(placesOf(parts, room(100), new Map([[2, length]])), [
    [1, 9],
    [12, 76],
    [91, 5],
    [96, 4],
  ]);
  const last = grownLength(parts, { end: 100 * MIB + 512, sectorSize: 512 }, 4);
  assert.equal(last, 70 * MIB + 512, 'the last one gets every sector');
  assert.equal(grownLength(parts, { end: 34 * MIB + 512, sectorSize: 512 }, 2), 10 * MIB);
});

test('a partition begins where it was asked to, and the others make room on both sides', () => {
  const parts = partsOf([1, 9], [20, 10], [40, 5]);
  const at = (number: number, mib: number) => new Map([[number, mib * MIB]]);
  assert.deepEqual(placesOf(parts, room(100), new Map(), at(2, 50)), [
    [1, 9],
    [50, 10],
    [60, 5],
  ]);
  assert.deepEqual(placesOf(parts, room(46), new Map(), at(3, 25)), [
    [1, 9],
    [15, 10],
    [25, 5],
  ]);
  assert.deepEqual(placesOf(parts, room(46), at(1, 20), at(2, 22)), [
    [1, 20],
    [22, 10],
    [40, 5],
  ]);
  assert.deepEqual(placeParts(parts, room(100), new Map(), at(3, 15)).blocked, {
    number: 3,
    leastStart: 20 * MIB,
  });
  assert.deepEqual(placeParts(parts, room(100), new Map(), at(1, 0)).blocked, {
    number: 1,
    leastStart: MIB,
  });
  assert.equal(placeParts(parts, room(100), new Map(), at(3, 96)).placements.length, 0);
});

test('places are whole sectors of the target', () => {
  const parts: LayoutPart[] = [
    { number: 1, start: 63 * 512, length: 1000 * 512, leadBytes: 0 },
    { number: 2, start: 1063 * 512, length: 8001 * 512, leadBytes: 0 },
  ];
  const { placements } = placeParts(parts, { end: 100 * MIB, sectorSize: 4096 });
  assert.deepEqual(
    placements.map(({ to }) => to),
    [
      { start: MIB, length: 1000 * 512 },
      { start: MIB + 1000 * 512, length: 8008 * 512 },
    ],
  );
});

test('no partition overlaps another, leaves the room or loses its record, whatever the disk', () => {
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < 3000; round++) {
    const parts: LayoutPart[] = [];
    let at = 1 + random(64);
    for (let i = 1 + random(7); i > 0; i--) {
      const leadBytes = random(3) === 0 ? (1 + random(2048)) * 512 : 0;
      const start = at * 512 * (random(2) === 0 ? 8 : 1) + leadBytes + random(3) * MIB;
      const length = (1 + random(9000)) * 512;
      parts.push({ number: parts.length + 1, start, length, leadBytes });
      at = Math.ceil((start + length) / 512);
    }
    const sectorSize = random(2) === 0 ? 512 : 4096;
    const end = Math.floor((random(60) * MIB) / sectorSize) * sectorSize;
    const lengths = new Map<number, number>();
    if (random(2) === 0) lengths.set(1 + random(parts.length), (1 + random(20_000)) * 512);
    const starts = new Map<number, number>();
    for (let i = random(3); i > 0; i--)
      starts.set(1 + random(parts.length), random(60) * MIB + random(2) * sectorSize);
    const { placements, leastEnd, blocked } = placeParts(parts, { end, sectorSize }, lengths, starts);
    if (blocked !== undefined) {
      assert.ok(starts.get(blocked.number)! < blocked.leastStart);
      continue;
    }
    if (placements.length === 0) {
      assert.ok(leastEnd > end);
      assert.equal(
        placeParts(parts, { end: leastEnd, sectorSize }, lengths, starts).placements.length,
        parts.length,
      );
      continue;
    }
    for (const { number, to } of placements) assert.equal(starts.get(number) ?? to.start, to.start);
    assert.ok(placements[0]!.to.start >= parts[0]!.start, 'nothing moves into the head');
    let free = 0;
    for (const [i, { number, to }] of placements.entries()) {
      assert.equal(to.start % sectorSize, 0);
      assert.equal(to.length % sectorSize, 0);
      assert.ok(to.length >= (lengths.get(number) ?? parts[i]!.length));
      assert.ok(to.start - parts[i]!.leadBytes >= free, `round ${round}`);
      free = to.start + to.length;
    }
    assert.ok(free <= end, `round ${round}`);
  }
});

test('the parts of an MBR have their records with them', async () => {
  const disk = mbrDisk(2000, [mbrEntry(1, 0x83, 64, 100), mbrEntry(2, 0x05, 200, 800)], {
    200: [mbrEntry(1, 0x83, 10, 90), mbrEntry(2, 0x05, 100, 200)],
    300: [mbrEntry(1, 0x82, 1, 50)],
  });
  const parts = layoutParts(await readTable(memoryReader(disk)));
  assert.deepEqual(parts, [
    { number: 1, start: 64 * 512, length: 100 * 512, leadBytes: 0 },
    { number: 5, start: 210 * 512, length: 90 * 512, leadBytes: 10 * 512 },
    { number: 6, start: 301 * 512, length: 50 * 512, leadBytes: 512 },
  ]);
});

test('says why the partitions of a disk cannot get other places', async () => {
  const problem = async (disk: Uint8Array): Promise<string> => {
    const parts = layoutParts(await readTable(memoryReader(disk)));
    return 'problem' in parts ? parts.problem : 'none';
  };
  assert.match(await problem(new Uint8Array(512_000)), /no partition table/);
  assert.match(
    await problem(mbrDisk(1000, [mbrEntry(1, 0x83, 64, 100), mbrEntry(2, 0x83, 100, 100)])),
    /partitions 1 and 2 overlap/,
  );
  assert.match(await problem(mbrDisk(1000, [mbrEntry(1, 0x42, 64, 100)])), /dynamic disk/);
  assert.match(await problem(mbrDisk(1000, [mbrEntry(1, 0x05, 64, 100)], { 64: [] })), /empty/);
  assert.match(
    await problem(
      mbrDisk(2000, [mbrEntry(2, 0x05, 200, 800)], {
        200: [mbrEntry(1, 0x83, 600, 90), mbrEntry(2, 0x05, 100, 200)],
        300: [mbrEntry(1, 0x82, 1, 50)],
      }),
    ),
    /order of their numbers/,
  );
  const hybrid = gptDisk({ sectors: 1024, partitions: [{ number: 1, startSector: 64, endSector: 128 }] });
  hybrid.set(mbrSector([mbrEntry(1, 0xee, 1, 63), mbrEntry(2, 0x83, 64, 64)]));
  assert.match(await problem(hybrid), /hybrid MBR/);
});
