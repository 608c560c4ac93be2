import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeJournal,
  encodeTransaction,
  type LogOptions,
  type Step,
} from '../../../../test/filesystem/support-ext-journal-model.ts';
import { parseJournalSuperblock } from './jbd2.ts';
import { replayJournal, type Replay } from './journal-replay.ts';

const FILE_SYSTEM_BLOCKS = 2 ** 40;

async function replay(options: LogOptions, log: readonly Uint8Array[]): Promise<Replay> {
  return replayBlocks(encodeJournal(options, log));
}

/** Replays the blocks of a whole journal; fails if it reads more of them than a few rounds. */
async function replayBlocks(blocks: readonly Uint8Array[]): Promise<Replay> {
  let reads = 0;
  const replayed = await replayJournal({
    superblock: parseJournalSuperblock(blocks[0]!.subarray(0, 1024)),
    fileSystemBlocks: FILE_SYSTEM_BLOCKS,
    readBlock(number) {
      assert.ok(++reads <= 2 * blocks.length);
      return Promise.resolve(blocks[number]!);
    },
  });
  return replayed;
}

/** Which journal block each block comes from. */
function sources({ copies }: Replay): [number, number][] {
  return [...copies]
    .map(([block, copy]): [number, number] => [block, copy.journalBlock])
    .sort((a, b) => a[0] - b[0]);
}

const content = (fill: number): Uint8Array => new Uint8Array(1024).fill(fill);
const write = (...blocks: number[]): Step => ({
  write: blocks.map((block) => ({ block, content: content(block) })),
});
const revoke = (...blocks: number[]): Step => ({ revoke: blocks });

const formats: readonly LogOptions[] = (['none', 'transaction', 'v2', 'v3'] as const).flatMap((checksums) => [
  { checksums },
  { checksums, wide: true },
]);

for (const format of formats) {
  const name = `${format.checksums}${format.wide === true ? ', wide' : ''}`;
  const far = format.wide === true ? 2 ** 33 + 5 : 5;

  test(`takes the newest copy of each block from complete transactions (${name})`, async () => {
    const replayed = await replay(format, [
      ...encodeTransaction(format, 1, [write(far, 6, 7), write(8)]), // blocks 1 to 7
      ...encodeTransaction(format, 2, [write(6, 9)]), // blocks 8 to 11
    ]);
    assert.equal(replayed.transactions, 2);
    assert.deepEqual(sources(replayed), [
      ...(far === 5 ? ([[5, 2]] as [number, number][]) : []),
      [6, 9],
      [7, 4],
      [8, 6],
      [9, 10],
      ...(far === 5 ? [] : ([[far, 2]] as [number, number][])),
    ]);
  });

  test(`leaves out what was revoked in the same or a later transaction (${name})`, async () => {
    const replayed = await replay(format, [
      ...encodeTransaction(format, 1, [write(far, 6, 7)]),
      ...encodeTransaction(format, 2, [write(8), revoke(far, 6, 8)]),
      ...encodeTransaction(format, 3, [write(6)]), // descriptor 10, copy 11
    ]);
    assert.deepEqual(sources(replayed), [
      [6, 11],
      [7, 4],
    ]);
  });

  test(`marks copies that begin with the journal's own magic number (${name})`, async () => {
    const magic = content(1);
    new DataView(magic.buffer).setUint32(0, 0xc03b3998);
    const { copies } = await replay(
      format,
      encodeTransaction(format, 1, [
        {
          write: [
            { block: 5, content: magic },
            { block: 6, content: content(6) },
          ],
        },
      ]),
    );
    assert.equal(copies.get(5)?.escaped, true);
    assert.equal(copies.get(6)?.escaped, false);
  });

  test(`goes round the end of the log (${name})`, async () => {
    const options = { ...format, blockCount: 12, startBlock: 9, sequence: 0xffffffff };
    const replayed = await replay(options, [
      ...encodeTransaction(options, 0xffffffff, [write(20, 21, 22)]), // 9 to 11, 1, 2
      ...encodeTransaction(options, 0, [write(23, 21), revoke(22)]), // 3 to 7
    ]);
    assert.equal(replayed.transactions, 2);
    assert.deepEqual(sources(replayed), [
      [20, 10],
      [21, 5],
      [23, 4],
    ]);
  });

  test(`ends with the last transaction that has its commit block (${name})`, async () => {
    const log = [
      ...encodeTransaction(format, 1, [write(5)]),
      ...encodeTransaction(format, 2, [write(6), revoke(5)]).slice(0, -1),
    ];
    const replayed = await replay(format, log);
    assert.equal(replayed.transactions, 1);
    assert.deepEqual(sources(replayed), [[5, 2]]);
  });
}

test('an empty journal has nothing to replay', async () => {
  const replayed = await replay({ startBlock: 0 }, []);
  assert.deepEqual(replayed, { copies: new Map(), transactions: 0 });
});

test('blocks of an earlier round of the log are not taken for its continuation', async () => {
  const replayed = await replay({ sequence: 9 }, [
    ...encodeTransaction({}, 9, [write(5)]),
    ...encodeTransaction({}, 3, [write(6)]),
    ...encodeTransaction({}, 10, [write(7)]),
  ]);
  assert.deepEqual(sources(replayed), [[5, 2]]);
});

test('a log without an end is read once', async () => {
  const options = { blockCount: 8 };
  const [descriptor] = encodeTransaction(options, 1, [write(5)]);
  const replayed = await replay(
    options,
    Array.from({ length: 7 }, () => descriptor!),
  );
  assert.equal(replayed.transactions, 0);
});

test('a write outside of the file system is refused', async () => {
  const options: LogOptions = { wide: true };
  const log = encodeTransaction(options, 1, [write(FILE_SYSTEM_BLOCKS)]);
  await assert.rejects(replay(options, log), /outside the file system/);
});

/** A journal with two transactions, and the second one's descriptor, copy, revocation or commit spoilt. */
async function spoilt(
  options: LogOptions,
  part: 0 | 1 | 2 | 3,
  { time = 1_700_000_009, commit = true, at = 600 } = {},
): Promise<Replay> {
  const second = encodeTransaction(options, 2, [write(6), revoke(77)], time);
  second[part]![at]! ^= 1;
  return replay(options, [
    ...encodeTransaction(options, 1, [write(5)]),
    ...(commit ? second : second.slice(0, -1)),
  ]);
}

for (const checksums of ['v2', 'v3'] as const)
  test(`a damaged block of a complete transaction is refused (${checksums})`, async () => {
    const options = { checksums };
    await assert.rejects(spoilt(options, 0), /damaged transaction 2/);
    await assert.rejects(spoilt(options, 1), /damaged copy of block 6 in transaction 2/);
    await assert.rejects(spoilt(options, 2), /damaged transaction 2/);
    await assert.rejects(spoilt(options, 3), /damaged transaction 2/);
  });

test('a transaction that differs from its one checksum is refused', async () => {
  const options: LogOptions = { checksums: 'transaction' };
  await assert.rejects(spoilt(options, 0), /damaged transaction 2/);
  await assert.rejects(spoilt(options, 1), /damaged transaction 2/);
  await assert.rejects(spoilt(options, 3, { at: 0x10 }), /damaged transaction 2/);
});

test('a damaged block of a transaction that was cut off is only its end', async () => {
  for (const checksums of ['v2', 'v3'] as const)
    for (const part of [0, 1, 2] as const) {
      const replayed = await spoilt({ checksums }, part, { commit: false });
      assert.deepEqual(sources(replayed), [[5, 2]]);
    }
});

test('a damaged transaction older than the one before it was left from an earlier use of the journal', async () => {
  for (const part of [0, 2, 3] as const) {
    const replayed = await spoilt({ checksums: 'v3' }, part, { time: 1_600_000_000 });
    assert.deepEqual(sources(replayed), [[5, 2]]);
  }
});

test('with asynchronous commits a commit block that came too early ends the log', async () => {
  const replayed = await spoilt({ checksums: 'transaction', asyncCommit: true }, 1);
  assert.deepEqual(sources(replayed), [[5, 2]]);
});

test('a damaged copy that was revoked does not matter', async () => {
  const options: LogOptions = { checksums: 'v3' };
  const first = encodeTransaction(options, 1, [write(5, 6)]);
  first[1]![9]! ^= 1;
  const log = [...first, ...encodeTransaction(options, 2, [revoke(5)])];
  assert.deepEqual(sources(await replay(options, log)), [[6, 3]]);
});

test('a revocation block of impossible length is refused once it is committed', async () => {
  const transaction = encodeTransaction({}, 1, [revoke(5)]);
  new DataView(transaction[0]!.buffer).setUint32(12, 5000);
  await assert.rejects(replay({}, transaction), /damaged transaction 1/);
  assert.equal((await replay({}, transaction.slice(0, 1))).transactions, 0);
});

for (const [what, offset, value, about] of [
  ['another magic number', 0, 1, /no journal superblock/],
  ['another type', 4, 5, /no journal superblock/],
  ['no log', 0x10, 1, /log from 1 to 1/],
  ['its start behind the log', 0x1c, 99, /starts at 99/],
  ['two kinds of checksums', 0x28, 8 + 16, /checksums of the kinds v2 and v3/],
] as const)
  test(`a journal superblock with ${what} is refused`, () => {
    const superblock = encodeJournal({}, [])[0]!;
    new DataView(superblock.buffer).setUint32(offset, value);
    assert.throws(() => parseJournalSuperblock(superblock), { code: 'structure/invalid', message: about });
  });

test('a journal superblock that does not match its checksum is refused', () => {
  const superblock = encodeJournal({ checksums: 'v3' }, [])[0]!;
  assert.equal(parseJournalSuperblock(superblock).checksums, 'v3');
  superblock[0x1b] = 9;
  assert.throws(() => parseJournalSuperblock(superblock), /checksum/);
});

test('a journal superblock of the first version has no features, whatever its bytes say', () => {
  const superblock = encodeJournal({ incompat: 0x20 }, [])[0]!;
  assert.equal(parseJournalSuperblock(superblock).fastCommit, true);
  new DataView(superblock.buffer).setUint32(4, 3);
  assert.equal(parseJournalSuperblock(superblock).fastCommit, false);
});
