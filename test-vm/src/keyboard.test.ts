import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysFor } from './keyboard.ts';

test('letters, digits and signs are keys of an American keyboard', () => {
  assert.deepEqual(keysFor('aZ 1!_/~\n'), [
    'a',
    'shift-z',
    'spc',
    '1',
    'shift-1',
    'shift-minus',
    'slash',
    'shift-grave_accent',
    'ret',
  ]);
});

test('what is on no key is refused', () => {
  assert.throws(() => keysFor('ü'), /no key has "ü"/);
});
