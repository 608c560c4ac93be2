import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK, encodeExt, JOURNAL_START } from '../../../../test/filesystem/support-ext-model.ts';
import {
  encodeJournal,
  encodeTransaction,
  type LogOptions,
} from '../../../../test/filesystem/support-ext-journal-model.ts';
import { memoryReader } from '../../base/block-reader.ts';
import { makeGeometry } from './geometry.ts';
import { findJournal, replayInMemory, type InternalJournal } from './journal.ts';
import { parseSuperblock } from './superblock.ts';

function open(journal: readonly Uint8Array[], change: (bytes: Uint8Array) => void = () => undefined) {
  const bytes = encodeExt({ compat: 4, incompat: 4, journal });
  change(bytes);
  const reader = memoryReader(bytes);
  return { reader, g: makeGeometry(parseSuperblock(bytes.subarray(1024, 2048))!) };
}

function find(
  journal: readonly Uint8Array[],
  change?: (bytes: Uint8Array) => void,
): Promise<InternalJournal> {
  const { reader, g } = open(journal, change);
  return findJournal(reader, g);
}

test('a replayed block is read as the journal has it, its own first bytes put back', async () => {
  const content = new Uint8Array(BLOCK).fill(0x77);
  content.set([0xc0, 0x3b, 0x39, 0x98]);
  const plain = new Uint8Array(BLOCK).fill(0x55);
  const log = encodeTransaction({}, 1, [
    {
      write: [
        { block: 300, content },
        { block: 302, content: plain },
      ],
    },
  ]);
  const { reader, g } = open(encodeJournal({}, log));
  const replayed = await replayInMemory(reader, g, await findJournal(reader, g));
  assert.deepEqual(
    await replayed.reader.read(300 * BLOCK, 3 * BLOCK),
    new Uint8Array([...content, ...new Uint8Array(BLOCK), ...plain]),
  );
  assert.deepEqual(replayed.journal.toPairs(), [[JOURNAL_START * BLOCK, 32 * BLOCK]]);
  assert.equal(replayed.transactions, 1);
});

test('a journal whose superblock does not fit its file is refused', async () => {
  assert.equal((await find(encodeJournal({}, []))).superblock.blockCount, 32);
  const longer: LogOptions = { blockCount: 33 };
  await assert.rejects(
    find([encodeJournal(longer, [])[0]!, ...encodeJournal({}, []).slice(1)]),
    /33 blocks in a file/,
  );
  const other = encodeJournal({}, []);
  new DataView(other[0]!.buffer).setUint32(0x0c, 2048);
  await assert.rejects(find(other), /blocks of 2048 bytes/);
});

const INODE = 5 * BLOCK + 7 * 128;
for (const [what, change] of [
  ['no links', (bytes) => bytes.fill(0, INODE + 0x1a, INODE + 0x1c)],
  ['another type', (bytes) => bytes.fill(0x41, INODE + 1, INODE + 2)],
  ['its data inline', (bytes) => bytes.fill(0x10, INODE + 0x23, INODE + 0x24)],
] as const satisfies readonly (readonly [string, (bytes: Uint8Array) => void])[])
  test(`a journal inode with ${what} is refused`, async () => {
    await assert.rejects(find(encodeJournal({}, []), change), /is not a regular file with blocks/);
  });
