import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { PermafrostError } from '../base/errors.ts';
import {
  encodeGptEntries,
  encodeGptHeader,
  gptArrayCrc,
  parseGptEntries,
  parseGptHeader,
  type GptHeader,
} from './gpt.ts';

/** What sfdisk 2.38 wrote on a disk of 8192 sectors of 512 bytes. */
const primaryHex =
  '4546492050415254000001005c000000c4c0d8d6000000000100000000000000ff1f000000000000' +
  '2200000000000000de1f00000000000067452301ab89efcd0123456789abcdef0200000000000000' +
  '800000008000000080e22237';
const backupHex =
  '4546492050415254000001005c00000094f4b4a900000000ff1f0000000000000100000000000000' +
  '2200000000000000de1f00000000000067452301ab89efcd0123456789abcdefdf1f000000000000' +
  '800000008000000080e22237';
const entryHex =
  '28732ac11ff8d211ba4b00a0c93ec93b111111112222333344445555555555550008000000000000' +
  'ff0b00000000000005000000000000004500460049002000e900';

function sectorOf(hex: string): Uint8Array {
  const sector = new Uint8Array(512);
  sector.set(Buffer.from(hex, 'hex'));
  return sector;
}

const primary: GptHeader = {
  ownSector: 1,
  otherSector: 8191,
  firstUsableSector: 34,
  usableEndSector: 8159,
  diskGuid: '01234567-89ab-cdef-0123-456789abcdef',
  arraySector: 2,
  entryCount: 128,
  entryBytes: 128,
  arrayCrc: 0x3722e280,
  headerBytes: 92,
};

test('parses the two headers and the entry that sfdisk wrote', () => {
  assert.deepEqual(parseGptHeader(sectorOf(primaryHex), 1), primary);
  const backup = parseGptHeader(sectorOf(backupHex), 8191);
  assert.deepEqual(backup, { ...primary, ownSector: 8191, otherSector: 1, arraySector: 8159 });

  const array = new Uint8Array(16384);
  array.set(Buffer.from(entryHex, 'hex'));
  assert.deepEqual(parseGptEntries(array, primary), [
    {
      number: 1,
      typeGuid: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
      partitionGuid: '11111111-2222-3333-4444-555555555555',
      startSector: 2048,
      endSector: 3072,
      attributes: 5n,
      name: 'EFI é',
    },
  ]);
});

test('encodes what it parsed byte for byte', () => {
  const template = sectorOf(primaryHex);
  template.fill(0x77, 92); // a vendor's bytes behind the header
  assert.deepEqual(encodeGptHeader(primary, template), template);
  assert.deepEqual(encodeGptHeader(primary, new Uint8Array(512)), sectorOf(primaryHex));

  const array = new Uint8Array(16384);
  array.set(Buffer.from(entryHex, 'hex'));
  assert.deepEqual(encodeGptEntries(parseGptEntries(array, primary)), array);
  assert.equal(gptArrayCrc(array), primary.arrayCrc);
});

test('keeps the bytes of a longer header and covers them with the checksum', () => {
  const template = new Uint8Array(512).fill(0x55, 92, 128);
  const sector = encodeGptHeader({ ...primary, headerBytes: 128 }, template);
  assert.equal(parseGptHeader(sector, 1).headerBytes, 128);
  sector[127] = 0;
  assert.throws(() => parseGptHeader(sector, 1), /wrong checksum/);
});

test('leaves a Buffer that it checks or copies as it was', () => {
  const sector = Buffer.from(sectorOf(primaryHex));
  parseGptHeader(sector, 1);
  encodeGptHeader({ ...primary, ownSector: 7 }, sector);
  assert.deepEqual(new Uint8Array(sector), sectorOf(primaryHex));
});

const refusals: readonly [string, Partial<GptHeader>, RegExp][] = [
  ['of another sector', { ownSector: 2 }, /belongs to sector 2, not 1/],
  ['with a size below 92', { headerBytes: 91 }, /impossible size 91/],
  ['larger than its sector', { headerBytes: 513 }, /impossible size 513/],
  ['with entries of 64 bytes', { entryBytes: 64 }, /impossible size 64/],
  ['with entries of 384 bytes', { entryBytes: 384 }, /impossible size 384/],
  ['with entries of 8192 bytes', { entryBytes: 8192 }, /impossible size 8192/],
  ['without entries', { entryCount: 0 }, /impossible number of 0/],
  ['with a gigantic array', { entryCount: 0xffffffff, entryBytes: 4096 }, /impossible number/],
  ['whose array begins in the MBR', { arraySector: 0 }, /impossible sector 0/],
  ['whose array covers it', { arraySector: 1 }, /impossible sector 1/],
  ['with no usable sector between its bounds', { firstUsableSector: 9000 }, /after its last/],
];
for (const [name, change, problem] of refusals) {
  test(`refuses a header ${name}`, () => {
    const header = { ...primary, ...change };
    // The checksum must be right, or nothing else would be looked at; of an impossible size it cannot be.
    const sector = new Uint8Array(8192);
    sector.set(encodeGptHeader(header, sector));
    assert.throws(
      () => parseGptHeader(sector.subarray(0, 512), 1),
      (error) => error instanceof PermafrostError && problem.test(error.message),
    );
  });
}

test('refuses an unknown major version and takes a minor one', () => {
  const template = sectorOf(primaryHex);
  const view = new DataView(template.buffer);
  view.setUint32(8, 0x00020000, true);
  assert.throws(() => parseGptHeader(encodeGptHeader(primary, template), 1), /unknown version 2\.0/);
  view.setUint32(8, 0x00010001, true);
  assert.equal(parseGptHeader(encodeGptHeader(primary, template), 1).ownSector, 1);
});

test('refuses a flipped bit anywhere in header or entries', () => {
  for (let bit = 0; bit < 92 * 8; bit++) {
    const sector = sectorOf(primaryHex);
    sector[bit >>> 3]! ^= 1 << (bit & 7);
    assert.throws(() => parseGptHeader(sector, 1), PermafrostError, `bit ${bit}`);
  }
  const array = new Uint8Array(16384);
  array.set(Buffer.from(entryHex, 'hex'));
  for (const at of [0, 40, 127, 8000, 16383]) {
    const damaged = array.slice();
    damaged[at]! ^= 4;
    assert.throws(() => parseGptEntries(damaged, primary), /wrong checksum/);
  }
});

test('refuses 64-bit values that no number holds, and cuts them in entries', () => {
  const sector = sectorOf(primaryHex);
  const view = new DataView(sector.buffer);
  view.setBigUint64(32, 1n << 60n, true);
  view.setUint32(16, 0, true);
  view.setUint32(16, crc32(sector.subarray(0, 92)), true);
  assert.throws(() => parseGptHeader(sector, 1), /impossible value 1152921504606846976/);

  const array = encodeGptEntries([]);
  array.fill(0xff, 0, 128);
  const [entry] = parseGptEntries(array, { ...primary, arrayCrc: gptArrayCrc(array) });
  assert.equal(entry?.startSector, Number.MAX_SAFE_INTEGER);
  assert.equal(entry.endSector, Number.MAX_SAFE_INTEGER);
});

test('reads entries larger than the usual 128 bytes', () => {
  const wanted = parseGptEntries(
    Uint8Array.from({ length: 16384 }, (_, i) => Buffer.from(entryHex, 'hex')[i] ?? 0),
    primary,
  );
  const array = encodeGptEntries([{ ...wanted[0]!, number: 3 }], 4, 512);
  const header = { ...primary, entryCount: 4, entryBytes: 512, arrayCrc: gptArrayCrc(array) };
  assert.deepEqual(parseGptEntries(array, header), [{ ...wanted[0]!, number: 3 }]);
});
