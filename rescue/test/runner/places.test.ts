/** Places on a disk, as a front end uses them: looked at, imaged into, let go of and found again. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { LocalHost } from '../../src/runner/local-host.ts';
import { run } from '../support/command.ts';
import { attachLoop, sparseFile } from '../support/scratch.ts';
import { imagedDisk, runInHost } from './support.ts';

const MIB = 1024 * 1024;

test('a stick is mounted to be written to, and a place is found again while it is let go of', async (t) => {
  const { folder, source } = await imagedDisk(t, { imaged: false });
  const label = 'PLACES-TEST';
  const stick = await sparseFile(join(folder, 'stick.img'), 200 * MIB);
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', '-L', label, stick]);
  await attachLoop(t, stick);
  const host = new LocalHost();
  t.after(() => host.close());
  const rule = { label, folder: '.' };

  const place = await host.place(rule);
  const repository = join(place.path, 'images');
  const { report, error } = await runInHost(host, { kind: 'image', sources: [source], repository });
  assert.deepEqual([report?.outcome, error], ['done', undefined]);
  await host.dismiss();

  for (let round = 0; round < 3; round++) {
    const before = await host.place(rule);
    const releasing = host.release(before.id);
    const again = await host.place(rule);
    await releasing;
    const plan = await host.plan({ kind: 'verify', repository: join(again.path, 'images') });
    assert.deepEqual(plan.refusals, []);
  }
});
