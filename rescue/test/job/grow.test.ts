import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { run } from '../support/command.ts';
import { attachLoop, sparseFile } from '../support/scratch.ts';
import {
  damage,
  imagedDisk,
  imageOf,
  madeDisk,
  onPartition,
  planned,
  single,
  smallEfi,
  windowsParts,
  withResize2fs,
} from './support-disks.ts';
import {
  assertLayout,
  checkContent,
  hiddenSectors,
  MIB,
  readLayout,
  type LayoutDisk,
} from './support-layout.ts';
import { permafrost } from './support.ts';
import { assertRefused, digest, noisyFile } from './support-targets.ts';

const windows: LayoutDisk = {
  table: 'gpt',
  sizeMiB: 128,
  partitions: [windowsParts.efi, windowsParts.system, { ...windowsParts.recovery, gapMiB: 2 }],
};

describe('the free space of a larger target', () => {
  test('goes to C:, and the recovery partition behind it moves along, boot sectors and all', async (t) => {
    const { folder, source } = await madeDisk(t, 'grow', windows);
    const unchanged = await digest(source);
    const cloned = await noisyFile(folder, 'cloned.img', 200 * MIB);
    const done = await permafrost(['clone', source, cloned, '--grow', 'last', '--yes', '--json']);
    assert.deepEqual(
      planned(done).layout!.map(({ number, tool }) => [number, tool]),
      [
        [2, 'ntfsresize'],
        [3, undefined],
      ],
    );
    const repo = await imageOf({ folder, source });
    const restored = await noisyFile(folder, 'restored.img', 200 * MIB);
    await permafrost(['restore', 'it', restored, '--repo', repo, '--grow', '2', '--yes']);
    for (const target of [cloned, restored]) {
      await assertLayout(t, source, target, ['fat32', 'ntfs', 'ntfs'], 2);
      const [, , recovery] = await readLayout(target);
      assert.equal(recovery!.start, 179 * MIB, 'shifted by all that is free, in whole MiB');
      assert.equal(await hiddenSectors(target, recovery!.start), recovery!.start / 512);
      assert.equal(
        await hiddenSectors(target, recovery!.start + recovery!.size - 512),
        recovery!.start / 512,
      );
    }
    assert.equal(await digest(source), unchanged);
  });

  test('goes to a partition named by its label; swap behind it moves', async (t) => {
    const { folder, source } = await madeDisk(t, 'grow-label', {
      table: 'gpt',
      sizeMiB: 80,
      partitions: [
        { kind: 'fat16', sizeMiB: 16 },
        { kind: 'ext4', sizeMiB: 40, label: 'root' },
        { kind: 'swap', sizeMiB: 8 },
      ],
    });
    const target = await noisyFile(folder, 'target.img', 150 * MIB);
    const { stdout } = await permafrost(['clone', source, target, '--grow', 'root', '--yes']);
    assert.match(stdout, /partition 2 grows from 40\.0 MiB to 124 MiB/);
    await assertLayout(t, source, target, ['fat16', 'ext4', 'swap'], 2);
  });

  test('goes to a logical partition of an MBR, on a disk with partitions of its own behind it', async (t) => {
    const { folder, source } = await madeDisk(t, 'grow-mbr', {
      table: 'dos',
      sizeMiB: 96,
      partitions: [
        { kind: 'ntfs', sizeMiB: 20 },
        { kind: 'ext4', sizeMiB: 24, logical: true },
        { kind: 'fat16', sizeMiB: 16, logical: true },
        { kind: 'swap', sizeMiB: 6, logical: true, gapMiB: 3 },
      ],
    });
    const target = await noisyFile(folder, 'target.img', 160 * MIB);
    await permafrost(['clone', source, target, '--grow', '5', '--yes']);
    await assertLayout(t, source, target, ['ntfs', 'ext4', 'fat16', 'swap'], 5);
    const [, , , fat] = await readLayout(target);
    assert.equal(await hiddenSectors(target, fat!.start), fat!.start / 512);
  });

  for (const [kind, sizeMiB] of [
    ['fat32', 40],
    ['fat16', 20],
  ] as const)
    test(`goes to ${kind}, with longer tables where it must`, async (t) => {
      const { folder, source } = await madeDisk(t, `grow-${kind}`, {
        table: 'gpt',
        sizeMiB: sizeMiB + 20,
        partitions: [
          { kind, sizeMiB, label: 'data', spread: true },
          { kind: 'swap', sizeMiB: 8 },
        ],
      });
      const target = await noisyFile(folder, 'target.img', (sizeMiB + 60) * MIB);
      const { stdout } = await permafrost(['clone', source, target, '--grow', 'last', '--yes']);
      assert.match(stdout, /partition 1 grows from/);
      await assertLayout(t, source, target, [kind, 'swap'], 1);
    });

  for (const kind of ['xfs', 'btrfs'] as const)
    test(`goes to ${kind}, which is mounted for it`, async (t) => {
      const sizeMiB = kind === 'xfs' ? 320 : 120;
      const { folder, source } = await madeDisk(t, `grow-${kind}`, single(kind, sizeMiB));
      const target = await sparseFile(join(folder, 'target.img'), (sizeMiB + 200) * MIB);
      await permafrost(['clone', source, target, '--grow', 'last', '--yes']);
      await assertLayout(t, source, target, [kind], 1);
    });

  test('goes to a partition of a device, also with the kernel looking at it', async (t) => {
    const { folder, source } = await madeDisk(t, 'grow-device', single('ext4', 40));
    const target = await noisyFile(folder, 'target.img', 100 * MIB);
    const { device, detach } = await attachLoop(t, target, ['--partscan']);
    await permafrost(['clone', source, device, '--grow', 'last', '--yes']);
    await detach();
    await assertLayout(t, source, target, ['ext4'], 1);
  });

  test('is left free where nobody asks, and the former backup GPT is gone', async (t) => {
    const { folder, source } = await madeDisk(t, 'grow-none', single('ext4', 24));
    const target = await noisyFile(folder, 'target.img', 64 * MIB);
    await permafrost(['clone', source, target, '--yes']);
    assert.deepEqual(await readLayout(target), await readLayout(source));
    const { stdout } = await run('grep', ['-c', '-a', '-o', 'EFI PART', target], { accept: [0, 1] });
    const found = (await run('grep', ['-abo', 'EFI PART', target])).stdout.trim().split('\n');
    assert.deepEqual(
      found.map((line) => Number(line.split(':')[0])),
      [512, 64 * MIB - 512],
      stdout,
    );
  });

  test('that is none changes nothing, and is said', async (t) => {
    const { folder, source } = await madeDisk(t, 'grow-same', single('ext4', 24, { diskMiB: 26 }));
    const target = await noisyFile(folder, 'target.img', 26 * MIB);
    const { stdout } = await permafrost(['clone', source, target, '--grow', 'last', '--yes']);
    assert.match(stdout, /no\s+free\s+space/);
    assert.deepEqual(await readLayout(target), await readLayout(source));
  });

  test('stays unused by a file system whose tool fails: all is restored, and the report warns', async (t) => {
    const { folder, source } = await madeDisk(t, 'grow-fails', single('ext4', 24));
    const env = await withResize2fs(folder, 'echo no room for it >&2; exit 5');
    const target = await noisyFile(folder, 'target.img', 64 * MIB);
    const { report } = await permafrost(['clone', source, target, '--grow', '1', '--yes', '--json'], 0, {
      env,
    });
    assert.equal(report.verified, true);
    assert.match(report.warnings.join(), /partition 1 keeps its old size: resize2fs failed with 5 \(no room/);
    const [part] = await readLayout(target);
    const old = await checkContent(t, source, (await readLayout(source))[0]!, 'ext4');
    assert.deepEqual(await checkContent(t, target, part!, 'ext4'), old);
  });

  test('that a tool left damaged is no success', async (t) => {
    const { folder, source } = await madeDisk(t, 'grow-damage', single('ext4', 24));
    const env = await withResize2fs(folder, `${damage}; exit 1`);
    const target = await noisyFile(folder, 'target.img', 64 * MIB);
    const { report } = await permafrost(['clone', source, target, '--grow', '1', '--yes', '--json'], 4, {
      env,
    });
    assert.equal(report.targets![0]!.error!.code, 'layout/damaged');
    assert.equal(report.targets![0]!.outcome, 'does-not-verify');
  });
});

describe('growing is refused, with the reason, and no byte of the target changes', () => {
  const cases: readonly [string, LayoutDisk, string, RegExp][] = [
    ['of exFAT', single('exfat', 24), '1', /partition 1 cannot be grown: no tool here grows exFAT/],
    [
      'of FAT16 beyond what it can be',
      single('fat16', 16, { blockSize: 512 }),
      '1',
      /partition 1 cannot be grown: FAT16 with clusters of 512 bytes has at most 65508 of them/,
    ],
    [
      'where nothing can grow',
      {
        table: 'gpt',
        sizeMiB: 48,
        partitions: [
          { ...smallEfi, sizeMiB: 16 },
          { kind: 'swap', sizeMiB: 8 },
        ],
      },
      'last',
      /partition 1: is the EFI system partition; partition 2: no tool here grows Linux swap/,
    ],
    ['of a partition that is not there', single('ext4', 24), '7', /there is no partition 7 to grow/],
    [
      'where a label means two',
      {
        table: 'gpt',
        sizeMiB: 48,
        partitions: [
          { kind: 'ext4', sizeMiB: 16 },
          { kind: 'ext4', sizeMiB: 16 },
        ],
      },
      'small',
      /"small" could mean partition 1, 2/,
    ],
  ];
  for (const [name, disk, grow, reason] of cases)
    test(name, async (t) => {
      const { folder, source, repo } = await imagedDisk(t, 'grow-refused', disk);
      const target = await noisyFile(folder, 'target.img', 96 * MIB);
      await assertRefused(
        target,
        [
          ['clone', source, target, '--grow', grow],
          ['restore', 'it', target, '--repo', repo, '--grow', grow],
        ],
        reason,
      );
    });

  test('of NTFS that was not shut down', async (t) => {
    const { folder, source } = await madeDisk(t, 'grow-dirty', windows);
    // It leaves the mark for Windows to check the volume.
    await onPartition(t, source, 1, [
      'ntfsresize',
      ...['--force', '--force', '--no-progress-bar', '--size', '50M'],
    ]);
    const target = await noisyFile(folder, 'target.img', 200 * MIB);
    await assertRefused(
      target,
      [['clone', source, target, '--grow', '2']],
      /its NTFS was not cleanly unmounted: shut Windows down fully/,
    );
  });
});
