import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { run } from '../support/command.ts';
import { attachLoop, scratchFolder, sparseFile } from '../support/scratch.ts';
import {
  checkContent,
  hiddenSectors,
  makeLayout,
  MIB,
  readLayout,
  type LayoutDisk,
} from './support-layout.ts';
import { permafrost } from './support.ts';
import { digest, outside } from './support-targets.ts';

/** What is imaged. */
const source: LayoutDisk = {
  table: 'gpt',
  sizeMiB: 80,
  partitions: [
    { kind: 'fat16', sizeMiB: 16 },
    { kind: 'ntfs', sizeMiB: 20 },
    { kind: 'ext4', sizeMiB: 24, label: 'root' },
  ],
};

/** A disk with a life of its own. */
const other = (table: 'gpt' | 'dos'): LayoutDisk => ({
  table,
  sizeMiB: 160,
  seed: 90,
  partitions: [
    { kind: 'ext4', sizeMiB: 10 },
    { kind: 'ext4', sizeMiB: 40, gapMiB: 22 },
    { kind: 'fat16', sizeMiB: 16, gapMiB: 3 },
  ],
});

async function prepare(
  t: TestContext,
  table: 'gpt' | 'dos' = 'gpt',
): Promise<{ folder: string; from: string; target: string; before: string; repo: string }> {
  const folder = await scratchFolder(t, 'parts');
  const from = await makeLayout(join(folder, 'source.img'), source);
  const target = await makeLayout(join(folder, 'target.img'), other(table));
  const before = join(folder, 'before.img');
  await cp(target, before);
  const repo = join(folder, 'repository');
  await permafrost(['image', from, '--repo', repo, '--name', 'it']);
  return { folder, from, target, before, repo };
}

describe('single partitions of an image', () => {
  test('go into a larger partition that is there, and grow there; every other byte stays', async (t) => {
    const { from, target, before, repo } = await prepare(t);
    const { stdout } = await permafrost([
      ...['restore', 'it', target, '--repo', repo, '--part', '3=2', '--grow', '3', '--yes'],
    ]);
    assert.match(stdout, /partition 3 of the image goes into partition 2, 40\.0 MiB at 33\.0 MiB/);
    assert.match(stdout, /partition 2: ext4 "small"/, 'what is lost');
    assert.doesNotMatch(stdout, /partition 1: ext4/);
    const there = (await readLayout(target))[1]!;
    const was = (await readLayout(from))[2]!;
    const now = await checkContent(t, target, there, 'ext4');
    assert.equal(now.files, (await checkContent(t, from, was, 'ext4')).files);
    assert.equal(now.fileSystemBytes, there.size);
    const span = [[there.start, there.start + there.size]] as const;
    assert.deepEqual(await outside(target, span), await outside(before, span));
  });

  for (const table of ['gpt', 'dos'] as const)
    test(`become new partitions in free space (${table}); every other byte stays`, async (t) => {
      const { from, target, before, repo } = await prepare(t, table);
      await permafrost([
        ...['restore', 'it', target, '--repo', repo, '--part', '2=free', '--part', '1=3', '--yes'],
      ]);
      const parts = await readLayout(target);
      const old = await readLayout(before);
      const sourceParts = await readLayout(from);
      assert.equal(parts.length, 4);
      const added = parts.find(({ number }) => number === 4)!;
      assert.deepEqual(
        parts.filter((part) => part !== added),
        old,
      );
      assert.equal(added.start, 11 * MIB, 'the smallest space that holds it');
      assert.equal(await hiddenSectors(target, added.start), added.start / 512);
      if (table === 'gpt') {
        const was = sourceParts[1]!;
        assert.deepEqual([added.type, added.name, added.uuid], [was.type, was.name, was.uuid]);
      }
      for (const [there, was, kind] of [
        [added, sourceParts[1]!, 'ntfs'],
        [old[2]!, sourceParts[0]!, 'fat16'],
      ] as const)
        assert.equal(
          (await checkContent(t, target, there, kind)).files,
          (await checkContent(t, from, was, kind)).files,
        );
      const tables: [number, number][] =
        table === 'gpt'
          ? [
              [512, 34 * 512],
              [160 * MIB - 33 * 512, 160 * MIB],
            ]
          : [[446, 510]];
      const spans = [...tables, ...[added, old[2]!].map(({ start, size }) => [start, start + size] as const)];
      assert.deepEqual(await outside(target, spans), await outside(before, spans));
    });

  test('are refused where there is no place, with the numbers, and no byte changes', async (t) => {
    const { target, before, repo } = await prepare(t);
    const unchanged = await digest(before);
    for (const [parts, reason] of [
      [['3=9'], /it has no partition 9/],
      [['1=free', '2=free', '3=free', '3=1'], /named twice/],
      [['3=1', '2=1'], /named twice/],
    ] as const) {
      const args = parts.flatMap((part) => ['--part', part]);
      const code = reason.source.includes('twice') ? 2 : 1;
      const { stderr } = await permafrost(['restore', 'it', target, '--repo', repo, ...args, '--yes'], code);
      assert.match(stderr.replaceAll(/\s+/g, ' '), reason);
      assert.equal((await digest(target)).split(' ')[0], unchanged.split(' ')[0]);
    }
  });

  test('are refused where they were if the sectors there are too large for them, and no byte changes', async (t) => {
    const { from, repo } = await prepare(t);
    const [first] = await readLayout(from);
    const target = await sparseFile(join(dirname(from), 'large-sectors.img'), 80 * MIB);
    const { device } = await attachLoop(t, target, ['--sector-size', '4096']);
    const entry = `start=${first!.start / 4096}, size=${first!.size / 4096}, type=L`;
    await run('sfdisk', ['--quiet', '--no-reread', device], { input: ['label: gpt', entry].join('\n') });
    const unchanged = await digest(target);
    for (const part of [
      ['--partition', '1'],
      ['--part', '1=1'],
    ]) {
      const { stderr } = await permafrost(['restore', 'it', device, '--repo', repo, ...part, '--yes'], 1);
      assert.match(
        stderr.replaceAll(/\s+/g, ' '),
        /the FAT16 of partition 1 was made for sectors of at most 512/,
      );
    }
    assert.equal(await digest(target), unchanged);
  });

  test('are refused where the free space is in pieces that are too small', async (t) => {
    const { folder, repo } = await prepare(t);
    const target = await makeLayout(join(folder, 'full.img'), {
      table: 'gpt',
      sizeMiB: 44,
      partitions: [
        { kind: 'ext4', sizeMiB: 20 },
        { kind: 'ext4', sizeMiB: 20, gapMiB: 2 },
      ],
    });
    const before = await digest(target);
    const { stderr } = await permafrost(
      ['restore', 'it', target, '--repo', repo, '--part', '3=free', '--yes'],
      1,
    );
    assert.match(
      stderr.replaceAll(/\s+/g, ' '),
      /its largest free space has 2097152 bytes, and partition 3 of the image \(ext4\) can be as small as \d+/,
    );
    assert.equal(await digest(target), before);
  });
});
