import assert from 'node:assert/strict';
import { link, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeSystem, type FakeDisk, type FakeSystem } from '../../../test/device/fake-system.ts';
import { diskUse, whyInUse } from './use.ts';

const sda: FakeDisk = {
  number: '8:0',
  partitions: {
    sda1: { number: '8:1', partition: 1, start: 2048, size: 100 },
    sda2: { number: '8:2', partition: 2, start: 4096, size: 100 },
    sda3: { number: '8:3', partition: 3, start: 8192, size: 100 },
  },
};

/** Messages without the folder that the tree lies in. */
async function messages(system: FakeSystem, path: string): Promise<string[]> {
  return (await diskUse(path, system)).map(({ message }) => message.replaceAll(system.root, ''));
}

test('names mounts of a disk and its partitions by device number', async (t) => {
  const system = await fakeSystem(t, {
    disks: { sda, sdb: { number: '8:16' } },
    mounts: [
      '1 0 8:1 / / rw - ext4 /dev/root rw',
      '2 1 8:2 / /mnt/my\\040disk rw - xfs /dev/sda2 rw',
      '3 1 8:2 / /again\u001b[1m rw - xfs /dev/sda2 rw',
      '4 1 0:40 / /tmp rw - tmpfs tmpfs rw',
    ],
  });
  assert.deepEqual(await messages(system, `${system.devRoot}/sda`), [
    '/dev/sda1 is mounted at /',
    '/dev/sda2 is mounted at /mnt/my disk',
    '/dev/sda2 is mounted at /again[1m',
  ]);
  assert.deepEqual(await messages(system, `${system.devRoot}/sda2`), [
    '/dev/sda2 is mounted at /mnt/my disk',
    '/dev/sda2 is mounted at /again[1m',
  ]);
  assert.deepEqual(await messages(system, `${system.devRoot}/sda3`), []);
  assert.deepEqual(await messages(system, `${system.devRoot}/sdb`), []);
});

test('counts a file system straight on the disk as a use of its partitions', async (t) => {
  const system = await fakeSystem(t, { disks: { sda }, mounts: ['1 0 8:0 / /x rw - ext4 /dev/sda rw'] });
  assert.deepEqual(await messages(system, `${system.devRoot}/sda3`), ['/dev/sda is mounted at /x']);
});

test('names swap, and read-only disks', async (t) => {
  const system = await fakeSystem(t, {
    disks: { sda: { ...sda, files: { ro: '1' } } },
    swaps: ['{root}/dev/sda3 partition 100 0 -2', '/swapfile file 1 0 -3'],
  });
  assert.deepEqual(await messages(system, `${system.devRoot}/sda`), [
    '/dev/sda is read-only',
    '/dev/sda3 is used as swap',
  ]);
  assert.equal(
    (await whyInUse(`${system.devRoot}/sda`, system)).replaceAll(system.root, ''),
    '/dev/sda3 is used as swap',
  );
});

test('follows what holds a partition to where it is mounted, however many layers up', async (t) => {
  const system = await fakeSystem(t, {
    disks: {
      sda,
      sdb: { number: '8:16' },
      md0: { number: '9:0', slaves: ['sda2', 'sdb'] },
      'dm-0': { number: '252:0', files: { 'dm/name': 'crypt\n' }, slaves: ['md0'] },
      'dm-1': { number: '252:1', files: { 'dm/name': 'vg-root' }, slaves: ['dm-0'] },
    },
    mounts: ['1 0 252:1 / / rw - ext4 /dev/mapper/vg-root rw'],
  });
  const chain =
    'is held by /dev/md0; /dev/md0 is held by /dev/dm-0 (crypt); /dev/dm-0 is held by /dev/dm-1 (vg-root); /dev/dm-1 is mounted at /';
  assert.deepEqual(await messages(system, `${system.devRoot}/sda`), [`/dev/sda2 ${chain}`]);
  assert.deepEqual(await messages(system, `${system.devRoot}/sdb`), [`/dev/sdb ${chain}`]);
  assert.deepEqual(await messages(system, `${system.devRoot}/sda1`), []);
});

test('knows every device of a mounted Btrfs, whichever one the mount names', async (t) => {
  const system = await fakeSystem(t, {
    disks: { sda, sdb: { number: '8:16' }, sdc: { number: '8:32' } },
    btrfs: { 'aaaa-bbbb': ['sda1', 'sdb'] },
    mounts: [
      '1 0 0:33 /sub /data rw - btrfs {root}/dev/sda1 rw',
      '2 0 0:34 / /y rw - btrfs {root}/dev/sdc rw',
    ],
  });
  assert.deepEqual(await messages(system, `${system.devRoot}/sdb`), ['/dev/sdb is mounted at /data']);
  assert.deepEqual(await messages(system, `${system.devRoot}/sda`), ['/dev/sda1 is mounted at /data']);
  const unseen = await fakeSystem(t, { disks: { sdb: { number: '8:16' } }, btrfs: { 'aaaa-bbbb': ['sdb'] } });
  assert.deepEqual(await messages(unseen, `${unseen.devRoot}/sdb`), [
    '/dev/sdb is mounted at a place not seen from here',
  ]);
});

test('knows FUSE file systems and XFS logs by the device that they name', async (t) => {
  const system = await fakeSystem(t, {
    disks: { sda, sdb: { number: '8:16' } },
    mounts: [
      '1 0 0:50 / /win rw - fuse {root}/dev/sda1 rw',
      '2 0 8:16 / /x rw - xfs {root}/dev/sdb rw,logdev={root}/dev/sda2',
    ],
  });
  assert.deepEqual(await messages(system, `${system.devRoot}/sda`), [
    '/dev/sda1 is mounted at /win',
    '/dev/sda2 is mounted at /x',
  ]);
});

test('knows files attached to loop devices, by any name, and FUSE file systems on them', async (t) => {
  const system = await fakeSystem(t, {
    disks: {
      loop0: {
        number: '7:0',
        files: { 'loop/backing_file': '{root}/disk.img\n' },
        partitions: { loop0p1: { number: '259:0', partition: 1, start: 2048, size: 10 } },
      },
      loop1: { number: '7:1', files: { 'loop/backing_file': '{root}/read.img', ro: '1' } },
      loop2: { number: '7:2', files: { 'loop/backing_file': '{root}/gone.img (deleted)' } },
    },
    mounts: ['1 0 259:0 / /mnt rw - ext4 /dev/loop0p1 rw', '2 0 0:50 / /fuse rw - fuse {root}/fuse.img rw'],
    swaps: ['{root}/swap.img file 1 0 -3', '{root}/my\\040swap.img file 1 0 -4'],
  });
  const file = (name: string): string => join(system.root, name);
  for (const name of ['disk.img', 'read.img', 'gone.img', 'fuse.img', 'swap.img', 'my swap.img', 'free.img'])
    await writeFile(file(name), '');
  await link(file('disk.img'), file('hard.img'));
  await symlink(file('disk.img'), file('soft.img'));
  for (const name of ['disk.img', 'hard.img', 'soft.img'])
    assert.deepEqual(await messages(system, file(name)), [
      `/${name} is attached to /dev/loop0; /dev/loop0p1 is mounted at /mnt`,
    ]);
  assert.deepEqual(await messages(system, file('read.img')), ['/read.img is attached to /dev/loop1']);
  const flags = [file('read.img'), file('disk.img')].map(
    async (path) => (await diskUse(path, system))[0]?.isReadOnly,
  );
  assert.deepEqual(await Promise.all(flags), [true, false]);
  assert.deepEqual(await messages(system, file('gone.img')), []);
  assert.deepEqual(await messages(system, file('fuse.img')), ['/fuse.img is mounted at /fuse']);
  assert.deepEqual(await messages(system, file('swap.img')), ['/swap.img is used as swap']);
  assert.deepEqual(await messages(system, file('my swap.img')), ['/my swap.img is used as swap']);
  assert.deepEqual(await messages(system, file('free.img')), []);
  assert.deepEqual(await messages(system, file('missing.img')), []);
});

test('ends although holders go round in circles', async (t) => {
  const system = await fakeSystem(t, {
    disks: { 'dm-0': { number: '252:0', slaves: ['dm-1'] }, 'dm-1': { number: '252:1', slaves: ['dm-0'] } },
  });
  assert.equal((await diskUse(`${system.devRoot}/dm-0`, system)).length, 1);
});

test('says the first three reasons and how many more there are, or that it knows none', async (t) => {
  const mounts = [1, 2, 3, 4, 5].map((i) => `${i} 0 8:1 / /m${i} rw - ext4 /dev/sda1 rw`);
  const system = await fakeSystem(t, { disks: { sda, sdb: { number: '8:16' } }, mounts });
  const reason = (await whyInUse(`${system.devRoot}/sda`, system)).replaceAll(system.root, '');
  assert.equal(
    reason,
    '/dev/sda1 is mounted at /m1; /dev/sda1 is mounted at /m2; /dev/sda1 is mounted at /m3 and 2 more',
  );
  assert.equal(await whyInUse(`${system.devRoot}/sdb`, system), 'another program has it open');
});
