import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NtfsModel, type ModelOptions } from '../../../../test/filesystem/support-ntfs-model.ts';
import {
  assertInconsistent,
  assertRead,
  expectedUse,
  modelWith,
  read,
} from '../../../../test/filesystem/support-ntfs-reading.ts';
import { HOLE, types, type Run } from '../../../../test/filesystem/support-ntfs-structures.ts';
import { memoryReader, type BlockReader } from '../../base/block-reader.ts';
import { isPermafrostError, PermafrostError } from '../../base/errors.ts';
import { probeNtfs } from './ntfs.ts';

describe('a clean NTFS volume', () => {
  it('is described', async () => {
    const model = modelWith({ tailSectors: 3 });
    const { info } = await read(model);
    assert.deepEqual(info, {
      kind: 'ntfs',
      label: 'Model',
      uuid: '5CB4C084B4C061DE',
      sizeBytes: 256 * 4096 + 4 * 512,
      blockSize: 4096,
      state: 'clean',
      details: {
        version: '3.1',
        sectorSize: 512,
        volumeFlags: '0x0000',
        dirtyFlag: false,
        journal: 'clean',
        hibernated: false,
        shadowCopies: 0,
      },
    });
  });

  const layouts: Record<string, ModelOptions> = {
    'clusters of 512 bytes, smaller than a file record': { clusterSize: 512, clusterCount: 2000 },
    'clusters of 4 KiB': {},
    'clusters of 128 KiB': { clusterSize: 131072, clusterCount: 60 },
    'clusters of 2 MiB': { clusterSize: 2097152, clusterCount: 20 },
    'sectors and records of 4 KiB': { sectorSize: 4096, recordSize: 4096, clusterCount: 200 },
    'a part behind the last whole cluster': { tailSectors: 7 },
    'a number of clusters that is no multiple of 8': { clusterCount: 253 },
  };
  for (const [what, options] of Object.entries(layouts))
    it(`is mapped with ${what}`, async () => {
      await assertRead(modelWith(options));
    });

  it('keeps its backup boot sector and nothing behind the last cluster is taken from the bitmap', async () => {
    const model = modelWith({ clusterCount: 253 });
    model.bitmap.fill(0xff, 32);
    model.use({ lcn: 253, count: 3 });
    const map = await assertRead(model);
    const last = map.used.count - 1;
    assert.equal(map.used.end(last), 253 * 4096 + 512);
  });

  it('is mapped where the region ends before the backup boot sector', async () => {
    const model = modelWith();
    const image = model.build().subarray(0, 256 * 4096);
    const fileSystem = await probeNtfs(memoryReader(image));
    assert.equal(fileSystem?.info.sizeBytes, image.length);
    const map = await fileSystem.mapUsed?.({});
    assert.equal(map?.raw, undefined);
    assert.ok(map!.used.end(map!.used.count - 1) <= image.length);
  });

  it('keeps $Boot even if the bitmap calls it free', async () => {
    const model = modelWith();
    model.use({ lcn: 0, count: 2 }, false);
    await assertRead(model);
  });

  it('may bear the flag that Windows 10 sets on sound volumes', async () => {
    const model = modelWith();
    model.volumeFlags = 0x0080;
    await assertRead(model);
  });

  it('may be of NTFS 1.2, 3.0 or 3.1, and of no other version', async () => {
    for (const version of [
      [1, 2],
      [3, 0],
      [3, 1],
    ] as const) {
      const model = modelWith();
      model.version = version;
      await assertRead(model);
    }
    const model = modelWith();
    for (const version of [
      [1, 1],
      [3, 2],
      [4, 0],
    ] as const) {
      model.version = version;
      const { map } = await read(model, { trustBitmap: true });
      assert.equal(map.raw?.code, 'feature');
    }
  });

  it('can be cancelled', async () => {
    const fileSystem = await probeNtfs(memoryReader(modelWith().build()));
    const options = { signal: AbortSignal.abort() };
    await assert.rejects(fileSystem!.mapUsed!(options), (error) => isPermafrostError(error, 'job/cancelled'));
  });
});

describe('bad clusters', () => {
  const good = (count: number): Run => ({ lcn: HOLE, count });

  it('are left out: they hold nothing and cannot be read', async () => {
    const model = new NtfsModel();
    model.use({ lcn: 60, count: 10 });
    model.badRuns = [good(63), { lcn: 63, count: 2 }, good(100), { lcn: 165, count: 1 }, good(90)];
    model.use({ lcn: 165, count: 1 });
    const { map } = await read(model);
    const expected = new NtfsModel();
    expected.use({ lcn: 60, count: 3 });
    expected.use({ lcn: 65, count: 5 });
    assert.deepEqual(map.used.toPairs(), expectedUse(expected).toPairs());
  });

  it('are kept if $BadClus does not add up', async () => {
    const doubtful: Record<string, (model: NtfsModel) => void> = {
      'a cluster stands at the place of another': (model) => {
        model.badRuns = [good(63), { lcn: 64, count: 2 }, good(191)];
      },
      'it is longer than the volume': (model) => {
        model.badRuns = [good(63), { lcn: 63, count: 2 }, good(300)];
      },
      'it names clusters of a metadata file': (model) => {
        const { lcn } = model.mftRuns[0]!;
        const rest = 256 - 65;
        const mft = [good(lcn + 7), { lcn: lcn + 7, count: 1 }, good(63 - lcn - 8)];
        model.badRuns = [...mft, { lcn: 63, count: 2 }, good(rest)];
      },
      'its record is torn': (model) => {
        model.badRuns = [good(63), { lcn: 63, count: 2 }, good(191)];
        const record = model.mftRuns[0]!.lcn * 4096 + 8 * 1024;
        model.patches.push({ offset: record + 510, bytes: Buffer.from([1, 2]) });
      },
    };
    for (const [what, change] of Object.entries(doubtful)) {
      const model = new NtfsModel();
      model.use({ lcn: 60, count: 10 });
      change(model);
      const { map } = await read(model);
      assert.deepEqual(map.used.toPairs(), expectedUse(model).toPairs(), what);
    }
  });
});

describe('damage', () => {
  const recordAt = (model: NtfsModel, number: number): number =>
    model.mftRuns[0]!.lcn * model.clusterSize + number * model.recordSize;

  for (const number of [0, 1, 2, 3, 5, 6])
    it(`of file record ${number} makes the volume raw, and it is still named`, async () => {
      for (const bytes of [Buffer.from('BAAD'), Buffer.alloc(1024), Buffer.alloc(1024, 0x5a)]) {
        const model = modelWith();
        model.patches.push({ offset: recordAt(model, number), bytes });
        const { info, map } = await read(model);
        assert.equal(info.kind, 'ntfs');
        assert.equal(info.uuid, '5CB4C084B4C061DE');
        assert.equal(map.raw?.code, 'inconsistent');
        assert.ok(map.raw.remedy !== undefined);
      }
    });

  it('by a torn write of a file record makes it raw', async () => {
    const model = modelWith();
    model.patches.push({ offset: recordAt(model, 6) + 1022, bytes: Buffer.from([6, 0]) });
    await assertInconsistent(model, /record 6: is torn/);
  });

  it('that leaves $MFT and its mirror different makes it raw', async () => {
    const model = modelWith();
    const copy = model.mirrorRun.lcn * 4096 + 3 * 1024;
    model.patches.push({ offset: copy + 100, bytes: Buffer.from([99]) });
    await assertInconsistent(model, /mirror differ in record 3/);
  });

  it('is not seen in the number that each write of a record counts up', async () => {
    const model = modelWith();
    const image = model.build();
    const copy = Buffer.from(image.subarray(model.mirrorRun.lcn * 4096).subarray(0, 1024));
    // The number that each write counts up, and its two places.
    for (const place of [48, 510, 1022]) copy.writeUInt16LE(8, place);
    model.patches.push({ offset: model.mirrorRun.lcn * 4096, bytes: copy });
    await assertRead(model);
  });

  it('that moves $MFT or $MFTMirr away from where the boot sector says makes it raw', async () => {
    const moved = modelWith();
    moved.setRecord(0, [moved.stream(types.data, [{ lcn: 100, count: 8 }])]);
    await assertInconsistent(moved, /\$MFT: does not begin where the boot sector says/);
    const mirror = modelWith();
    mirror.setRecord(1, [mirror.stream(types.data, [{ lcn: 100, count: 1 }])]);
    await assertInconsistent(mirror, /does not begin where the boot sector says/);
  });

  it('that makes the volume larger than its region makes it raw', async () => {
    const image = modelWith()
      .build()
      .subarray(0, 255 * 4096);
    const fileSystem = await probeNtfs(memoryReader(image));
    const map = await fileSystem?.mapUsed?.({});
    assert.equal(map?.raw?.code, 'inconsistent');
    assert.deepEqual(map.used.toPairs(), [[0, image.length]]);
  });

  it('of the medium makes it raw, and it is still named', async () => {
    const inner = memoryReader(modelWith().build());
    const broken: BlockReader = {
      ...inner,
      read: (offset, length) =>
        offset === 0
          ? inner.read(offset, length)
          : Promise.reject(
              new PermafrostError('device/read-failed', {
                path: 'x',
                syscall: 'read',
                errno: 'EIO',
                offset,
                length,
              }),
            ),
    };
    const fileSystem = await probeNtfs(broken);
    assert.equal(fileSystem?.info.kind, 'ntfs');
    assert.equal((await fileSystem.mapUsed?.({}))?.raw?.code, 'unreadable');
  });

  it('is not blamed for what is no fault of the volume', async () => {
    const inner = memoryReader(modelWith().build());
    const buggy: BlockReader = {
      ...inner,
      read: (offset, length) =>
        offset === 0 ? inner.read(offset, length) : Promise.reject(new TypeError('bug')),
    };
    await assert.rejects(probeNtfs(buggy), TypeError);
  });
});

it('says no to a region that is too small or something else', async () => {
  assert.equal(await probeNtfs(memoryReader(new Uint8Array(100))), undefined);
  assert.equal(await probeNtfs(memoryReader(new Uint8Array(8192))), undefined);
});
