/** What of a kernel's configuration is found to be other than asked for. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { differences, parseOptions } from './kernel-options.ts';

const final = '# made by Kconfig\nCONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_S="text"\n';

void test('what is as asked for is no difference, and an option that the kernel does not mention is not set', () => {
  const fragment = '# a comment\n\nCONFIG_A=y\nCONFIG_B=m\nCONFIG_S="text"\n# CONFIG_C is not set\n';
  assert.deepEqual(differences({ one: fragment, two: '# CONFIG_NEVER_HEARD_OF is not set\n' }, final), []);
});

void test('an option that was dropped, weakened or switched on is named', () => {
  const problems = differences({ one: 'CONFIG_GONE=y\nCONFIG_B=y\n# CONFIG_A is not set\n' }, final);
  assert.deepEqual(problems, [
    'one asks for CONFIG_GONE=y, the kernel has n',
    'one asks for CONFIG_B=y, the kernel has m',
    'one asks for CONFIG_A=n, the kernel has y',
  ]);
});

void test('an option belongs to one fragment, and a line that is none is an error', () => {
  assert.deepEqual(differences({ one: 'CONFIG_A=y\n', two: 'CONFIG_A=y\n' }, final), [
    'CONFIG_A is in one and in two',
  ]);
  assert.throws(() => parseOptions('CONFIG_A=y\nCONFIG_A=y\n', 'x'), /twice/);
  assert.throws(() => parseOptions('CONFIG_A is not set\n', 'x'), /is no option/);
});

void test("the project's own fragments are well formed and do not overlap", () => {
  const folder = join(import.meta.dirname, '../../../buildroot-overlay/board/permafrost/linux');
  const names = globSync('*.config', { cwd: folder });
  assert.ok(names.length >= 6);
  const texts = names.map((name) => parseOptions(readFileSync(join(folder, name), 'utf8'), name));
  const all = texts.flatMap((options) => [...options.keys()]);
  assert.equal(new Set(all).size, all.length);
});
