/** Mutated HFS Plus, which has no checksums: a map, a reason why not, or our own error; soon, in little memory. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { probeHfsplus } from '../../src/engine/filesystem/hfsplus/hfsplus.ts';
import {
  attributes,
  encodeHfsplus,
  JOURNAL_BLOCK,
  type HfsplusModel,
  type Run,
} from '../filesystem/support-hfsplus-model.ts';
import { needsFsck } from '../filesystem/support-hfsplus.ts';
import { run } from '../support/command.ts';
import { fillWithNoise, scratchFolder, sparseFile } from '../support/scratch.ts';
import { assertReached, bothWays, fuzzRegion, type Area } from './support-region.ts';

const MIB = 1024 * 1024;
const journaled = attributes.unmounted | attributes.journaled;
const scattered = Array.from({ length: 20 }, (_, i): Run => [300 - 7 * i, 1]);

/** The header, the trees of extents and names, the journal, and the first piece of the bitmap. */
function metadata(blockSize: number): Area[] {
  const extents = 4 * blockSize;
  const catalog = 8 * blockSize;
  return [
    [1024, 512],
    [1024, 60],
    [1024 + 112, 80],
    [extents, 80],
    [extents + 512, 300],
    [extents + 992, 32],
    [catalog, 80],
    [catalog + 512, 60],
    [JOURNAL_BLOCK * blockSize, 60],
    [(JOURNAL_BLOCK + 1) * blockSize, 48],
    [12 * blockSize, 75],
  ];
}

for (const [name, model] of Object.entries<HfsplusModel>({
  'a bitmap in one piece': { used: [[400, 50]] },
  'a bitmap in many pieces': { totalBlocks: 20 * 4096, bitmapRuns: scattered },
  'a journal': { attributes: journaled, journal: { flags: 1, start: 512, end: 512 } },
  'changes in its journal': { attributes: journaled, journal: { flags: 1, start: 512, end: 1024 } },
  'case-sensitive names and large blocks': { signature: 'HX', blockSize: 4096, totalBlocks: 600 },
})) {
  test(`mutated HFS Plus with ${name}`, async (t) => {
    const outcome = await fuzzRegion({
      image: encodeHfsplus({ label: 'fuzz', ...model }),
      areas: metadata(model.blockSize ?? 512),
      prober: bothWays(probeHfsplus),
      iterations: 500,
    });
    const dirty = model.journal !== undefined && model.journal.start !== model.journal.end;
    assertReached(t, outcome, dirty ? ['raw', 'refused'] : ['mapped', 'raw', 'refused', 'notMine']);
  });
}

test('mutated HFS Plus from mkfs.hfsplus', { skip: needsFsck }, async (t) => {
  const path = join(await scratchFolder(t, 'fuzz'), 'image');
  await sparseFile(path, 16 * MIB);
  await fillWithNoise(path, 16 * MIB, 8);
  await run('mkfs.hfsplus', ['-J', '-v', 'fuzz', path]);
  const image = await readFile(path);
  const blockSize = image.readUInt32BE(1024 + 40);
  // The first blocks of the allocation file, the extents overflow file and the catalog, and the journal's.
  const starts = [112, 192, 272].map((fork) => image.readUInt32BE(1024 + fork + 16) * blockSize);
  const info = image.readUInt32BE(1024 + 12) * blockSize;
  const journal = Number(image.readBigUInt64BE(info + 36));
  const outcome = await fuzzRegion({
    image,
    areas: [[1024, 512], [1024, 60], [info, 60], [journal, 48], ...starts.map((at): Area => [at, 100])],
    prober: bothWays(probeHfsplus),
    iterations: 300,
  });
  assertReached(t, outcome, ['mapped', 'raw', 'refused', 'notMine']);
});
