/** Sizes and places of partitions that were asked for: on clones and restores, and that nothing changes where they cannot be. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { DiskPlan } from '../../src/engine/index.ts';
import { planClone } from '../../src/engine/index.ts';
import { attachLoop } from '../support/scratch.ts';
import { imagedDisk, imageOf, madeDisk, smallEfi, windowsParts } from './support-disks.ts';
import {
  checkContent,
  hiddenSectors,
  MIB,
  readLayout,
  type LayoutDisk,
  type LayoutKind,
} from './support-layout.ts';
import { permafrost } from './support.ts';
import { assertRefused, digest, noisyFile } from './support-targets.ts';

/** A system partition, files of Windows and of Linux, and one that nothing resizes. */
const disk: LayoutDisk = {
  table: 'gpt',
  sizeMiB: 240,
  partitions: [
    windowsParts.efi,
    windowsParts.system,
    { kind: 'ext4', sizeMiB: 100, label: 'home' },
    { kind: 'exfat', sizeMiB: 20, gapMiB: 2 },
  ],
};
const kinds: readonly LayoutKind[] = ['fat32', 'ntfs', 'ext4', 'exfat'];

/** Partitions of `target` have these places, in MiB, the files of `source`, and file systems that fill them. */
async function assertPlaces(
  t: TestContext,
  source: string,
  target: string,
  places: readonly (readonly [number, number])[],
): Promise<void> {
  const before = await readLayout(source);
  const after = await readLayout(target);
  assert.deepEqual(
    after.map(({ start, size }) => [start / MIB, size / MIB]),
    places,
  );
  for (const [i, part] of after.entries()) {
    const kind = kinds[i]!;
    const old = await checkContent(t, source, before[i]!, kind);
    const now = await checkContent(t, target, part, kind);
    assert.equal(now.files, old.files, `files of partition ${i + 1}`);
    if (now.fileSystemBytes === undefined) continue;
    assert.ok(now.fileSystemBytes <= part.size);
    assert.ok(part.size - now.fileSystemBytes < MIB, `${kind}: ${now.fileSystemBytes} of ${part.size}`);
  }
  for (const i of [0, 1]) {
    const { start } = after[i]!;
    assert.equal(await hiddenSectors(target, start), start / 512);
  }
}

describe('sizes and places that were asked for', () => {
  test('are what clone, restore and a job file give: one grows, one shrinks, one begins elsewhere', async (t) => {
    const { folder, source } = await madeDisk(t, 'sizes', disk);
    const unchanged = await digest(source);
    const repo = await imageOf({ folder, source });
    const asked = ['--size', '2=90MiB', '--size', '3=70MiB', '--start', '3=130MiB', '--start=4=236 MiB'];
    const places = [
      [1, 34],
      [35, 90],
      [130, 70],
      [236, 20],
    ] as const;
    const cloned = await noisyFile(folder, 'cloned.img', 300 * MIB);
    const { stdout } = await permafrost(['clone', source, cloned, ...asked, '--yes']);
    const said = stdout.replaceAll(/\s+/g, ' ');
    assert.match(said, /partition 2 grows from 60\.0 MiB to 90\.0 MiB; its file system follows/);
    assert.match(said, /partition 3 shrinks from 100 MiB to 70\.0 MiB and moves from 95\.0 MiB to 130 MiB/);
    await assertPlaces(t, source, cloned, places);

    const restored = await noisyFile(folder, 'restored.img', 300 * MIB);
    const { device, detach } = await attachLoop(t, restored, ['--partscan']);
    await permafrost(['restore', 'it', device, '--repo', repo, ...asked, '--yes']);
    await detach();
    await assertPlaces(t, source, restored, places);

    const byFile = await noisyFile(folder, 'by-file.img', 300 * MIB);
    const file = join(folder, 'job.yaml');
    await writeFile(
      file,
      `version: 1
id: sizes
countdown: 0
repository: { path: ${repo} }
steps:
  - restore:
      image: it
      target: { file: ${byFile} }
      layout:
        - { partition: 2, size: 90MiB }
        - { partition: 3, size: ${70 * MIB}, start: 130 MiB }
        - { partition: 4, start: 236MiB }
`,
    );
    await permafrost(['run', file]);
    await assertPlaces(t, source, byFile, places);
    assert.equal(await digest(source), unchanged);
  });

  test('leave the rest as without: what nobody asked for gives way, or gets what is free', async (t) => {
    const { folder, source } = await madeDisk(t, 'sizes-rest', disk);
    const smaller = await noisyFile(folder, 'smaller.img', 200 * MIB);
    await permafrost(['clone', source, smaller, '--size', '2=60MiB', '--yes']);
    const [, windows, home] = await readLayout(smaller);
    assert.equal(windows!.size, 60 * MIB);
    assert.ok(home!.size < 100 * MIB);
    const larger = await noisyFile(folder, 'larger.img', 300 * MIB);
    await permafrost(['clone', source, larger, '--size', '2=70MiB', '--grow', '3', '--yes']);
    await assertPlaces(t, source, larger, [
      [1, 34],
      [35, 70],
      [105, 172],
      [279, 20],
    ]);
  });

  test('are refused with what would do, and no byte of the target changes', async (t) => {
    const { folder, source, repo } = await imagedDisk(t, 'sizes-refused', {
      table: 'gpt',
      sizeMiB: 52,
      partitions: [
        smallEfi,
        { kind: 'ext4', sizeMiB: 24, label: 'home' },
        { kind: 'exfat', sizeMiB: 8, gapMiB: 2 },
      ],
    });
    const target = await noisyFile(folder, 'target.img', 64 * MIB);
    // By turns: each reason once.
    const commands = [
      ['clone', source, target],
      ['restore', 'it', target, '--repo', repo],
    ];
    const refused = async (asked: readonly string[], reason: RegExp, code?: number): Promise<void> => {
      await assertRefused(target, [[...commands[0]!, ...asked]], reason, code);
      commands.reverse();
    };
    await refused(
      ['--size', '2=1MiB'],
      /partition 2 cannot have 1048576 bytes on .*needs \d+ bytes at least/,
    );
    await refused(['--size', '3=10MiB'], /partition 3 cannot have \d+ bytes on .*: no tool here grows exFAT/);
    await refused(
      ['--size', '3=4MiB'],
      /partition 3 cannot have \d+ bytes on .*: no tool makes exFAT smaller/,
    );
    await refused(['--start', '2=5MiB'], /partition 2 cannot begin at 5242880 bytes .*leaves room from/);
    await refused(['--start', '3=60MiB'], /partition 3 cannot begin at .*a start at \d+ bytes at most/);
    await refused(['--start', '3=1000'], /partition 3 cannot begin at 1000 bytes .*multiple of 512 bytes/);
    await refused(['--size', '9=1GiB'], /there is no partition 9/);
    await refused(['--size', '2=much'], /--size must be a partition and bytes/, 2);
    await refused(['--size', '2=1G', '--size', '2=2G'], /--size is given twice for partition 2/, 2);
    await refused(['--size', '2=30MiB', '--grow', '2'], /partition 2 is given a size, and the free space/);
    // The bound that a refusal names is true, with the others as they are asked for.
    const others = ['--size', '1=12MiB', '--yes'];
    const { stderr } = await permafrost(['clone', source, target, '--size', '2=1GiB', ...others], 1);
    const [, bytes] = /cannot have 1073741824 .* room for (\d+) bytes/.exec(stderr.replaceAll(/\s+/g, ' '))!;
    const most = Number(bytes);
    await refused(['--size', `2=${most + 512}`, '--size', '1=12MiB'], /partition 2 cannot have/);
    await permafrost(['clone', source, target, '--size', `2=${most}`, ...others]);
    assert.equal((await readLayout(target))[1]!.size, most);
  });

  test('an empty list changes nothing, and the plan says what would be possible', async (t) => {
    const { folder, source } = await madeDisk(t, 'sizes-possible', disk);
    const target = await noisyFile(folder, 'target.img', 300 * MIB);
    const job = { kind: 'clone', source, targets: [target] } as const;
    const [without] = (await planClone(job)).disks;
    const { resizing, ...planned }: DiskPlan = (await planClone({ ...job, layout: [] })).disks[0]!;
    assert.deepEqual({ ...planned, limits: undefined }, { ...without, limits: undefined });
    const [efi, windows, home, shared] = resizing!.partitions;
    assert.ok(efi!.leastBytes < 34 * MIB && efi!.mostReason === undefined);
    assert.ok(windows!.leastBytes < 20 * MIB);
    assert.ok(home!.leastBytes < 100 * MIB);
    assert.equal(shared!.leastBytes, 20 * MIB);
    assert.equal(shared!.mostReason!.code, 'resize/no-grow-tool');
    assert.ok(resizing!.room.end > 299 * MIB && resizing!.room.end < 300 * MIB);
  });
});
