import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unescapeOctal } from './system.ts';

test('takes octal escapes for the bytes they are', () => {
  assert.equal(unescapeOctal('/mnt/my\\040disk\\011\\134x'), '/mnt/my disk\t\\x');
  assert.equal(unescapeOctal('/mnt/gr\\303\\266\\303\\237e ö'), '/mnt/größe ö');
  assert.equal(unescapeOctal('/plain'), '/plain');
});

test('leaves what is no escape', () => {
  assert.equal(unescapeOctal('a\\9b\\04'), 'a\\9b\\04');
  assert.equal(unescapeOctal('\\777'), '\\777');
});
