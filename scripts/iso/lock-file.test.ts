import assert from 'node:assert/strict';
import test from 'node:test';
import { formatLock, parseLock, readLock, sourceDateEpoch, type DebianLock } from './lock-file.ts';

const lock: DebianLock = {
  suite: 'trixie',
  architecture: 'amd64',
  sourceDateEpoch: 1_700_000_000,
  packages: [
    {
      name: 'b-two',
      version: '1:2.0-1+b2',
      suite: 'trixie-security',
      path: 'pool/main/b/b-two/b-two_2.0-1+b2_amd64.deb',
      sizeBytes: 12,
      sha256: 'ab'.repeat(32),
      purposes: ['root', 'tools'],
    },
    {
      name: 'a-one',
      version: '1',
      suite: 'trixie',
      path: 'pool/main/a/a-one/a-one_1_all.deb',
      sizeBytes: 5,
      sha256: '01'.repeat(32),
      purposes: ['boot'],
    },
  ],
};

void test('a lock is read back as it was written, sorted by name', () => {
  const parsed = parseLock(formatLock(lock));
  assert.deepEqual(
    parsed.packages.map(({ name }) => name),
    ['a-one', 'b-two'],
  );
  assert.deepEqual(parsed, { ...lock, packages: [lock.packages[1], lock.packages[0]] });
});

void test('a lock that could make the build fetch something else is refused', () => {
  const spoil = (change: object): string =>
    JSON.stringify({ ...lock, packages: [{ ...lock.packages[0], ...change }] });
  assert.throws(() => parseLock(spoil({ sha256: 'ab' })), /no SHA-256/);
  assert.throws(() => parseLock(spoil({ path: 'pool/../../etc/x.deb' })), /no path/);
  assert.throws(() => parseLock(spoil({ path: 'https://example.org/x.deb' })), /no path/);
  assert.throws(() => parseLock(spoil({ name: '--option' })), /no package name/);
  assert.throws(() => parseLock(spoil({ suite: '../security' })), /no suite/);
  assert.throws(() => parseLock(spoil({ purposes: ['other'] })), /is for other/);
  assert.throws(() => parseLock(JSON.stringify({ ...lock, suite: '../x' })), /no suite/);
  assert.throws(
    () => parseLock(formatLock({ ...lock, packages: [...lock.packages, lock.packages[0]!] })),
    /twice/,
  );
});

void test("the project's own lock names every part of the image, and no host", () => {
  const own = readLock();
  for (const name of ['busybox-static', 'shim-signed', 'grub-efi-amd64-signed', 'xorriso']) {
    assert.ok(
      own.packages.some((entry) => entry.name === name),
      name,
    );
  }
  assert.equal(own.packages.filter(({ name }) => name.startsWith('linux-image-6.12.')).length, 1);
  assert.ok(!formatLock(own).includes('://'));
});

void test('SOURCE_DATE_EPOCH goes before the date of the lock', (t) => {
  const before = process.env['SOURCE_DATE_EPOCH'];
  t.after(() => {
    if (before === undefined) delete process.env['SOURCE_DATE_EPOCH'];
    else process.env['SOURCE_DATE_EPOCH'] = before;
  });
  delete process.env['SOURCE_DATE_EPOCH'];
  assert.equal(sourceDateEpoch(lock), 1_700_000_000);
  process.env['SOURCE_DATE_EPOCH'] = '1600000000';
  assert.equal(sourceDateEpoch(lock), 1_600_000_000);
  process.env['SOURCE_DATE_EPOCH'] = 'yesterday';
  assert.throws(() => sourceDateEpoch(lock), /SOURCE_DATE_EPOCH/);
});
