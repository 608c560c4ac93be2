import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  fileRecord,
  listValue,
  nonResident,
  resident,
  types,
} from '../../../../test/filesystem/support-ntfs-structures.ts';
import { isPermafrostError } from '../../base/errors.ts';
import { Fields } from '../../base/fields.ts';
import { parseAttributeList } from './attribute-list.ts';
import { parseRecord } from './record.ts';

const isInvalid = (error: unknown): boolean => isPermafrostError(error, 'structure/invalid');

function record(): Buffer {
  return fileRecord(
    1024,
    40,
    [
      resident(types.volumeName, Buffer.from('abc'), '', 3),
      nonResident(types.data, [{ lcn: 9, count: 4 }], 4096, {
        name: 'näme',
        dataBytes: 12345,
        initializedBytes: 77,
        flags: 0x4000,
        instance: 5,
      }),
    ],
    { sequence: 8, isDirectory: true, base: { record: 2 ** 40 + 3, sequence: 6 } },
  );
}

describe('parseRecord', () => {
  it('reads a record and its attributes', () => {
    const parsed = parseRecord(record(), 40);
    assert.deepEqual(
      { ...parsed, attributes: undefined },
      {
        number: 40,
        sequence: 8,
        isDirectory: true,
        base: { record: 2 ** 40 + 3, sequence: 6 },
        attributes: undefined,
      },
    );
    const [first, second] = parsed!.attributes;
    assert.ok(first?.resident);
    assert.deepEqual([first.type, first.name, first.instance, first.value.text(0, 3)], [0x60, '', 3, 'abc']);
    assert.ok(second && !second.resident);
    const { name, instance, isEncoded, lowestVcn, highestVcn, allocatedBytes, dataBytes, initializedBytes } =
      second;
    assert.deepEqual(
      [name, instance, isEncoded, lowestVcn, highestVcn, allocatedBytes, dataBytes, initializedBytes],
      ['näme', 5, true, 0, 3, 16384, 12345, 77],
    );
  });

  it('sees no file where none is', () => {
    assert.equal(parseRecord(Buffer.alloc(1024), 1), undefined);
    assert.equal(parseRecord(fileRecord(1024, 1, [], { inUse: false }), 1), undefined);
  });

  // The first attribute begins at 56 and has 32 bytes, the second follows; the end marker is at 168.
  const damage: Record<string, (bytes: Buffer) => void> = {
    'more bytes in use than it has': (bytes) => bytes.writeUInt32LE(1025, 24),
    'an end before its last attribute': (bytes) => bytes.writeUInt32LE(100, 24),
    'no end marker in the bytes in use': (bytes) => bytes.writeUInt32LE(bytes.readUInt32LE(24) - 8, 24),
    'attributes that begin outside': (bytes) => bytes.writeUInt16LE(1023, 20),
    'an attribute of no length': (bytes) => bytes.writeUInt32LE(0, 60),
    'an attribute of an odd length': (bytes) => bytes.writeUInt32LE(33, 60),
    'an attribute of 4 GiB': (bytes) => bytes.writeUInt32LE(0xfffffff8, 60),
    'a value that ends outside its attribute': (bytes) => bytes.writeUInt32LE(9, 56 + 16),
    'a value that begins outside its attribute': (bytes) => bytes.writeUInt16LE(33, 56 + 20),
    'a name outside its attribute': (bytes) => bytes.writeUInt8(200, 88 + 9),
    'mapping pairs outside their attribute': (bytes) => bytes.writeUInt16LE(2000, 88 + 32),
    'a size that no disk has': (bytes) => bytes.writeBigUInt64LE(1n << 60n, 88 + 48),
    'another beginning': (bytes) => bytes.write('BAAD', 'latin1'),
  };
  for (const [what, change] of Object.entries(damage))
    it(`refuses ${what}`, () => {
      const bytes = record();
      change(bytes);
      assert.throws(() => parseRecord(bytes, 40), isInvalid);
    });
});

describe('parseAttributeList', () => {
  it('reads its entries', () => {
    const list = listValue([
      { type: 0x80, name: '$I30', lowestVcn: 2 ** 33, record: 2 ** 33 + 1, sequence: 4, instance: 2 },
      { type: 0x20, record: 7 },
    ]);
    assert.deepEqual(parseAttributeList(new Fields(list, 'list')), [
      {
        type: 0x80,
        name: '$I30',
        lowestVcn: 2 ** 33,
        instance: 2,
        reference: { record: 2 ** 33 + 1, sequence: 4 },
      },
      { type: 0x20, name: '', lowestVcn: 0, instance: 0, reference: { record: 7, sequence: 1 } },
    ]);
  });

  it('refuses entries that have no length or end outside', () => {
    for (const length of [0, 25, 33, 0xffff]) {
      const list = listValue([{ type: 0x80, record: 7 }]);
      list.writeUInt16LE(length, 4);
      assert.throws(() => parseAttributeList(new Fields(list, 'list')), isInvalid);
    }
  });
});
