import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mbrDisk, mbrEntry } from '../../../test/partition/build-disk.ts';
import { memoryReader, type BlockReader } from '../base/block-reader.ts';
import { PermafrostError } from '../base/errors.ts';
import { encodeMbr, hasSaneStatus, parseMbr, readExtendedChain } from './mbr.ts';

/** Bytes 440 to 511 of sectors that sfdisk 2.38 wrote; the boot code is noise. */
const sfdisk = {
  mbr: '785634120000802021000c66250100080000005000000066260105f22f0300580000 00a00000',
  firstRecord: '00000000000000870701830a08020008000000200000000a090205ac2a0200280000 00280000',
  secondRecord: '000000000000002a290282ac2a020008000000200000',
};

function sector(hex: string): Uint8Array {
  const bytes = new Uint8Array(512).fill(0x90, 0, 440);
  bytes.set(Buffer.from(hex.replaceAll(' ', ''), 'hex'), 440);
  bytes.set([0x55, 0xaa], 510);
  return bytes;
}

test('parses the record that sfdisk wrote', () => {
  assert.deepEqual(parseMbr(sector(sfdisk.mbr)), {
    diskSignature: 0x12345678,
    entries: [
      { slot: 1, status: 0x80, type: 0x0c, startSector: 2048, sectorCount: 20480 },
      { slot: 2, status: 0, type: 0x05, startSector: 22528, sectorCount: 40960 },
      { slot: 3, status: 0, type: 0, startSector: 0, sectorCount: 0 },
      { slot: 4, status: 0, type: 0, startSector: 0, sectorCount: 0 },
    ],
  });
});

test('finds no record without its signature', () => {
  const bytes = sector(sfdisk.mbr);
  bytes[511] = 0;
  assert.equal(parseMbr(bytes), undefined);
});

test('encodes what it parsed byte for byte, and shares no memory with the template', () => {
  const bytes = Buffer.from(sector(sfdisk.mbr));
  const mbr = parseMbr(bytes)!;
  assert.deepEqual(Buffer.from(encodeMbr(mbr, bytes)), bytes);
  const before = Buffer.from(bytes);
  encodeMbr({ ...mbr, diskSignature: 1 }, bytes);
  assert.deepEqual(bytes, before);
});

test('calls a status byte other than 00 and 80 insane, of unused entries too', () => {
  const bytes = sector(sfdisk.mbr);
  assert.equal(hasSaneStatus(parseMbr(bytes)!), true);
  bytes[446 + 48] = 0x41;
  assert.equal(hasSaneStatus(parseMbr(bytes)!), false);
});

function chainOf(records: Record<number, Uint8Array>, sectors = 65536): BlockReader {
  const disk = new Uint8Array(sectors * 512);
  for (const [at, bytes] of Object.entries(records)) disk.set(bytes, Number(at) * 512);
  return memoryReader(disk);
}

test('follows the chain that sfdisk wrote', async () => {
  const reader = chainOf({ 22528: sector(sfdisk.firstRecord), 32768: sector(sfdisk.secondRecord) });
  assert.deepEqual(await readExtendedChain(reader, 512, 22528, 40960), {
    logicals: [
      { status: 0, type: 0x83, startSector: 24576, sectorCount: 8192 },
      { status: 0, type: 0x82, startSector: 34816, sectorCount: 8192 },
    ],
    recordSectors: [22528, 32768],
  });
});

test('takes the third and fourth entry of a record only where they fit', async () => {
  const disk = mbrDisk(2000, [], {
    100: [
      mbrEntry(1, 0x83, 10, 50),
      mbrEntry(3, 0x83, 5000, 50), // garbage: outside
      mbrEntry(4, 0x83, 100, 50),
    ],
  });
  const { logicals, problem } = await readExtendedChain(memoryReader(disk), 512, 100, 1000);
  assert.deepEqual(
    logicals.map((l) => l.startSector),
    [110, 200],
  );
  assert.equal(problem, undefined);
});

test('follows links of all three types of extended partition', async () => {
  for (const type of [0x05, 0x0f, 0x85]) {
    const disk = mbrDisk(2000, [], {
      100: [mbrEntry(1, 0x83, 10, 50), mbrEntry(2, type, 500, 100)],
      600: [mbrEntry(1, 0x83, 10, 50)],
    });
    const { logicals } = await readExtendedChain(memoryReader(disk), 512, 100, 1000);
    assert.deepEqual(
      logicals.map((l) => l.startSector),
      [110, 610],
      type.toString(16),
    );
  }
});

test('follows a link in the first entry, as DR-DOS writes it', async () => {
  const disk = mbrDisk(2000, [], {
    100: [mbrEntry(1, 0x05, 500, 100)],
    600: [mbrEntry(1, 0x83, 10, 50)],
  });
  const { logicals } = await readExtendedChain(memoryReader(disk), 512, 100, 1000);
  assert.deepEqual(
    logicals.map((l) => l.startSector),
    [610],
  );
});

const brokenChains: readonly [string, Record<number, ReturnType<typeof mbrEntry>[]>, RegExp][] = [
  [
    'a chain that turns back',
    { 100: [mbrEntry(2, 5, 200, 9)], 300: [mbrEntry(2, 5, 200, 9)] },
    /returns to sector 300/,
  ],
  ['a record that links to itself', { 100: [mbrEntry(2, 5, 0, 9)] }, /returns to sector 100/],
  ['a link out of the extended partition', { 100: [mbrEntry(2, 5, 1000, 9)] }, /leaves the extended/],
  ['a link to something that is no record', { 100: [mbrEntry(2, 5, 50, 9)] }, /sector 150 is no extended/],
  ['an impossible entry', { 100: [mbrEntry(1, 0x83, 1, 9, 0x33)] }, /impossible entry/],
  ['no record at all', {}, /sector 100 is no extended/],
];
for (const [name, records, problem] of brokenChains) {
  test(`ends at ${name}`, async () => {
    const chain = await readExtendedChain(memoryReader(mbrDisk(2000, [], records)), 512, 100, 1000);
    assert.equal(chain.problem?.code, 'inconsistent');
    assert.match(chain.problem.reason, problem);
  });
}

test('ends at a link after the end of the disk', async () => {
  const disk = mbrDisk(200, [], { 100: [mbrEntry(2, 5, 500, 9)] });
  const chain = await readExtendedChain(memoryReader(disk), 512, 100, 1000);
  assert.match(chain.problem?.reason ?? '', /after the end of the disk/);
});

test('bounds a chain of any length', async () => {
  const records: Record<number, ReturnType<typeof mbrEntry>[]> = {};
  for (let i = 0; i < 3000; i++) records[100 + i] = [mbrEntry(2, 5, i + 1, 1)];
  const chain = await readExtendedChain(memoryReader(mbrDisk(4000, [], records)), 512, 100, 3900);
  assert.match(chain.problem?.reason ?? '', /more than 1024 links/);
});

test('tells an unreadable record from a wrong one and keeps what was found before', async () => {
  const memory = memoryReader(mbrDisk(2000, [], { 100: [mbrEntry(1, 0x83, 1, 9), mbrEntry(2, 5, 200, 9)] }));
  const failing: BlockReader = {
    ...memory,
    read: (offset, length) =>
      offset === 300 * 512
        ? Promise.reject(
            new PermafrostError('device/read-failed', {
              path: 'x',
              syscall: 'read',
              errno: 'EIO',
              offset,
              length,
            }),
          )
        : memory.read(offset, length),
  };
  const chain = await readExtendedChain(failing, 512, 100, 1000);
  assert.equal(chain.problem?.code, 'unreadable');
  assert.equal(chain.logicals.length, 1);
});

test('reads records of disks with sectors of 4096 bytes', async () => {
  const disk = mbrDisk(100, [], { 10: [mbrEntry(1, 0x83, 2, 5)] }, 4096);
  const chain = await readExtendedChain(memoryReader(disk), 4096, 10, 80);
  assert.deepEqual(chain.logicals, [{ status: 0, type: 0x83, startSector: 12, sectorCount: 5 }]);
});
