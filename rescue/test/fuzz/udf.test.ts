/** Mutated UDF: a map, a reason why not, or our own error; soon, and in little memory. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { udfCrc } from '../../src/engine/filesystem/udf/tag.ts';
import { probeUdf } from '../../src/engine/filesystem/udf/udf.ts';
import { encodeUdf, type UdfModel } from '../filesystem/support-udf-model.ts';
import { run } from '../support/command.ts';
import { fillWithNoise, scratchFolder, sparseFile } from '../support/scratch.ts';
import { assertReached, bothWays, fuzzRegion, type Area } from './support-region.ts';

const MIB = 1024 * 1024;
/** The names in the recognition sequence. */
const recognition = [0, 2048, 2048, 2048, 4096].map((at): Area => [32768 + at, 6]);

function sumOf(tag: Buffer): number {
  let sum = 0;
  for (let i = 0; i < 16; i++) if (i !== 4) sum += tag[i]!;
  return sum & 0xff;
}

/** Offsets of the blocks of `image` that begin with a descriptor tag. */
function findDescriptors(image: Buffer, blockSize: number): number[] {
  const found: number[] = [];
  for (let at = 0; at < image.length; at += blockSize) {
    const isTag = image[at + 2] === 2 || image[at + 2] === 3;
    if (isTag && image.readUInt16LE(at) !== 0 && sumOf(image.subarray(at, at + 16)) === image[at + 4])
      found.push(at);
  }
  return found;
}

/** Makes checksum and CRC of the tags right; what they are and where they belong stays as it is. */
function seal(image: Buffer, blockSize: number, descriptors: readonly number[]): void {
  for (const at of descriptors) {
    const length = image.readUInt16LE(at + 10);
    if (16 + length <= blockSize)
      image.writeUInt16LE(udfCrc(image.subarray(at + 16, at + 16 + length)), at + 8);
    image[at + 4] = sumOf(image.subarray(at, at + 16));
  }
}

/** The tag and the fields in use of each descriptor. */
function metadata(descriptors: readonly number[]): Area[] {
  const inAll = descriptors.flatMap((at): Area[] => [
    [at, 16],
    [at + 16, 64],
    [at + 16, 240],
    [at + 240, 220],
  ]);
  return [...recognition, ...inAll];
}

const free: UdfModel['free'] = [
  [40, 4],
  [100, 100],
];

for (const [name, model] of Object.entries<UdfModel>({
  'a bitmap': {},
  'a table': { account: 'table' },
  'a table of long descriptors': { account: 'long-table', blockSize: 2048, partitionBlocks: 500 },
  'no account of its space': { account: 'none' },
  'a second partition': { secondMap: '*UDF Metadata Partition' },
  'a mount that was cut off': { closed: false },
})) {
  test(`mutated UDF with ${name}`, async (t) => {
    const image = encodeUdf({ free, ...model });
    const blockSize = model.blockSize ?? 512;
    const descriptors = findDescriptors(image, blockSize);
    assert.ok(descriptors.length >= 10);
    const outcome = await fuzzRegion({
      image,
      areas: metadata(descriptors),
      prober: bothWays(probeUdf),
      iterations: 400,
      seal: (bytes) => seal(bytes, blockSize, descriptors),
    });
    const neverMapped = model.closed === false || model.secondMap !== undefined;
    assertReached(t, outcome, neverMapped ? ['raw', 'refused', 'notMine'] : ['mapped', 'raw', 'notMine']);
  });
}

for (const options of [
  ['-b', '512', '-r', '2.01'],
  ['-m', 'hd', '-b', '2048', '--space=unalloctable'],
]) {
  test(`mutated UDF from mkudffs ${options.join(' ')}`, async (t) => {
    const path = join(await scratchFolder(t, 'fuzz'), 'image');
    await sparseFile(path, 8 * MIB);
    await fillWithNoise(path, 8 * MIB, 4);
    await run('mkudffs', [...options, '-l', 'fuzz', path]);
    const image = await readFile(path);
    const blockSize = Number(options[options.indexOf('-b') + 1]);
    // In noise one block in 130,000 looks like a descriptor: to seal that, too, does no harm.
    const descriptors = findDescriptors(image, blockSize);
    assert.ok(descriptors.length >= 10);
    const outcome = await fuzzRegion({
      image,
      areas: metadata(descriptors),
      prober: bothWays(probeUdf),
      iterations: 400,
      seal: (bytes) => seal(bytes, blockSize, descriptors),
    });
    assertReached(t, outcome, ['mapped', 'raw', 'refused', 'notMine']);
  });
}
