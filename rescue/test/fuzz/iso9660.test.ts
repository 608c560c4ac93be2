/** Mutated discs of ISO 9660: a map, a reason why not, or our own error; soon, and in little memory. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { probeIso9660 } from '../../src/engine/filesystem/iso9660/iso9660.ts';
import { run } from '../support/command.ts';
import { noise, scratchFolder } from '../support/scratch.ts';
import { assertReached, bothWays, fuzzRegion, type Area } from './support-region.ts';

/** The head and the fields in use of the descriptor in sector `sector`. */
function descriptor(sector: number): Area[] {
  const at = sector * 2048;
  return [
    [at, 8],
    [at + 80, 8],
    [at + 80, 60],
    [at, 200],
    [at + 800, 100],
  ];
}

for (const [name, program, options] of [
  ['genisoimage', 'genisoimage', ['-quiet', '-J', '-r', '-V', 'fuzz', '-b', 'boot', '-no-emul-boot']],
  ['xorriso', 'xorriso', ['-as', 'mkisofs', '-J', '-iso-level', '3', '-V', 'fuzz']],
] as const) {
  test(`mutated ISO 9660 from ${name}`, async (t) => {
    const folder = await scratchFolder(t, 'fuzz');
    await mkdir(join(folder, 'tree'));
    await writeFile(join(folder, 'tree', 'boot'), noise(2048, 1));
    await run(program, [...options, '-o', join(folder, 'disc'), join(folder, 'tree')]);
    const outcome = await fuzzRegion({
      image: await readFile(join(folder, 'disc')),
      areas: [16, 17, 18, 19].flatMap(descriptor),
      prober: bothWays(probeIso9660),
      iterations: 1500,
    });
    assertReached(t, outcome, ['mapped', 'raw', 'refused', 'notMine']);
  });
}
