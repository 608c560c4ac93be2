import { describe, it } from 'node:test';
import type { ModelOptions, NtfsModel } from '../../../../test/filesystem/support-ntfs-model.ts';
import {
  assertInconsistent,
  assertRead,
  modelWith,
} from '../../../../test/filesystem/support-ntfs-reading.ts';
import {
  HOLE,
  listValue,
  resident,
  types,
  type Run,
} from '../../../../test/filesystem/support-ntfs-structures.ts';

describe('a fragmented $Bitmap', () => {
  const bitmapRuns: Run[] = [
    { lcn: 1030, count: 1 },
    { lcn: 1090, count: 2 },
    { lcn: 1020, count: 1 },
    { lcn: 1070, count: 1 },
  ];
  const options: ModelOptions = {
    clusterSize: 512,
    clusterCount: 2500 * 8,
    bitmapRuns,
    mftRuns: [{ lcn: 100, count: 64 }],
  };

  it('is read in the order of its runs', async () => {
    await assertRead(modelWith({ ...options, clusterCount: 2500 * 8 - 5 }));
  });

  it('is read through an attribute list that leads to other records', async () => {
    const model = modelWith(options);
    const allocatedBytes = 5 * 512;
    const { data } = types;
    model.setRecord(6, [
      resident(
        types.list,
        listValue([
          { type: data, record: 6, instance: 1 },
          { type: data, record: 20, lowestVcn: 1, sequence: 3, instance: 4 },
          { type: data, record: 21, lowestVcn: 4 },
        ]),
      ),
      model.stream(data, bitmapRuns.slice(0, 1), { instance: 1, allocatedBytes }),
    ]);
    const base = { record: 6, sequence: 1 };
    const middle = model.stream(data, bitmapRuns.slice(1, 3), { lowestVcn: 1, instance: 4 });
    model.setRecord(20, [middle], { base, sequence: 3 });
    model.setRecord(21, [model.stream(data, bitmapRuns.slice(3), { lowestVcn: 4 })], { base });
    await assertRead(model);

    // The same with a link of the chain broken.
    model.setRecord(20, [middle], { base, sequence: 4 });
    await assertInconsistent(model, /record 20: is no part of 6/);
    model.setRecord(20, [middle], { base: { record: 9, sequence: 1 }, sequence: 3 });
    await assertInconsistent(model, /record 20: is no part of 6/);
    model.setRecord(20, [middle], { base, sequence: 3, inUse: false });
    await assertInconsistent(model, /record 20: is no part of 6/);
    model.setRecord(20, [model.stream(data, bitmapRuns.slice(1, 2), { lowestVcn: 1, instance: 4 })], {
      base,
      sequence: 3,
    });
    await assertInconsistent(model, /continues at cluster 4 of a stream known up to 3/);
  });

  it('is not confused with its other streams, which Windows 10 keeps beside it', async () => {
    const model = modelWith(options);
    const { data, list } = types;
    const base = { record: 6, sequence: 1 };
    const other = model.stream(data, [{ lcn: 2000, count: 3 }], { name: '$SRAT' });
    model.setRecord(20, [other, model.stream(data, bitmapRuns, { instance: 1 })], { base });
    const entries = [
      { type: data, name: '$SRAT', record: 20 },
      { type: data, record: 20, instance: 1 },
    ];
    model.setRecord(6, [resident(list, listValue(entries))]);
    await assertRead(model);
    // The list must name the very attribute.
    const wrong = entries.map((entry) => ({ ...entry, instance: 9 }));
    model.setRecord(6, [resident(list, listValue(wrong))]);
    await assertInconsistent(model, /record 20: does not hold attribute 0x80/);
  });

  it('is refused with a hole', async () => {
    const model = modelWith({ ...options, bitmapRuns: [...bitmapRuns.slice(0, 3), { lcn: HOLE, count: 1 }] });
    await assertInconsistent(model, /has holes/);
  });

  it('is refused if it is compressed, resident, or shorter than the volume', async () => {
    const compressed = modelWith(options);
    compressed.setRecord(6, [compressed.stream(types.data, bitmapRuns, { flags: 1 })]);
    await assertInconsistent(compressed, /compressed/);
    const inside = modelWith();
    inside.setRecord(6, [resident(types.data, inside.bitmap.subarray(0, 32))]);
    await assertInconsistent(inside, /no clusters for file record 6/);
    const short = modelWith(options);
    short.setRecord(6, [short.stream(types.data, bitmapRuns, { dataBytes: 2499 })]);
    await assertInconsistent(short, /has 2499 bytes for 20000 clusters/);
    const uninitialised = modelWith(options);
    uninitialised.setRecord(6, [uninitialised.stream(types.data, bitmapRuns, { initializedBytes: 2499 })]);
    await assertInconsistent(uninitialised, /has 2499 bytes for 20000 clusters/);
  });

  it('is refused if it calls a metadata file free', async () => {
    const free: [string, (model: NtfsModel) => Run][] = [
      ['\\$MFT', (model) => model.mftRuns[0]!],
      ['\\$MFTMirr', (model) => model.mirrorRun],
      ['\\$LogFile', (model) => model.logRun],
      ['\\$Bitmap', (model) => model.bitmapRuns[1]!],
    ];
    for (const [name, run] of free) {
      const model = modelWith(options);
      const { lcn, count } = run(model);
      model.use({ lcn: lcn + count - 1, count: 1 }, false);
      await assertInconsistent(model, new RegExp(`calls clusters of ${name} free`));
    }
  });
});

describe('a fragmented $MFT', () => {
  // 1 KiB records in clusters of 512 bytes, the second run begins in the middle of record 16.
  const mftRuns: Run[] = [
    { lcn: 200, count: 33 },
    { lcn: 150, count: 7 },
    { lcn: 300, count: 20 },
    { lcn: 260, count: 4 },
  ];
  const options: ModelOptions = { clusterSize: 512, clusterCount: 3000, mftRuns };
  const allocatedBytes = 64 * 512;
  const base = { record: 0, sequence: 1 };

  /** $Bitmap's data moves to record 30, in the last run, so that the whole table has to be found. */
  function chained(): NtfsModel {
    const model = modelWith(options);
    const { data, list } = types;
    model.setRecord(6, [resident(list, listValue([{ type: data, record: 30 }]))]);
    model.setRecord(30, [model.stream(data, model.bitmapRuns)], { base: { record: 6, sequence: 1 } });
    return model;
  }

  function listOf(model: NtfsModel, second: number, third: number): Buffer[] {
    const { data, list } = types;
    const entries = [
      { type: data, record: 0 },
      { type: data, record: second, lowestVcn: 33 },
      { type: data, record: third, lowestVcn: 60 },
    ];
    return [resident(list, listValue(entries)), model.stream(data, mftRuns.slice(0, 1), { allocatedBytes })];
  }

  it('is read in the order of its runs', async () => {
    await assertRead(chained());
  });

  it('is read where each extent lies in a record that the one before makes readable', async () => {
    const model = chained();
    const { data } = types;
    model.setRecord(0, listOf(model, 15, 25));
    model.setRecord(15, [model.stream(data, mftRuns.slice(1, 3), { lowestVcn: 33 })], { base });
    model.setRecord(25, [model.stream(data, mftRuns.slice(3), { lowestVcn: 60 })], { base });
    await assertRead(model);
  });

  it('is refused where an extent lies in a record that only itself would make readable', async () => {
    const model = chained();
    const { data } = types;
    model.setRecord(0, listOf(model, 25, 15));
    model.setRecord(25, [model.stream(data, mftRuns.slice(1, 3), { lowestVcn: 33 })], { base });
    model.setRecord(15, [model.stream(data, mftRuns.slice(3), { lowestVcn: 60 })], { base });
    await assertInconsistent(model, /\$MFT: ends before its byte/);
  });

  it('is read with an attribute list outside its record', async () => {
    const model = chained();
    const { data, list } = types;
    const value = listValue([
      { type: data, record: 0 },
      { type: data, record: 15, lowestVcn: 33 },
      { type: data, record: 25, lowestVcn: 60 },
    ]);
    const run = { lcn: 1000, count: 1 };
    model.use(run);
    model.patches.push({ offset: run.lcn * 512, bytes: value });
    model.setRecord(0, [
      model.stream(list, [run], { dataBytes: value.length }),
      ...listOf(model, 15, 25).slice(1),
    ]);
    model.setRecord(15, [model.stream(data, mftRuns.slice(1, 3), { lowestVcn: 33 })], { base });
    model.setRecord(25, [model.stream(data, mftRuns.slice(3), { lowestVcn: 60 })], { base });
    await assertRead(model);
  });

  it('is refused where an extent is missing', async () => {
    const model = chained();
    const { data, list } = types;
    model.setRecord(0, [
      resident(list, listValue([{ type: data, record: 0 }])),
      model.stream(data, mftRuns.slice(0, 1), { allocatedBytes }),
    ]);
    await assertInconsistent(model, /\$MFT: of 32768 bytes .* has 33 clusters/);
  });
});
