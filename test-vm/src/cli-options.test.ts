import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine, parseDisk, UsageError } from './cli-options.ts';

test('what is not said has a default', () => {
  assert.deepEqual(parseCommandLine(['--job', 'job.yaml']), {
    jobPath: 'job.yaml',
    disks: [],
    firmware: 'bios',
    medium: 'cd',
    memoryMB: 1024,
    network: 'none',
    timeoutSeconds: 3600,
    json: false,
  });
});

test('disks keep their order, and say who they are', () => {
  const words = ['--disk', 'a,,b.img,serial=S=1,bus=nvme,sector-size=4096', '--disk=c.qcow2,format=qcow2'];
  const { disks } = parseCommandLine(['--job', 'j', ...words])!;
  assert.deepEqual(disks, [
    {
      name: 'disk1',
      path: 'a,b.img',
      bus: 'nvme',
      serial: 'S=1',
      format: 'raw',
      sectorSizeBytes: 4096,
      readOnly: false,
    },
    {
      name: 'disk2',
      path: 'c.qcow2',
      bus: 'ahci',
      serial: 'DISK2',
      format: 'qcow2',
      sectorSizeBytes: 512,
      readOnly: false,
    },
  ]);
});

test('every wrong command line is said', () => {
  for (const words of [
    [],
    ['--job'],
    ['--job', 'j', 'more'],
    ['--job', 'j', '--what'],
    ['--job', 'j', '--memory', '128M'],
    ['--job', 'j', '--memory', '1T'],
    ['--job', 'j', '--timeout', '0'],
    ['--job', 'j', '--firmware', 'coreboot'],
    ['--job', 'j', '--medium', 'none'],
  ]) {
    assert.throws(() => parseCommandLine(words), UsageError, words.join(' '));
  }
  for (const disk of [
    '',
    ',bus=nvme',
    'a,bus=floppy',
    'a,serial',
    'a,color=red',
    'a,bus=usb,bus=usb',
    'a,sector-size=520',
    'a,sector-size=4096',
    'a,read-only=maybe',
  ]) {
    assert.throws(() => parseDisk(disk, 0), UsageError, disk);
  }
});
