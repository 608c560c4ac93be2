/** Another disk with the identifiers of what is restored: said, and no reason to ask again. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Plan } from '../../src/engine/index.ts';
import { attachLoop, scratchFolder } from '../support/scratch.ts';
import { makeDisk, permafrost } from './support.ts';

test('the original, attached between the plan and its confirmation, is warned of and changes no digest', async (t) => {
  const folder = await scratchFolder(t, 'twins');
  const source = await makeDisk(folder);
  const repo = join(folder, 'repository');
  await permafrost(['image', source, '--repo', repo]);
  const planOf = async (): Promise<Plan> => {
    const args = ['restore', 'latest', join(folder, 'target.img'), '--repo', repo, '--dry-run', '--json'];
    const { events } = await permafrost(args);
    return events.find(({ type }) => type === 'plan') as unknown as Plan;
  };
  const alone = await planOf();
  const { device } = await attachLoop(t, source, ['--read-only']);
  const beside = await planOf();
  const warns = ({ warnings }: Plan): boolean =>
    warnings.some((text) => text.startsWith(device) && text.includes('has the same identifiers'));
  assert.deepEqual([warns(alone), warns(beside)], [false, true]);
  assert.equal(beside.digest, alone.digest);
});
