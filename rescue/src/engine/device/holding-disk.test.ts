import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fakeSystem, type FakeOptions, type FakeSystem } from '../../../test/device/fake-system.ts';
import { PermafrostError } from '../base/errors.ts';
import { disksHolding, layersOf } from './holding-disk.ts';

const disks: FakeOptions['disks'] = {
  sda: {
    number: '8:0',
    partitions: {
      sda1: { number: '8:1', partition: 1, start: 2048, size: 100 },
      sda2: { number: '8:2', partition: 2, start: 4096, size: 100 },
    },
  },
  sdb: { number: '8:16', partitions: { sdb1: { number: '8:17', partition: 1, start: 2048, size: 100 } } },
  md0: { number: '9:0', slaves: ['sda1', 'sdb'] },
  'dm-0': { number: '252:0', slaves: ['md0'] },
  loop0: { number: '7:0', files: { 'loop/backing_file': '{root}/files/disk.img' } },
  nbd0: { number: '43:0' },
};

async function systemWith(t: TestContext, ...mounts: string[]): Promise<FakeSystem> {
  const root = '1 0 8:2 / / rw - ext4 /dev/sda2 rw';
  const system = await fakeSystem(t, {
    disks,
    mounts: [root, ...mounts],
    btrfs: { 'aaaa-bbbb': ['sda1', 'sdb1'] },
  });
  for (const folder of ['files', 'repo', 'upper', 'lower']) await mkdir(join(system.root, folder));
  await writeFile(join(system.root, 'files/disk.img'), '');
  return system;
}

/** What holds `/repo` of the tree, without the folder that the tree lies in. */
async function holding(system: FakeSystem, folder = 'repo'): Promise<string[]> {
  const found = await disksHolding(join(system.root, folder), system);
  return found.map((path) => path.replace(system.root, ''));
}

const mounted = (type: string, number = '0:99'): string => `9 1 ${number} / {root}/repo rw - ${type} rw`;

test('finds the whole disk of a partition', async (t) => {
  assert.deepEqual(await holding(await systemWith(t)), ['/dev/sda']);
});

test('finds all disks below RAID and device mapper', async (t) => {
  const system = await systemWith(t, mounted('ext4 /dev/mapper/x', '252:0'));
  assert.deepEqual(await holding(system), ['/dev/dm-0', '/dev/md0', '/dev/sda', '/dev/sdb']);
});

test('finds all devices of a Btrfs, whose device number says nothing', async (t) => {
  assert.deepEqual(await holding(await systemWith(t, mounted('btrfs {root}/dev/sdb1'))), [
    '/dev/sda',
    '/dev/sdb',
  ]);
});

test('finds the file behind a loop device, and the disk that holds that file', async (t) => {
  const system = await systemWith(t, mounted('ext4 /dev/loop0', '7:0'));
  assert.deepEqual(await holding(system), ['/dev/loop0', '/files/disk.img', '/dev/sda']);
});

test('finds the upper folder of an overlay, or the lower ones where there is no upper', async (t) => {
  const data = '8 1 8:17 / {root}/upper rw - ext4 /dev/sdb1 rw';
  const overlay = 'overlay overlay rw,lowerdir={root}/lower,upperdir={root}/upper,workdir=/w';
  assert.deepEqual(await holding(await systemWith(t, data, `9 1 0:99 / {root}/repo rw - ${overlay}`)), [
    '/dev/sdb',
  ]);
  const readOnly = 'overlay overlay ro,lowerdir={root}/lower:{root}/upper';
  assert.deepEqual(await holding(await systemWith(t, data, `9 1 0:99 / {root}/repo rw - ${readOnly}`)), [
    '/dev/sda',
    '/dev/sdb',
  ]);
});

test('finds the device or the file that a FUSE file system names', async (t) => {
  assert.deepEqual(await holding(await systemWith(t, mounted('fuseblk /dev/sdb1', '8:17'))), ['/dev/sdb']);
  assert.deepEqual(await holding(await systemWith(t, mounted('fuse {root}/dev/sdb1'))), ['/dev/sdb']);
  assert.deepEqual(await holding(await systemWith(t, mounted('fuse {root}/files/disk.img'))), [
    '/files/disk.img',
    '/dev/sda',
  ]);
  const bound = await systemWith(
    t,
    '8 1 8:17 / {root}/upper rw - ext4 /dev/sdb1 rw',
    mounted('fuse.gocryptfs {root}/upper'),
  );
  assert.deepEqual(await holding(bound), ['/dev/sdb']);
});

test('finds the log and realtime devices of XFS', async (t) => {
  const xfs = '9 1 8:2 / {root}/repo rw - xfs /dev/sda2 rw,rtdev={root}/dev/sdb1';
  assert.deepEqual(await holding(await systemWith(t, xfs)), ['/dev/sda', '/dev/sdb']);
});

test('finds no disk for network shares and memory', async (t) => {
  for (const type of [
    'nfs4 server:/export',
    'cifs //nas/share',
    'fuse.sshfs me@host:/x',
    '9p host0',
    'tmpfs tmpfs',
  ])
    assert.deepEqual(await holding(await systemWith(t, mounted(type))), [], type);
});

const unresolved = [
  'nfs4 localhost:/export',
  'nfs 127.0.0.1:/export',
  'nfs4 [::1]:/export',
  `cifs //${hostname().toUpperCase()}/share`,
  'fuse.sshfs me@localhost:/x',
  'zfs tank/home',
  'fuse.mergerfs a:b',
  'fuse some-program',
  'overlay overlay',
  'btrfs /dev/gone',
  'proc proc',
];
for (const type of unresolved) {
  test(`refuses what it cannot resolve: ${type.replace(hostname().toUpperCase(), 'own name')}`, async (t) => {
    const system = await systemWith(t, mounted(type));
    await assert.rejects(
      holding(system),
      (error) =>
        error instanceof PermafrostError &&
        error.code === 'repository/unresolved' &&
        error.message.includes(join(system.root, 'repo')),
    );
  });
}

test('refuses a share whose server has another name, but an address of this machine', async (t) => {
  const share = (address: string): string => `9 1 0:50 / {root}/repo rw - nfs4 nas:/x rw,addr=${address}`;
  assert.deepEqual(await holding(await systemWith(t, share('192.0.2.1'))), []);
  await assert.rejects(holding(await systemWith(t, share('127.0.0.1'))), /serves itself/);
});

test('refuses network block devices, unknown device numbers and vanished files', async (t) => {
  await assert.rejects(
    holding(await systemWith(t, mounted('ext4 /dev/nbd0', '43:0'))),
    /may have its bytes on any disk/,
  );
  await assert.rejects(
    holding(await systemWith(t, mounted('ext4 /dev/sdz', '65:0'))),
    /does not know the device 65:0/,
  );
  const files = { 'loop/backing_file': '/gone.img (deleted)' };
  const system = await fakeSystem(t, {
    disks: { loop0: { number: '7:0', files } },
    mounts: ['1 0 7:0 / / rw - ext4 /dev/loop0 rw'],
  });
  await assert.rejects(disksHolding(system.root, system), /behind .*loop0 \(gone\.img\) cannot be seen/);
  const overlay = 'overlay overlay rw,upperdir=/nowhere/{root}/x,workdir=/w';
  await assert.rejects(
    holding(await systemWith(t, `9 1 0:99 / {root}/repo rw - ${overlay}`)),
    /cannot be seen from here/,
  );
});

test('ends although file systems lie on each other in circles', async (t) => {
  const overlay = 'overlay overlay rw,upperdir={root}/repo,workdir=/w';
  await assert.rejects(holding(await systemWith(t, `9 1 0:99 / {root}/repo rw - ${overlay}`)), /without end/);
  const system = await fakeSystem(t, {
    disks: { 'dm-0': { number: '252:0', slaves: ['dm-1'] }, 'dm-1': { number: '252:1', slaves: ['dm-0'] } },
    mounts: ['1 0 252:0 / / rw - ext4 /dev/dm-0 rw'],
  });
  assert.equal((await disksHolding(system.root, system)).length, 2);
});

test('names all that a disk is, but not what holds the file of a loop device', async (t) => {
  const system = await systemWith(t);
  const layers = async (name: string): Promise<string[]> =>
    (await layersOf(join(system.root, name), system)).map((path) => path.replace(system.root, ''));
  assert.deepEqual(await layers('dev/sda'), ['/dev/sda']);
  assert.deepEqual(await layers('dev/sda1'), ['/dev/sda1', '/dev/sda']);
  assert.deepEqual(await layers('dev/dm-0'), ['/dev/dm-0', '/dev/md0', '/dev/sda1', '/dev/sda', '/dev/sdb']);
  assert.deepEqual(await layers('dev/loop0'), ['/dev/loop0', '/files/disk.img']);
  assert.deepEqual(await layers('dev/nbd0'), ['/dev/nbd0']);
  await symlink('disk.img', join(system.root, 'files/link.img'));
  assert.deepEqual(await layers('files/link.img'), ['/files/disk.img']);
  assert.deepEqual(await layers('files/none.img'), ['/files/none.img']);
});
