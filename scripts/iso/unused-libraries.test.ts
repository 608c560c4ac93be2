import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from './command.ts';
import { removeUnusedLibraries } from './unused-libraries.ts';

test('libraries that no program uses go with all their names, others stay with the names that are asked for', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'permafrost-libraries-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const folder of ['usr/lib', 'usr/bin']) mkdirSync(join(root, folder), { recursive: true });
  const source = join(root, 'source.c');
  const library = (name: string, ...needs: string[]): void => {
    writeFileSync(source, `int ${name}(void) { return 1; }\n`);
    const output = join(root, `usr/lib/lib${name}.so.1.0`);
    const options = ['-shared', '-nostdlib', '-Wl,--no-as-needed', `-Wl,-soname,lib${name}.so.1`];
    run('cc', [...options, '-o', output, source, ...needs.map((need) => join(root, 'usr/lib', need))]);
    for (const link of ['.so.1', '.so'])
      symlinkSync(`lib${name}.so.1.0`, join(root, `usr/lib/lib${name}${link}`));
  };
  library('below');
  library('used', 'libbelow.so');
  library('deep');
  // Used by a library alone that nothing uses.
  library('unused', 'libdeep.so');
  writeFileSync(join(root, 'usr/lib/libgcc_s.so.1'), '');
  writeFileSync(source, 'void _start(void) {}\n');
  const used = join(root, 'usr/lib/libused.so');
  run('cc', ['-nostdlib', '-Wl,--no-as-needed', '-o', join(root, 'usr/bin/program'), source, used]);
  removeUnusedLibraries(root);
  const left = (name: string): boolean => existsSync(join(root, 'usr/lib', name));
  for (const name of ['libused.so.1', 'libused.so.1.0', 'libbelow.so.1', 'libbelow.so.1.0', 'libgcc_s.so.1'])
    assert.ok(left(name), name);
  for (const name of ['libused.so', 'libunused.so.1', 'libunused.so.1.0', 'libdeep.so.1', 'libdeep.so.1.0'])
    assert.ok(!left(name), name);
});
