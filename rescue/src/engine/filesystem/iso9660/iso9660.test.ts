import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invalidStructure, mapBytes, probeBytes } from '../../../../test/filesystem/support-map.ts';
import { memoryReader } from '../../base/block-reader.ts';
import { probeIso9660 } from './iso9660.ts';

interface DiscModel {
  readonly label?: string;
  readonly joliet?: string;
  readonly blocks?: number;
  readonly jolietBlocks?: number;
  readonly modified?: string;
  readonly sectors?: number;
}

/** Volume descriptors from sector 16 on, and room for `sectors` sectors. */
function encodeDisc(model: DiscModel = {}): Buffer {
  const { blocks = 40, sectors = 50 } = model;
  const bytes = Buffer.alloc(sectors * 2048);
  const descriptor = (sector: number, type: number, size: number): Buffer => {
    const d = bytes.subarray(sector * 2048, (sector + 1) * 2048);
    d[0] = type;
    d.write('CD001', 1, 'latin1');
    d.writeUInt32LE(size, 80);
    d.writeUInt32BE(size, 84);
    d.set([0, 8, 8, 0], 128);
    return d;
  };
  const primary = descriptor(16, 1, blocks);
  primary.write((model.label ?? 'LABEL').padEnd(32), 40, 'latin1');
  primary.write('2020010203040506', 813, 'latin1');
  primary.write(model.modified ?? '0000000000000000', 830, 'latin1');
  if (model.joliet !== undefined) {
    const joliet = descriptor(17, 2, model.jolietBlocks ?? blocks);
    joliet.write('%/E', 88, 'latin1');
    Buffer.from(model.joliet, 'utf16le').swap16().copy(joliet, 40);
  }
  descriptor(model.joliet === undefined ? 17 : 18, 255, 0);
  return bytes;
}

test('all of the volume is used, with the sectors before its descriptors', async () => {
  const map = await mapBytes(probeIso9660, encodeDisc());
  assert.deepEqual(map, { used: map.used, warnings: [] });
  assert.deepEqual(map.used.toPairs(), [[0, 40 * 2048]]);
});

test('names and dates', async () => {
  const info = async (model: DiscModel): Promise<[string | undefined, string | undefined]> => {
    const found = await probeBytes(probeIso9660, encodeDisc(model));
    return [found.info.label, found.info.uuid];
  };
  assert.deepEqual(await info({}), ['LABEL', '2020-01-02-03-04-05-06']);
  assert.deepEqual(await info({ modified: '2021111213141516' }), ['LABEL', '2021-11-12-13-14-15-16']);
  assert.deepEqual(await info({ modified: 'garbage, no date' }), ['LABEL', '2020-01-02-03-04-05-06']);
  assert.equal((await info({ joliet: 'Größe', label: 'GROESSE' }))[0], 'Größe');
  assert.equal((await info({ joliet: 'A long label of', label: 'A long label of a disc' }))[0], 'A long label of a disc'); // prettier-ignore
  assert.equal((await info({ label: '' }))[0], undefined);
});

test('of several descriptors the largest size counts', async () => {
  const map = await mapBytes(probeIso9660, encodeDisc({ joliet: 'J', jolietBlocks: 45 }));
  assert.deepEqual(map.used.toPairs(), [[0, 45 * 2048]]);
});

test('a disc that is cut off is raw', async () => {
  const map = await mapBytes(probeIso9660, encodeDisc({ blocks: 51 }));
  assert.equal(map.raw?.code, 'inconsistent');
  assert.deepEqual(map.used.toPairs(), [[0, 50 * 2048]]);
});

test('not believed: sizes whose byte orders differ, a block size or a volume that cannot be', async () => {
  const at = 16 * 2048;
  const size = encodeDisc();
  size[at + 80]! ^= 1;
  await assert.rejects(probeBytes(probeIso9660, size), invalidStructure(/size differently/));
  const block = encodeDisc();
  block[at + 128]! ^= 1;
  await assert.rejects(probeBytes(probeIso9660, block), invalidStructure(/block size differently/));
  const odd = encodeDisc();
  odd.set([0, 3, 3, 0], at + 128);
  await assert.rejects(probeBytes(probeIso9660, odd), invalidStructure(/blocks of 768 bytes/));
  await assert.rejects(probeBytes(probeIso9660, encodeDisc({ blocks: 16 })), invalidStructure(/16 blocks/));
});

test('something else is not taken for it', async () => {
  assert.equal(await probeIso9660(memoryReader(new Uint8Array(64 * 1024))), undefined);
  assert.equal(await probeIso9660(memoryReader(new Uint8Array(512))), undefined);
  const onlyEnd = encodeDisc();
  onlyEnd[16 * 2048] = 255;
  assert.equal(await probeIso9660(memoryReader(onlyEnd)), undefined);
});
