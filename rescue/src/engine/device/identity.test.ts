import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confirmationText, describeIdentity, identityProblem, type DiskIdentity } from './identity.ts';

const disk: DiskIdentity = {
  kind: 'device',
  path: '/dev/sdb',
  model: 'WDC WD10',
  serial: 'WD-WCC6Y0001234',
  wwn: 'naa.50014ee2b0000001',
  sizeBytes: 1_000_204_886_016,
  sectorSize: 512,
  deviceNumber: '8:16',
  diskSequence: 9,
};

test('describes a disk in one line', () => {
  assert.equal(describeIdentity(disk), '/dev/sdb (WDC WD10, serial WD-WCC6Y0001234, 1000204886016 bytes)');
  assert.equal(
    describeIdentity({ kind: 'file', path: 'x.img', sizeBytes: 5, sectorSize: 512 }),
    'x.img (5 bytes)',
  );
});

test('finds no problem in the same disk, under another path too', () => {
  assert.equal(identityProblem(disk, { ...disk, path: '/dev/disk/by-id/x' }), undefined);
});

const changes: readonly [Partial<DiskIdentity>, RegExp][] = [
  [{ serial: 'OTHER' }, /its serial was WD-WCC6Y0001234 and is now OTHER/],
  [{ model: 'ST2000' }, /model/],
  [{ wwn: 'naa.1' }, /WWN/],
  [{ sizeBytes: 5 }, /size was 1000204886016 and is now 5/],
  [{ sectorSize: 4096 }, /sector size/],
  [{ deviceNumber: '8:32' }, /device number/],
  [{ diskSequence: 10 }, /order of appearance/],
  [{ inode: '7' }, /inode was not known and is now 7/],
  [{ kind: 'file' }, /kind/],
];
for (const [change, problem] of changes) {
  test(`notices a change: ${Object.keys(change).join()}`, () => {
    assert.match(identityProblem(disk, { ...disk, ...change }) ?? '', problem);
  });
}

test('notices a serial number that is gone', () => {
  const without: DiskIdentity = { ...disk };
  delete (without as { serial?: string }).serial;
  assert.match(identityProblem(disk, without) ?? '', /serial .* is now not known/);
});

test('asks for the last 4 characters of the serial', () => {
  assert.equal(confirmationText(disk), '1234');
  assert.equal(confirmationText({ ...disk, serial: 'AB 12 ' }), 'AB12');
});

test('asks for size and path where the serial tells nothing', () => {
  const long = '1000204886016 /dev/sdb';
  assert.equal(
    confirmationText({ kind: 'device', path: '/dev/sdb', sizeBytes: disk.sizeBytes, sectorSize: 512 }),
    long,
  );
  for (const serial of ['', 'A1', '000000000000', '0123456789ABCDEF', '123456789012', 'None', 'ABCDEFABCDEF'])
    assert.equal(confirmationText({ ...disk, serial }), long, serial);
});

test('asks for size and path where another disk’s serial ends alike, but not because of itself', () => {
  assert.equal(confirmationText(disk, [{ path: '/dev/sdc', serial: 'X1234' }]), '1000204886016 /dev/sdb');
  assert.equal(confirmationText(disk, [disk, { path: '/dev/sdc', serial: 'X1235' }]), '1234');
});
