import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layoutRegions, type Region } from './layout.ts';
import type { DoubtfulArea, GptTable, Partition, PartitionTable, TableStructure } from './partition-table.ts';
import { asIs } from '../base/remarks.ts';

function part(number: number, start: number, length: number, more: Partial<Partition> = {}): Partition {
  return {
    number,
    start,
    length,
    typeId: '0x83',
    typeName: 'Linux',
    bootable: false,
    logical: false,
    ...more,
  };
}

function tableOf(
  partitions: readonly Partition[],
  doubtful: readonly DoubtfulArea[] = [],
  structures: readonly TableStructure[] = [],
): GptTable {
  return {
    kind: 'gpt',
    sectorSize: 512,
    sizeBytes: 10_000,
    diskId: '',
    used: 'primary',
    usableStart: 0,
    usableEnd: 10_000,
    mbr: 'protective',
    partitions,
    doubtful,
    structures,
    warnings: [],
  };
}

function short(regions: readonly Region[]): unknown[] {
  return regions.map((r) => [r.name, r.start, r.length]);
}

test('cuts head, partitions, gaps and tail', () => {
  const regions = layoutRegions(
    tableOf([part(2, 5000, 1000), part(1, 1000, 2000), part(3, 6000, 500)]),
    10_000,
  );
  assert.deepEqual(short(regions), [
    ['head', 0, 1000],
    ['partition 1', 1000, 2000],
    ['gap before partition 2', 3000, 2000],
    ['partition 2', 5000, 1000],
    ['partition 3', 6000, 500],
    ['tail', 6500, 3500],
  ]);
  assert.deepEqual(
    regions.map((r) => r.kind),
    ['head', 'partition', 'gap', 'partition', 'partition', 'tail'],
  );
  assert.ok(regions.every((r) => r.doubt === undefined));
});

test('has no head or tail where there is no room for one', () => {
  assert.deepEqual(short(layoutRegions(tableOf([part(1, 0, 10_000)]), 10_000)), [['partition 1', 0, 10_000]]);
});

test('merges partitions that overlap or nest, but not those that touch', () => {
  const regions = layoutRegions(
    tableOf([part(1, 1000, 2000), part(2, 2999, 10), part(3, 1500, 10), part(4, 3009, 10)]),
    10_000,
  );
  assert.deepEqual(short(regions), [
    ['head', 0, 1000],
    ['partitions 1, 2 and 3', 1000, 2009],
    ['partition 4', 3009, 10],
    ['tail', 3019, 6981],
  ]);
  assert.deepEqual(regions[1]!.partitions, [1, 2, 3]);
  assert.deepEqual(regions[1]!.doubt, { code: 'overlap', reason: 'partitions 1, 2 and 3 overlap' });
});

test('keeps the doubt of a partition, and doubts one with bytes of the table in it', () => {
  const doubt = { code: 'unsupported', reason: asIs('x') } as const;
  const structures = [
    { what: 'MBR', start: 0, length: 512 },
    { what: 'extended boot record', start: 4096, length: 512 },
  ];
  const regions = layoutRegions(
    tableOf([part(1, 1000, 10, { doubt }), part(2, 4000, 97), part(3, 4608, 10)], [], structures),
    10_000,
  );
  const doubts = new Map(regions.map((r) => [r.name, r.doubt?.code]));
  assert.equal(doubts.get('partition 1'), 'unsupported');
  assert.equal(doubts.get('partition 2'), 'overlap');
  assert.equal(doubts.get('partition 3'), undefined);
});

test('takes a doubtful area as one region, with the partitions in it', () => {
  const area = {
    start: 1000,
    length: 1000,
    doubt: { code: 'inconsistent', reason: asIs('broken chain') },
  } as const;
  const alone = layoutRegions(tableOf([part(1, 5000, 10)], [area]), 10_000);
  assert.deepEqual(short(alone).slice(0, 3), [
    ['head', 0, 1000],
    ['doubtful area at 1000', 1000, 1000],
    ['gap before partition 1', 2000, 3000],
  ]);
  assert.equal(alone[1]!.kind, 'gap');
  assert.equal(alone[1]!.doubt, area.doubt);
  const around = layoutRegions(tableOf([part(5, 1200, 10)], [area]), 10_000);
  assert.deepEqual(short(around)[1], ['partition 5', 1000, 1000]);
  assert.equal(around[1]!.doubt, area.doubt);
});

test('has one region without a partition: raw, unless there is no table at all', () => {
  const base = {
    sectorSize: 512,
    sizeBytes: 10_000,
    partitions: [],
    structures: [],
    doubtful: [],
    warnings: [],
  };
  const none: PartitionTable = { kind: 'none', ...base };
  assert.deepEqual(layoutRegions(none, 10_000), [
    { kind: 'whole', start: 0, length: 10_000, partitions: [], name: 'whole disk' },
  ]);
  const doubt = { code: 'inconsistent', reason: asIs('x') } as const;
  assert.equal(layoutRegions({ kind: 'unreadable', ...base, doubt }, 10_000)[0]?.doubt, doubt);
  assert.equal(layoutRegions(tableOf([]), 10_000)[0]?.doubt?.code, 'inconsistent');
  assert.deepEqual(layoutRegions(none, 0), []);
});

const size = 1000;
const span = fc.record({ start: fc.nat(1100), length: fc.nat(300) });

test('tiles any disk exactly once, whatever the table says', () => {
  fc.assert(
    fc.property(
      fc.array(span, { maxLength: 12 }),
      fc.array(span, { maxLength: 3 }),
      fc.array(span, { maxLength: 4 }),
      (parts, areas, marks) => {
        const doubt = { code: 'inconsistent', reason: asIs('x') } as const;
        const partitions = parts.map((p, i) => part(i + 1, p.start, p.length));
        const structures = marks
          .map((m) => ({ what: 'mark', start: m.start, length: m.length }))
          .sort((a, b) => a.start - b.start);
        const regions = layoutRegions(
          tableOf(
            partitions,
            areas.map((a) => ({ ...a, doubt })),
            structures,
          ),
          size,
        );

        let at = 0;
        for (const region of regions) {
          assert.equal(region.start, at);
          assert.ok(region.length > 0);
          at += region.length;
        }
        assert.equal(at, size);
        assert.equal(new Set(regions.map((r) => r.name)).size, regions.length, 'names are unique');

        for (const p of partitions) {
          const end = Math.min(p.start + p.length, size);
          const homes = regions.filter((r) => r.partitions.includes(p.number));
          if (p.start >= end) assert.deepEqual(homes, []);
          else {
            assert.equal(homes.length, 1);
            assert.ok(homes[0]!.start <= p.start && homes[0]!.start + homes[0]!.length >= end);
          }
        }
        // A region that is probed for a file system is exactly one partition and free of anything doubtful.
        for (const r of regions) {
          if (r.kind !== 'partition' || r.doubt !== undefined) continue;
          const end = r.start + r.length;
          assert.equal(r.partitions.length, 1);
          for (const other of [...areas, ...marks.filter((m) => m.length > 0)])
            assert.ok(other.length === 0 || other.start >= end || other.start + other.length <= r.start);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('lays out tens of thousands of partitions in a moment', () => {
  const apart = Array.from({ length: 32768 }, (_, i) => part(i + 1, 3 * i, 2));
  const nested = Array.from({ length: 32768 }, (_, i) => part(i + 1, i, 100_000 - 2 * i));
  // Processor time: on a busy machine the clock says nothing.
  const before = process.cpuUsage();
  assert.equal(layoutRegions(tableOf(apart), 100_000).length, 65536);
  const merged = layoutRegions(tableOf(nested), 100_000);
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 1_000_000, `${user + system} microseconds`);
  assert.equal(merged.length, 1);
  assert.equal(merged[0]!.name, 'partitions 1, 2, 3 and 32765 more');
});
