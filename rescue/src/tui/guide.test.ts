/** The screens in the guide and the README are those that the UI draws. `PERMAFROST_UPDATE=1` writes them anew. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { testSession } from '../../test/tui/drawn.ts';
import { guideScenes } from '../../test/tui/guide-scenes.ts';

const root = resolve(import.meta.dirname, '../../..');
const screens = /(<!-- screen: ([a-z-]+) -->\n```text\n)([^`]*)(```)/g;

/** The screen, without the empty lines between what it says and its keys. */
function drawn(name: string): string {
  const state = guideScenes[name];
  assert.ok(state !== undefined, `there is no screen "${name}"`);
  const lines = testSession(state)
    .screen()
    .map((line) => line.trimEnd());
  const kept = lines.filter((line, i) => line !== '' || lines[i - 1] !== '');
  return `${kept.join('\n')}\n`;
}

for (const path of ['docs/guide.md', 'README.md'])
  test(`${path} shows the screens as they are`, async () => {
    const before = await readFile(resolve(root, path), 'utf8');
    assert.match(before, screens);
    const now = before.replaceAll(
      screens,
      (_, head: string, name: string, __, tail: string) => head + drawn(name) + tail,
    );
    if (process.env['PERMAFROST_UPDATE'] === '1') await writeFile(resolve(root, path), now);
    else assert.equal(before, now);
  });
