import assert from 'node:assert/strict';
import test from 'node:test';
import { chooseMirror, findMirrors, mirrorOf } from './mirror.ts';

void test("the mirror is that of Debian's main archive, whatever stands beside it", () => {
  const others = [
    'http://one.invalid/extra/|Extra|bookworm',
    'http://two.invalid/debian-security/|Debian-Security|bookworm-security',
  ];
  const choose = (...lines: string[]): string | undefined => chooseMirror(lines, 'Debian', 'debian');
  assert.equal(
    choose(...others, 'http://three.invalid/mirror/|Debian|bookworm'),
    'http://three.invalid/mirror/',
  );
  assert.equal(choose(...others, 'http://four.invalid/debian/||bookworm'), 'http://four.invalid/debian/');
  assert.equal(choose(...others, ''), undefined);
  assert.equal(
    chooseMirror(others, 'Debian-Security', 'debian-security'),
    'http://two.invalid/debian-security/',
  );
});

void test('given mirrors go before those of the machine, and fixes are looked for beside the archive', (t) => {
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  process.env['DEBIAN_MIRROR'] = 'http://one.invalid/debian/';
  delete process.env['DEBIAN_SECURITY_MIRROR'];
  const beside = findMirrors();
  assert.equal(mirrorOf(beside, 'trixie-updates'), 'http://one.invalid/debian');
  assert.equal(mirrorOf(beside, 'trixie-security'), 'http://one.invalid/debian-security');
  process.env['DEBIAN_SECURITY_MIRROR'] = 'http://two.invalid/fixes';
  assert.equal(mirrorOf(findMirrors(), 'trixie-security'), 'http://two.invalid/fixes');
  process.env['DEBIAN_SECURITY_MIRROR'] = 'none';
  assert.equal(mirrorOf(findMirrors(), 'trixie-security'), undefined);
});
