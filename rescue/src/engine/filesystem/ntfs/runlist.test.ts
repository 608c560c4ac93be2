import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fields } from '../../base/fields.ts';
import { isPermafrostError } from '../../base/errors.ts';
import { clustersOf, mappingPairs, type Run } from '../../../../test/filesystem/support-ntfs-structures.ts';
import type { NonResidentAttribute } from './attribute.ts';
import { decodeMappingPairs, HOLE, Runlist } from './runlist.ts';

function decode(hex: string, volumeClusters = 2 ** 40): [number, number][] {
  const runs: [number, number][] = [];
  const pairs = new Fields(Buffer.from(hex, 'hex'), 'pairs');
  decodeMappingPairs(pairs, volumeClusters, (lcn, count) => runs.push([lcn, count]));
  return runs;
}

function extent(runs: readonly Run[], lowestVcn = 0): NonResidentAttribute {
  return {
    type: 0x80,
    name: '',
    instance: 0,
    isEncoded: false,
    resident: false,
    lowestVcn,
    highestVcn: lowestVcn + clustersOf(runs) - 1,
    allocatedBytes: 0,
    dataBytes: 0,
    initializedBytes: 0,
    mappingPairs: new Fields(mappingPairs(runs), 'pairs'),
  };
}

const isInvalid = (error: unknown): boolean => isPermafrostError(error, 'structure/invalid');

describe('decodeMappingPairs', () => {
  it('reads the example of the NTFS documentation', () => {
    // 0x38 clusters at 0x342573, 0x114 at 0x363758, 0x42 at 0x393802 (normal, fragmented file)
    assert.deepEqual(decode('3138732534321401e511023142aa00030000'), [
      [0x342573, 0x38],
      [0x363758, 0x114],
      [0x393802, 0x42],
    ]);
  });

  it('reads holes and runs that lie before the one before', () => {
    assert.deepEqual(decode('11306001101110f000'), [
      [0x60, 0x30],
      [HOLE, 0x10],
      [0x50, 0x10],
    ]);
  });

  it('reads what an encoder writes, whatever the number of bytes', () => {
    const runs = [1, 127, 128, 255, 32767, 32768, 65535, 1 << 23, 2 ** 32 + 5].map((count, i) => ({
      lcn: i % 2 === 0 ? 2 ** 35 - count : 7 + i,
      count,
    }));
    const pairs = new Fields(mappingPairs(runs), 'pairs');
    const seen: Run[] = [];
    decodeMappingPairs(pairs, 2 ** 40, (lcn, count) => seen.push({ lcn, count }));
    assert.deepEqual(seen, runs);
  });

  for (const [what, hex] of [
    ['a length of no bytes', '10 05 00'],
    ['a length of 9 bytes', '19 010000000000000000 05 00'],
    ['an offset of 9 bytes', '91 01 050000000000000000 00'],
    ['a negative length', '11 80 05 00'],
    ['a length of 0', '11 00 05 00'],
    ['a run before the volume', '11 05 ff 00'],
    ['a run that ends behind the volume', '11 05 60 00'],
    ['numbers that no disk has', '88 ffffffffffffff7f ffffffffffffff7f 00'],
    ['no end', '11 05 05'],
    ['nothing', ''],
  ] as const)
    it(`refuses ${what}`, () => {
      assert.throws(() => decode(hex.replaceAll(' ', ''), 100), isInvalid);
    });
});

describe('Runlist', () => {
  it('finds the run of each cluster', () => {
    const runs = new Runlist(100);
    runs.append(extent([{ lcn: 10, count: 3 }]));
    runs.append(
      extent(
        [
          { lcn: HOLE, count: 2 },
          { lcn: 5, count: 4 },
        ],
        3,
      ),
    );
    assert.equal(runs.clusterCount, 9);
    assert.equal(runs.hasHoles, true);
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5, 8].map((vcn) => runs.lcn(runs.find(vcn))),
      [10, 10, 10, HOLE, HOLE, 5, 5],
    );
    assert.deepEqual([runs.length(0), runs.length(1), runs.length(2)], [3, 2, 4]);
  });

  it('refuses extents that do not join on or do not have the length they say', () => {
    const runs = new Runlist(100);
    runs.append(extent([{ lcn: 10, count: 3 }]));
    assert.throws(() => runs.append(extent([{ lcn: 20, count: 1 }], 4)), isInvalid);
    assert.throws(() => runs.append(extent([{ lcn: 20, count: 1 }], 2)), isInvalid);
    const short = { ...extent([{ lcn: 20, count: 1 }], 3), highestVcn: 4 };
    assert.throws(() => runs.append(short), isInvalid);
  });

  it('refuses more clusters than the volume has, which only overlapping runs can have', () => {
    const runs = new Runlist(10);
    runs.append(extent([{ lcn: 0, count: 10 }]));
    assert.throws(() => runs.append(extent([{ lcn: 0, count: 1 }], 10)), isInvalid);
  });

  it('refuses a million pieces', () => {
    const runs = new Runlist(10);
    const pairs = Buffer.alloc(2 * 1_000_001 + 1);
    for (let i = 0; i < 1_000_001; i++) pairs.set([0x01, 0x01], 2 * i);
    const hostile = { ...extent([]), highestVcn: 1_000_000, mappingPairs: new Fields(pairs, 'pairs') };
    assert.throws(() => runs.append(hostile), isInvalid);
  });
});
