/** The lock file of the Buildroot base: written, read, and refused where it could lead elsewhere. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { formatLock, parseLock, readLock, type BuildrootLock } from './lock-file.ts';

const file = {
  ...{ suite: 'trixie', path: 'pool/main/z/zip/zip_1.0.orig.tar.gz', sizeBytes: 7 },
  sha256: 'ab'.repeat(32),
};
const lock: BuildrootLock = {
  ...{ suite: 'trixie', buildroot: '2026.05.1', sourceDateEpoch: 1_700_000_000 },
  packages: [{ name: 'gcc', version: '4:14.2.0-1', ...file, path: 'pool/main/g/gcc/gcc_14.2.0-1_amd64.deb' }],
  sources: [
    {
      package: 'zip',
      source: 'zip',
      version: '1.0-1',
      form: 'identical',
      place: 'zip/zip-1.0.tar.gz',
      files: [file],
    },
    { package: 'tar', source: 'tar', version: '1.35-1', form: 'unpatched', files: [file, file] },
  ],
};

void test('a lock file is read as it was written', () => {
  const text = formatLock(lock);
  const read = parseLock(text);
  assert.deepEqual({ ...read, sources: [...read.sources].reverse() }, lock);
  assert.equal(formatLock(read), text);
});

void test('what names no file of the archive, or a place outside the inputs, is refused', () => {
  const [identical, debian] = lock.sources as [
    BuildrootLock['sources'][number],
    BuildrootLock['sources'][number],
  ];
  const spoil = (change: object, of: object = identical): string =>
    JSON.stringify({ ...lock, sources: [{ ...of, ...change }] });
  assert.throws(() => parseLock(spoil({ files: [{ ...file, path: 'pool/../../etc/passwd' }] })), /no path/);
  assert.throws(() => parseLock(spoil({ files: [{ ...file, sha256: 'AB' }] })), /no SHA-256/);
  assert.throws(() => parseLock(spoil({ files: [] })), /no files/);
  assert.throws(() => parseLock(spoil({ files: [file, file] })), /more than one/);
  assert.throws(() => parseLock(spoil({ place: '../zip/zip.tar' })), /no place/);
  assert.throws(() => parseLock(spoil({ place: '../x' })), /no place/);
  assert.throws(() => parseLock(spoil({ form: 'other' }, debian)), /is other/);
  assert.throws(() => parseLock(spoil({ package: '-x' })), /no package name/);
  assert.throws(() => parseLock(formatLock({ ...lock, sources: [debian, debian] })), /twice/);
});

void test("the project's own lock has a compiler and the source of everything, and names no host", () => {
  const own = readLock();
  const names = own.packages.map(({ name }) => name);
  for (const name of ['gcc-14-x86-64-linux-gnu', 'libc6-dev', 'make', 'linux-source-6.12']) {
    assert.ok(names.includes(name), name);
  }
  const sources = own.sources.map((source) => source.package);
  for (const name of ['busybox', 'e2fsprogs', 'ntfs-3g', 'util-linux'])
    assert.ok(sources.includes(name), name);
  assert.ok(!formatLock(own).includes('://'));
});
