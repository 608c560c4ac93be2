import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bitmapBlock,
  BLOCK,
  encodeExt,
  JOURNAL_START,
  metadataOf,
  type ModelOptions,
} from '../../../../test/filesystem/support-ext-model.ts';
import {
  encodeJournal,
  encodeTransaction,
  type LogOptions,
  type Step,
} from '../../../../test/filesystem/support-ext-journal-model.ts';
import { memoryReader, type BlockReader } from '../../base/block-reader.ts';
import { PermafrostError } from '../../base/errors.ts';
import { ExtentsBuilder, type Extents } from '../../base/extents.ts';
import type { FileSystemInfo, MapOptions, RawCode, UsedMap } from '../file-system.ts';
import { probeExt } from './ext.ts';

async function info(options: ModelOptions): Promise<FileSystemInfo> {
  const fileSystem = await probeExt(memoryReader(encodeExt(options)));
  assert.ok(fileSystem !== undefined);
  return fileSystem.info;
}

async function mapBytes(bytes: Uint8Array, options: MapOptions = {}): Promise<UsedMap> {
  return mapReader(memoryReader(bytes), options);
}

async function mapReader(reader: BlockReader, options: MapOptions = {}): Promise<UsedMap> {
  const fileSystem = await probeExt(reader);
  assert.ok(fileSystem?.mapUsed !== undefined);
  return fileSystem.mapUsed(options);
}

/** The boot block, the metadata of both groups and `blocks`. */
function blocks(...used: readonly number[]): Extents {
  const builder = new ExtentsBuilder().add(0, BLOCK);
  for (const group of [0, 1]) {
    const [first, count] = metadataOf(group);
    builder.add(first * BLOCK, count * BLOCK);
  }
  for (const block of used) builder.add(block * BLOCK, BLOCK);
  return builder.finish();
}

async function assertRaw(bytes: Uint8Array, code: RawCode, about: RegExp): Promise<void> {
  const map = await mapBytes(bytes);
  assert.equal(map.raw?.code, code);
  assert.match(map.raw.reason, about);
  assert.deepEqual(map.used.toPairs(), [[0, bytes.length]]);
}

test('tells what the superblock says', async () => {
  const described = await info({
    compat: 0x8,
    superblock(fields) {
      for (const [i, byte] of Buffer.from('Familie').entries()) fields.setUint8(0x78 + i, byte);
      for (const [i, byte] of Buffer.from('/home').entries()) fields.setUint8(0x88 + i, byte);
    },
  });
  assert.deepEqual(described, {
    kind: 'ext2',
    label: 'Familie',
    uuid: '01112131-4151-6171-8191-a1b1c1d1e1f1',
    sizeBytes: 513 * 1024,
    blockSize: 1024,
    state: 'clean',
    details: {
      features: ['ext_attr'],
      superblockChecksumMatches: true,
      freeBytes: (512 - 12) * 1024,
      journal: 'none',
      needsRecovery: false,
      errorCount: 0,
      lastMounted: '/home',
    },
  });
});

for (const [kind, options] of [
  ['ext2', { incompat: 0x12, roCompat: 0x7 }],
  ['ext3', { compat: 0x4, incompat: 0x16, roCompat: 0x7 }],
  ['ext4', { compat: 0x4, incompat: 0x40 }],
  ['ext4', { roCompat: 0x8 }],
  ['ext-journal', { incompat: 0x8 }],
] as const satisfies readonly (readonly [string, ModelOptions])[])
  test(`calls ${JSON.stringify(options)} ${kind}`, async () => {
    assert.equal((await info(options)).kind, kind);
  });

test('a journal device is only named', async () => {
  const device = await probeExt(memoryReader(encodeExt({ incompat: 0x8 })));
  assert.equal(device?.info.state, 'unknown');
  assert.equal(device.mapUsed, undefined);
});

test('what is not ext is not claimed', async () => {
  assert.equal(await probeExt(memoryReader(new Uint8Array(4096))), undefined);
  assert.equal(await probeExt(memoryReader(encodeExt().subarray(0, 2047))), undefined);
  const set = (offset: number, value: number) => (fields: DataView) => fields.setUint32(offset, value, true);
  for (const superblock of [set(0x18, 7), set(0x4c, 2), set(0x04, 0)])
    assert.equal(await probeExt(memoryReader(encodeExt({ superblock }))), undefined);
});

test('the state is what the superblock says', async () => {
  const state = (value: number): ModelOptions => ({
    superblock: (fields) => fields.setUint16(0x3a, value, true),
  });
  assert.equal((await info(state(1))).state, 'clean');
  assert.equal((await info(state(0))).state, 'dirty');
  assert.equal((await info(state(3))).state, 'dirty');
  assert.equal((await info({ compat: 4, incompat: 4 })).state, 'dirty');
});

test('maps metadata and the blocks that are marked', async () => {
  const map = await mapBytes(encodeExt({ used: [50, 51, 300, 512] }));
  assert.deepEqual(map, { used: blocks(50, 51, 300, 512), warnings: [] });
});

test('maps a short last group', async () => {
  const map = await mapBytes(encodeExt({ blockCount: 300, used: [299] }));
  assert.deepEqual(map.used.toPairs(), blocks(299).toPairs());
});

test('does not read the bitmap of a group that was never used', async () => {
  const map = await mapBytes(encodeExt({ roCompat: 0x10, uninitialised: [1], used: [50] }));
  assert.deepEqual(map, { used: blocks(50), warnings: [] });
});

test('ignores the flag of such a group where flags are not in use', async () => {
  const descriptor = (fields: DataView): void => fields.setUint16(0x12, 2, true);
  const map = await mapBytes(encodeExt({ used: [300], descriptor }));
  assert.deepEqual(map, { used: blocks(300), warnings: [] });
});

test('metadata outside of the file system makes it raw', async () => {
  for (const [offset, value] of [
    [0x00, 513],
    [0x04, 0],
    [0x08, 512],
  ] as const) {
    const bytes = encodeExt({
      descriptor: (fields, group) => (group === 1 ? fields.setUint32(offset, value, true) : undefined),
    });
    await assertRaw(bytes, 'inconsistent', /group 1 has metadata outside/);
    const [, metadataCount] = metadataOf(0);
    const { raw } = await mapBytes(bytes);
    assert.equal(raw?.trustedBytes, (1 + metadataCount + 256) * BLOCK, 'the group is used as a whole');
  }
});

test('what a clean unmount guarantees is insisted on', async (t) => {
  const set16 = (offset: number, value: number) => (fields: DataView) =>
    fields.setUint16(offset, value, true);
  const cases: readonly (readonly [string, Uint8Array, RawCode, RegExp])[] = [
    ['valid', encodeExt({ superblock: set16(0x3a, 0) }), 'dirty', /not unmounted/],
    ['no errors', encodeExt({ superblock: set16(0x3a, 3) }), 'error-state', /recorded errors/],
    ['its length', encodeExt().subarray(0, 512 * BLOCK), 'inconsistent', /525312 bytes .* only 524288/],
    ['free blocks', encodeExt({ superblock: set16(0x0c, 9) }), 'inconsistent', /has 9 free .* groups 500/],
    ['an empty journal', encodeExt({ journal: encodeJournal({}, []) }), 'dirty', /journal is not empty/],
  ];
  for (const [what, bytes, code, about] of cases) await t.test(what, () => assertRaw(bytes, code, about));
});

const metadataKinds = [
  'a superblock copy',
  'descriptors',
  'a block bitmap',
  'an inode bitmap',
  'an inode table',
];
for (const [i, what] of metadataKinds.entries())
  test(`a bitmap that calls ${what} free makes it raw, but the metadata stays used`, async () => {
    const bytes = encodeExt({ used: [300] });
    // Block 257 + i is free and 329 is not, so that no count tells.
    bytes[bitmapBlock(1) * BLOCK]! ^= 1 << i;
    bytes[bitmapBlock(1) * BLOCK + 9]! ^= 0x01;
    await assertRaw(bytes, 'inconsistent', /call 1024 bytes of metadata free/);
    assert.equal((await mapBytes(bytes)).raw?.trustedBytes, blocks(300, 329).totalBytes);
  });

test('a wrong descriptor checksum makes it raw', async () => {
  const bytes = encodeExt({ roCompat: 0x10, uninitialised: [1] });
  bytes[2 * BLOCK + 32 + 0x10]! ^= 1;
  await assertRaw(bytes, 'inconsistent', /descriptor of group 1 does not match/);
});

test('a group that was never used must have all but its metadata free', async () => {
  const descriptor = (fields: DataView, group: number): void => {
    if (group === 1) fields.setUint16(0x0c, 249, true);
  };
  const bytes = encodeExt({ roCompat: 0x10, uninitialised: [1], descriptor });
  await assertRaw(bytes, 'inconsistent', /group 1 should have 250 free clusters, not 249/);
});

test('metadata that belongs to two groups makes it raw', async () => {
  const descriptor = (fields: DataView, group: number): void => {
    if (group === 1) fields.setUint32(0x04, bitmapBlock(0) + 1, true);
  };
  await assertRaw(encodeExt({ descriptor }), 'inconsistent', /1024 bytes are metadata of more than one/);
});

/** A reader that cannot read one block. */
function failing(bytes: Uint8Array, block: number): BlockReader {
  const memory = memoryReader(bytes);
  return {
    ...memory,
    read(offset, length) {
      if (offset < (block + 1) * BLOCK && offset + length > block * BLOCK)
        return Promise.reject(
          new PermafrostError('device/read-failed', {
            path: 'memory',
            syscall: 'read',
            errno: 'EIO',
            offset,
            length,
          }),
        );
      return memory.read(offset, length);
    },
  };
}

test('a group whose bitmap cannot be read is used as a whole, and only it', async () => {
  const bytes = encodeExt({ used: [50, 300] });
  const map = await mapReader(failing(bytes, bitmapBlock(1)));
  assert.equal(map.raw, undefined);
  assert.match(map.warnings.join(), /bitmaps of 1 block groups cannot be read/);
  const expected = blocks(50).union(new ExtentsBuilder().add(257 * BLOCK, 256 * BLOCK).finish());
  assert.deepEqual(map.used.toPairs(), expected.toPairs());
});

test('a bitmap that cannot be read does not take its neighbour with it', async () => {
  // Both bitmaps next to each other, as flex_bg has them: the second in place of the first inode bitmap.
  const bytes = encodeExt({
    used: [50, 300],
    descriptor: (fields, group) => {
      fields.setUint32(0x00, 3 + group, true);
      fields.setUint32(0x04, bitmapBlock(1) + group, true);
    },
  });
  bytes.copyWithin(4 * BLOCK, bitmapBlock(1) * BLOCK, (bitmapBlock(1) + 1) * BLOCK);
  assert.deepEqual(await mapBytes(bytes), { used: blocks(50, 300), warnings: [] });
  const map = await mapReader(failing(bytes, 3));
  assert.ok(map.used.covers(BLOCK, 256 * BLOCK));
  assert.ok(!map.used.touches(400 * BLOCK, BLOCK));
  assert.match(map.warnings.join(), /of 1 block groups/);
});

test('descriptors that cannot be read make it raw', async () => {
  const bytes = encodeExt();
  const map = await mapReader(failing(bytes, 2));
  assert.equal(map.raw?.code, 'unreadable');
  assert.deepEqual(map.used.toPairs(), [[0, bytes.length]]);
});

test('a map can be cancelled', async () => {
  await assert.rejects(mapBytes(encodeExt(), { signal: AbortSignal.abort() }), { code: 'job/cancelled' });
});

/** A file system with a journal whose log would change the bitmap of group 0 to have `after`, not `before`. */
function withLog(
  before: readonly number[],
  after: readonly number[],
  { log = {}, steps = [] }: { readonly log?: LogOptions; readonly steps?: readonly Step[] } = {},
  options: ModelOptions = {},
): Uint8Array {
  const empty = encodeJournal(log, []);
  const base: ModelOptions = { compat: 4, incompat: 4, ...options };
  const later = encodeExt({ ...base, journal: empty, used: after });
  const write = [2, bitmapBlock(0)].map((block) => ({
    block,
    content: later.slice(block * BLOCK, (block + 1) * BLOCK),
  }));
  const journal = encodeJournal(log, encodeTransaction(log, 1, [{ write }, ...steps]));
  return encodeExt({ ...base, journal, used: before });
}

const journalBlocks = Array.from({ length: 33 }, (_, i) => JOURNAL_START - 1 + i);

test('unites the bitmaps before and after a replay of the journal', async () => {
  const map = await mapBytes(withLog([100, 101], [101, 102]));
  assert.equal(map.raw, undefined);
  assert.deepEqual(map.used.toPairs(), blocks(...journalBlocks, 100, 101, 102).toPairs());
  assert.match(map.warnings.join(), /1 transactions/);
});

test('a replay that would leave bitmaps and counts apart makes it raw', async () => {
  const bytes = withLog([100, 101], [101, 102, 103], { steps: [{ revoke: [2] }] });
  await assertRaw(bytes, 'inconsistent', /bitmap of group 0 has \d+ free/);
  const { raw } = await mapBytes(bytes);
  assert.equal(raw?.trustedBytes, blocks(...journalBlocks, 100, 101, 102, 103).totalBytes);
});

test('the superblock in the journal counts, too', async () => {
  const content = encodeExt({
    compat: 4,
    incompat: 4,
    journal: encodeJournal({}, []),
    superblock: (fields) => fields.setUint16(0x3a, 3, true),
  }).slice(BLOCK, 2 * BLOCK);
  const superblock: Step = { write: [{ block: 1, content }] };
  await assertRaw(withLog([], [], { steps: [superblock] }), 'error-state', /recorded errors/);

  new DataView(content.buffer).setUint16(0x3a, 1, true);
  new DataView(content.buffer).setUint32(0x04, 500, true);
  await assertRaw(withLog([], [], { steps: [superblock] }), 'inconsistent', /not of this file system/);
});

test('a file system that grew while it was mounted is mapped in its new size', async () => {
  const small: ModelOptions = { compat: 4, incompat: 4, blockCount: 300, used: [299] };
  const grown = encodeExt({ ...small, blockCount: 513, journal: encodeJournal({}, []), used: [299, 500] });
  const write = [1, 2, bitmapBlock(1)].map((block) => ({
    block,
    content: grown.slice(block * BLOCK, (block + 1) * BLOCK),
  }));
  const bytes = new Uint8Array(513 * BLOCK);
  bytes.set(encodeExt({ ...small, journal: encodeJournal({}, encodeTransaction({}, 1, [{ write }])) }));
  const map = await mapBytes(bytes);
  assert.equal(map.raw, undefined);
  assert.deepEqual(map.used.toPairs(), blocks(...journalBlocks, 299, 500).toPairs());
  await assertRaw(bytes.subarray(0, 300 * BLOCK), 'inconsistent', /525312 bytes .* only 307200/);
});

test('a journal that was given up is believed', async () => {
  await assertRaw(withLog([], [], { log: { errorNumber: 5 } }), 'error-state', /error 5/);
});

test('a journal with features that are not known is not replayed', async () => {
  await assertRaw(withLog([], [], { log: { incompat: 0x40 } }), 'feature', /unknown features 0x40/);
  await assertRaw(withLog([], [], { log: { incompat: 0x20 } }), 'dirty', /fast commits/);
  await assertRaw(withLog([], [], {}, { compat: 0x404 }), 'dirty', /fast commits/);
});

test('a clean file system with an empty journal is just mapped', async () => {
  const bytes = encodeExt({ journal: encodeJournal({ startBlock: 0 }, []), used: [300] });
  assert.deepEqual(await mapBytes(bytes), { used: blocks(...journalBlocks, 300), warnings: [] });
});

test('a file system that needs a journal it does not have is raw', async () => {
  await assertRaw(encodeExt({ incompat: 4 }), 'inconsistent', /has no journal/);
});

test('a journal inode that is none makes it raw', async () => {
  for (const inode of [3, 33])
    await assertRaw(
      encodeExt({
        journal: encodeJournal({ startBlock: 0 }, []),
        superblock: (fields) => fields.setUint32(0xe0, inode, true),
      }),
      'inconsistent',
      new RegExp(`ext inode ${inode}`),
    );
});
