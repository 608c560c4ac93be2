import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { mostPictureBytes, pictureFolder, pictureNames } from './guide-pictures.ts';
import { projectFolder } from './places.ts';

/** Files that pictures in a page are shown from, and what is said instead of each. */
async function picturesOf(page: string): Promise<{ path: string; alt: string }[]> {
  const text = await readFile(join(projectFolder, page), 'utf8');
  return [...text.matchAll(/!\[([^\]]*)\]\(([^)]+\.png)\)/g)].map(([, alt, path]) => ({
    alt: alt!,
    path: relative(pictureFolder, join(projectFolder, dirname(page), path!)),
  }));
}

const files = pictureNames.map((name) => `${name}.png`);

test('the guide shows every picture once, in its order, and says what it shows', async () => {
  const shown = await picturesOf('docs/guide.md');
  assert.deepEqual(
    shown.map(({ path }) => path),
    files,
  );
  for (const { path, alt } of [...shown, ...(await picturesOf('README.md'))]) {
    assert.ok(files.includes(path), path);
    assert.ok(alt.length > 20, path);
  }
  assert.deepEqual((await readdir(pictureFolder)).sort(), files.toSorted());
});

test('every picture is one of a screen, and small', async () => {
  for (const file of files) {
    const bytes = await readFile(join(pictureFolder, file));
    assert.equal(bytes.toString('latin1', 1, 4), 'PNG', file);
    assert.ok(bytes.readUInt32BE(16) >= 640 && bytes.readUInt32BE(20) >= 400, file);
    assert.ok(bytes.length <= mostPictureBytes, `${file} takes ${bytes.length} bytes`);
  }
});
