import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { archiveTree } from './cpio.ts';

/** Reads the archive back, by the format's description alone. */
function members(archive: Uint8Array): { name: string; mode: number; mtime: number; text: string }[] {
  const found = [];
  const text = Buffer.from(archive).toString('latin1');
  for (let offset = 0; offset < text.length;) {
    assert.equal(text.slice(offset, offset + 6), '070701');
    const field = (index: number): number =>
      parseInt(text.slice(offset + 6 + index * 8, offset + 14 + index * 8), 16);
    const nameEnd = offset + 110 + field(11);
    const start = Math.ceil(nameEnd / 4) * 4;
    const name = text.slice(offset + 110, nameEnd - 1);
    found.push({ name, mode: field(1), mtime: field(5), text: text.slice(start, start + field(6)) });
    offset = Math.ceil((start + field(6)) / 4) * 4;
  }
  return found;
}

void test('a tree is archived in order, with one date and settled modes', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'permafrost-cpio-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'b'), { mode: 0o700 });
  writeFileSync(join(folder, 'b/init'), 'abc', { mode: 0o700 });
  writeFileSync(join(folder, 'a'), 'hello', { mode: 0o640 });
  symlinkSync('b/init', join(folder, 'c'));
  const archive = archiveTree(folder, 1_700_000_000);
  assert.deepEqual(members(archive), [
    { name: 'a', mode: 0o100644, mtime: 1_700_000_000, text: 'hello' },
    { name: 'b', mode: 0o040755, mtime: 1_700_000_000, text: '' },
    { name: 'b/init', mode: 0o100755, mtime: 1_700_000_000, text: 'abc' },
    { name: 'c', mode: 0o120777, mtime: 1_700_000_000, text: 'b/init' },
    { name: 'TRAILER!!!', mode: 0, mtime: 0, text: '' },
  ]);
  utimesSync(join(folder, 'a'), 1, 1);
  assert.deepEqual(archiveTree(folder, 1_700_000_000), archive);
});
