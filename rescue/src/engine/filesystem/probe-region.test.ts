import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFat, type FatVolume } from '../../../test/filesystem/support-fat-model.ts';
import { encodeMd1, encodeRegion } from '../../../test/filesystem/support-named-encoders.ts';
import { fixtures } from '../../../test/filesystem/support-named-model.ts';
import { memoryReader, type BlockReader } from '../base/block-reader.ts';
import { isPermafrostError, PermafrostError } from '../base/errors.ts';
import { identifyRegion, probeRegion } from './probe-region.ts';
import { say } from '../base/remarks.ts';

/** A FAT volume of a bit more than 2 MiB, with room for other signatures in its free clusters. */
function fat(): FatVolume {
  return encodeFat({ width: 16, clusters: 4500, entries: { 2: 3, 3: 0xffff, 4: 0xffff, 4000: 0xffff } });
}

/** `bytes` with `before` and `after` it grown to a region of `sizeBytes`, noise behind. */
function region(bytes: Buffer, sizeBytes: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(sizeBytes - bytes.length, 0x55)]);
}

/** `parent` in which the sectors that hold `length` bytes at `offset` cannot be read. */
function failingAt(parent: BlockReader, offset: number, length: number): BlockReader {
  return {
    ...parent,
    read(at, count) {
      if (at >= offset + length || at + count <= offset) return parent.read(at, count);
      const details = { path: parent.name, syscall: 'read', errno: 'EIO', offset: at, length: count };
      return Promise.reject(new PermafrostError('device/read-failed', details));
    },
  };
}

const isoVolume = Buffer.alloc(2048);
isoVolume.write('\x01CD001\x01', 0, 'latin1');
isoVolume.write('DISC'.padEnd(32), 40);
const btrfsMagic = Buffer.from('_BHRfS_M');

test('bytes behind the file system’s own extent are used', async () => {
  const volume = fat();
  const size = volume.bytes.length + 12345 * 512;
  const { info, map } = await probeRegion(memoryReader(region(volume.bytes, size)));
  assert.equal(info.kind, 'fat16');
  assert.equal(map.raw, undefined);
  assert.ok(map.used.covers(volume.bytes.length, 12345 * 512));
  assert.equal(map.used.totalBytes, volume.dataOffset + 4 * 512 + 12345 * 512);
});

test('used bytes grow to whole sectors of the device and end with the region', async () => {
  const volume = fat();
  assert.notEqual(volume.bytes.length % 4096, 0);
  const { map } = await probeRegion(memoryReader(volume.bytes, 'disk', 4096));
  const { used } = map;
  for (let i = 0; i < used.count; i++) {
    assert.equal(used.start(i) % 4096, 0);
    assert.ok(used.end(i) % 4096 === 0 || used.end(i) === volume.bytes.length);
  }
  assert.ok(used.covers(volume.dataOffset + 3998 * 512, 512));
});

test('what was asked for raw is raw and still named', async () => {
  const { bytes } = fat();
  const { info, map } = await probeRegion(memoryReader(bytes), { raw: true });
  assert.equal(info.kind, 'fat16');
  assert.equal(map.raw?.code, 'asked');
  assert.deepEqual(map.used.toPairs(), [[0, bytes.length]]);
});

test('a file system larger than its region is raw and named', async () => {
  const { bytes } = fat();
  const { info, map } = await probeRegion(memoryReader(bytes.subarray(0, bytes.length - 512)));
  assert.equal(info.kind, 'fat16');
  assert.equal(map.raw?.code, 'inconsistent');
  assert.match(
    map.raw.reason,
    new RegExp(`covers ${bytes.length} bytes and there are ${bytes.length - 512}`),
  );
});

test('a file system that does not look at its region’s size itself is held to it', async () => {
  const swap = Buffer.alloc(16384);
  swap.write('SWAPSPACE2', 4086);
  swap.writeUInt32LE(1, 1024);
  swap.writeUInt32LE(3, 1028);
  assert.equal((await probeRegion(memoryReader(swap))).map.raw, undefined);
  const { map } = await probeRegion(memoryReader(swap.subarray(0, 12288)));
  assert.equal(map.raw?.code, 'inconsistent');
});

test('structures that do not add up make it raw and named', async () => {
  const volume = fat();
  volume.setEntry(0, 4, 5000);
  const { info, map } = await probeRegion(memoryReader(volume.bytes));
  assert.equal(info.kind, 'fat16');
  assert.equal(map.raw?.code, 'inconsistent');
  assert.match(map.raw.reason, /cluster 4 leads to cluster 5000/);
  assert.deepEqual(map.used.toPairs(), [[0, volume.bytes.length]]);
});

test('structures that cannot be read make it raw and named', async () => {
  const volume = fat();
  const reader = failingAt(memoryReader(volume.bytes), volume.fatOffset + 1024, 512);
  const { info, map } = await probeRegion(reader);
  assert.equal(info.kind, 'fat16');
  assert.equal(map.raw?.code, 'unreadable');
});

test('a place where another signature may lie and that cannot be read makes it raw and named', async () => {
  const volume = fat();
  for (const at of [0x10000, volume.bytes.length - 512]) {
    const { info, map } = await probeRegion(failingAt(memoryReader(volume.bytes), at, 512));
    assert.equal(info.kind, 'fat16');
    assert.equal(map.raw?.code, 'unreadable');
  }
  // Any other unreadable sector is no reason.
  const { map } = await probeRegion(failingAt(memoryReader(volume.bytes), 0x1c0000, 512));
  assert.equal(map.raw, undefined);
});

test('a region of which nothing can be read is raw', async () => {
  const { info, map } = await probeRegion(failingAt(memoryReader(Buffer.alloc(1 << 20)), 0, 1 << 20));
  assert.equal(info.kind, 'unknown');
  assert.equal(map.raw?.code, 'unreadable');
});

test('failures other than of reading are not hidden', async () => {
  const reader: BlockReader = {
    ...memoryReader(fat().bytes),
    read: () =>
      Promise.reject(
        new PermafrostError('device/changed', { device: '/dev/sdx', problem: say('changed/gone') }),
      ),
  };
  await assert.rejects(probeRegion(reader), (error) => isPermafrostError(error, 'device/changed'));
});

test('a RAID member is a RAID member, whatever file system starts in it', async () => {
  const volume = fat();
  const md = encodeMd1(0, 8 << 20);
  const bytes = region(volume.bytes, md.sizeBytes);
  const [[offset, superblock]] = md.pieces as [[number, Buffer]];
  Buffer.from(superblock).copy(bytes, offset);
  const { info, map } = await probeRegion(memoryReader(bytes));
  assert.equal(info.kind, 'md');
  assert.deepEqual(info.details?.['alsoSeen'], ['fat16']);
  assert.equal(map.raw?.code, 'unsupported');
  assert.deepEqual(map.used.toPairs(), [[0, bytes.length]]);
});

test('two file systems in one region: neither is believed, both are named', async () => {
  const { bytes } = fat();
  btrfsMagic.copy(bytes, 0x10040);
  const { info, map } = await probeRegion(memoryReader(bytes), { trustBitmap: true });
  assert.equal(info.kind, 'fat16');
  assert.deepEqual(info.details?.['alsoSeen'], ['btrfs']);
  assert.equal(map.raw?.code, 'inconsistent');
  assert.match(map.raw.reason, /looks like FAT16 and Btrfs/);
  assert.deepEqual(map.used.toPairs(), [[0, bytes.length]]);
});

test('of a disc with ISO 9660 and UDF all is used where one of them does not add up', async () => {
  const bytes = Buffer.alloc(1 << 20);
  isoVolume.copy(bytes, 0x8000);
  bytes.write('\0NSR02\x01', 0x8800, 'latin1');
  const { info, map } = await probeRegion(memoryReader(bytes));
  assert.equal(info.kind, 'udf');
  assert.deepEqual(info.details?.['alsoSeen'], ['iso9660']);
  assert.equal(map.raw?.code, 'inconsistent');
  assert.deepEqual(map.used.toPairs(), [[0, bytes.length]]);
});

test('a backup of a structure does not disturb what is recognised', async () => {
  const { bytes } = fat();
  Buffer.from('SKUL\xba\xbe\0\x02', 'latin1').copy(bytes, 0x20000);
  const { info, map } = await probeRegion(memoryReader(bytes));
  assert.equal(info.kind, 'fat16');
  assert.equal(map.raw, undefined);
});

test('zeros at both ends are called empty, noise unknown; all of both is used', async () => {
  const bytes = Buffer.alloc(4 << 20);
  const empty = await probeRegion(memoryReader(bytes));
  assert.equal(empty.info.kind, 'empty');
  assert.equal(empty.map.raw?.code, 'unknown-content');
  assert.deepEqual(empty.map.used.toPairs(), [[0, bytes.length]]);
  bytes[bytes.length - 1] = 1;
  const unknown = await probeRegion(memoryReader(bytes));
  assert.equal(unknown.info.kind, 'unknown');
  assert.deepEqual(unknown.map.used.toPairs(), [[0, bytes.length]]);
});

test('a region of any small size is answered', async () => {
  for (const size of [0, 1, 511, 512, 513, 1024, 4096, 5000, 65536 + 7]) {
    const { map } = await probeRegion(memoryReader(Buffer.alloc(size, 0xff)));
    assert.deepEqual(map.used.toPairs(), size === 0 ? [] : [[0, size]]);
  }
});

test('a glance names the same as a probe', async () => {
  for (const fixture of fixtures.filter(({ sizeBytes }) => sizeBytes <= 32 << 20)) {
    const reader = memoryReader(encodeRegion(fixture));
    assert.deepEqual(await identifyRegion(reader), (await probeRegion(reader)).info);
  }
});

test('a cancel is prompt', async () => {
  const signal = AbortSignal.abort();
  const reader = memoryReader(fat().bytes);
  for (const ask of [probeRegion(reader, { signal }), identifyRegion(reader, signal)])
    await assert.rejects(ask, (error) => isPermafrostError(error, 'job/cancelled'));
});
