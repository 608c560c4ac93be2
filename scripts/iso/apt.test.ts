import assert from 'node:assert/strict';
import test from 'node:test';
import { chooseSuite, parseStanzas, type ArchivePackage } from './apt.ts';
import { reachable } from './resolve.ts';

const entry = (name: string, depends: string[][] = [], provides: string[] = []): ArchivePackage => ({
  ...{
    name,
    version: '1',
    suite: 'trixie',
    path: `pool/${name}.deb`,
    sizeBytes: 1,
    sha256: '00',
    depends,
    provides,
  },
});

void test('stanzas of the index are parsed with their dependencies', () => {
  const text = `Package: one
Version: 1:2-3
Pre-Depends: libc6 (>= 2.38)
Depends: two:any | three (= 1),
 four
Provides: uno (= 1), eins
Filename: pool/main/o/one/one_2-3_amd64.deb
Size: 42
SHA256: aa

Package: two
Version: 1
`;
  const [one, two] = parseStanzas(text, (name, version) => `suite of ${name} ${version}`);
  assert.ok(one !== undefined && two !== undefined);
  assert.deepEqual(one.depends, [['libc6'], ['two', 'three'], ['four']]);
  assert.deepEqual(one.provides, ['uno', 'eins']);
  assert.deepEqual(
    [one.version, one.suite, one.sizeBytes, one.path],
    ['1:2-3', 'suite of one 1:2-3', 42, 'pool/main/o/one/one_2-3_amd64.deb'],
  );
  assert.deepEqual(two.depends, []);
});

void test('what only an unwanted package needs stays out; what another needs too stays in', () => {
  const packages = [
    entry('tool', [['shell', 'other'], ['library'], ['virtual']]),
    entry('shell', [['shell-data'], ['library']]),
    entry('shell-data'),
    entry('library'),
    entry('real', [], ['virtual']),
    entry('unasked'),
  ];
  assert.deepEqual(
    reachable(packages, ['tool'], ['shell']).map(({ name }) => name),
    ['tool', 'library', 'real'],
  );
});

void test("a version is of the release's own suite where that has it, and a path of the fixes is of no other", () => {
  const madison = `
       one | 2 | http://a.invalid/debian-security trixie-security/main amd64 Packages
       one | 2 | http://a.invalid/debian trixie-updates/main amd64 Packages
       one | 2 | http://a.invalid/debian trixie/main amd64 Packages
       one | 1 | http://a.invalid/debian trixie/main amd64 Packages
       two | 3 | http://a.invalid/debian trixie-updates/main amd64 Packages
`;
  const suites = ['trixie', 'trixie-updates', 'trixie-security'];
  assert.equal(chooseSuite(madison, suites, ['one', '2', 'pool/main/o/one/one_2.deb']), 'trixie');
  assert.equal(
    chooseSuite(madison, suites, ['one', '2', 'pool/updates/main/o/one/one_2.deb']),
    'trixie-security',
  );
  assert.equal(chooseSuite(madison, suites, ['two', '3', 'pool/main/t/two/two_3.deb']), 'trixie-updates');
  assert.throws(() => chooseSuite(madison, suites, ['two', '1', 'pool/main/t/two/two_1.deb']), /no suite/);
});
