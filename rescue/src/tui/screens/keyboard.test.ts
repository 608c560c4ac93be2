/** Every keyboard layout of the image has a name in each language. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { sampleState } from '../../../test/tui/sample.ts';
import { readKeymaps } from '../runtime/tools.ts';
import { wordsOf } from '../words/words.ts';
import { keyboardView } from './tools.ts';

const overlay = join(import.meta.dirname, '../../../../buildroot-overlay/rootfs-overlay');

void test('keyboard layouts are offered in the language of the screen', async () => {
  const keymaps = await readKeymaps(join(overlay, 'etc/permafrost/keymaps'));
  assert.ok(keymaps.length >= 15);
  const labels = (language: 'en' | 'de', known = keymaps): string[] => {
    const state = { ...sampleState(), tools: { keymaps: known } };
    return keyboardView(state, wordsOf(language)).items.map((item) => ('label' in item ? item.label : ''));
  };
  assert.deepEqual(
    labels('en'),
    keymaps.map(({ title }) => title),
  );
  const { layouts } = wordsOf('de').keyboard;
  assert.deepEqual(
    labels('de'),
    keymaps.map(({ name }) => layouts[name]),
  );
  assert.deepEqual(labels('de', [{ name: 'xx', title: 'Made later' }]), ['Made later']);
});
