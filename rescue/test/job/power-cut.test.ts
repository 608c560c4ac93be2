/**
 * A power cut at any moment: everything that was not made durable is forgotten, or kept in part. What then calls
 * itself an image must be one, what looks like a restored disk must be whole, and the next run must come through.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Repository, runImage, runRestore, runVerify, type DiskPlan } from '../../src/engine/index.ts';
import { isPermafrostError } from '../../src/engine/base/errors.ts';
import { run } from '../support/command.ts';
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

test('a power cut while restoring leaves the old disk, the new one, or none', async (t) => {
  const folder = await scratchFolder(t, 'power-cut');
  const source = await makeDisk(folder);
  const plan = await inspect(source);
  const digest = await usedDigest(source, plan);
  const other = await makeDisk(folder, 'other.img', { seed: 9 });
  const inside = await usedDigest(source, partitionsOf(plan));
  const otherInside = await usedDigest(other, partitionsOf(await inspect(other)));
  assert.notEqual(inside, otherInside);
  const repository = join(folder, 'repository');
  await permafrost(['image', source, '--repo', repository]);

  // The target held another disk of the same layout: its bytes must not pass for restored ones.
  const fs = await mountFaultFs(t, { log: true });
  const logged = join(fs.path, 'target.img');
  await run('dd', [`if=${other}`, `of=${logged}`, 'bs=1M', 'conv=fsync', 'status=none']);
  await run('sync', [fs.path]);
  await fs.mark('begins');
  await permafrost(['restore', 'latest', logged, '--repo', repository, '--yes', '--allow-unresolved']);
  await fs.mark('reported done');
  await fs.unmount();
  const log = await readLog(fs.logFolder!);
  const at = (text: string): number => log.operations.findIndex((o) => 'text' in o && o.text === text);
  const [begins, done] = [at('begins'), at('reported done')];
  assert.ok(begins > 0 && done > begins + 10, 'the log has both marks and the writes');

  const cuts = Number(process.env['PERMAFROST_CUTS'] ?? 20);
  const policies = Object.entries(cutPolicies);
  const seen = { old: 0, new: 0, none: 0 };
  for (let i = 0; i < cuts; i++) {
    // The beginning and the end are where it matters: half of the cuts are near them.
    const share = i / (cuts - 1);
    const bent = share < 0.5 ? 2 * share * share : 1 - 2 * (1 - share) * (1 - share);
    const cut = begins + 1 + Math.round(bent * (done - begins));
    const [policyName, policy] = policies[i % policies.length]!;
    const into = join(folder, 'after');
    await replay(log, cut, policy, i, into);
    const where = `cut before operation ${cut} (${begins} to ${done}), ${policyName}`;
    const target = join(into, 'target.img');
    const found = await inspect(target);
    if (found.regions.some(({ partitions }) => partitions.length > 0)) {
      const left = await usedDigest(target, partitionsOf(found));
      assert.ok(left === inside || left === otherInside, `${where}: a table over a mixture`);
      seen[left === inside ? 'new' : 'old']++;
    } else seen.none++;
    if (cut > done) assert.equal(await usedDigest(target, plan), digest, where);
    const resumed = await runRestore({
      kind: 'restore',
      repository,
      image: 'latest',
      targets: [{ target }],
      delta: true,
    });
    assert.equal(resumed.outcome, 'done', `${where}: ${JSON.stringify(resumed.error)}`);
    assert.equal(await usedDigest(target, plan), digest, where);
    await rm(into, { recursive: true });
  }
  t.diagnostic(JSON.stringify(seen));
  assert.ok(seen.none > 0 && seen.new > 0, JSON.stringify(seen));
});

/** Without what lies around the partitions: of the table itself a cut may leave one of its two copies. */
function partitionsOf(disk: DiskPlan): DiskPlan {
  return { ...disk, regions: disk.regions.filter(({ partitions }) => partitions.length > 0) };
}

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
