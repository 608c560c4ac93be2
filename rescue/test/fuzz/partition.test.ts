/**
 * Mutated partition tables: whatever the bytes say, reading them ends soon in a table whose regions tile the
 * disk, and planning a restore of it in writes inside the target or our own error.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { crc32 } from 'node:zlib';
import { memoryReader } from '../../src/engine/base/block-reader.ts';
import { PermafrostError } from '../../src/engine/base/errors.ts';
import { layoutRegions } from '../../src/engine/partition/layout.ts';
import { planTables } from '../../src/engine/partition/relocate.ts';
import { readTable } from '../../src/engine/partition/table.ts';
import { run } from '../support/command.ts';
import { limitMs, processorMs } from '../support/patience.ts';
import { scratchFolder, sparseFile } from '../support/scratch.ts';

const MIB = 1024 * 1024;
const factor = Number(process.env['PERMAFROST_FUZZ_FACTOR'] ?? 1);

/** Deterministic numbers below a bound. */
function randomFrom(seed: number): (bound: number) => number {
  let state = (seed * 2654435761 + 12345) >>> 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % bound;
  };
}

interface Range {
  readonly start: number;
  readonly length: number;
}

const interesting = [0, 1, 2, 0x7f, 0x80, 0xff, 0x05, 0x0f, 0x85, 0xee, 0x55, 0xaa];

/** Changes one to eight bytes or words inside `areas`. */
function mutate(disk: Uint8Array, areas: readonly Range[], random: (bound: number) => number): void {
  const view = new DataView(disk.buffer);
  for (let i = random(8); i >= 0; i--) {
    const area = areas[random(areas.length)]!;
    const at = area.start + random(area.length - 8);
    switch (random(5)) {
      case 0:
        disk[at] = random(256);
        break;
      case 1:
        disk[at] = interesting[random(interesting.length)]!;
        break;
      case 2:
        view.setUint32(at, random(0xffffffff), true);
        break;
      case 3:
        view.setUint32(at, random(100_000), true);
        break;
      default:
        view.setBigUint64(at, BigInt(random(0xffffffff)) << BigInt(random(33)), true);
    }
  }
}

/** Puts right checksums on both copies of a GPT, so that what is behind them is looked at. */
function fixChecksums(disk: Uint8Array): void {
  const view = new DataView(disk.buffer);
  for (const header of [512, disk.length - 512]) {
    const array = view.getUint32(header + 72, true) * 512;
    const arrayBytes = view.getUint32(header + 80, true) * view.getUint32(header + 84, true);
    if (array + arrayBytes <= disk.length)
      view.setUint32(header + 88, crc32(disk.subarray(array, array + arrayBytes)), true);
    const headerBytes = view.getUint32(header + 12, true);
    if (headerBytes > 512) continue;
    view.setUint32(header + 16, 0, true);
    view.setUint32(header + 16, crc32(disk.subarray(header, header + headerBytes)), true);
  }
}

async function check(disk: Uint8Array, seed: number, random: (bound: number) => number): Promise<string> {
  const label = `seed ${seed}`;
  const before = processorMs();
  const sectorSize = random(8) === 0 ? 4096 : 512;
  const reader = memoryReader(disk, 'fuzz', sectorSize);
  const table = await readTable(reader, { isFile: random(2) === 0 });

  let at = 0;
  for (const region of layoutRegions(table, disk.length)) {
    assert.equal(region.start, at, label);
    assert.ok(region.length > 0, label);
    at += region.length;
  }
  assert.equal(at, disk.length, label);
  for (const { start, length } of [...table.partitions, ...table.structures, ...table.doubtful])
    assert.ok(start >= 0 && length > 0 && start + length <= disk.length, label);
  const numbers = table.partitions.map((p) => p.number);
  assert.equal(new Set(numbers).size, numbers.length, label);

  const targetBytes = disk.length + (random(200) - 100) * 4096;
  try {
    const plan = await planTables(reader, table, targetBytes);
    assert.ok(plan.minimumBytes <= disk.length, label);
    let end = 0;
    for (const write of plan.writes) {
      assert.ok(write.offset >= end && write.offset + write.bytes.length <= targetBytes, label);
      end = write.offset + write.bytes.length;
      // No table goes over what a partition holds.
      const hit = table.partitions.some((p) => p.start < end && p.start + p.length > write.offset);
      const wasThere = table.structures.some((s) => s.start === write.offset);
      assert.ok(!hit || wasThere, `${label}: ${write.what} is written over a partition`);
    }
  } catch (error) {
    if (!(error instanceof PermafrostError)) throw error;
  }
  const elapsed = processorMs() - before;
  assert.ok(elapsed < limitMs(2), `${label} took ${elapsed} ms`);
  return table.kind;
}

async function fuzz(
  t: TestContext,
  script: string,
  areas: (size: number) => Range[],
  isGpt: boolean,
): Promise<void> {
  const sizeBytes = 8 * MIB;
  const path = await sparseFile(join(await scratchFolder(t, 'fuzz'), 'disk'), sizeBytes);
  await run('sfdisk', ['--quiet', path], { input: script });
  const original = new Uint8Array(await readFile(path));
  const scratch = original.slice();
  const kinds = new Map<string, number>();
  const heapBefore = process.memoryUsage().heapUsed;
  for (let seed = 1; seed <= 3000 * factor; seed++) {
    const random = randomFrom(seed);
    const list = areas(sizeBytes);
    mutate(scratch, list, random);
    if (isGpt && random(4) > 0) fixChecksums(scratch);
    const kind = await check(scratch, seed, random);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    for (const { start, length } of list) scratch.set(original.subarray(start, start + length), start);
    // Checksums and words at the ends of areas.
    if (isGpt) {
      scratch.set(original.subarray(0, 1024), 0);
      scratch.set(original.subarray(sizeBytes - 512), sizeBytes - 512);
    }
  }
  // Many must get past the first look, or this would test nothing.
  assert.ok((kinds.get(isGpt ? 'gpt' : 'mbr') ?? 0) > 500 * factor, JSON.stringify([...kinds]));
  assert.ok((kinds.get('unreadable') ?? 0) > 0, JSON.stringify([...kinds]));
  assert.ok(process.memoryUsage().heapUsed - heapBefore < 200 * MIB);
}

test('a mutated MBR ends in a table or a reason, and in regions that tile the disk', async (t) => {
  const script = `label: dos
1 : start=64, size=1000, type=c
2 : start=2048, size=10000, type=5
5 : start=2112, size=500, type=83
6 : start=3072, size=500, type=83
7 : start=6144, size=500, type=83
`;
  await fuzz(
    t,
    script,
    () => [
      { start: 440, length: 72 },
      { start: 0, length: 64 },
      { start: 2048 * 512 + 446, length: 66 },
      { start: 3071 * 512 + 446, length: 66 },
      { start: 6143 * 512 + 446, length: 66 },
    ],
    false,
  );
});

test('a mutated GPT ends in a table or a reason, and in regions that tile the disk', async (t) => {
  const script = `label: gpt
first-lba: 34
1 : start=64, size=1000, name="one"
2 : start=2048, size=1000, name="two"
3 : start=4096, size=9000, name="three"
`;
  await fuzz(
    t,
    script,
    (size) => [
      { start: 440, length: 72 },
      { start: 512, length: 96 },
      { start: 1024, length: 512 },
      { start: size - 512, length: 96 },
      { start: size - 33 * 512, length: 512 },
    ],
    true,
  );
});
