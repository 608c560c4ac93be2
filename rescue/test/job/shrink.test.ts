/** Smaller targets: what shrinks, on clones and restores, and that nothing changes where it cannot. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { run } from '../support/command.ts';
import { attachLoop } from '../support/scratch.ts';
import {
  damage,
  imagedDisk,
  imageOf,
  madeDisk,
  neededBytes,
  planned,
  single,
  tightFolder,
  windowsParts,
  withoutShutDown,
  withResize2fs,
} from './support-disks.ts';
import {
  assertLayout,
  hiddenSectors,
  MIB,
  readLayout,
  type LayoutDisk,
  type LayoutKind,
} from './support-layout.ts';
import { permafrost } from './support.ts';
import { assertRefused, digest, noisyFile } from './support-targets.ts';

/** As Windows installs itself, but small. */
const windows: LayoutDisk = {
  table: 'gpt',
  sizeMiB: 220,
  partitions: [
    windowsParts.efi,
    windowsParts.reserved,
    { ...windowsParts.system, sizeMiB: 150, spread: true },
    windowsParts.recovery,
  ],
};

const tools = {
  ext4: 'resize2fs',
  ntfs: 'ntfsresize',
  btrfs: 'btrfs',
  fat16: 'permafrost',
  fat32: 'permafrost',
} as const;

describe('on a smaller target', () => {
  for (const [kind, sizeMiB, targetMiB] of [
    ['ext4', 160, 120],
    ['ntfs', 120, 70],
    ['btrfs', 400, 310],
    ['fat32', 90, 60],
    ['fat16', 24, 18],
  ] as const satisfies readonly (readonly [LayoutKind, number, number])[])
    test(`${kind} is made smaller, by a clone and by a restore; its source stays as it is`, async (t) => {
      const { folder, source } = await madeDisk(t, `shrink-${kind}`, single(kind, sizeMiB, { spread: true }));
      const unchanged = await digest(source);
      const cloned = await noisyFile(folder, 'cloned.img', targetMiB * MIB);
      const plan = planned(await permafrost(['clone', source, cloned, '--yes', '--json']));
      assert.equal(plan.layout![0]!.tool, tools[kind]);
      assert.ok(plan.shrinking!.leastBytes! <= targetMiB * MIB);
      await assertLayout(t, source, cloned, [kind], undefined, [1]);
      const repo = await imageOf({ folder, source });
      const saved = await filesIn(repo);
      const restored = await noisyFile(folder, 'restored.img', targetMiB * MIB);
      const { stdout } = await permafrost(['restore', 'it', restored, '--repo', repo, '--yes']);
      assert.match(stdout, /partition 1 shrinks from/);
      assert.match(stdout, /the smallest target that would do has \d+ bytes/);
      await assertLayout(t, source, restored, [kind], undefined, [1]);
      assert.equal(await digest(source), unchanged);
      assert.deepEqual(await filesIn(repo), saved, 'the repository');
    });

  test('C: shrinks, what lies behind it moves, and boot sectors know it, their copies too', async (t) => {
    const { folder, source, repo } = await imagedDisk(t, 'shrink-windows', windows);
    const target = await noisyFile(folder, 'target.img', 160 * MIB);
    await permafrost(['restore', 'it', target, '--repo', repo, '--yes']);
    await assertLayout(t, source, target, ['fat32', 'luks', 'ntfs', 'ntfs'], undefined, [3]);
    for (const { start, size, type } of (await readLayout(target)).slice(2)) {
      assert.equal(await hiddenSectors(target, start), start / 512, type);
      assert.equal(await hiddenSectors(target, start + size - 512), start / 512, `the copy of ${type}`);
    }
  });

  test('several shrink: file systems first, swap only as far as it must', async (t) => {
    const { folder, source } = await madeDisk(t, 'shrink-several', {
      table: 'dos',
      sizeMiB: 230,
      partitions: [
        { kind: 'ext4', sizeMiB: 60 },
        { kind: 'ntfs', sizeMiB: 60, logical: true },
        { kind: 'exfat', sizeMiB: 20, logical: true },
        { kind: 'swap', sizeMiB: 64, logical: true, gapMiB: 4 },
      ],
    });
    const target = await noisyFile(folder, 'target.img', 110 * MIB);
    const done = await permafrost(['clone', source, target, '--yes', '--json']);
    const { partitions } = planned(done).shrinking!;
    assert.match(partitions.find(({ number }) => number === 6)!.reason!.text, /no tool makes exFAT smaller/);
    assert.equal(partitions.find(({ number }) => number === 7)!.bytes, MIB);
    await assertLayout(t, source, target, ['ext4', 'ntfs', 'exfat', 'swap'], undefined, [1, 5, 7]);
  });

  test('down to the size that the plan names, and not one MiB less', async (t) => {
    const { folder, source, repo } = await imagedDisk(t, 'shrink-least', {
      table: 'gpt',
      sizeMiB: 260,
      partitions: [
        { kind: 'ext4', sizeMiB: 120, spread: true },
        { kind: 'ntfs', sizeMiB: 100, spread: true },
        { kind: 'swap', sizeMiB: 20 },
      ],
    });
    const tiny = await noisyFile(folder, 'tiny.img', 20 * MIB);
    const commands = (target: string) => [
      ['clone', source, target],
      ['restore', 'it', target, '--repo', repo],
    ];
    await assertRefused(
      tiny,
      commands(tiny),
      /are needed \(partition 1 \(ext4\) can be as small as \d+ bytes; partition 2 \(NTFS\) can be as small as/,
    );
    const least = neededBytes(await permafrost(['clone', source, tiny, '--yes'], 1));
    const less = await noisyFile(folder, 'less.img', least - 512);
    await assertRefused(less, commands(less), new RegExp(`and ${least} are needed`));
    const target = await noisyFile(folder, 'target.img', least);
    await permafrost(['clone', source, target, '--yes']);
    await assertLayout(t, source, target, ['ext4', 'ntfs', 'swap'], undefined, [1, 2, 3]);
  });

  test('of several clones each gets what it needs', async (t) => {
    const { folder, source } = await madeDisk(t, 'shrink-clones', {
      table: 'gpt',
      sizeMiB: 130,
      partitions: [
        { kind: 'ext4', sizeMiB: 120, spread: true },
        { kind: 'exfat', sizeMiB: 6 },
      ],
    });
    const whole = await noisyFile(folder, 'whole.img', 140 * MIB);
    const small = await noisyFile(folder, 'small.img', 110 * MIB);
    const { device, detach } = await attachLoop(t, small);
    await permafrost(['clone', source, whole, device, '--yes']);
    await detach();
    await assertLayout(t, source, whole, ['ext4', 'exfat']);
    await assertLayout(t, source, small, ['ext4', 'exfat'], undefined, [1]);
  });
});

describe('shrinking is refused, with the reason, and no byte of the target changes', () => {
  const ext = single('ext4', 120, { spread: true });

  test('of XFS, with the numbers', async (t) => {
    const { folder, source } = await madeDisk(t, 'shrink-xfs', single('xfs', 320));
    const target = await noisyFile(folder, 'target.img', 100 * MIB);
    await assertRefused(
      target,
      [['clone', source, target]],
      /has 104857600 bytes and 336609792 are needed \(partition 1 \(XFS\) keeps its 335544320 bytes: no tool makes XFS smaller\)/,
    );
  });

  test('of an ext4 that was not shut down cleanly', async (t) => {
    const { folder, source } = await madeDisk(t, 'shrink-dirty', ext);
    await withoutShutDown(t, source);
    const target = await noisyFile(folder, 'target.img', 100 * MIB);
    await assertRefused(target, [['clone', source, target]], /its ext4 was not shut down cleanly/);
  });

  test('where there is no room for scratch files, or no folder', async (t) => {
    const { folder, source } = await madeDisk(t, 'shrink-scratch', ext);
    const target = await noisyFile(folder, 'target.img', 100 * MIB);
    const small = await tightFolder(folder);
    await assertRefused(
      target,
      [['clone', source, target, '--scratch', small]],
      /needs about \d+ bytes in \S+small, and 4194304 are free there/,
    );
    const none = join(folder, 'none');
    await assertRefused(target, [['clone', source, target, '--scratch', none]], /scratch file in \S+none/);
    const before = await digest(target);
    await run('mount', ['-o', 'remount,size=200m', small]);
    await permafrost(['clone', source, target, '--scratch', small, '--yes']);
    assert.deepEqual(await readdir(small), []);
    assert.notEqual(await digest(target), before);
  });

  for (const [what, script, reason] of [
    [
      'whose tool fails',
      'case "$1" in -P) exec REAL "$@";; esac; echo no way >&2; exit 7',
      /failed with 7 \(no way/,
    ],
    [
      'that a tool left damaged',
      `case "$1" in -P) exec REAL "$@";; esac; REAL "$@" && ${damage}`,
      /e2fsck failed with/,
    ],
  ] as const)
    test(`of a file system ${what}`, async (t) => {
      const { folder, source, repo } = await imagedDisk(t, 'shrink-fails', ext);
      const env = await withResize2fs(folder, script);
      const target = await noisyFile(folder, 'target.img', 100 * MIB);
      await assertRefused(
        target,
        [
          ['clone', source, target],
          ['restore', 'it', target, '--repo', repo],
        ],
        reason,
        1,
        env,
      );
      const mounts = await readFile('/proc/self/mountinfo', 'utf8');
      assert.doesNotMatch(mounts, /permafrost-overlay/);
    });
});

/** Names of all files below `folder`, with their digests, but for locks. */
async function filesIn(folder: string): Promise<string> {
  const { stdout } = await run('sh', [
    '-c',
    'cd "$1" && find . -type f -not -path "./locks/*" -exec sha256sum {} + | sort',
    'sh',
    folder,
  ]);
  return stdout;
}
