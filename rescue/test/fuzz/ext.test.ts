/** Mutated ext file systems and journals: a map, a reason why not, or our own error; soon, in little memory. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { memoryReader } from '../../src/engine/base/block-reader.ts';
import { extCrc32c, extCrc32cOfU32 } from '../../src/engine/filesystem/ext/checksums.ts';
import { probeExt } from '../../src/engine/filesystem/ext/ext.ts';
import { encodeJournal, encodeTransaction } from '../filesystem/support-ext-journal-model.ts';
import { bitmapBlock, encodeExt, JOURNAL_START } from '../filesystem/support-ext-model.ts';
import { run } from '../support/command.ts';
import { scratchFolder, sparseFile } from '../support/scratch.ts';
import { bothWays, fuzzRegion, type Area, type Outcome } from './support-region.ts';

const MIB = 1024 * 1024;

async function fuzz(
  t: TestContext,
  image: Buffer,
  areas: readonly Area[],
  iterations: number,
  reached: readonly (keyof Outcome)[],
  seal?: (image: Buffer) => void,
): Promise<void> {
  const untouched = await (await probeExt(memoryReader(image)))?.mapUsed?.({});
  assert.ok(untouched !== undefined && untouched.raw === undefined, 'sound before it is mutated');
  const outcome = await fuzzRegion({
    image,
    areas,
    prober: bothWays(probeExt),
    iterations,
    ...(seal === undefined ? {} : { seal }),
  });
  t.diagnostic(JSON.stringify(outcome));
  for (const kind of reached) assert.ok(outcome[kind] > 0, kind);
}

/** A real file system in memory; `commands` are run on it by debugfs. */
async function makeImage(
  t: TestContext,
  sizeBytes: number,
  options: readonly string[],
  commands: readonly string[] = [],
): Promise<{ readonly image: Buffer; readonly number: (pattern: RegExp) => number }> {
  const folder = await scratchFolder(t, 'fuzz');
  const path = await sparseFile(join(folder, 'image'), sizeBytes);
  await run('mke2fs', ['-q', '-F', '-b', '1024', ...options, path]);
  const { stdout } = await run('dumpe2fs', [path]);
  const copy = join(folder, 'blocks');
  await writeFile(copy, Buffer.alloc(2048, 0x5a));
  if (commands.length > 0)
    await run('debugfs', ['-w', '-f', '-', path], {
      input: commands.map((command) => `${command.replace('FILE', copy)}\n`).join(''),
    });
  return { image: await readFile(path), number: (pattern) => Number(pattern.exec(stdout)?.[1]) };
}

/** Makes the checksums of superblock, group descriptors of 64 bytes and the journal's inode right again. */
function sealCrc32c(image: Buffer, inodeOffset: number): void {
  const superblock = image.subarray(1024, 2048);
  const seed = extCrc32c(0xffffffff, superblock.subarray(0x68, 0x78));
  const inode = image.subarray(inodeOffset, inodeOffset + 256);
  inode.writeUInt16LE(0, 0x7c);
  inode.writeUInt16LE(0, 0x82);
  const sum = extCrc32c(extCrc32cOfU32(extCrc32cOfU32(seed, 8), inode.readUInt32LE(0x64)), inode);
  inode.writeUInt16LE(sum & 0xffff, 0x7c);
  inode.writeUInt16LE(sum >>> 16, 0x82);
  for (let group = 0; group < 2; group++) {
    const descriptor = image.subarray(2048 + group * 64, 2048 + (group + 1) * 64);
    descriptor.writeUInt16LE(0, 0x1e);
    descriptor.writeUInt16LE(extCrc32c(extCrc32cOfU32(seed, group), descriptor) & 0xffff, 0x1e);
  }
  superblock.writeUInt32LE(extCrc32c(0xffffffff, superblock.subarray(0, 0x3fc)), 0x3fc);
}

/** The fields of a superblock that are not text or statistics. */
const superblockAreas: readonly Area[] = [
  [1024, 0x30],
  [1024 + 0x38, 0x30],
  [1024 + 0xc8, 0x40],
  [1024 + 0x150, 0x30],
];

test('mutated ext2, without any checksum', async (t) => {
  const { image, number } = await makeImage(t, 9 * MIB, ['-t', 'ext2', '-g', '1024']);
  const bitmap = number(/Block bitmap at (\d+)/) * 1024;
  const areas: Area[] = [...superblockAreas, [2048, 9 * 32], [bitmap, 128]];
  await fuzz(t, image, areas, 600, ['mapped', 'raw', 'refused', 'notMine']);
});

test('mutated ext4, its checksums made right', async (t) => {
  const { image, number } = await makeImage(t, 9 * MIB, ['-t', 'ext4', '-J', 'size=1']);
  const bitmap = number(/Block bitmap at (\d+)/) * 1024;
  const inode = number(/Inode table at (\d+)/) * 1024 + 7 * 256;
  const areas: Area[] = [...superblockAreas, [2048, 128], [bitmap, 64], [inode, 160]];
  await fuzz(t, image, areas, 600, ['mapped', 'raw', 'refused'], (bytes) => sealCrc32c(bytes, inode));
});

test('mutated meta groups and clusters', async (t) => {
  const { image } = await makeImage(t, 24 * MIB, [
    ...['-t', 'ext4', '-C', '4096', '-g', '256'],
    ...['-O', 'bigalloc,meta_bg,^resize_inode,^metadata_csum,^has_journal'],
  ]);
  await fuzz(t, image, [...superblockAreas, [2048, 1024]], 400, ['mapped', 'raw', 'refused']);
});

for (const version of [1, 3])
  test(`a mutated journal written by debugfs, checksums of version ${version}`, async (t) => {
    const { image, number } = await makeImage(
      t,
      9 * MIB,
      ['-t', version === 3 ? 'ext4' : 'ext3', '-J', 'size=1'],
      [
        version === 3 ? 'jo -c -v 3' : 'jo',
        ...['jw -b 4000,4001 FILE', 'jw -r 4000', 'jw -b 4001,4003 FILE', 'jw -r 4001', 'jc'],
      ],
    );
    const inodeSize = number(/Inode size:\s+(\d+)/);
    const inode = number(/Inode table at (\d+)/) * 1024 + 7 * inodeSize;
    // The journal's superblock is the first block with its magic number.
    const journal = image.indexOf(Buffer.of(0xc0, 0x3b, 0x39, 0x98, 0, 0, 0, 4));
    assert.ok(journal > 0);
    const areas: Area[] = [
      [journal, 0x60],
      [journal + 1024, 64],
      [journal + 4 * 1024, 9 * 1024],
      [inode + 0x28, 60],
    ];
    // With checksums next to nothing is mapped: all that was written is covered by one.
    await fuzz(t, image, areas, 500, version === 3 ? ['raw'] : ['mapped', 'raw']);
  });

test('a mutated journal with bitmaps and revocations in it', async (t) => {
  const base = { compat: 4, incompat: 4, used: [100, 400] };
  const later = encodeExt({ ...base, used: [100, 101, 400], journal: encodeJournal({}, []) });
  const block = (number: number) => ({
    block: number,
    content: later.slice(number * 1024, (number + 1) * 1024),
  });
  const write = [block(2), block(bitmapBlock(0)), block(300)];
  const log = [
    ...encodeTransaction({}, 1, [{ write }, { revoke: [300] }]),
    ...encodeTransaction({}, 2, [{ write: write.slice(0, 2) }]),
  ];
  const image = Buffer.from(encodeExt({ ...base, journal: encodeJournal({}, log) }));
  const journal = JOURNAL_START * 1024;
  const areas: Area[] = Array.from({ length: 11 }, (_, i) => [journal + i * 1024, 96] as const);
  await fuzz(t, image, areas, 1000, ['mapped', 'raw']);
});
