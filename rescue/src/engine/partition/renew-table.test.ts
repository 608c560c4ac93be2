import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryReader } from '../base/block-reader.ts';
import { encodeGptEntries, encodeGptHeader, gptArrayCrc } from './gpt.ts';
import { isValidCopy, readGpt } from './read-gpt.ts';
import { renewTable } from './renew-table.ts';
import { readTable } from './table.ts';

const SECTOR = 512;
const SECTORS = 4096;
const ids = {
  disk: '11111111-2222-4333-8444-555555555555',
  first: 'aaaaaaaa-0000-4000-8000-000000000001',
  second: 'aaaaaaaa-0000-4000-8000-000000000002',
};

/** A disk with two partitions and a vendor's words behind the header. */
function disk(): Buffer {
  const bytes = Buffer.alloc(SECTORS * SECTOR);
  const entry = (number: number, partitionGuid: string, startSector: number) => ({
    ...{ number, partitionGuid, startSector, endSector: startSector + 512 },
    ...{ typeGuid: '0fc63daf-8483-4772-8e79-3d69d8477de4', attributes: 4n, name: `part ${number}` },
  });
  const array = encodeGptEntries([entry(1, ids.first, 1024), entry(3, ids.second, 2048)]);
  const template = Buffer.alloc(SECTOR);
  template.write('vendor', 300);
  const header = (ownSector: number, otherSector: number, arraySector: number): Uint8Array =>
    encodeGptHeader(
      {
        ...{ ownSector, otherSector, arraySector, firstUsableSector: 34, usableEndSector: SECTORS - 33 },
        ...{
          diskGuid: ids.disk,
          entryCount: 128,
          entryBytes: 128,
          arrayCrc: gptArrayCrc(array),
          headerBytes: 92,
        },
      },
      template,
    );
  bytes[446 + 4] = 0xee;
  bytes.writeUInt32LE(1, 446 + 8);
  bytes.writeUInt32LE(SECTORS - 1, 446 + 12);
  bytes.writeUInt16LE(0xaa55, 510);
  bytes.set(header(1, SECTORS - 1, 2), SECTOR);
  bytes.set(array, 2 * SECTOR);
  bytes.set(array, (SECTORS - 33) * SECTOR);
  bytes.set(header(SECTORS - 1, 1, SECTORS - 33), (SECTORS - 1) * SECTOR);
  return bytes;
}

async function renewed(bytes: Buffer, map: Readonly<Record<string, string>>): Promise<Buffer> {
  const reader = memoryReader(bytes);
  const groups = await renewTable(
    reader,
    await readTable(reader, { sectorSize: SECTOR }),
    new Map(Object.entries(map)),
  );
  const result = Buffer.from(bytes);
  for (const { offset, bytes: written } of groups.flat()) result.set(written, offset);
  return result;
}

test('gives both copies of a GPT new identifiers, and changes nothing else', async () => {
  const before = disk();
  const to = {
    [ids.disk]: '99999999-2222-4333-8444-555555555555',
    [ids.second]: 'bbbbbbbb-0000-4000-8000-000000000002',
  };
  const after = await renewed(before, to);
  const copies = await readGpt(memoryReader(after), SECTOR);
  for (const copy of [copies.primary, copies.backup]) {
    assert.ok(isValidCopy(copy));
    assert.equal(copy.header.diskGuid, to[ids.disk]);
    assert.deepEqual(
      copy.entries.map(({ partitionGuid, name, attributes }) => [partitionGuid, name, attributes]),
      [
        [ids.first, 'part 1', 4n],
        [to[ids.second], 'part 3', 4n],
      ],
    );
    assert.equal(Buffer.from(copy.headerSector).toString('latin1', 300, 306), 'vendor');
  }
  const table = await readTable(memoryReader(after), { sectorSize: SECTOR });
  assert.equal(table.kind, 'gpt');
  let changed = 0;
  for (let at = 0; at < after.length; at++) if (after[at] !== before[at]) changed++;
  assert.ok(changed <= 2 * (16 + 16 + 8), `${changed} bytes`);
});

test('leaves a damaged copy as it is, so that nothing takes it for good', async () => {
  const before = disk();
  before[SECTOR + 56] = 0;
  const after = await renewed(before, { [ids.disk]: '99999999-2222-4333-8444-555555555555' });
  assert.deepEqual(after.subarray(SECTOR, 2 * SECTOR), before.subarray(SECTOR, 2 * SECTOR));
  const { backup } = await readGpt(memoryReader(after), SECTOR);
  assert.ok(isValidCopy(backup));
  assert.equal(backup.header.diskGuid, '99999999-2222-4333-8444-555555555555');
});

test('gives an MBR a new signature, and changes nothing else', async () => {
  const before = Buffer.alloc(SECTORS * SECTOR);
  before.writeUInt32LE(0x1badf00d, 440);
  before[446 + 4] = 0x83;
  before.writeUInt32LE(1024, 446 + 8);
  before.writeUInt32LE(512, 446 + 12);
  before.writeUInt16LE(0xaa55, 510);
  const after = await renewed(before, { '1badf00d': '00c0ffee', '1badf00d-01': '00c0ffee-01' });
  assert.equal(after.readUInt32LE(440), 0x00c0ffee);
  after.writeUInt32LE(0x1badf00d, 440);
  assert.deepEqual(after, before);
});
