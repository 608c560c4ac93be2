/** Mutated XFS: a map, a reason why not, or our own error; soon, and in little memory. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { probeXfs } from '../../src/engine/filesystem/xfs/xfs.ts';
import { encodeXfs, reservedBlocks, seal as sealAt, type XfsModel } from '../filesystem/support-xfs-model.ts';
import { makeXfs } from '../filesystem/support-xfs.ts';
import { mountImage } from '../filesystem/support-mounted.ts';
import { fillTree } from '../filesystem/support-ext.ts';
import { scratchFolder } from '../support/scratch.ts';
import { bothWays, fuzzRegion, type Area, type Outcome } from './support-region.ts';

const MIB = 1024 * 1024;

interface Sealed {
  readonly offset: number;
  readonly length: number;
  readonly crcOffset: number;
}

/** Headers and tree blocks of version 5 in `image`, found by their magics, each with the place of its CRC. */
function findSealed(image: Buffer, sectorSize: number, blockSize: number): Sealed[] {
  const found: Sealed[] = [];
  const kinds = [
    { magic: 'XFSB', length: sectorSize, crcOffset: 224 },
    { magic: 'XAGF', length: sectorSize, crcOffset: 216 },
    { magic: 'XAFL', length: sectorSize, crcOffset: 32 },
    { magic: 'AB3B', length: blockSize, crcOffset: 52 },
    { magic: 'AB3C', length: blockSize, crcOffset: 52 },
  ];
  for (let offset = 0; offset < image.length; offset += sectorSize) {
    const magic = image.toString('latin1', offset, offset + 4);
    const kind = kinds.find((k) => k.magic === magic);
    if (kind !== undefined && offset % kind.length === 0) found.push({ offset, ...kind });
  }
  return found;
}

function report(t: TestContext, outcome: Outcome): void {
  t.diagnostic(JSON.stringify(outcome));
  for (const kind of ['mapped', 'raw', 'refused'] as const) assert.ok(outcome[kind] > 0, kind);
}

const free: XfsModel['free'] = [
  Array.from({ length: 12 }, (_, i) => [110 + i * 9, 1 + (i % 5)] as const),
  Array.from({ length: 9 }, (_, i) => [45 + i * 20, 1 + i] as const),
];

for (const version of [4, 5] as const) {
  test(`mutated XFS of version ${version} with trees of several levels`, async (t) => {
    const image = encodeXfs({ version, free, blockSize: 1024, logBlocks: 60, recordsPerBlock: 3 });
    const group = 256 * 1024;
    const areas: Area[] = [0, group].flatMap((at): Area[] => [
      [at + 512, 64],
      [at + 3 * 512, 64],
      ...Array.from({ length: 16 }, (_, i): Area => [at + (2 + i) * 1024, 100]),
    ]);
    const places = findSealed(image, 512, 1024);
    const outcome = await fuzzRegion({
      image,
      areas: [[0, 260], [0, 260], [reservedBlocks * 1024, 1024], ...areas],
      prober: bothWays(probeXfs),
      iterations: 1000,
      seal: (bytes) => {
        if (version === 5) for (const p of places) sealAt(bytes, p.offset, p.length, p.crcOffset);
      },
    });
    report(t, outcome);
  });
}

test(
  'mutated XFS from mkfs.xfs and the kernel',
  { timeout: 60_000 * Number(process.env['PERMAFROST_FUZZ_FACTOR'] ?? 1) },
  async (t) => {
    const folder = await scratchFolder(t, 'fuzz');
    const path = await makeXfs(join(folder, 'image'), 24 * MIB, ['-d', 'agcount=1', '-b', 'size=1024']);
    const mounted = await mountImage(t, path, ['-t', 'xfs']);
    await fillTree(mounted.folder, 4 * MIB);
    await mounted.unmount();
    const image = await readFile(path);
    const places = findSealed(image, 512, 1024);
    assert.ok(places.length >= 5);
    const log = (image.readUInt32BE(52) % 2 ** image[124]!) * 1024;
    const outcome = await fuzzRegion({
      image,
      areas: [[log, 64 * 1024], [0, 260], ...places.map(({ offset }): Area => [offset, 100])],
      prober: bothWays(probeXfs),
      iterations: 300,
      seal: (bytes) => {
        for (const p of places) sealAt(bytes, p.offset, p.length, p.crcOffset);
      },
    });
    report(t, outcome);
  },
);
