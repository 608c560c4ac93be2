import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseCommandLine,
  parseCrypttab,
  parseFstab,
  parseGrubConfig,
  parseLoaderEntry,
  parseSpec,
} from './references.ts';

test('names of file systems', () => {
  for (const [spec, kind, value] of [
    ['UUID=abc', 'uuid', 'abc'],
    ['UUID="abc"', 'uuid', 'abc'],
    ['PARTUUID=1-2', 'partuuid', '1-2'],
    ['LABEL=root', 'label', 'root'],
    ['/dev/disk/by-uuid/AB-CD', 'uuid', 'AB-CD'],
    ['/dev/disk/by-partlabel/Basic\\x20data', 'partlabel', 'Basic data'],
  ])
    assert.deepEqual(parseSpec(spec!), { kind, value });
  for (const spec of ['/dev/sda1', 'tmpfs', 'UUID=', '/dev/mapper/x', ''])
    assert.equal(parseSpec(spec), undefined);
});

test('fstab and crypttab', () => {
  const fstab = '# c\n\nUUID=1 / ext4 noatime,nofail 0 1\nLABEL=a\\040b /mnt/a\\040b auto\nbroken\n';
  assert.deepEqual(parseFstab(fstab), [
    { spec: 'UUID=1', mountPoint: '/', type: 'ext4', options: ['noatime', 'nofail'] },
    { spec: 'LABEL=a b', mountPoint: '/mnt/a b', type: 'auto', options: [''] },
  ]);
  assert.deepEqual(parseCrypttab('root UUID=2 none luks\n'), [{ name: 'root', spec: 'UUID=2' }]);
});

test('kernel command lines', () => {
  assert.deepEqual(
    parseCommandLine(
      '/vmlinuz root=UUID=1 ro resume=/dev/sda2 rd.luks.uuid=luks-3 cryptdevice=UUID=4:root quiet',
    ),
    [
      { option: 'root', spec: 'UUID=1' },
      { option: 'resume', spec: '/dev/sda2' },
      { option: 'rd.luks.uuid', spec: 'UUID=3' },
      { option: 'cryptdevice', spec: 'UUID=4' },
    ],
  );
});

test('configurations of GRUB', () => {
  const config = `
    search.fs_uuid 12ab-34cd root hd0,gpt2
    set prefix=($root)'/boot/grub'
    configfile $prefix/grub.cfg
    search --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt2 0a1b2c3d-1111-2222-3333-444444444444
    search --no-floppy --fs-uuid --set root 0a1b2c3d-1111-2222-3333-555555555555
    search --file /boot/x
    linux /vmlinuz root=LABEL=x
    linuxefi /vmlinuz root=LABEL=y`;
  assert.deepEqual(parseGrubConfig(config), {
    commandLines: ['/vmlinuz root=LABEL=x', '/vmlinuz root=LABEL=y'],
    searched: ['12ab-34cd', '0a1b2c3d-1111-2222-3333-444444444444', '0a1b2c3d-1111-2222-3333-555555555555'],
    next: ['$prefix/grub.cfg'],
    prefix: '/boot/grub',
  });
});

test('entries of the Boot Loader Specification', () => {
  assert.equal(parseLoaderEntry('title A\noptions root=UUID=1\noptions quiet\n'), 'root=UUID=1 quiet');
  assert.equal(parseLoaderEntry('title A\nefi /x.efi\n'), undefined);
});
