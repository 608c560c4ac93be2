import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BlockFile } from 'blockdev-native';
import { run } from '../../../test/support/command.ts';
import { scratchFolder, sparseFile } from '../../../test/support/scratch.ts';
import { planNewIds } from '../boot/new-ids.ts';
import { openTarget, type OpenDisk } from '../device/device.ts';
import { readTable } from '../partition/table.ts';
import { giveNewIds, type NewIds } from './give-new-ids.ts';

const SECTOR = 512;

/** Gives a GPT on a disk that keeps what `keeps` says of what is written to it, and drops the rest without a word. */
async function give(path: string, keeps: (offset: number) => boolean): Promise<NewIds> {
  await sparseFile(path, 16 << 20);
  await run('sfdisk', ['-q', path], { input: 'label: gpt\nstart=2048, size=4096\nstart=8192, size=4096\n' });
  const disk = (await openTarget(path))!;
  const real = disk.file;
  const file = new Proxy<BlockFile>(real, {
    get: (_, name) => {
      if (name === 'write')
        return (offset: number, bytes: Uint8Array) =>
          keeps(offset) ? real.write(offset, bytes) : Promise.resolve();
      const value: unknown = Reflect.get(real, name, real);
      return typeof value === 'function' ? (value as () => unknown).bind(real) : value;
    },
  });
  const losing: OpenDisk = { ...disk, file };
  try {
    await disk.allowWrites();
    const table = await readTable(disk.reader, { sectorSize: SECTOR });
    return await giveNewIds(losing, await planNewIds(disk.reader, table), SECTOR);
  } finally {
    await disk.close();
  }
}

void test('a table that does not read back as it was written is an error, and none of its changes is reported', async (t) => {
  const folder = await scratchFolder(t, 'new-ids');
  const good = await give(join(folder, 'good.img'), () => true);
  assert.equal(good.error, undefined);
  assert.deepEqual(
    good.changes.map(({ what }) => what),
    ['disk', 'partition', 'partition'],
  );
  const bad = await give(join(folder, 'bad.img'), (offset) => offset >= 34 * SECTOR);
  assert.equal(bad.error?.code, 'device/read-back-differs');
  assert.match(bad.error.message, /bad\.img does not hold what was written: 2 places differ/);
  assert.deepEqual(bad.changes, []);
  assert.equal(bad.renewed.size, 0);
  assert.match(bad.unmended.join(), /It ended before all of them were given/);
});
