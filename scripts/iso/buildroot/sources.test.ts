/** Sources: how the archive lists them, which is preferred, and how Debian's are unpacked and patched. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { run } from '../command.ts';
import { byPreference, parseSources, type SourcePackage } from './archive.ts';
import { lostOptions } from './make.ts';
import { unpackCommands } from './sources.ts';

const stanza = `Package: zip
Version: 2:1.0-1
Directory: pool/main/z/zip
Checksums-Sha1:
 0000 9 other
Checksums-Sha256:
 ${'a'.repeat(64)} 10 zip_1.0-1.dsc
 ${'b'.repeat(64)} 20 zip_1.0.orig.tar.gz
 ${'c'.repeat(64)} 30 zip_1.0.orig.tar.gz.asc
Homepage: https://example.org

`;

void test('of an index of sources the wanted packages are read, without the signatures of their makers', () => {
  const text = `${stanza}${stanza.replace('Package: zip', 'Package: other')}`;
  const found = parseSources(text, 'trixie', (name) => name === 'zip');
  assert.equal(found.length, 1);
  assert.equal(found[0]!.version, '2:1.0-1');
  assert.deepEqual(
    found[0]!.files.map(({ path, sizeBytes }) => [path, sizeBytes]),
    [
      ['pool/main/z/zip/zip_1.0-1.dsc', 10],
      ['pool/main/z/zip/zip_1.0.orig.tar.gz', 20],
    ],
  );
});

void test('the release goes before what comes after it, and the newest of the release before its older ones', () => {
  const of = (suite: string, version: string): SourcePackage => ({ name: 'zip', version, suite, files: [] });
  const all = [of('sid', '3'), of('trixie', '1.10~rc1'), of('trixie-security', '1.9'), of('trixie', '1.10')];
  const sorted = byPreference(all, [['trixie', 'trixie-security'], ['sid']]);
  assert.deepEqual(
    sorted.map(({ version }) => version),
    ['1.10', '1.10~rc1', '1.9', '3'],
  );
});

void test('options that Buildroot dropped or set otherwise are named, of two requests the later counts', () => {
  const config = 'BR2_A=y\n# BR2_B is not set\nBR2_S="x"\n';
  assert.deepEqual(lostOptions(['BR2_A=y\nBR2_B=y\n', '# BR2_B is not set\nBR2_S="x"\n'], config), []);
  assert.deepEqual(lostOptions(['BR2_C=y\n# BR2_A is not set\n'], config), ['BR2_C=y is n', 'BR2_A=n is y']);
});

/** Unpacks a source whose only file says `one`, with a patch of `from` to `two`, as in the build system. */
function unpackPatched(t: TestContext, from: string) {
  const folder = mkdtempSync(join(process.env['PERMAFROST_SCRATCH'] ?? tmpdir(), 'permafrost-source-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  for (const name of ['zip-1.0', 'debian/patches', 'files'])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'zip-1.0/text'), 'one\n');
  writeFileSync(join(folder, 'debian/patches/series'), '# the first\nmend.patch -p1\n');
  const patch = `--- a/text\n+++ b/text\n@@ -1 +1 @@\n-${from}\n+two\n`;
  writeFileSync(join(folder, 'debian/patches/mend.patch'), patch);
  run('tar', ['-czf', 'files/zip_1.0.orig.tar.gz', 'zip-1.0'], { cwd: folder });
  run('tar', ['-cJf', 'files/zip_1.0-1.debian.tar.xz', 'debian'], { cwd: folder });
  const commands = unpackCommands('zip', ['zip_1.0-1.debian.tar.xz', 'zip_1.0.orig.tar.gz']).join('\n');
  const script = commands.replaceAll('/inputs/', `${folder}/`);
  const { status } = spawnSync('bash', ['-c', script], { stdio: 'ignore' });
  return { status, text: readFileSync(join(folder, 'debian/zip/text'), 'utf8') };
}

void test("Debian's patches are applied in the order of their series, and one that does not apply is an error", (t) => {
  assert.deepEqual(unpackPatched(t, 'one'), { status: 0, text: 'two\n' });
  assert.notEqual(unpackPatched(t, 'another').status, 0);
});
