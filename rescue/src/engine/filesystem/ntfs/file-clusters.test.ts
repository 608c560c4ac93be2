import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NtfsModel } from '../../../../test/filesystem/support-ntfs-model.ts';
import {
  assertInconsistent,
  assertRead,
  expectedUse,
  modelWith,
  read,
} from '../../../../test/filesystem/support-ntfs-reading.ts';
import { HOLE, resident, types } from '../../../../test/filesystem/support-ntfs-structures.ts';

/** A volume as a driver without a journal leaves it, with a file that the bitmap has missed in part. */
function cutOff(): NtfsModel {
  const model = modelWith();
  model.log = Buffer.alloc(0);
  const runs = [
    { lcn: 200, count: 5 },
    { lcn: HOLE, count: 9 },
    { lcn: 150, count: 4 },
  ];
  model.setRecord(24, [
    resident(types.data, Buffer.from('small')),
    model.stream(types.data, runs, { name: 'ads' }),
  ]);
  for (const run of runs) model.use(run);
  model.use({ lcn: 202, count: 2 }, false);
  model.use({ lcn: 150, count: 4 }, false);
  return model;
}

describe('a volume without a journal that could prove its bitmap', () => {
  it('keeps the clusters of files that the bitmap calls free, and says so', async () => {
    const model = cutOff();
    const { info, map } = await read(model);
    assert.equal(info.details?.['journal'], 'empty');
    assert.equal(map.raw, undefined);
    assert.equal(map.warnings.length, 1);
    assert.match(map.warnings[0]!, /Files use .* bytes in clusters that the volume's bitmap calls free/);
    model.use({ lcn: 200, count: 5 });
    model.use({ lcn: 150, count: 4 });
    assert.deepEqual(map.used.toPairs(), expectedUse(model).toPairs());
  });

  it('is not searched if the journal was closed', async () => {
    const model = cutOff();
    model.log = modelWith().log;
    assert.deepEqual((await assertRead(model)).warnings, []);
  });

  it('says nothing if the bitmap has missed nothing', async () => {
    const model = cutOff();
    model.use({ lcn: 202, count: 2 });
    model.use({ lcn: 150, count: 4 });
    assert.deepEqual((await assertRead(model)).warnings, []);
  });

  it('does not keep what belongs to a deleted file, nor bad clusters', async () => {
    const model = cutOff();
    model.setRecord(24, [model.stream(types.data, [{ lcn: 150, count: 4 }])], { inUse: false });
    const bad = { lcn: 100, count: 2 };
    model.use(bad);
    model.badRuns = [{ lcn: HOLE, count: 100 }, bad, { lcn: HOLE, count: 154 }];
    const { map } = await read(model);
    assert.deepEqual(map.warnings, []);
    model.use(bad, false);
    assert.deepEqual(map.used.toPairs(), expectedUse(model).toPairs());
  });

  it('is raw if a file record is damaged: what it held is not known', async () => {
    const at = (model: NtfsModel): number => model.mftRuns[0]!.lcn * 4096 + 24 * 1024;
    const torn = cutOff();
    torn.patches.push({ offset: at(torn) + 1022, bytes: Buffer.from([77]) });
    await assertInconsistent(torn, /record 24: is torn/);
    const bad = cutOff();
    bad.patches.push({ offset: at(bad), bytes: Buffer.from('BAAD') });
    await assertInconsistent(bad, /record 24: does not begin with FILE/);
    const outside = cutOff();
    outside.setRecord(24, [outside.stream(types.data, [{ lcn: 250, count: 7 }])]);
    await assertInconsistent(outside, /has a run of 7 clusters at 250 of 256/);
  });
});
