import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { machineName, uniqueMachineName } from './machine-name.ts';

test('a machine is named by its firmware, else by a card that has a device, else not at all', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-machine-'));
  t.after(() => rm(folder, { recursive: true }));
  const folders = { dmi: join(folder, 'dmi'), net: join(folder, 'net') };
  assert.equal(await uniqueMachineName(folders), undefined);
  assert.equal(await machineName(folders), hostname());

  for (const [name, address] of [
    ['br0', '02:00:00:00:00:01'],
    ['eth0', '52:54:00:12:34:56'],
  ] as const) {
    await mkdir(join(folders.net, name), { recursive: true });
    await writeFile(join(folders.net, name, 'address'), `${address}\n`);
  }
  await mkdir(join(folders.net, 'eth0/device'));
  const byCard = `${hostname()} 52:54:00:12:34:56`;
  assert.equal(await uniqueMachineName(folders), byCard);

  await mkdir(folders.dmi);
  const says = (uuid: string): Promise<void> => writeFile(join(folders.dmi, 'product_uuid'), `${uuid}\n`);
  for (const dummy of [
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '03000200-0400-0500-0006-000700080009',
    '00020003-0004-0005-0006-000700080009',
    '01234567-89ab-cdef-0123-456789abcdef',
  ]) {
    await says(dummy);
    assert.equal(await uniqueMachineName(folders), byCard, dummy);
  }
  await says('4C4C4544-0042-3510-8054-B7C04F4D5332');
  assert.equal(await uniqueMachineName(folders), '4C4C4544-0042-3510-8054-B7C04F4D5332');
});
