import assert from 'node:assert/strict';
import test from 'node:test';
import { chooseMirror, parseStanzas, type ArchivePackage } from './apt.ts';
import { reachable } from './resolve.ts';

void test("the mirror is that of Debian's main archive, whatever stands beside it", () => {
  const others = [
    'http://one.invalid/extra/|Extra|bookworm',
    'http://two.invalid/debian-security/|Debian-Security|bookworm-security',
  ];
  assert.equal(
    chooseMirror([...others, 'http://three.invalid/mirror/|Debian|bookworm']),
    'http://three.invalid/mirror/',
  );
  assert.equal(
    chooseMirror([...others, 'http://four.invalid/debian/||bookworm']),
    'http://four.invalid/debian/',
  );
  assert.equal(chooseMirror([...others, '']), undefined);
});

const entry = (name: string, depends: string[][] = [], provides: string[] = []): ArchivePackage => ({
  ...{ name, version: '1', path: `pool/${name}.deb`, sizeBytes: 1, sha256: '00', depends, provides },
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
  const [one, two] = parseStanzas(text);
  assert.ok(one !== undefined && two !== undefined);
  assert.deepEqual(one.depends, [['libc6'], ['two', 'three'], ['four']]);
  assert.deepEqual(one.provides, ['uno', 'eins']);
  assert.deepEqual(
    [one.version, one.sizeBytes, one.path],
    ['1:2-3', 42, 'pool/main/o/one/one_2-3_amd64.deb'],
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
