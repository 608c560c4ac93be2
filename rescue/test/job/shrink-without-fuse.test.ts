/** Smaller targets where the system has no FUSE: the tools work on a copy of what is used. */
import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, type CommandResult } from '../support/command.ts';
import { program } from '../support/program.ts';
import { imageOf, madeDisk, neededBytes, single, tightFolder } from './support-disks.ts';
import { assertLayout, MIB } from './support-layout.ts';
import { digest, noisyFile } from './support-targets.ts';

/** Runs the command line where `/dev/fuse` is another device. */
function withoutFuse(args: readonly string[], code = 0): Promise<CommandResult> {
  const script = 'mount --bind /dev/null /dev/fuse && exec "$@"';
  const command = ['sh', '-c', script, 'sh', ...program, ...args];
  return run('unshare', ['--mount', ...command], { accept: [code] });
}

test('ext4, NTFS and FAT are made smaller on a copy, by a clone and by a restore; the source stays', async (t) => {
  const { folder, source } = await madeDisk(t, 'without-fuse', {
    table: 'gpt',
    sizeMiB: 150,
    partitions: [
      { kind: 'ext4', sizeMiB: 60, spread: true },
      { kind: 'ntfs', sizeMiB: 56, spread: true },
      { kind: 'fat16', sizeMiB: 24, spread: true },
    ],
  });
  const unchanged = await digest(source);
  const repo = await imageOf({ folder, source });
  const scratch = join(folder, 'scratch');
  await mkdir(scratch);
  // So small that all three must shrink.
  const tiny = await noisyFile(folder, 'tiny.img', 8 * MIB);
  const least = neededBytes(await withoutFuse(['clone', source, tiny, '--yes'], 1));
  for (const [name, command] of [
    ['cloned.img', ['clone', source]],
    ['restored.img', ['restore', 'it', '--repo', repo]],
  ] as const) {
    const target = await noisyFile(folder, name, least);
    const { stdout } = await withoutFuse([...command, target, '--scratch', scratch, '--yes']);
    assert.match(
      stdout.replaceAll(/\s+/g, ' '),
      /scratch files take about [\d.]+ MiB in \S+scratch: a copy of all that is used/,
    );
    await assertLayout(t, source, target, ['ext4', 'ntfs', 'fat16'], undefined, [1, 2, 3]);
    assert.deepEqual(await readdir(scratch), []);
  }
  assert.equal(await digest(source), unchanged);
});

test('Btrfs is made smaller on a copy that is mounted', async (t) => {
  const { folder, source } = await madeDisk(t, 'without-fuse-btrfs', single('btrfs', 400, { spread: true }));
  const target = await noisyFile(folder, 'target.img', 310 * MIB);
  await withoutFuse(['clone', source, target, '--yes']);
  await assertLayout(t, source, target, ['btrfs'], undefined, [1]);
});

test('where there is no room for the copy the plan says so, and no byte changes', async (t) => {
  const { folder, source } = await madeDisk(t, 'without-fuse-full', single('ext4', 120, { spread: true }));
  const small = await tightFolder(folder);
  const target = await noisyFile(folder, 'target.img', 100 * MIB);
  const before = await digest(target);
  const { stderr } = await withoutFuse(['clone', source, target, '--scratch', small, '--yes'], 1);
  assert.match(
    stderr.replaceAll(/\s+/g, ' '),
    /without FUSE its size can only be asked of a copy of \d+ bytes, and 4194304 are free in \S+small/,
  );
  // Room for the copy, and not for what the tools write besides.
  const { stderr: used } = await withoutFuse(['clone', source, target, '--scratch', small, '--yes'], 1);
  const copyBytes = Number(/of a copy of (\d+) bytes/.exec(used.replaceAll(/\s+/g, ' '))![1]);
  await run('mount', ['-o', `remount,size=${copyBytes + 2 * MIB}`, small]);
  const { stderr: tight } = await withoutFuse(['clone', source, target, '--scratch', small, '--yes'], 1);
  assert.match(
    tight.replaceAll(/\s+/g, ' '),
    /making file systems smaller needs about \d+ bytes in \S+small/,
  );
  assert.equal(await digest(target), before);
});
