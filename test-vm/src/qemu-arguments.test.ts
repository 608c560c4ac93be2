import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buses, diskParts, serialOf, type Disk } from './disks.ts';
import { commandForPeople, hardwareArguments, type Hardware } from './qemu-arguments.ts';

const hardware = (disks: readonly Disk[], more: Partial<Hardware> = {}): Hardware => ({
  accelerator: 'tcg',
  memoryMB: 256,
  firmware: ['-machine', 'q35'],
  medium: 'cd',
  mediumPath: '/x/permafrost.iso',
  disks,
  hotPlug: false,
  network: 'none',
  more: [],
  ...more,
});

test('each bus has its device, and the disk its serial number', () => {
  const disks = buses.map((bus) => ({ name: `d-${bus}`, path: `/x/${bus}.img`, bus }));
  const text = hardwareArguments(hardware(disks)).join(' ');
  for (const bus of buses) assert.ok(text.includes(`"serial":"D-${bus.toUpperCase()}"`), bus);
  assert.match(text, /"driver":"ide-hd","bus":"ide.1"/);
  assert.match(text, /"driver":"nvme","bus":"slot0"/);
  assert.match(text, /"driver":"virtio-blk-pci","bus":"slot1"/);
});

test('an SD card brings its controller, and has the serial number that all of them have', () => {
  const card: Disk = { name: 'card', path: '/x', bus: 'sd' };
  const text = hardwareArguments(hardware([card])).join(' ');
  assert.match(
    text,
    /-device sdhci-pci .*"driver":"sd-card","bus":"sd-bus","id":"card","drive":"card-node"\}/,
  );
  assert.equal(serialOf(card), '0xdeadbeef');
  assert.throws(() => diskParts({ ...card, sectorSizeBytes: 4096 }, { slot: '', port: 0 }), /sectors of 512/);
});

test('an emulated machine has one processor, unless it is told otherwise', () => {
  const text = (more: Partial<Hardware>): string => hardwareArguments(hardware([], more)).join(' ');
  assert.match(text({ accelerator: 'tcg' }), / -smp 1 /);
  assert.match(text({ accelerator: 'kvm' }), / -smp 2 /);
  assert.match(text({ accelerator: 'tcg', processors: 4 }), / -smp 4 /);
});

test('a machine has what its disks need and no more', () => {
  const text = hardwareArguments(hardware([])).join(' ');
  assert.doesNotMatch(text, /xhci|scsi|root-port|sdhci/);
  assert.match(hardwareArguments(hardware([], { hotPlug: true })).join(' '), /xhci.*scsi.*id=slot5/);
});

test('faults lie between the file and the disk', () => {
  const { blockdevs, objects } = diskParts(
    {
      name: 'a',
      path: '/x/a.img',
      bus: 'virtio',
      unreadable: [{ offsetBytes: 1_048_600 }],
      bytesPerSecond: 1000,
      writeLog: '/x/log',
    },
    { slot: 'slot0', port: 0 },
  );
  const text = JSON.stringify(blockdevs);
  assert.match(text, /throttle.*blklogwrites.*raw.*blkdebug.*"sector":2048,"once":false/);
  assert.match(text, /"node-name":"a-node"/);
  assert.equal(objects.length, 1);
});

test('sectors of 4096 bytes are refused where QEMU has none', () => {
  const disk: Disk = { name: 'a', path: '/x', bus: 'ahci', sectorSizeBytes: 4096 };
  assert.throws(() => diskParts(disk, { slot: '', port: 1 }), /sectors of 512/);
});

test('the command for people can be pasted: no sockets, words quoted, a screen', () => {
  const text = commandForPeople(hardware([{ name: 'a', path: "/x/it's.img", bus: 'ahci' }]));
  assert.doesNotMatch(text, /chardev|-display/);
  assert.match(text, /it'\\''s\.img/);
  assert.match(text, /-serial mon:stdio$/);
});
