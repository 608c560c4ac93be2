/** Journals of file systems cut off in use: what a replay in memory finds is what e2fsck and the kernel find. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageDigest, MIB } from './support-ext.ts';
import { crashBehindJournal, proveCrash, recoverWithNoise, type Crash } from './support-ext-crash.ts';

const ext4: Crash = {
  name: 'ext4, checksums for every block',
  options: ['-t', 'ext4', '-b', '4096', '-g', '2048', '-J', 'size=16'],
};

const crashes: readonly Crash[] = [
  ext4,
  { name: 'ext3', options: ['-t', 'ext3', '-b', '1024', '-J', 'size=16'] },
  {
    name: 'data in the journal',
    options: ['-t', 'ext4', '-b', '1024', '-J', 'size=12'],
    mountOptions: ['-o', 'data=journal'],
  },
];

for (const crash of crashes)
  test(`a journal is replayed in memory: ${crash.name}`, async (t) => {
    await proveCrash(t, crash);
  });

test('without the replay files are lost, so the proof proves something', async (t) => {
  const { image, digest, before } = await crashBehindJournal(t, ext4);
  const copy = await recoverWithNoise(image, 64 * MIB, before);
  assert.notEqual(await imageDigest(t, copy, true), digest);
});
