/**
 * A power cut at any moment of imaging: everything that was not made durable is forgotten, or kept in part. What
 * then calls itself an image must be one, and the next run must come through.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Repository, runImage, runRestore, runVerify } from '../../src/engine/index.ts';
import { isPermafrostError } from '../../src/engine/base/errors.ts';
import { mountFaultFs } from '../support/faultfs.ts';
import { cutPolicies, replay } from '../support/power-cut.ts';
import { readLog } from '../support/power-cut-log.ts';
import { copyFile, rm } from 'node:fs/promises';
import { scratchFolder } from '../support/scratch.ts';
import { changeDisk, inspect, makeDisk, permafrost, usedDigest } from './support.ts';

test('a power cut while imaging leaves whole images and a repository that goes on', async (t) => {
  const folder = await scratchFolder(t, 'power-cut');
  const source = await makeDisk(folder);
  const plan = await inspect(source);
  const digest = await usedDigest(source, plan);
  const changed = join(folder, 'changed.img');
  await copyFile(source, changed);
  await changeDisk(changed, folder);

  const fs = await mountFaultFs(t, { log: true });
  const repo = join(fs.path, 'repository');
  await permafrost(['image', source, '--repo', repo, '--allow-unresolved', '--name', 'first']);
  await fs.mark('first reported done');
  await permafrost(['image', changed, '--repo', repo, '--allow-unresolved', '--name', 'second']);
  await fs.mark('second reported done');
  await fs.unmount();
  const log = await readLog(fs.logFolder!);
  const doneAt = (text: string): number => log.operations.findIndex((o) => 'text' in o && o.text === text);
  const [firstDone, secondDone] = [doneAt('first reported done'), doneAt('second reported done')];
  assert.ok(firstDone > 0 && secondDone > firstDone, 'the log has both marks');

  const cuts = Number(process.env['PERMAFROST_CUTS'] ?? 20);
  const policies = Object.entries(cutPolicies);
  let withImages = 0;
  for (let i = 0; i < cuts; i++) {
    const cut = 1 + Math.floor((i * (log.operations.length - 1)) / (cuts - 1));
    const [policyName, policy] = policies[i % policies.length]!;
    const into = join(folder, 'after');
    await replay(log, cut, policy, i, into);
    const where = `cut before operation ${cut} of ${log.operations.length}, ${policyName}`;
    const repository = join(into, 'repository');
    const { images, damaged } = await imagesOf(repository);
    assert.deepEqual(damaged, [], where);
    // What was reported as done must be there.
    if (cut > firstDone) assert.ok(images.includes('first'), where);
    if (cut > secondDone) assert.ok(images.includes('second'), where);
    if (images.length > 0) {
      withImages++;
      const verified = await runVerify({ kind: 'verify', repository });
      assert.equal(verified.outcome, 'done', `${where}: ${JSON.stringify(verified.warnings)}`);
    }
    const again = await runImage({ kind: 'image', sources: [source], repository, name: 'again' });
    assert.equal(again.outcome, 'done', `${where}: ${JSON.stringify(again.error)}`);
    const target = join(folder, 'target.img');
    const restored = await runRestore({ kind: 'restore', repository, image: 'again', targets: [{ target }] });
    assert.equal(restored.outcome, 'done', `${where}: ${JSON.stringify(restored.error)}`);
    assert.equal(await usedDigest(target, plan), digest, where);
    await rm(target);
    await rm(into, { recursive: true });
  }
  assert.ok(withImages > 0, 'some cuts must come after the first image');
});

async function imagesOf(
  path: string,
): Promise<{ images: string[]; damaged: readonly { problem: string }[] }> {
  try {
    const repository = await Repository.open(path);
    const { images, damaged } = await repository.listImages();
    return { images: images.map(({ name }) => name), damaged };
  } catch (error) {
    if (isPermafrostError(error, 'repository/not-found')) return { images: [], damaged: [] };
    throw error;
  }
}
