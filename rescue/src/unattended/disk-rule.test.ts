import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPermafrostError } from '../engine/index.ts';
import { resolveDisk, type Disks } from './disk-rule.ts';
import type { DiskRule } from './job-file.ts';
import { sampleDisk } from '../../test/unattended/sample-disk.ts';

const a = sampleDisk('/dev/a', { serial: 'A1', wwn: '0x5000' });
const b = sampleDisk('/dev/b', { serial: 'B2', sizeBytes: 2e9 });
const stick = sampleDisk('/dev/stick', { bus: 'usb', removable: true, sizeBytes: 9e9 });
const usbDisk = sampleDisk('/dev/usb', { bus: 'usb', sizeBytes: 9e9 });
const loop = sampleDisk('/dev/loop0', { isVirtual: true, sizeBytes: 9e9 });

function problem(rule: DiskRule, disks: Disks): string {
  try {
    resolveDisk(rule, disks);
  } catch (error) {
    assert.ok(isPermafrostError(error, 'job-file/disk'));
    return error.message;
  }
  return assert.fail('a disk was chosen');
}

test('a serial or a WWN names one disk', () => {
  assert.equal(resolveDisk({ serial: 'A1' }, [a, b]), '/dev/a');
  assert.equal(resolveDisk({ wwn: '0x5000' }, [a, b]), '/dev/a');
  assert.equal(resolveDisk({ file: 'x.img' }, []), 'x.img');
});

test('a disk that is not there, or that two claim to be, is an error', () => {
  assert.match(problem({ serial: 'C3' }, [a, b]), /serial C3 is not there/);
  assert.match(problem({ serial: 'A1' }, [a, sampleDisk('/dev/c', { serial: 'A1' })]), /\/dev\/a, \/dev\/c/);
  // A part of a serial is another serial; a disk without one is none.
  assert.match(problem({ serial: 'A' }, [a, sampleDisk('/dev/c')]), /is not there/);
});

test('a file is no way round to the name of a disk', () => {
  const parts = [
    { number: 1, path: '/dev/a1', deviceNumber: '8:1', start: 0, sizeBytes: 1e6, readOnly: false },
  ];
  for (const file of ['/dev/a', '/dev//a', '/dev/x/../a1'])
    assert.match(problem({ file }, [sampleDisk('/dev/a', { partitions: parts })]), /another disk can have/);
  assert.equal(resolveDisk({ file: '/dev/disk/by-id/a' }, [a]), '/dev/disk/by-id/a');
});

test('a disk that is larger, and outside of the machine, is not the largest built-in one', () => {
  for (const bus of ['firewire', 'iscsi', 'fibre-channel', 'nbd'] as const)
    assert.equal(
      resolveDisk('largest', [a, b, sampleDisk('/dev/c', { bus, sizeBytes: 9e9 })]),
      '/dev/b',
      bus,
    );
});

test('only-disk and largest mean built-in disks, and one of them', () => {
  assert.equal(resolveDisk('only-disk', [a, stick, usbDisk, loop]), '/dev/a');
  assert.equal(resolveDisk('largest', [a, b, stick, usbDisk, loop]), '/dev/b');
  assert.match(problem('only-disk', [a, b]), /there are 2, \/dev\/a, \/dev\/b/);
  assert.match(problem('only-disk', [stick]), /there is none/);
  assert.match(problem('largest', [a, sampleDisk('/dev/c')]), /there are 2/);
});
