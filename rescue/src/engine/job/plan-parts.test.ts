import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePlan } from '../../../test/tui/sample.ts';
import { limitWarnings, sealPlan } from './plan-parts.ts';

const plan = samplePlan({ kind: 'image', sources: ['/dev/sdb'], repository: '/r' });
const failing = plan.disks.map((disk) => ({ ...disk, limits: [{ kind: 'failing' }] as const }));

test('a disk that answers one time and not the other changes no digest, anything else does', () => {
  const { digest } = sealPlan(plan);
  assert.equal(sealPlan({ ...plan, disks: failing }).digest, digest);
  assert.equal(sealPlan({ ...plan, disks: failing }).disks[0]!.limits!.length, 1);
  const others = plan.disks.map((disk) => ({ ...disk, sizeBytes: disk.sizeBytes + 1 }));
  assert.notEqual(sealPlan({ ...plan, disks: others }).digest, digest);
  assert.notEqual(sealPlan({ ...plan, source: plan.disks[0]! }).digest, digest);
});

test('reports name the disk whose limits they warn of', () => {
  const [warning, ...more] = limitWarnings({ disks: failing });
  assert.match(warning!, /^\/dev\/sdb: The disk itself says/);
  assert.deepEqual(more, []);
});
