import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NtfsModel } from '../../../../test/filesystem/support-ntfs-model.ts';
import {
  assertInconsistent,
  expectedUse,
  modelWith,
  read,
} from '../../../../test/filesystem/support-ntfs-reading.ts';
import {
  protect,
  restartPage,
  type RestartPage,
} from '../../../../test/filesystem/support-ntfs-structures.ts';

function withLog(first: Buffer, second: Buffer): NtfsModel {
  const model = modelWith();
  model.log = Buffer.concat([first, second]);
  return model;
}

const pages = (first: RestartPage, second: RestartPage = first): NtfsModel =>
  withLog(restartPage(first), restartPage(second));

/** Raw, with the remedy and the size it would have; and mapped if the user trusts the bitmap. */
async function assertDirty(model: NtfsModel, reason: RegExp, remedy: RegExp): Promise<void> {
  const used = expectedUse(model);
  const { info, map } = await read(model);
  assert.equal(info.state, 'dirty');
  assert.equal(info.details?.['dirtyFlag'], /marked as dirty/.test(map.raw?.reason ?? ''));
  assert.equal(map.raw?.code, 'dirty');
  assert.match(map.raw.reason, reason);
  assert.match(map.raw.remedy ?? '', remedy);
  assert.equal(map.raw.trustedBytes, used.totalBytes);
  assert.deepEqual(map.used.toPairs(), [[0, model.build().length]]);
  const trusted = await read(model, { trustBitmap: true });
  assert.equal(trusted.map.raw, undefined);
  assert.deepEqual(trusted.map.overridden, map.raw);
  assert.deepEqual(trusted.map.used.toPairs(), used.toPairs());
}

async function assertClean(model: NtfsModel, journal: string): Promise<void> {
  const { info, map } = await read(model);
  assert.equal(info.state, 'clean');
  assert.equal(info.details?.['journal'], journal);
  assert.equal(map.raw, undefined);
}

const fullShutdown = /shutdown \/s \/t 0/;
const check = /chkdsk \/f/;

describe('the flags of $Volume', () => {
  for (const [flags, reason] of [
    [0x0001, /marked as dirty/],
    [0x0081, /marked as dirty/],
    [0x4000, /chkdsk has not finished/],
    [0x8000, /chkdsk is due/],
  ] as const)
    it(`0x${flags.toString(16)} make the volume raw until it has been checked`, async () => {
      const model = modelWith();
      model.volumeFlags = flags;
      await assertDirty(model, reason, check);
    });

  it('that have nothing to do with its clusters are no obstacle', async () => {
    const model = modelWith();
    model.volumeFlags = 0x0002 | 0x0004 | 0x0008 | 0x0010 | 0x0020;
    await assertClean(model, 'clean');
  });

  it('that nobody knows make it raw', async () => {
    const model = modelWith();
    model.volumeFlags = 0x0400;
    const { info, map } = await read(model);
    assert.equal(info.state, 'unknown');
    assert.equal(map.raw?.code, 'feature');
    assert.match(map.raw.reason, /0x400/);
    assert.equal((await read(model, { trustBitmap: true })).map.raw?.code, 'feature');
  });
});

describe('the journal', () => {
  it('is clean if Windows closed it', async () => {
    await assertClean(pages({ lsn: 500n, flags: 2 }), 'clean');
  });

  it('is clean if no client has it open', async () => {
    await assertClean(pages({ flags: 0, client: 0xffff }), 'clean');
  });

  it('is clean if the newer of its pages is, whichever comes first', async () => {
    await assertClean(pages({ lsn: 5n, flags: 0 }, { lsn: 6n, flags: 2 }), 'clean');
    await assertClean(pages({ lsn: 6n, flags: 2 }, { lsn: 5n, flags: 0 }), 'clean');
  });

  it('is open if the newer of its pages is, whichever comes first', async () => {
    for (const model of [
      pages({ lsn: 5n, flags: 2 }, { lsn: 6n, flags: 0 }),
      pages({ lsn: 6n, flags: 0 }, { lsn: 5n, flags: 2 }),
      pages({ lsn: 6n, flags: 0 }, { lsn: 6n, flags: 2 }),
      pages({ lsn: 6n, flags: 2 }, { lsn: 6n, flags: 0 }),
      pages({ lsn: 1n << 40n, flags: 0 }, { lsn: 6n, flags: 2 }),
    ])
      await assertDirty(model, /journal was not closed/, fullShutdown);
  });

  it('in the form of a running Windows 8 or later is not clean, closed or not', async () => {
    for (const flags of [0, 2])
      await assertDirty(
        pages({ flags, major: 2, minor: 0 }),
        /running, sleeping .* or cut-off/,
        fullShutdown,
      );
  });

  it('of an unknown version is not clean', async () => {
    await assertDirty(pages({ major: 3 }), /unknown version/, fullShutdown);
  });

  it('that chkdsk has emptied is not clean before Windows has seen it', async () => {
    await assertDirty(pages({ magic: 'CHKD' }), /changed by chkdsk/, fullShutdown);
    await assertDirty(pages({}, { magic: 'CHKD' }), /changed by chkdsk/, fullShutdown);
  });

  it('with a page torn, missing or of a wrong size is not clean', async () => {
    const good = restartPage({});
    const torn = Buffer.from(good);
    torn.writeUInt16LE(99, 1022);
    const huge = Buffer.from(good);
    huge.writeUInt32LE(1 << 30, 16);
    const outside = Buffer.from(good);
    outside.writeUInt16LE(4090, 24);
    const garbage = protect(Buffer.alloc(4096, 0x33), 30);
    for (const bad of [torn, huge, outside, garbage, Buffer.alloc(4096), Buffer.alloc(4096, 0xff)]) {
      await assertDirty(withLog(bad, good), /journal is damaged/, fullShutdown);
      await assertDirty(withLog(good, bad), /journal is damaged/, fullShutdown);
      if (!bad.every((byte) => byte === 0xff))
        await assertDirty(withLog(bad, bad), /journal is damaged/, fullShutdown);
    }
  });

  it('that was emptied is no obstacle', async () => {
    await assertClean(withLog(Buffer.alloc(4096, 0xff), Buffer.alloc(4096, 0xff)), 'empty');
  });

  it('and a damaged bitmap are both named, with what to do', async () => {
    const model = pages({ flags: 0 });
    model.use(model.mftRuns[0]!, false);
    await assertInconsistent(model, /journal was not closed.*calls clusters of \$MFT free/);
    assert.match((await read(model)).map.raw?.remedy ?? '', fullShutdown);
  });
});
