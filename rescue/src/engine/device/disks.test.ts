import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeSystem, type FakeDisk } from '../../../test/device/fake-system.ts';
import { busOf, listDisks } from './disks.ts';

const pci = 'devices/pci0000:00/0000:00:1f.2';

function page(text: string, code = 0x80): Uint8Array {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([Buffer.from([0, code, bytes.length >> 8, bytes.length & 255]), bytes]);
}

const sata: FakeDisk = {
  number: '8:0',
  at: `${pci}/ata1/host0/target0:0:0/0:0:0:0/block/sda`,
  files: {
    size: '2000409264',
    ro: '0',
    removable: '0',
    diskseq: '9',
    'queue/logical_block_size': '512',
    'queue/physical_block_size': '4096',
    'queue/rotational': '1',
    'device/vendor': 'ATA     ',
    'device/model': 'WDC WD10EZEX-08W\n',
    'device/vpd_pg80': page('     WD-WCC6Y0000001'),
    'device/wwid': 'naa.50014ee2b0000001\n',
  },
  partitions: {
    sda1: { number: '8:1', partition: 1, start: 2048, size: 4096 },
    sda10: { number: '8:10', partition: 10, start: 10240, size: 100 },
    sda2: { number: '8:2', partition: 2, start: 8192, size: 16 },
  },
};

test('describes a SATA disk and its partitions', async (t) => {
  const system = await fakeSystem(t, { disks: { sda: sata } });
  const [disk, ...rest] = await listDisks(system);
  assert.deepEqual(rest, []);
  assert.deepEqual(disk, {
    path: `${system.devRoot}/sda`,
    deviceNumber: '8:0',
    model: 'WDC WD10EZEX-08W',
    serial: 'WD-WCC6Y0000001',
    wwn: 'naa.50014ee2b0000001',
    sizeBytes: 2000409264 * 512,
    sectorSize: 512,
    physicalSectorSize: 4096,
    bus: 'sata',
    isVirtual: false,
    removable: false,
    rotational: true,
    readOnly: false,
    isProtected: false,
    diskSequence: 9,
    partitions: [
      [1, 'sda1', '8:1', 2048, 4096],
      [2, 'sda2', '8:2', 8192, 16],
      [10, 'sda10', '8:10', 10240, 100],
    ].map(([number, name, deviceNumber, start, size]) => ({
      number,
      path: `${system.devRoot}/${name!}`,
      deviceNumber,
      start: Number(start) * 512,
      sizeBytes: Number(size) * 512,
      readOnly: false,
    })),
  });
});

test('counts sizes in sectors of 512 bytes on disks with larger ones', async (t) => {
  const files = { size: '8192', 'queue/logical_block_size': '4096' };
  const [disk] = await listDisks(await fakeSystem(t, { disks: { sdb: { number: '8:16', files } } }));
  assert.equal(disk?.sizeBytes, 8192 * 512);
  assert.equal(disk.sectorSize, 4096);
  assert.equal(disk.physicalSectorSize, 4096);
});

test('leaves out memory disks, unused loop devices, empty drives and hidden paths, but not a disk of no size', async (t) => {
  const files = { size: '100' };
  const system = await fakeSystem(t, {
    disks: {
      ram0: { number: '1:0', files },
      zram0: { number: '253:0', files },
      loop0: { number: '7:0', files: { size: '0' } },
      loop1: { number: '7:1', files: { size: '100', 'loop/backing_file': '/images/a\u001b.img' } },
      sr0: { number: '11:0', files: { size: '0', removable: '1' } },
      sdc: { number: '8:32', at: 'devices/pci/usb2/x/block/sdc', files: { size: '0', removable: '1' } },
      sdd: { number: '8:48', at: `${pci}/ata2/block/sdd`, files: { size: '0', removable: '0' } },
      nvme0c0n1: { number: '259:1', at: 'devices/nvme/nvme0c0n1', files: { ...files, hidden: '1' } },
      'cciss!c0d0': { number: '104:0', at: 'devices/pci/cciss0/block/cciss!c0d0', files },
    },
  });
  const disks = await listDisks(system);
  assert.deepEqual(
    disks.map((d) => d.path.slice(system.devRoot.length)),
    ['/cciss/c0d0', '/loop1', '/sdd'],
  );
  assert.equal(disks[1]!.backingFile, '/images/a.img');
  assert.equal(disks[2]!.sizeBytes, 0);
});

test('finds serial numbers where each kind of disk keeps them', async (t) => {
  const usb = 'devices/pci0000:00/0000:00:14.0/usb2/2-1';
  const system = await fakeSystem(t, {
    disks: {
      nvme0n1: {
        number: '259:0',
        at: 'devices/pci/nvme/nvme0/nvme0n1',
        files: {
          size: '1',
          'device/model': 'Samsung SSD 980 ',
          'device/serial': 'S64ANS0T000001 ',
          wwid: 'eui.002538d000000001',
        },
      },
      vda: {
        number: '254:0',
        at: 'devices/pci/virtio1/block/vda',
        files: { size: '1', serial: 'disk-a', 'device/vendor': '0x1af4' },
      },
      mmcblk0: {
        number: '179:0',
        at: 'devices/platform/mmc_host/mmc0/mmc0:0001/block/mmcblk0',
        files: { size: '1', 'device/name': 'SD32G', 'device/serial': '0x12345678', 'device/type': 'SD' },
      },
      mmcblk1: {
        number: '179:8',
        at: 'devices/platform/mmc_host/mmc1/mmc1:0001/block/mmcblk1',
        files: { size: '1', 'device/name': 'DF4032', 'device/type': 'MMC' },
      },
      sdb: {
        number: '8:16',
        at: `${usb}/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb`,
        files: {
          size: '1',
          'device/vendor': 'SanDisk ',
          'device/model': 'Ultra Fit',
          '../../../../../../serial': '4C530001',
          '../../../../../../idVendor': '0781',
        },
      },
      sdc: { number: '8:32', at: `${pci}/host3/x/block/sdc`, files: { size: '1' } },
    },
    run: {
      'udev/data/b8:32':
        'S:disk/x\nE:ID_MODEL=QEMU_HARDDISK\nE:ID_SERIAL_SHORT=udev-1\nE:ID_WWN_WITH_EXTENSION=0x5000c500abcdef01\n',
    },
  });
  const disks = await listDisks(system);
  const facts = disks.map((d) => [d.path.slice(system.devRoot.length + 1), d.bus, d.model, d.serial, d.wwn]);
  assert.deepEqual(facts, [
    ['mmcblk0', 'mmc', 'SD32G', '0x12345678', undefined],
    ['mmcblk1', 'mmc', 'DF4032', undefined, undefined],
    ['nvme0n1', 'nvme', 'Samsung SSD 980', 'S64ANS0T000001', 'eui.002538d000000001'],
    ['sdb', 'usb', 'SanDisk Ultra Fit', '4C530001', undefined],
    ['sdc', 'scsi', 'QEMU HARDDISK', 'udev-1', 'naa.5000c500abcdef01'],
    ['vda', 'virtio', undefined, 'disk-a', undefined],
  ]);
  // A card can be taken out; flash that is soldered in cannot.
  assert.deepEqual(
    disks.filter(({ removable }) => removable).map(({ model }) => model),
    ['SD32G'],
  );
});

test('reads the WWN from the identification page, past designators of other kinds and of the port', async (t) => {
  const designators = Buffer.from(
    '02010004' +
      '41424344' + // vendor's, of the unit
      '01130008' +
      '5000000000000001' + // NAA of the port
      '01030008' +
      '5000c500aabbccdd', // NAA of the unit
    'hex',
  );
  const files = {
    size: '1',
    'device/wwid': 't10.ATA QEMU',
    'device/vpd_pg83': page(designators.toString('latin1'), 0x83),
  };
  const [disk] = await listDisks(await fakeSystem(t, { disks: { sdb: { number: '8:16', files } } }));
  assert.equal(disk?.wwn, 'naa.5000c500aabbccdd');
});

test('survives pages that are cut short or lie about their length, and makes text printable', async (t) => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from([0, 0x83, 0]),
    Buffer.from([0, 0x83, 0xff, 0xff, 1, 3, 0, 200, 1]),
  ]) {
    const files = {
      size: '1',
      'device/vpd_pg83': bytes,
      'device/vpd_pg80': Buffer.from([0, 0x80, 0, 200, 0x1b, 0x5b, 0x41, 0, 0x42]),
      'device/model': 'x\u001b[31m\u202e',
    };
    const [disk] = await listDisks(await fakeSystem(t, { disks: { sdb: { number: '8:16', files } } }));
    assert.equal(disk?.wwn, undefined);
    assert.equal(disk?.serial, '[AB');
    assert.equal(disk.model, 'x[31m');
  }
});

test('tells buses apart by the path of the device', () => {
  const paths: readonly [string, string][] = [
    ['/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb', 'usb'],
    ['/devices/pci0000:00/0000:00:1f.2/ata3/host2/target2:0:0/2:0:0:0/block/sda', 'sata'],
    ['/devices/pci0000:00/0000:00:1d.0/0000:02:00.0/nvme/nvme0/nvme0n1', 'nvme'],
    ['/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1', 'nvme'],
    ['/devices/platform/host9/session1/target9:0:0/9:0:0:1/block/sdc', 'iscsi'],
    ['/devices/pci0000:00/x/host7/rport-7:0-1/target7:0:0/7:0:0:0/block/sdd', 'fibre-channel'],
    ['/devices/pci0000:00/x/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0/block/sde', 'sas'],
    ['/devices/pci0000:00/0000:00:05.0/virtio2/host3/target3:0:0/3:0:0:0/block/sdf', 'virtio'],
    ['/devices/vbd-51712/block/xvda', 'xen'],
    ['/devices/LNXSYSTM:00/ndbus0/region0/namespace0.0/block/pmem0', 'pmem'],
    ['/devices/pci0000:00/0000:00:10.0/host2/target2:0:0/2:0:0:0/block/sdg', 'scsi'],
    ['/devices/virtual/block/loop3', 'loop'],
    ['/devices/virtual/block/dm-0', 'dm'],
    ['/devices/virtual/block/md127', 'md'],
    ['/devices/virtual/block/nbd0', 'nbd'],
    ['/devices/platform/floppy.0/block/fd0', 'floppy'],
    ['/devices/virtual/block/bcache0', 'virtual'],
  ];
  for (const [path, bus] of paths)
    assert.equal(busOf(path, path.slice(path.lastIndexOf('/') + 1)), bus, path);
});
