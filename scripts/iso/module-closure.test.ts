import assert from 'node:assert/strict';
import test from 'node:test';
import { closeModules, moduleName, parseModulesDep, parseSoftdep } from './module-closure.ts';

const needs = parseModulesDep(
  [
    'kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz kernel/fs/mbcache.ko.xz',
    'kernel/fs/jbd2/jbd2.ko.xz:',
    'kernel/fs/mbcache.ko.xz:',
    'kernel/fs/ocfs2/ocfs2.ko.xz: kernel/fs/jbd2/jbd2.ko.xz',
    'kernel/crypto/crc32c-generic.ko.xz:',
    'kernel/net/sunrpc/sunrpc.ko.xz:',
    '',
  ].join('\n'),
);
const softdeps = parseSoftdep('# comment\nsoftdep ext4 pre: crc32c-generic\nsoftdep nothing post: sunrpc\n');

void test('a choice of modules brings what they need, hard and soft, and not what was left out', () => {
  assert.deepEqual(
    closeModules(needs, softdeps, { take: ['kernel/fs/'], leave: ['kernel/fs/ocfs2/', 'kernel/fs/jbd2/'] }),
    [
      'kernel/crypto/crc32c-generic.ko.xz',
      'kernel/fs/ext4/ext4.ko.xz',
      'kernel/fs/jbd2/jbd2.ko.xz',
      'kernel/fs/mbcache.ko.xz',
    ],
  );
  assert.deepEqual(closeModules(needs, softdeps, { take: ['kernel/net/sunrpc/sunrpc'], leave: [] }), [
    'kernel/net/sunrpc/sunrpc.ko.xz',
  ]);
});

void test('an entry that matches no module of this kernel is an error', () => {
  assert.throws(
    () => closeModules(needs, softdeps, { take: ['kernel/fs/', 'kernel/fs/ext'], leave: [] }),
    /kernel\/fs\/ext$/,
  );
  assert.throws(
    () => closeModules(needs, softdeps, { take: ['kernel/fs/'], leave: ['kernel/gone/'] }),
    /gone/,
  );
});

void test('an entry that the kernel has built in is none to load, and no error', () => {
  const choice = { take: ['kernel/fs/squashfs/', 'kernel/drivers/scsi/sd_mod'], leave: [] };
  const builtIn = ['kernel/fs/squashfs/squashfs.ko', 'kernel/drivers/scsi/sd_mod.ko'];
  assert.deepEqual(closeModules(needs, softdeps, choice, builtIn), []);
  assert.throws(() => closeModules(needs, softdeps, choice, builtIn.slice(0, 1)), /sd_mod/);
});

void test('module names are those of the kernel', () => {
  assert.equal(moduleName('kernel/drivers/usb/storage/usb-storage.ko.xz'), 'usb_storage');
  assert.equal(moduleName('kernel/drivers/nvme/host/nvme.ko'), 'nvme');
});
