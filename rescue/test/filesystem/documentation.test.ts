/** docs/file-systems.md names the tests that prove its rules: they must exist. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../../..');
const folders = ['rescue/test', 'rescue/src/engine/filesystem'].map((folder) => join(root, folder));

test('every test that docs/file-systems.md names exists', () => {
  const page = readFileSync(join(root, 'docs/file-systems.md'), 'utf8');
  // A file in backquotes, then titles or parts of titles in curly quotes.
  const claims = [...page.matchAll(/`([\w./-]+\.test\.ts)`((?:(?::|,) “[^”]+”)*)/g)];
  assert.ok(claims.length > 40);
  for (const [, file, titles] of claims) {
    const path = folders.map((folder) => join(folder, file!)).find((candidate) => existsSync(candidate));
    assert.ok(path, `${file!} does not exist`);
    const text = readFileSync(path, 'utf8');
    for (const [, title] of titles!.matchAll(/“([^”]+)”/g))
      assert.ok(text.includes(title!), `${file!} has no test “${title!}”`);
  }
});
