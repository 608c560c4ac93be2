/** Which disks the bootable image may be written to, and which not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeTarget, mountsOf, objectionsTo, type BlockDevice } from './usb-target.ts';

const part: BlockDevice = {
  path: '/dev/sdb1',
  type: 'part',
  size: 7e9,
  rm: true,
  ro: false,
  tran: null,
  model: null,
  serial: null,
  fstype: 'vfat',
  label: 'HOLIDAY',
  mountpoints: [null],
};
const stick: BlockDevice = {
  ...part,
  path: '/dev/sdb',
  type: 'disk',
  size: 8e9,
  tran: 'usb',
  model: 'Ultra Fit       ',
  serial: '4C53',
  fstype: null,
  label: null,
  children: [part],
};
const mountedAt = (...mountpoints: string[]): BlockDevice => ({
  ...stick,
  children: [{ ...part, mountpoints }],
});
const sayOf = (device: BlockDevice, overridable: boolean): string =>
  objectionsTo(device, 120e6)
    .filter((objection) => objection.overridable === overridable)
    .map(({ text }) => text)
    .join(' ');

test('nothing speaks against a stick, a card, or a disk in a USB case', () => {
  assert.deepEqual(objectionsTo(stick, 120e6), []);
  assert.deepEqual(objectionsTo({ ...stick, rm: false }, 120e6), []);
  assert.deepEqual(objectionsTo({ ...stick, path: '/dev/mmcblk0', tran: null, rm: false }, 120e6), []);
});

test('a disk of this machine and a mounted stick need insisting', () => {
  const flash = { ...stick, path: '/dev/mmcblk0', tran: null, rm: false, isSoldered: true };
  assert.match(sayOf(flash, true), /neither removable nor on USB/);
  const inner = { ...stick, path: '/dev/sda', rm: false, tran: 'sata' };
  assert.match(sayOf(inner, true), /neither removable nor on USB/);
  assert.equal(sayOf(inner, false), '');
  assert.match(sayOf(mountedAt('/media/ada/HOLIDAY'), true), /is mounted \(\/media\/ada\/HOLIDAY\)/);
});

const never: readonly (readonly [string, BlockDevice, RegExp])[] = [
  ['a partition', part, /no whole disk/],
  ['a read-only disk', { ...stick, ro: true }, /read-only/],
  ['a disk that is too small', { ...stick, size: 119e6 }, /fewer than/],
  ['the disk of /', mountedAt('/'), /This system runs from/],
  ['the disk of /boot/efi', mountedAt('/boot/efi'), /This system runs from/],
  ['the disk of swap', mountedAt('[SWAP]'), /This system runs from/],
  [
    'a member of a running array',
    { ...stick, children: [{ ...part, children: [{ ...part, path: '/dev/md0', type: 'raid1' }] }] },
    /part of \/dev\/md0/,
  ],
];
for (const [name, device, expected] of never) {
  test(`no insisting helps against ${name}`, () => {
    assert.match(sayOf(device, false), expected);
  });
}

test('mounts below others are taken off first', () => {
  assert.deepEqual(mountsOf(mountedAt('/mnt', '/mnt/a', '/mnt/a/b')), ['/mnt/a/b', '/mnt/a', '/mnt']);
});

test('the target is described so that people know it', () => {
  const [disk, partition] = describeTarget(mountedAt('/media/x'));
  assert.match(disk!, /\/dev\/sdb\s+8\.0 GB {2}usb {2}Ultra Fit {2}serial 4C53$/);
  assert.match(partition!, /\/dev\/sdb1\s+7\.0 GB {2}vfat {2}"HOLIDAY" {2}on \/media\/x$/);
});
