import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeLog,
  encodeXfs,
  modelUuid,
  reservedBlocks,
  seal,
  type LogModel,
  type XfsModel,
} from '../../../../test/filesystem/support-xfs-model.ts';
import { invalidStructure, mapBytes, probeBytes } from '../../../../test/filesystem/support-map.ts';
import { memoryReader } from '../../base/block-reader.ts';
import { Extents } from '../../base/extents.ts';
import { isPermafrostError } from '../../base/errors.ts';
import { probeXfs } from './xfs.ts';

const free: XfsModel['free'] = [
  [
    [110, 3],
    [120, 1],
    [130, 20],
    [200, 56],
  ],
  [
    [41, 1],
    [43, 7],
    [60, 1],
  ],
];

/** What should be used, in bytes: everything that the model does not list as free. */
function expected(model: XfsModel, sizeBytes: number): Extents {
  const { blockSize = 4096, agBlocks = 256 } = model;
  return Extents.fromPairs(
    model.free.flatMap((list, ag) =>
      list.map(([s, n]) => [(ag * agBlocks + s) * blockSize, n * blockSize] as const),
    ),
  ).complement(sizeBytes);
}

const layouts: Record<string, XfsModel> = {
  'version 5': { free, lastAgBlocks: 80 },
  'version 4': { version: 4, free, lastAgBlocks: 80 },
  'trees of several levels': { free, recordsPerBlock: 2 },
  'version 4 trees of several levels': { version: 4, free, recordsPerBlock: 2 },
  'blocks of 512 bytes': { free, blockSize: 512, logBlocks: 66 },
  'blocks of 64 KiB': { free, blockSize: 65536, logBlocks: 40 },
  'sectors of 4096 bytes': { free, sectorSize: 4096 },
  'sectors of 4096 bytes in blocks of 16 KiB': { free, sectorSize: 4096, blockSize: 16384 },
  'a group without free space': { free: [free[0]!, [], free[1]!] },
};
for (const [name, model] of Object.entries(layouts)) {
  test(`finds everything used that no tree calls free: ${name}`, async () => {
    const bytes = encodeXfs(model);
    const { raw, used } = await mapBytes(probeXfs, bytes);
    assert.equal(raw, undefined);
    assert.deepEqual(used.toPairs(), expected(model, bytes.length).toPairs());
  });
}

test('names label, UUID, size and state', async () => {
  const bytes = encodeXfs({ free });
  const { info } = await probeBytes(probeXfs, Buffer.concat([bytes, Buffer.alloc(12345)]));
  assert.equal(info.label, 'model');
  assert.equal(info.uuid, modelUuid);
  assert.equal(info.sizeBytes, bytes.length);
  assert.equal(info.blockSize, 4096);
  assert.equal(info.state, 'clean');
});

test('is not found where its magic is not', async () => {
  assert.equal(await probeXfs(memoryReader(new Uint8Array(4096))), undefined);
  assert.equal(await probeXfs(memoryReader(new Uint8Array(100))), undefined);
});

test('refuses to be cut short, by one byte', async () => {
  const bytes = encodeXfs({ free });
  await assert.rejects(
    probeBytes(probeXfs, bytes.subarray(0, bytes.length - 1)),
    invalidStructure(/do not fit/),
  );
});

/** Word offsets in the superblock whose change must be noticed, and by what. */
const superblockDamage: Record<string, [offset: number, value: number, problem: RegExp]> = {
  'a block size that is no power of two': [4, 4095, /block size/],
  'a block size of 2^31': [4, 2 ** 31, /block size/],
  'no blocks': [12, 0, /do not make/],
  '2^52 blocks': [8, 2 ** 20, /do not make/],
  'groups of no blocks': [84, 0, /size of 0 blocks/],
  'groups of 2^32-1 blocks': [84, 0xffffffff, /size of 4294967295 blocks/],
  'groups of another size': [84, 255, /do not make/],
  'another number of groups': [88, 3, /do not make/],
  'no groups': [88, 0, /do not make/],
};
for (const [name, [offset, value, problem]] of Object.entries(superblockDamage)) {
  test(`refuses a superblock with ${name}`, async () => {
    const bytes = encodeXfs({ free, version: 4 });
    bytes.writeUInt32BE(value, offset);
    await assert.rejects(probeBytes(probeXfs, bytes), invalidStructure(problem));
  });
}

test('refuses any structure of version 5 with a flipped bit', async () => {
  const model: XfsModel = { free, recordsPerBlock: 2 };
  const places = { superblock: 12 * 8, AGF: 512 + 100, AGFL: 3 * 512 + 200 };
  for (const [name, at] of Object.entries(places)) {
    const bytes = encodeXfs(model);
    bytes[at]! ^= 1;
    await assert.rejects(async () => mapBytes(probeXfs, bytes), invalidStructure(/checksum/), name);
  }
  // Blocks 1 to 6 of each group are those of its two trees (two leaves and a root each).
  for (let block = 1; block <= 6; block++) {
    const bytes = encodeXfs(model);
    bytes[block * 4096 + 4000]! ^= 1;
    await assert.rejects(mapBytes(probeXfs, bytes), invalidStructure(/checksum/), `tree block ${block}`);
  }
});

test('refuses tree blocks of version 5 that were written for another place, group or file system', async () => {
  for (const [offset, problem] of [
    [16 + 7, /another place/],
    [32, /another file system/],
    [51, /belongs to group/],
  ] as const) {
    const bytes = encodeXfs({ free });
    bytes[4096 + offset]! ^= 1;
    seal(bytes, 4096, 4096, 52);
    await assert.rejects(mapBytes(probeXfs, bytes), invalidStructure(problem));
  }
});

/** Changes of a model whose trees then do not add up. */
const treeDamage: Record<
  string,
  [change: (bytes: Buffer) => void, problem: RegExp, model?: Partial<XfsModel>]
> = {
  'a free extent in one tree alone': [
    () => undefined,
    /do not have the same extents/,
    { freeBySize: [free[0]!, free[1]!.slice(1)] },
  ],
  'a free extent that is longer in one tree': [
    () => undefined,
    /disagree about block 43/,
    {
      freeBySize: [
        free[0]!,
        [
          [41, 1],
          [43, 8],
          [60, 1],
        ],
      ],
    },
  ],
  'a sum that is not that of its header': [(b) => b.writeUInt32BE(81, 512 + 52), /80 by its tree/],
  'another longest extent': [(b) => b.writeUInt32BE(57, 512 + 56), /longest/],
  'a record of no blocks': [(b) => b.writeUInt32BE(0, 4096 + 16 + 4), /0 blocks at 110/],
  'a record beyond the group': [(b) => b.writeUInt32BE(57, 4096 + 16 + 3 * 8 + 4), /lies outside/],
  'records out of order': [(b) => b.writeUInt32BE(109, 4096 + 16 + 8), /out of order/],
  'a root outside': [(b) => b.writeUInt32BE(256, 512 + 16), /outside the group/],
  'too many levels': [(b) => b.writeUInt32BE(10, 512 + 28), /10 levels/],
  'no levels': [(b) => b.writeUInt32BE(0, 512 + 28), /0 levels/],
  'one level too many': [(b) => b.writeUInt32BE(2, 512 + 28), /at level 0/],
  'too many records in a block': [(b) => b.writeUInt16BE(511, 4096 + 6), /511 records/],
  'a tree in the place of the other': [(b) => b.writeUInt32BE(2, 512 + 16), /no magic/],
  'the header of another group': [(b) => b.writeUInt32BE(1, 512 + 8), /that of group 1/],
  'a group of another size': [(b) => b.writeUInt32BE(255, 512 + 12), /255 blocks/],
  'a block set aside that lies outside': [(b) => b.writeUInt32BE(256, 3 * 512 + 2 * 4), /lies outside/],
  'a block set aside that is free': [(b) => b.writeUInt32BE(110, 3 * 512 + 2 * 4), /called free/],
  'free headers': [() => undefined, /headers are called free/, { free: [[[0, 1]], []] }],
  'free tree blocks': [() => undefined, /trees are called free/, { free: [[[2, 1]], []] }],
  'a free log': [() => undefined, /log are called free/, { free: [[[103, 1]], []] }],
};
for (const [name, [change, problem, model]] of Object.entries(treeDamage)) {
  test(`refuses trees with ${name}`, async () => {
    const bytes = encodeXfs({ free, version: 4, ...model });
    change(bytes);
    await assert.rejects(mapBytes(probeXfs, bytes), invalidStructure(problem));
  });
}

test('ends on a tree whose block points to itself or twice to another', async () => {
  const model: XfsModel = { version: 4, free: [free[0]!, []], recordsPerBlock: 2 };
  const pointers = 16 + 8 * Math.floor((4096 - 16) / 12);
  const rootBlock = encodeXfs(model).readUInt32BE(512 + 16);
  const twice = encodeXfs(model);
  twice.copy(
    twice,
    rootBlock * 4096 + pointers + 4,
    rootBlock * 4096 + pointers,
    rootBlock * 4096 + pointers + 4,
  );
  await assert.rejects(mapBytes(probeXfs, twice), invalidStructure(/out of order/));
  const itself = encodeXfs(model);
  itself.writeUInt32BE(rootBlock, rootBlock * 4096 + pointers);
  await assert.rejects(mapBytes(probeXfs, itself), invalidStructure(/at level 1 where 0/));
});

test('takes the whole region where groups and superblock count free blocks differently', async () => {
  const bytes = encodeXfs({ free, version: 4 });
  bytes.writeUInt32BE(bytes.readUInt32BE(148) + 1, 148);
  const { raw, used } = await mapBytes(probeXfs, bytes);
  assert.equal(raw?.code, 'inconsistent');
  assert.equal(used.totalBytes, bytes.length);
  assert.equal(raw.trustedBytes, expected({ free }, bytes.length).totalBytes);
});

test('counts tree blocks as free only where the superblock does', async () => {
  const bytes = encodeXfs({ free, version: 4, recordsPerBlock: 2 });
  // Group 0 has two trees of a root and two leaves, group 1 two as well: 8 blocks besides roots.
  bytes.writeUInt32BE(0x88, 200);
  bytes.writeUInt32BE(0x88, 204);
  assert.equal((await mapBytes(probeXfs, bytes)).raw?.code, 'inconsistent');
  bytes.writeUInt32BE(bytes.readUInt32BE(148) - 8, 148);
  assert.equal((await mapBytes(probeXfs, bytes)).raw, undefined);
});

const words: Record<string, [offset: number, set: number, reason: RegExp, version?: 4]> = {
  'an unknown incompatible bit': [216, 0x800, /unknown incompatible features 0x800/],
  'the highest incompatible bit': [216, 0x80000000, /unknown incompatible features 0x80000000/],
  'an unknown read-only compatible bit': [212, 0x10, /unknown read-only compatible features 0x10/],
  'an unknown log bit': [220, 0x2, /unknown log features 0x2/],
  'an unknown bit of the second word': [200, 0x400, /unknown version features 0x400/, 4],
  zones: [216, 0x200, /zoned/],
  'the shared bit': [100, 0x02000000, /shared/, 4],
  'real-time blocks': [20, 1, /real-time/],
  'real-time extents': [24, 1, /real-time/],
};
for (const [name, [offset, set, reason, version]] of Object.entries(words)) {
  test(`takes the whole region for a file system with ${name}`, async () => {
    const bytes = encodeXfs({ free, ...(version === undefined ? {} : { version }) });
    bytes.writeUInt32BE((bytes.readUInt32BE(offset) | set) >>> 0, offset);
    if (version === undefined) seal(bytes, 0, 512, 224);
    const { raw, used } = await mapBytes(probeXfs, bytes, { trustBitmap: true });
    assert.equal(raw?.code, 'feature');
    assert.match(raw.reason, reason);
    assert.deepEqual(used.toPairs(), [[0, bytes.length]]);
  });
}

test('knows every feature up to parent pointers and metadata directories', async () => {
  const bytes = encodeXfs({ free });
  bytes.writeUInt32BE(0x1ef & ~0x4, 216);
  seal(bytes, 0, 512, 224);
  assert.equal((await mapBytes(probeXfs, bytes)).raw, undefined);
  const names = (await probeBytes(probeXfs, bytes)).info.details!['features'] as readonly string[];
  for (const name of [
    'reflink',
    'rmapbt',
    'inobtcount',
    'bigtime',
    'nrext64',
    'exchange',
    'parent',
    'metadir',
  ])
    assert.ok(names.includes(name), name);
});

test('reads metadata by its own UUID where the superblock has two', async () => {
  const bytes = encodeXfs({ free });
  bytes.copy(bytes, 248, 32, 48);
  bytes.writeUInt32BE(bytes.readUInt32BE(216) | 0x4, 216);
  bytes[32]! ^= 0xff;
  // The log carries the one that people see.
  bytes[reservedBlocks * 4096 + 304]! ^= 0xff;
  seal(bytes, 0, 512, 224);
  assert.equal((await mapBytes(probeXfs, bytes)).raw, undefined);
});

test('takes the whole region where a repair was not finished, trusted or not', async () => {
  const bytes = encodeXfs({ free });
  bytes.writeUInt32BE(bytes.readUInt32BE(216) | 0x10, 216);
  seal(bytes, 0, 512, 224);
  const { raw } = await mapBytes(probeXfs, bytes);
  assert.equal(raw?.code, 'error-state');
  assert.match(raw.remedy!, /xfs_repair/);
  const trusted = await mapBytes(probeXfs, bytes, { trustBitmap: true });
  assert.equal(trusted.raw?.code, 'error-state');
});

test('takes the whole region where mkfs was interrupted', async () => {
  const bytes = encodeXfs({ free, version: 4 });
  bytes[126] = 1;
  assert.equal((await mapBytes(probeXfs, bytes)).raw?.code, 'inconsistent');
});

test('takes the whole region for an external log, for it may hold changes', async () => {
  const { raw } = await mapBytes(probeXfs, encodeXfs({ free, logBlocks: 0 }));
  assert.match(raw!.reason, /log is on another device/);
});

const logBytes = 64 * 4096;
const logBlockCount = logBytes / 512;
const cleanLogs: Record<string, LogModel> = {
  'new from mkfs': { head: 2, cycle: 1 },
  'in its first round': { head: 300, cycle: 1 },
  'in a later round': { head: 300, cycle: 77 },
  'whose head is at its very end': { head: logBlockCount, cycle: 9 },
  'whose last record ends with its first block': { head: 1, cycle: 9 },
  'whose last record wraps inside its data': { head: 5, cycle: 9, dataBlocks: 10 },
  'whose head is one before its end': { head: logBlockCount - 1, cycle: 9 },
  'with a padded record': { head: 200, cycle: 3, dataBlocks: 64 },
};
for (const [name, log] of Object.entries(cleanLogs)) {
  test(`takes a log for clean ${name}`, async () => {
    assert.equal((await probeBytes(probeXfs, encodeXfs({ free, log }))).info.state, 'clean');
  });
}

/** Damage to a clean log with its head at 300 and its last record at 298. */
const dirtyLogs: Record<string, (log: Buffer) => void> = {
  'its last record is no unmount': (log) => encodeLog(log, { head: 300, cycle: 7, last: 'other' }),
  'blocks follow the unmount record': (log) => log.writeUInt32BE(7, 300 * 512),
  'a hole lies before the unmount record': (log) => log.writeUInt32BE(6, 200 * 512),
  'newer blocks lie after its head': (log) => log.writeUInt32BE(7, 310 * 512),
  'the unmount record has several operations': (log) => log.writeUInt32BE(2, 298 * 512 + 40),
  'the unmount record is of another place': (log) => log.writeUInt32BE(297, 298 * 512 + 20),
  'the unmount record is of another file system': (log) => log.writeUInt32BE(0, 298 * 512 + 304),
  'the unmount record is longer than what is there': (log) => log.writeUInt32BE(1024, 298 * 512 + 12),
  'the unmount record claims 4 GiB': (log) => log.writeUInt32BE(0xffffffff, 298 * 512 + 12),
  'the unmount record is of an unknown version': (log) => log.writeUInt32BE(3, 298 * 512 + 8),
  'no record can be found': (log) => log.writeUInt32BE(7, 298 * 512),
  'it is zeroed': (log) => log.fill(0),
  'its stamps are noise': (log) => {
    for (let at = 0; at < log.length; at += 512) log.writeUInt32BE((at * 2654435761) >>> 0, at);
  },
  'its rounds are two apart': (log) => {
    for (let block = 300; block < logBlockCount; block++) log.writeUInt32BE(5, block * 512);
  },
};
for (const [name, damage] of Object.entries(dirtyLogs)) {
  test(`takes the whole region for a log where ${name}`, async () => {
    const bytes = encodeXfs({ free, log: { head: 300, cycle: 7 } });
    assert.equal((await probeBytes(probeXfs, bytes)).info.state, 'clean');
    damage(bytes.subarray(reservedBlocks * 4096, reservedBlocks * 4096 + logBytes));
    assert.equal((await probeBytes(probeXfs, bytes)).info.state, 'dirty');
    const { raw, used } = await mapBytes(probeXfs, bytes);
    assert.equal(raw?.code, 'dirty');
    assert.ok(raw.remedy);
    assert.deepEqual(used.toPairs(), [[0, bytes.length]]);
    assert.equal(raw.trustedBytes, expected({ free }, bytes.length).totalBytes);
    const trusted = await mapBytes(probeXfs, bytes, { trustBitmap: true });
    assert.equal(trusted.raw, undefined);
    assert.equal(trusted.overridden?.code, 'dirty');
    assert.equal(trusted.used.totalBytes, raw.trustedBytes);
  });
}

test('takes a log for clean that a tool formatted, with blocks that were never written', async () => {
  const bytes = encodeXfs({ free, log: { head: 2, cycle: 5 } });
  const log = bytes.subarray(reservedBlocks * 4096, reservedBlocks * 4096 + logBytes);
  log.fill(0, 2 * 512, 300 * 512);
  assert.equal((await probeBytes(probeXfs, bytes)).info.state, 'clean');
  // A newer record behind the hole was lost by nobody but a crash.
  log.writeUInt32BE(5, 100 * 512);
  assert.equal((await probeBytes(probeXfs, bytes)).info.state, 'dirty');
});

test('has no size to trust where a dirty file system has trees that do not add up', async () => {
  const bytes = encodeXfs({ free, log: { head: 300, cycle: 7, last: 'other' } });
  bytes[4096 + 100]! ^= 1;
  const { raw } = await mapBytes(probeXfs, bytes, { trustBitmap: true });
  assert.equal(raw?.code, 'dirty');
  assert.equal(raw.trustedBytes, undefined);
});

test('refuses a log outside of its group', async () => {
  const bytes = encodeXfs({ free, version: 4 });
  bytes.writeUInt32BE(250, 52);
  const found = await probeBytes(probeXfs, bytes);
  assert.equal(found.info.state, 'unknown');
  await assert.rejects(found.mapUsed!({}), invalidStructure(/its log of 64 blocks at 250 lies outside/));
});

test('stops when it is cancelled', async () => {
  const found = await probeBytes(probeXfs, encodeXfs({ free }));
  await assert.rejects(found.mapUsed!({ signal: AbortSignal.abort() }), (error) =>
    isPermafrostError(error, 'job/cancelled'),
  );
});
