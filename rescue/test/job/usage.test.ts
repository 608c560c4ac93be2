/** Command lines that say two things, or nothing, where one is meant: refused before anything is looked at. */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { scratchFolder } from '../support/scratch.ts';
import { permafrost } from './support.ts';

test('an option that counts once is not given twice, and no image is called nothing', async (t) => {
  const folder = await scratchFolder(t, 'usage');
  const source = join(folder, 'disk.img');
  await writeFile(source, Buffer.alloc(1 << 20, 'x'));
  const image = ['image', source, '--sector-size', '512', '--repo', join(folder, 'a')];
  const twice = await permafrost([...image, '--repo', join(folder, 'b')], 2);
  assert.match(twice.stderr, /--repo is given twice/);
  const nameless = await permafrost([...image, '--name', ''], 2);
  assert.match(nameless.stderr, /name must not be empty/);
  assert.deepEqual(await readdir(folder), ['disk.img']);
  // What may be repeated may, and so may a flag.
  await permafrost([...image, '--raw', '--raw', '--trust-bitmap', '0', '--trust-bitmap', '0']);
});
