import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleDisk, samplePlan } from '../../../test/tui/sample.ts';
import { cloneTwinWarnings, keptIds, twinsAmong } from './twins.ts';

const plan = samplePlan({ kind: 'clone', source: '/dev/sda', targets: ['/dev/sdb'] }).disks[0]!;
const DISK = 'AAAAAAAA-0000-4000-8000-000000000001';
const UUID = 'bbbbbbbb-0000-4000-8000-000000000002';
const copied = {
  table: { ...plan.table, diskId: DISK },
  regions: [{ ...plan.regions[0]!, fileSystem: { kind: 'ext4', state: 'clean', uuid: UUID } as const }],
};
const renewed = (ids: readonly string[]) => ({
  renewed: ids.map((id) => ({ what: 'disk', place: 'the disk', id }) as const),
  mended: [],
  kept: [],
  warnings: [],
});

test('a clone beside its source is warned of, with what goes wrong and what to do', () => {
  const [warning] = cloneTwinWarnings(copied);
  assert.match(warning!, /same identifiers as its source.*write to it.*--new-ids/);
  const [left] = cloneTwinWarnings({ ...copied, newIds: renewed([DISK]) });
  assert.match(left!, new RegExp(`keeps 1 of the identifiers of its source \\(${UUID}\\)`));
  assert.deepEqual(cloneTwinWarnings({ ...copied, newIds: renewed([DISK, UUID]) }), []);
});

test('what a partition that is left out has is no identifier of the copy', () => {
  const regions = copied.regions.map((region) => ({ ...region, included: false }));
  assert.deepEqual(keptIds({ ...copied, regions }), [DISK.toLowerCase()]);
});

test('an original that is attached while its image is restored is named; the target itself is none', () => {
  const kept = new Set(keptIds(copied));
  const one = sampleDisk('/dev/sdb');
  const same = {
    ...one,
    diskId: DISK.toLowerCase(),
    regions: [{ ...one.regions[0]!, fileSystem: { kind: 'ext4', uuid: UUID } as const }],
  };
  const other = sampleDisk('/dev/sdc');
  const [warning, ...more] = twinsAmong(kept, [same, other], ['/dev/sdd']);
  assert.match(warning!, /^\/dev\/sdb, Samsung.*, which is attached, has the same identifiers/);
  assert.match(warning!, new RegExp(`${DISK.toLowerCase()}, ${UUID}`));
  assert.deepEqual(more, []);
  assert.deepEqual(twinsAmong(kept, [same, other], ['/dev/sdb']), []);
});
