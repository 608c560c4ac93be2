/** Bytes of this process as a file that real programs read and write. */
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { test } from 'node:test';
import { withServedFile, type ServedBytes } from '../../src/engine/device/fuse-file.ts';
import { run } from '../support/command.ts';
import { noise } from '../support/scratch.ts';

const SIZE = 5 * 1024 * 1024 + 1234;

function served(): { bytes: Buffer; file: ServedBytes } {
  const bytes = Buffer.from(noise(SIZE, 3));
  const file: ServedBytes = {
    sizeBytes: SIZE,
    read: (offset, length) => Promise.resolve(Uint8Array.from(bytes.subarray(offset, offset + length))),
    write: (offset, piece) => {
      bytes.set(piece, offset);
      return Promise.resolve();
    },
  };
  return { bytes, file };
}

test('a file in this process is read and written by others, and is gone afterwards', async () => {
  const { bytes, file } = served();
  let where = '';
  await withServedFile(file, async (path) => {
    where = path;
    assert.equal((await stat(path)).size, SIZE);
    const whole = await run('sha256sum', [path]);
    assert.equal(
      whole.stdout.split(' ')[0],
      (await run('sha256sum', [], { input: bytes })).stdout.split(' ')[0],
    );
    const options = ['bs=700k', 'seek=3', 'count=3', 'conv=notrunc', 'status=none'];
    await run('dd', ['if=/dev/zero', `of=${path}`, ...options]);
    assert.ok(
      bytes.subarray(3 * 716_800, 6 * 716_800).every((byte) => byte === 0),
      'at once, and not later',
    );
    assert.deepEqual(await readFile(path), bytes);
    const beyond = await run(
      'dd',
      ['if=/dev/zero', `of=${path}`, 'bs=1M', 'seek=5', 'count=1', 'conv=notrunc'],
      {
        accept: [1],
      },
    );
    assert.match(beyond.stderr, /No space left/);
  });
  await assert.rejects(stat(where));
  assert.doesNotMatch(await readFile('/proc/self/mountinfo', 'utf8'), /permafrost-overlay/);
});

test('what cannot be had is an error of the program, and what fails meanwhile leaves nothing', async () => {
  const { file } = served();
  const failing: ServedBytes = { ...file, read: () => Promise.reject(new Error('bad sector')) };
  const failure = new Error('the work failed');
  const work = withServedFile(failing, async (path) => {
    const read = await run('dd', [`if=${path}`, 'of=/dev/null'], { accept: [1] });
    assert.match(read.stderr, /Input\/output error/);
    throw failure;
  });
  await assert.rejects(work, failure);
  assert.doesNotMatch(await readFile('/proc/self/mountinfo', 'utf8'), /permafrost-overlay/);
});
