/**
 * A file system that was made smaller may use blocks that it did not use before, and that its tool did not write: the
 * target has them as the source or the image has them, never as whatever lay there before.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { run } from '../support/command.ts';
import { imageOf, madeDisk, single, withResize2fs } from './support-disks.ts';
import { MIB, readLayout } from './support-layout.ts';
import { inspect, permafrost } from './support.ts';
import { noisyFile } from './support-targets.ts';

/** After a resize2fs that resizes: 2000 blocks become those of a file, without being written. */
const PROMISE = `
printf 'write /dev/null promised\\nfallocate promised 0 1999\\n' | debugfs -w -f - "$1" >/dev/null 2>&1
`;

/** Where the blocks of the file "promised" in the ext4 at `start` of `path`, are, in bytes from its start. */
async function promised(path: string, start: number): Promise<{ at: number; length: number }[]> {
  const file = `${path}?offset=${start}`;
  const { stdout: header } = await run('dumpe2fs', ['-h', file]);
  const blockBytes = Number(/^Block size: +(\d+)/m.exec(header)![1]);
  const { stdout } = await run('debugfs', ['-R', 'dump_extents -l /promised', file]);
  return [...stdout.matchAll(/(\d+) - +\d+ +(\d+) Uninit/g)].map(([, block, count]) => ({
    at: start + Number(block) * blockBytes,
    length: Number(count) * blockBytes,
  }));
}

test('blocks that a smaller file system has begun to use come from the source, or from the image', async (t) => {
  const { folder, source } = await madeDisk(t, 'shrink-newly-used', single('ext4', 120, { spread: true }));
  const script = `case "$1" in -P) exec REAL "$@";; esac\nREAL "$@" || exit\n${PROMISE}`;
  const env = await withResize2fs(folder, script);

  const cloned = await noisyFile(folder, 'cloned.img', 100 * MIB);
  await permafrost(['clone', source, cloned, '--yes'], 0, { env });
  const repo = await imageOf({ folder, source });
  const restored = await noisyFile(folder, 'restored.img', 100 * MIB);
  await permafrost(['restore', 'it', restored, '--repo', repo, '--yes'], 0, { env });

  const was = await readFile(source);
  // What an image has: zeros in all that was not used.
  const imaged = Buffer.alloc(was.length);
  for (const { start, used } of (await inspect(source)).regions)
    for (const [offset, length] of used!)
      was.copy(imaged, start + offset, start + offset, start + offset + length);
  for (const [path, expected] of [
    [cloned, was],
    [restored, imaged],
  ] as const) {
    const [part] = await readLayout(path);
    const extents = await promised(path, part!.start);
    assert.ok(extents.reduce((sum, { length }) => sum + length, 0) >= 2000 * 1024);
    const now = await readFile(path);
    for (const { at, length } of extents)
      assert.ok(
        now.subarray(at, at + length).equals(expected.subarray(at, at + length)),
        `${path}: ${length} bytes at ${at}`,
      );
  }
});
