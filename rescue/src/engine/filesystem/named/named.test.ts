import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeBitlocker,
  encodeMd1,
  encodeRegion,
  encodeZfs,
  type NamedRegion,
} from '../../../../test/filesystem/support-named-encoders.ts';
import { fixtures, models } from '../../../../test/filesystem/support-named-model.ts';
import { memoryReader, type BlockReader } from '../../base/block-reader.ts';
import { PermafrostError } from '../../base/errors.ts';
import { identifyRegion, probeRegion } from '../probe-region.ts';

/** A region of zeros with the pieces in it, however large. */
function sparseReader(region: NamedRegion): BlockReader {
  return {
    name: region.what,
    sizeBytes: region.sizeBytes,
    sectorSize: 512,
    read(offset, length) {
      const bytes = new Uint8Array(length);
      for (const [at, piece] of region.pieces) {
        const from = Math.max(at, offset);
        const to = Math.min(at + piece.length, offset + length);
        if (from < to) bytes.set(piece.subarray(from - at, to - at), from - offset);
      }
      return Promise.resolve(bytes);
    },
  };
}

for (const region of [...fixtures, ...models]) {
  test(`${region.kind} by ${region.what} is named and raw`, async () => {
    const { info, map } = await probeRegion(sparseReader(region));
    assert.equal(info.kind, region.kind);
    assert.equal(info.label, region.label);
    assert.equal(info.uuid, region.uuid);
    assert.equal(map.raw?.code, 'unsupported');
    assert.deepEqual(map.used.toPairs(), [[0, region.sizeBytes]]);
  });

  test(`${region.kind} by ${region.what} is not seen in a region that ends before it`, async () => {
    const [offset] = region.pieces[0]!;
    const whole = encodeRegion({ ...region, sizeBytes: offset + 48 });
    const { kind } = await identifyRegion(memoryReader(whole.subarray(0, offset)));
    assert.ok(kind === 'unknown' || kind === 'empty', kind);
    // What ends within it may be seen or not.
    for (const length of [offset + 1, offset + 40])
      await identifyRegion(memoryReader(whole.subarray(0, length)));
  });
}

test('md: level and members are shown', async () => {
  const { details } = await identifyRegion(sparseReader(encodeMd1(2, 16 * 1024 * 1024)));
  assert.deepEqual(details, { version: '1.2', level: 1, members: 2 });
});

test('md 1.0: the superblock of the whole disk at the end of its last partition is not the partition’s', async () => {
  const disk = encodeMd1(0, 16 * 1024 * 1024);
  const bytes = encodeRegion(disk);
  assert.equal((await identifyRegion(memoryReader(bytes))).kind, 'md');
  assert.equal((await identifyRegion(memoryReader(bytes.subarray(1024 * 1024)))).kind, 'unknown');
});

test('BitLocker: the kinds of its key protectors are shown', async () => {
  const all = [0x0000, 0x0100, 0x0200, 0x0500, 0x0800, 0x2000, 0x7777];
  const { details } = await identifyRegion(sparseReader(encodeBitlocker(false, all)));
  assert.deepEqual(details, {
    toGo: false,
    protectors: [
      'clear key (suspended)',
      'TPM',
      'startup key',
      'TPM and PIN',
      'recovery password',
      'password',
      'unknown (0x7777)',
    ],
    encryption: 'AES-128-XTS',
    description: 'PC C: 01/01/2026',
  });
});

test('BitLocker: the second copy of the metadata serves where the first is gone or cannot be read', async () => {
  const region = encodeBitlocker(true, [0x2000]);
  const gone = { ...region, pieces: region.pieces.filter((_, i) => i !== 1) };
  assert.deepEqual((await identifyRegion(sparseReader(gone))).details?.['protectors'], ['password']);
  const reader = sparseReader(region);
  const [first] = region.pieces[1]!;
  const failing: BlockReader = {
    ...reader,
    read(offset, length) {
      if (offset > first || offset + length <= first) return reader.read(offset, length);
      const details = { path: 'x', syscall: 'read', errno: 'EIO', offset, length };
      return Promise.reject(new PermafrostError('device/read-failed', details));
    },
  };
  assert.deepEqual((await identifyRegion(failing)).details?.['protectors'], ['password']);
});

test('BitLocker: without any metadata it is still named', async () => {
  const region = encodeBitlocker(false, []);
  const info = await identifyRegion(sparseReader({ ...region, pieces: region.pieces.slice(0, 1) }));
  assert.equal(info.kind, 'bitlocker');
  assert.equal(info.uuid, undefined);
});

test('ZFS: labels at the end alone name a region only if nothing else does', async () => {
  const region = encodeZfs([2, 3]);
  assert.equal((await identifyRegion(sparseReader(region))).kind, 'zfs');
  const withXfs = {
    ...region,
    pieces: [...region.pieces, [0, Buffer.from('hsqs'.padEnd(28, '\0') + '\x04')] as const],
  };
  assert.equal((await identifyRegion(sparseReader(withXfs))).kind, 'squashfs');
});

test('ZFS: a label without an uberblock is not enough', async () => {
  const region = encodeZfs([0, 1, 2, 3]);
  const pieces = region.pieces.map(([at, label]) => [at, label.subarray(0, 128 * 1024)] as const);
  assert.equal((await identifyRegion(sparseReader({ ...region, pieces }))).kind, 'unknown');
});

test('HFS+ in a wrapper of HFS is named HFS+ and kept whole', async () => {
  const block = Buffer.alloc(512);
  block.write('BD', 'latin1');
  block.writeUInt16BE(100, 18);
  block.writeUInt32BE(4096, 20);
  block.write('H+', 124, 'latin1');
  const { info, map } = await probeRegion(
    sparseReader({ kind: 'hfsplus', what: 'a wrapper', sizeBytes: 1024 * 1024, pieces: [[1024, block]] }),
  );
  assert.equal(info.kind, 'hfsplus');
  assert.equal(info.details?.['wrapped'], true);
  assert.equal(map.raw?.code, 'unsupported');
  assert.match(map.raw.reason, /HFS\+ inside a wrapper/);
  assert.deepEqual(map.used.toPairs(), [[0, 1024 * 1024]]);
});

test('APFS: without the volumes that its object map leads to it is still named', async () => {
  const region = fixtures.find(({ kind }) => kind === 'apfs')!;
  for (let gone = 1; gone < region.pieces.length; gone++) {
    const pieces = region.pieces.filter((_, i) => i !== gone);
    const info = await identifyRegion(sparseReader({ ...region, pieces }));
    assert.equal(info.kind, 'apfs');
    assert.equal(info.uuid, region.uuid);
    assert.equal(info.label, undefined);
  }
});

test('APFS: all of its volumes are shown, and a tree of nodes that lead to themselves ends', async () => {
  const region = fixtures.find(({ kind }) => kind === 'apfs')!;
  const [container, map, tree, volume] = region.pieces.map(([, bytes]) => Buffer.from(bytes));
  // A second volume, found by the same map.
  container!.writeBigUInt64LE(1030n, 184 + 8);
  tree!.writeUInt32LE(2, 36);
  tree!.writeUInt16LE(16, 56 + 4);
  tree!.writeUInt16LE(32, 56 + 6);
  const keys = 56 + tree!.readUInt16LE(42);
  tree!.writeBigUInt64LE(1030n, keys + 16);
  tree!.writeBigUInt64LE(20003n, 4096 - 40 - 32 + 8);
  const second = Buffer.from(volume!);
  second.fill(0, 704, 960).write('Data', 704);
  const at = (block: number, bytes: Buffer): [number, Buffer] => [block * 4096, bytes];
  const pieces = [
    at(0, container!),
    at(20000, map!),
    at(20001, tree!),
    at(20002, volume!),
    at(20003, second),
  ];
  const info = await identifyRegion(sparseReader({ ...region, pieces }));
  assert.equal(info.label, 'Größe');
  assert.deepEqual(info.details?.['volumes'], ['Größe', 'Data']);

  // No leaf, and the child is the node itself.
  tree!.writeUInt16LE(5, 32);
  tree!.writeBigUInt64LE(20001n, 4096 - 40 - 16);
  tree!.writeBigUInt64LE(20001n, 4096 - 40 - 32);
  assert.equal((await identifyRegion(sparseReader({ ...region, pieces }))).label, undefined);
});

/** Bytes that begin like something and are not. */
const lookAlikes: readonly [string, number, Buffer][] = [
  [
    'an LVM label of another sector',
    512,
    Buffer.from('LABELONE\x02'.padEnd(24, '\0') + 'LVM2 001', 'latin1'),
  ],
  ['LUKS of an unknown version', 0, Buffer.from('LUKS\xba\xbe\0\x03', 'latin1')],
  ['two bytes of NILFS2', 1024, Buffer.from('\0\0\0\0\0\0\x34\x34\x18\x01', 'latin1')],
  ['two bytes of Minix', 1024, Buffer.from('\0'.repeat(16) + '\x7f\x13', 'latin1')],
  ['two bytes of HFS', 1024, Buffer.from('BD', 'latin1')],
  ['SquashFS of an unknown version', 0, Buffer.from('hsqs'.padEnd(28, '\0') + '\x05', 'latin1')],
  ['BitLocker To Go’s OEM name alone', 0, Buffer.from('\xeb\x58\x90MSWIN4.1', 'latin1')],
  ['half of ZFS', 16 * 1024, Buffer.from([1, 1])],
];
for (const [what, offset, bytes] of lookAlikes) {
  test(`${what} is nothing known`, async () => {
    const region = { kind: 'unknown', what, sizeBytes: 4 << 20, pieces: [[offset, bytes]] } as const;
    assert.equal((await identifyRegion(sparseReader(region))).kind, 'unknown');
  });
}
