import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeBtrfs,
  modelChunks,
  modelUuid,
  superblockAt,
  type BtrfsModel,
} from '../../../../test/filesystem/support-btrfs-model.ts';
import { invalidStructure, mapBytes, probeBytes } from '../../../../test/filesystem/support-map.ts';
import { memoryReader, type BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError, PermafrostError } from '../../base/errors.ts';
import { Extents } from '../../base/extents.ts';
import { probeBtrfs } from './btrfs.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Address of the data chunk. */
const DATA = modelChunks[2]!.logical;
const data: BtrfsModel['data'] = [
  [DATA, 4 * KIB],
  [DATA + 8 * KIB, 64 * KIB],
  [DATA + 100 * KIB, 4 * KIB],
  [DATA + 104 * KIB, 8 * KIB],
  [DATA + 508 * KIB, 4 * KIB],
];

const mixedChunks = [
  { logical: 16 * MIB, length: 64 * KIB, type: 2, copies: [MIB] },
  { logical: DATA - 512 * KIB, length: MIB, type: 5, copies: [2 * MIB] },
];
const layouts: Record<string, BtrfsModel> = {
  'single data, metadata in two copies': { data },
  'no data': {},
  'a high extent tree': { data, itemsPerBlock: 3 },
  'nodes of 64 KiB': {
    data,
    nodeSize: 65536,
    chunks: [{ ...modelChunks[0]!, length: 64 * KIB }, modelChunks[1]!, modelChunks[2]!],
  },
  'extent items for tree blocks': { data, skinny: false },
  'free space in extents': { data, freeSpace: 'extents' },
  'free space in bitmaps': { data, freeSpace: 'bitmap' },
  'a tree of block groups': { data, blockGroupTree: true, freeSpace: 'extents' },
  'data and metadata in the same block group': { data, chunks: mixedChunks, freeSpace: 'extents' },
  'RAID0 over one device': {
    data,
    chunks: [
      { ...mixedChunks[0]!, type: 2 | 8 },
      { ...mixedChunks[1]!, type: 5 | 8 },
    ],
  },
  XXH64: { data, checksum: 1 },
  'SHA-256': { data, checksum: 2 },
  BLAKE2b: { data, checksum: 3 },
  'a chunk over the start of the device': {
    data,
    chunks: [{ ...mixedChunks[0]!, copies: [0] }, mixedChunks[1]!],
  },
};
for (const [name, model] of Object.entries(layouts)) {
  test(`finds every extent at every place: ${name}`, async () => {
    const { bytes, used } = encodeBtrfs(model);
    const found = await mapBytes(probeBtrfs, bytes);
    assert.equal(found.raw, undefined);
    assert.deepEqual(found.used.toPairs(), Extents.fromPairs(used).toPairs());
  });
}

test('names label, UUID, size and state', async () => {
  const { bytes } = encodeBtrfs();
  const { info } = await probeBytes(probeBtrfs, Buffer.concat([bytes, Buffer.alloc(4321)]));
  assert.equal(info.label, 'model');
  assert.equal(info.uuid, modelUuid);
  assert.equal(info.sizeBytes, bytes.length);
  assert.equal(info.blockSize, 4096);
  assert.equal(info.state, 'clean');
  assert.equal(info.details!['checksum'], 'crc32c');
});

test('is not found where its magic is not', async () => {
  assert.equal(await probeBtrfs(memoryReader(new Uint8Array(128 * KIB))), undefined);
  assert.equal(await probeBtrfs(memoryReader(new Uint8Array(64 * KIB + 4095))), undefined);
});

test('uses both copies of the superblock on a device of more than 64 MiB', async () => {
  const { bytes } = encodeBtrfs({ deviceBytes: 64 * MIB + 4 * KIB });
  assert.ok((await mapBytes(probeBtrfs, bytes)).used.covers(64 * MIB, 4 * KIB));
  const cut = encodeBtrfs({ deviceBytes: 64 * MIB });
  assert.ok(!(await mapBytes(probeBtrfs, cut.bytes)).used.touches(64 * MIB, 4 * KIB));
});

test('refuses a superblock with any flipped bit, moved, or of a device cut short', async () => {
  const { bytes } = encodeBtrfs();
  for (const at of [32, 63, 200, 1000, 4095]) {
    const damaged = Buffer.from(bytes);
    damaged[superblockAt + at]! ^= 1;
    await assert.rejects(probeBytes(probeBtrfs, damaged), invalidStructure(/checksum/), `byte ${at}`);
  }
  await assert.rejects(
    probeBytes(probeBtrfs, bytes.subarray(0, bytes.length - 1)),
    invalidStructure(/do not fit/),
  );
});

const superblockDamage: Record<string, [change: (b: Buffer) => void, problem: RegExp]> = {
  'of another place': [(b) => b.writeUInt32LE(0x4000000, 48), /written for/],
  'with sectors of 512 bytes': [(b) => b.writeUInt32LE(512, 144), /sector size 512/],
  'with nodes of 128 KiB': [(b) => b.writeUInt32LE(131072, 148), /node size/],
  'with nodes smaller than sectors': [(b) => b.writeUInt32LE(2048, 148), /node size/],
  'with a tree of 9 levels': [(b) => b.writeUInt8(8, 198), /9 levels/],
  'with too many system chunks': [(b) => b.writeUInt32LE(2049, 160), /2049 bytes/],
  'with the device item of another file system': [(b) => b.writeUInt8(0, 201 + 82), /another file system/],
  'with an unknown checksum': [(b) => b.writeUInt16LE(4, 196), /unknown checksum 4/],
};
for (const [name, [change, problem]] of Object.entries(superblockDamage)) {
  test(`refuses a superblock ${name}`, async () => {
    const { bytes, editSuperblock } = encodeBtrfs();
    editSuperblock(change);
    await assert.rejects(probeBytes(probeBtrfs, bytes), invalidStructure(problem));
  });
}

/** Superblock changes that make it raw; the bits are set in addition. */
const rawSuperblocks: Record<string, [at: number, bits: bigint, code: string, reason: RegExp]> = {
  'an unknown incompatible bit': [188, 1n << 15n, 'feature', /unknown incompatible features 0x8000/],
  'the highest incompatible bit': [188, 1n << 63n, 'feature', /unknown incompatible/],
  'an unknown read-only compatible bit': [180, 1n << 4n, 'feature', /read-only compatible features 0x10/],
  zones: [188, 1n << 12n, 'feature', /zoned/],
  'extent tree v2': [188, 1n << 13n, 'feature', /extent tree v2/],
  'a RAID stripe tree': [188, 1n << 14n, 'feature', /RAID stripe tree/],
  'a remap tree': [188, 1n << 17n, 'feature', /remap tree/],
  'another device': [136, 2n, 'feature', /spans 3 devices/],
  'an unknown flag': [56, 1n << 60n, 'feature', /unknown superblock flags/],
  'a changing UUID': [56, 1n << 35n, 'inconsistent', /UUID/],
  'a metadata dump': [56, 1n << 33n, 'inconsistent', /metadata dump/],
  'a conversion to a block group tree': [56, 1n << 38n, 'inconsistent', /block-group-tree/],
};
for (const [name, [at, bits, code, reason]] of Object.entries(rawSuperblocks)) {
  test(`takes the whole region for a file system with ${name}`, async () => {
    const { bytes, editSuperblock } = encodeBtrfs({ data });
    editSuperblock((b) => b.writeBigUInt64LE(b.readBigUInt64LE(at) | bits, at));
    const { raw, used } = await mapBytes(probeBtrfs, bytes, { trustBitmap: true });
    assert.equal(raw?.code, code);
    assert.match(raw.reason, reason);
    assert.deepEqual(used.toPairs(), [[0, bytes.length]]);
  });
}

test('knows every feature that leaves the extent tree as it is', async () => {
  const { bytes, editSuperblock } = encodeBtrfs({ data });
  editSuperblock((b) => {
    b.writeBigUInt64LE(b.readBigUInt64LE(188) | 0x10bffn, 188);
    b.writeBigUInt64LE(1n << 2n, 180);
    b.writeBigUInt64LE(1n | (1n << 32n), 56);
  });
  assert.equal((await mapBytes(probeBtrfs, bytes)).raw, undefined);
});

for (const [name, at, bits, code] of [
  ['a log tree', 96, 4096n, 'dirty'],
  ['an error', 56, 4n, 'error-state'],
] as const) {
  test(`takes the whole region for a file system with ${name}, trusted or not, as the reason is`, async () => {
    const { bytes, used, editSuperblock } = encodeBtrfs({ data });
    editSuperblock((b) => b.writeBigUInt64LE(b.readBigUInt64LE(at) | bits, at));
    const found = await probeBytes(probeBtrfs, bytes);
    assert.equal(found.info.state, code === 'dirty' ? 'dirty' : 'clean');
    const { raw, used: all } = await found.mapUsed!({});
    assert.equal(raw?.code, code);
    assert.ok(raw.remedy);
    assert.deepEqual(all.toPairs(), [[0, bytes.length]]);
    assert.equal(raw.trustedBytes, Extents.fromPairs(used).totalBytes);
    const trusted = await found.mapUsed!({ trustBitmap: true });
    // Only an unclean shutdown can be overridden.
    assert.equal(trusted.overridden?.code, code === 'dirty' ? code : undefined);
    assert.equal(trusted.used.equals(Extents.fromPairs(used)), code === 'dirty');
  });
}

test('reads metadata by its own UUID where the superblock has two', async () => {
  const { bytes, editSuperblock } = encodeBtrfs({ data });
  editSuperblock((b) => {
    b.copy(b, 571, 32, 48);
    b.writeBigUInt64LE(b.readBigUInt64LE(188) | (1n << 10n), 188);
    b[32]! ^= 0xff;
  });
  const found = await probeBytes(probeBtrfs, bytes);
  assert.notEqual(found.info.uuid, modelUuid);
  assert.equal((await found.mapUsed!({})).raw, undefined);
});

test('reads tree blocks from their second copy where the first is damaged or unreadable', async () => {
  const { bytes, used, blocks } = encodeBtrfs({ data });
  const metadata = modelChunks[1]!;
  const first = metadata.copies[0]! + blocks.get(2)!.at(-1)! - metadata.logical;
  const memory = memoryReader(bytes);
  const failing: BlockReader = {
    ...memory,
    read: (offset, length) =>
      offset === first
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
  const found = await probeBtrfs(failing);
  assert.ok((await found!.mapUsed!({})).used.equals(Extents.fromPairs(used)));
  bytes[first + 50]! ^= 1;
  assert.ok((await mapBytes(probeBtrfs, bytes)).used.equals(Extents.fromPairs(used)));
  const second = metadata.copies[1]! + blocks.get(2)!.at(-1)! - metadata.logical;
  bytes[second + 50]! ^= 1;
  await assert.rejects(mapBytes(probeBtrfs, bytes), invalidStructure(/checksum/));
});

test('stops when it is cancelled', async () => {
  const found = await probeBytes(probeBtrfs, encodeBtrfs().bytes);
  await assert.rejects(found.mapUsed!({ signal: AbortSignal.abort() }), (error) =>
    isPermafrostError(error, 'job/cancelled'),
  );
});
