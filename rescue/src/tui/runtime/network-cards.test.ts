/** What is said of network cards. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readNetworkCards } from './network-cards.ts';

test('cards are told from the loopback, with their cable and their addresses', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-net-'));
  t.after(() => rm(folder, { recursive: true }));
  const card = async (name: string, files: Readonly<Record<string, string>>): Promise<void> => {
    await mkdir(join(folder, name));
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, name, file), `${text}\n`);
  };
  await writeFile(join(folder, 'bonding_masters'), '\n');
  await card('lo', { type: '772', address: '00:00:00:00:00:00', carrier: '1' });
  await card('eth0', { type: '1', address: '52:54:00:00:00:01', carrier: '1' });
  await card('eth1', { type: '1', address: '52:54:00:00:00:02', carrier: '0' });
  await card('eth2', { type: '1', address: '52:54:00:00:00:03' });
  const address = {
    address: '10.0.2.15',
    netmask: '255.255.255.0',
    family: 'IPv4',
    mac: '',
    internal: false,
    cidr: '10.0.2.15/24',
  } as const;
  assert.deepEqual(await readNetworkCards(folder, { eth0: [address], lo: [address] }), [
    { name: 'eth0', hardware: '52:54:00:00:00:01', cable: true, addresses: ['10.0.2.15/24'] },
    { name: 'eth1', hardware: '52:54:00:00:00:02', cable: false, addresses: [] },
    { name: 'eth2', hardware: '52:54:00:00:00:03', addresses: [] },
  ]);
  assert.deepEqual(await readNetworkCards(join(folder, 'absent'), {}), []);
});
