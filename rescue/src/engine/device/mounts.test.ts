import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeSystem } from '../../../test/device/fake-system.ts';
import { mountOf, parseMountInfo } from './mounts.ts';
import { liveSystem } from './system.ts';

test('parses lines of mountinfo, with and without optional fields', () => {
  const text = [
    '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue',
    '37 35 0:41 / /mnt/a\\040b rw - fuse.sshfs me@host:/x rw,user_id=0',
    '38 35 0:42 / /none rw -  rw',
    '39 35 0:43 / /empty rw - tmpfs  rw',
    'nonsense',
    '',
  ].join('\n');
  const mounts = parseMountInfo(text);
  assert.deepEqual(
    mounts.map((m) => [m.id, m.deviceNumber, m.mountPoint, m.fileSystem, m.source, [...m.options]]),
    [
      [
        36,
        '98:0',
        '/mnt2',
        'ext3',
        '/dev/root',
        [
          ['rw', ''],
          ['errors', 'continue'],
        ],
      ],
      [
        37,
        '0:41',
        '/mnt/a b',
        'fuse.sshfs',
        'me@host:/x',
        [
          ['rw', ''],
          ['user_id', '0'],
        ],
      ],
      [38, '0:42', '/none', '', 'rw', [['', '']]],
      [39, '0:43', '/empty', 'tmpfs', '', [['rw', '']]],
    ],
  );
});

test('finds the mount of a path by its longest mount point, the last one of several', async (t) => {
  const system = await fakeSystem(t, {
    disks: {},
    mounts: [
      '1 0 8:1 / / rw - ext4 /dev/sda1 rw',
      '2 1 8:2 / /home rw - ext4 /dev/sda2 rw',
      '3 1 8:3 / /home rw - ext4 /dev/sda3 rw',
      '4 1 8:4 / /homework rw - ext4 /dev/sda4 rw',
    ],
  });
  const found = async (path: string): Promise<number | undefined> => (await mountOf(system, path))?.id;
  assert.equal(await found('/home/me'), 3);
  assert.equal(await found('/home'), 3);
  assert.equal(await found('/homework/x'), 4);
  assert.equal(await found('/homes'), 1);
});

test('finds the mount of a path of this machine by the kernel’s own account', async () => {
  const mount = await mountOf(liveSystem, '/proc/self');
  assert.equal(mount?.fileSystem, 'proc');
});
