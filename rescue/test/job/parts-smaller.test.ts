/** Single partitions of an image that go into smaller ones: what shrinks, what cannot, and that all else stays. */
import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { run } from '../support/command.ts';
import { fillWithNoise, sparseFile } from '../support/scratch.ts';
import { imagedDisk, planned, single, tightFolder, withoutShutDown } from './support-disks.ts';
import {
  checkContent,
  hiddenSectors,
  MIB,
  readLayout,
  type LayoutDisk,
  type LayoutKind,
} from './support-layout.ts';
import { permafrost } from './support.ts';
import { assertRefused, noisyFile, outside } from './support-targets.ts';

const kinds: readonly LayoutKind[] = ['ext4', 'ntfs', 'fat16', 'swap'];

const disk: LayoutDisk = {
  table: 'gpt',
  sizeMiB: 150,
  partitions: [
    { kind: 'ext4', sizeMiB: 60, spread: true },
    { kind: 'ntfs', sizeMiB: 50, spread: true },
    { kind: 'fat16', sizeMiB: 24, spread: true },
    { kind: 'swap', sizeMiB: 8 },
  ],
};

/** A disk full of noise with partitions of `sectors` sectors each, at whole MiB with free space between them. */
async function otherDisk(folder: string, name: string, sectors: readonly number[]): Promise<string> {
  const lines: string[] = [];
  let start = 2048;
  for (const size of sectors) {
    lines.push(`start=${start}, size=${size}, type=L`);
    start = (Math.ceil((start + size) / 2048) + 2) * 2048;
  }
  const bytes = (start + 2048) * 512;
  const path = await sparseFile(join(folder, name), bytes);
  await fillWithNoise(path, bytes, 31);
  await run('sfdisk', ['--quiet', '--wipe=always', path], { input: ['label: gpt', ...lines].join('\n') });
  return path;
}

describe('single partitions of an image into smaller ones', () => {
  test('shrink on the way; every other byte stays', async (t) => {
    const { folder, source, repo } = await imagedDisk(t, 'parts-smaller', disk);
    // Sizes that are no whole number of anything.
    const target = await otherDisk(folder, 'target.img', [80_003, 70_001, 40_007, 3001]);
    const before = join(folder, 'before.img');
    await cp(target, before);
    const parts = ['--part', '1=1', '--part', '2=2', '--part', '3=3', '--part', '4=4'];
    const { stdout, stderr } = await permafrost([
      ...['restore', 'it', target, '--repo', repo, ...parts, '--yes'],
    ]);
    const said = stdout.replaceAll(/\s+/g, ' ');
    assert.match(
      said,
      /partition 1 of the image goes into partition 1, 39\.1 MiB at 1\.0 MiB, smaller than the 60\.0 MiB that it had; its file system is made smaller with resize2fs, before anything is written/,
    );
    assert.match(said, /what gets smaller: partition 1 can be as small as/);
    assert.match(said, /scratch files take about/);
    assert.doesNotMatch(said + stderr, /smallest target/);
    const was = await readLayout(source);
    const there = await readLayout(target);
    for (const [i, kind] of kinds.entries()) {
      const now = await checkContent(t, target, there[i]!, kind);
      assert.equal(now.files, (await checkContent(t, source, was[i]!, kind)).files, kind);
      assert.ok(now.fileSystemBytes! <= there[i]!.size, `${kind}: ${now.fileSystemBytes!}`);
    }
    for (const i of [1, 2])
      assert.equal(await hiddenSectors(target, there[i]!.start), there[i]!.start / 512, kinds[i]);
    const spans = there.map(({ start, size }) => [start, start + size] as const);
    assert.deepEqual(await outside(target, spans), await outside(before, spans));
  });

  for (const table of ['gpt', 'dos'] as const)
    test(`become new ones where free space is smaller (${table}); every other byte stays`, async (t) => {
      const { folder, source, repo } = await imagedDisk(t, 'parts-smaller', disk);
      const target = await noisyFile(folder, 'target.img', 84 * MIB);
      const gap = [11 * MIB, 56 * MIB + 3 * 512] as const;
      const lines = [
        `start=2048, size=${10 * 2048}, type=L`,
        `start=${gap[1] / 512}, size=${4 * 2048 - 3}, type=L`,
        `start=${70 * 2048}, size=${10 * 2048}, type=L`,
      ];
      const input = [`label: ${table}`, ...lines].join('\n');
      await run('sfdisk', ['--quiet', '--wipe=always', target], { input });
      const before = join(folder, 'before.img');
      await cp(target, before);
      const old = await readLayout(before);
      const parts = ['--part', '1=free', ...(table === 'gpt' ? ['--part', '4=free'] : [])];
      const { stdout } = await permafrost(['restore', 'it', target, '--repo', repo, ...parts, '--yes']);
      assert.match(
        stdout.replaceAll(/\s+/g, ' '),
        /partition 1 of the image becomes partition 4, a new one, 45\.0 MiB at 11\.0 MiB, smaller than the 60\.0 MiB that it had; its file system is made smaller with resize2fs, before anything is written/,
      );
      const there = await readLayout(target);
      const added = there.filter(({ number }) => number > 3);
      assert.deepEqual(
        there.filter(({ number }) => number <= 3),
        old,
      );
      assert.deepEqual([added[0]!.start, added[0]!.start + added[0]!.size], gap, 'all of the largest space');
      const was = await readLayout(source);
      const now = await checkContent(t, target, added[0]!, 'ext4');
      assert.equal(now.files, (await checkContent(t, source, was[0]!, 'ext4')).files);
      assert.ok(now.fileSystemBytes! <= added[0]!.size && now.fileSystemBytes! > added[0]!.size - MIB);
      if (table === 'gpt')
        assert.deepEqual([added[1]!.start, added[1]!.size], [60 * MIB, 8 * MIB], 'where it fits as it is');
      const tables: [number, number][] =
        table === 'gpt'
          ? [
              [512, 34 * 512],
              [84 * MIB - 33 * 512, 84 * MIB],
            ]
          : [[446, 510]];
      const spans = [...tables, ...added.map(({ start, size }) => [start, start + size] as const)];
      assert.deepEqual(await outside(target, spans), await outside(before, spans));
    });

  test('down to the size that the refusal names, and not a sector less', async (t) => {
    const { folder, source, repo } = await imagedDisk(t, 'parts-smaller', disk);
    const was = await readLayout(source);
    const tiny = await otherDisk(folder, 'tiny.img', [4096, 4096, 4096]);
    for (const [i, kind] of kinds.slice(0, 3).entries()) {
      const number = i + 1;
      const restore = (path: string): string[] => [
        ...['restore', 'it', path, '--repo', repo, '--part', `${number}=1`],
      ];
      const { stderr } = await permafrost([...restore(tiny), '--yes'], 1);
      const least = Number(/can be as small as (\d+)/.exec(stderr.replaceAll(/\s+/g, ' '))![1]);
      assert.ok(least > 4096 * 512 && least < was[i]!.size);
      const less = await otherDisk(folder, `less-${kind}.img`, [least / 512 - 1]);
      await assertRefused(
        less,
        [restore(less)],
        new RegExp(
          `partition 1 has ${least - 512} bytes, and partition ${number} of the image .* as small as ${least}`,
        ),
      );
      const target = await otherDisk(folder, `least-${kind}.img`, [least / 512]);
      await permafrost([...restore(target), '--yes']);
      const now = await checkContent(t, target, (await readLayout(target))[0]!, kind);
      assert.equal(now.files, (await checkContent(t, source, was[i]!, kind)).files, kind);
    }
  });

  test('the plan names what is made smaller, and what it takes', async (t) => {
    const { folder, repo } = await imagedDisk(t, 'parts-smaller', disk);
    const target = await otherDisk(folder, 'target.img', [70_000, 60_000]);
    const parts = ['--part', '1=1', '--part', '3=2'];
    const plan = planned(
      await permafrost(['restore', 'it', target, '--repo', repo, ...parts, '--dry-run', '--json']),
    );
    assert.deepEqual(
      plan.layout!.map(({ number, into, tool }) => [number, into, tool]),
      [
        [1, 1, 'resize2fs'],
        [3, 2, undefined],
      ],
    );
    assert.deepEqual(
      plan.shrinking!.partitions.map(({ number }) => number),
      [1],
    );
    assert.ok(plan.shrinking!.scratchBytes > 16 * MIB);
  });
});

describe('is refused, and no byte of the target changes, what cannot get smaller', () => {
  test('XFS, with the numbers', async (t) => {
    const { folder, repo } = await imagedDisk(t, 'parts-smaller', single('xfs', 320));
    const target = await otherDisk(folder, 'target.img', [600_000]);
    await assertRefused(
      target,
      [['restore', 'it', target, '--repo', repo, '--part', '1=1']],
      /its partition 1 has 307200000 bytes, and partition 1 of the image \(XFS\) needs its 335544320: no tool makes XFS smaller/,
    );
    await assertRefused(
      target,
      [['restore', 'it', target, '--repo', repo, '--part', '1=free']],
      /its largest free space has \d+ bytes, and partition 1 of the image \(XFS\) needs its 335544320: no tool makes XFS smaller/,
    );
  });

  test('an ext4 that was not shut down cleanly', async (t) => {
    const { folder, repo } = await imagedDisk(t, 'parts-smaller', disk, (path) => withoutShutDown(t, path));
    const target = await otherDisk(folder, 'target.img', [100_000]);
    await assertRefused(
      target,
      [['restore', 'it', target, '--repo', repo, '--part', '1=1']],
      /needs its 62914560: its ext4 was not shut down cleanly/,
    );
  });

  test('anything where there is no room for scratch files', async (t) => {
    const { folder, repo } = await imagedDisk(t, 'parts-smaller', disk);
    const target = await otherDisk(folder, 'target.img', [100_000]);
    const small = await tightFolder(folder);
    await assertRefused(
      target,
      [['restore', 'it', target, '--repo', repo, '--part', '1=1', '--scratch', small]],
      /needs about \d+ bytes in \S+small, and 4194304 are free there/,
    );
  });
});
