/**
 * The used bytes of UDF against udfinfo, blkid, GRUB's driver and what a kernel wrote: mkudffs makes empty
 * volumes only, so that filled ones come from committed images, and read-only ones from genisoimage.
 */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { probeRegion } from '../../src/engine/filesystem/probe-region.ts';
import { probeIso9660 } from '../../src/engine/filesystem/iso9660/iso9660.ts';
import { probeUdf } from '../../src/engine/filesystem/udf/udf.ts';
import { run } from '../support/command.ts';
import { fileReader, fillWithNoise, scratchFolder, sparseFile } from '../support/scratch.ts';
import { checkNames, makeTree, probeImage, proveUsed, unpackFixture } from './support-grub.ts';

const MIB = 1024 * 1024;

/** What udfinfo says of `image`. It guesses block sizes only up to the device's. */
async function udfinfo(image: string): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await run('udfinfo', [image]);
  assert.match(stdout, /^integrity=/m);
  const facts = new Map<string, string>();
  for (const [, name, value] of stdout.matchAll(/^(\w+)=(.*)$/gm))
    if (name !== 'filename') facts.set(name!, value!);
  return facts;
}

/** Free bytes by the volume's own count. */
function freeBytes(facts: ReadonlyMap<string, string>): number {
  return Number(facts.get('freeblocks')) * Number(facts.get('blocksize'));
}

for (const name of ['udf-512', 'udf-2048', 'udf-4096', 'udf-102', 'udf-table'])
  test(`only what is used matters: ${name}`, async (t) => {
    const { image, sums } = await unpackFixture(await scratchFolder(t, 'udf'), name);
    const proof = { image, sums, prober: probeUdf, examine: udfinfo };
    const { info, map, reader, examined } = await proveUsed(t, proof);
    assert.equal(info.sizeBytes, reader.sizeBytes);
    assert.equal(reader.sizeBytes - map.used.totalBytes, freeBytes(examined));
    assert.ok(map.used.totalBytes < reader.sizeBytes / 2);
    await checkNames(image, info);
  });

test('a volume that was mounted when the power went is raw, and what its bitmap says can be had', async (t) => {
  const { image } = await unpackFixture(await scratchFolder(t, 'udf'), 'udf-crashed');
  const { info, map, reader } = await probeImage(t, probeUdf, image);
  assert.equal(info.state, 'dirty');
  assert.equal(map.raw?.code, 'dirty');
  assert.equal(map.used.totalBytes, reader.sizeBytes);
  const trusted = await probeImage(t, probeUdf, image, { trustBitmap: true });
  assert.ok(trusted.map.overridden !== undefined || trusted.map.raw !== undefined);
});

async function makeUdf(t: TestContext, options: readonly string[]): Promise<string> {
  const image = join(await scratchFolder(t, 'udf'), 'image');
  await sparseFile(image, 32 * MIB);
  await fillWithNoise(image, 32 * MIB, 5);
  await run('mkudffs', ['--utf8', ...options, image]);
  return image;
}

const exact: readonly (readonly string[])[] = [
  ['-b', '512', '-r', '1.02', '-l', 'Straße'],
  ['-b', '2048', '-r', '1.50', '-u', '0123456789abcdef'],
  ['-b', '4096', '-r', '2.00', '--vid=Other', '-l', 'Ωμέγα'],
  ['-m', 'dvdram', '-r', '2.01'],
  ['-m', 'hd', '--space=unalloctable'],
];

for (const options of exact)
  test(`only what is used matters on an empty volume: ${options.join(' ')}`, async (t) => {
    const image = await makeUdf(t, options);
    const readFiles = (): Promise<string> => Promise.resolve('');
    const proof = { image, prober: probeUdf, examine: udfinfo, readFiles };
    const { info, map, reader, examined } = await proveUsed(t, proof);
    assert.equal(reader.sizeBytes - map.used.totalBytes, freeBytes(examined));
    await checkNames(image, info);
  });

for (const [options, code] of [
  [['-m', 'cdrw'], 'feature'],
  [['-m', 'cdr'], 'feature'],
  [['-m', 'dvdr'], 'feature'],
  [['-m', 'hd', '--space=freedbitmap'], undefined],
  [['-m', 'hd', '--space=freedtable'], undefined],
  [['-m', 'bdr', '-r', '2.60'], 'feature'],
] as const)
  test(`where the free space is not known for certain all is used: ${options.join(' ')}`, async (t) => {
    const image = await makeUdf(t, options);
    const { info, map, reader } = await probeImage(t, probeUdf, image, {}, 2048);
    assert.equal(map.raw?.code, code);
    assert.equal(map.used.complement(info.sizeBytes!).totalBytes, 0);
    assert.ok(info.sizeBytes! <= reader.sizeBytes);
    await checkNames(image, info);
  });

test('a disc that is ISO 9660 as well is used as a whole, whichever is asked', async (t) => {
  const folder = await scratchFolder(t, 'udf');
  await mkdir(join(folder, 'tree'));
  await makeTree(join(folder, 'tree'), 20, MIB);
  const image = join(folder, 'disc');
  await run('genisoimage', ['-quiet', '-udf', '-J', '-r', '-V', 'BRIDGE', '-o', image, join(folder, 'tree')]);
  const udf = await proveUsed(t, { image, prober: probeUdf, examine: () => Promise.resolve('') });
  assert.equal(udf.info.details?.['iso9660'], true);
  assert.equal(udf.map.used.complement(udf.reader.sizeBytes).totalBytes, 0);
  const iso = await probeImage(t, probeIso9660, image);
  assert.equal(iso.info.label, 'BRIDGE');
  assert.equal(iso.map.used.complement(iso.info.sizeBytes!).totalBytes, 0);
  const both = await probeRegion(await fileReader(t, image));
  assert.equal(both.info.kind, 'udf');
  assert.deepEqual(both.info.details?.['alsoSeen'], ['iso9660']);
  assert.equal(both.map.raw, undefined);
  assert.equal(both.map.used.complement(iso.reader.sizeBytes).totalBytes, 0);
});
