import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printableText } from './printable-text.ts';

test('keeps what people can read, in any script', () => {
  for (const text of ['Samsung SSD 870', 'Données é', 'диск', '磁碟', 'a "b" \\ c', '💾'])
    assert.equal(printableText(text), text);
});

test('drops escape sequences, other controls, bidirectional marks, lone surrogates and private characters', () => {
  assert.equal(printableText('\u001b[31mred\u001b[0m\u0007'), '[31mred[0m');
  assert.equal(printableText('a\u009bb\u0000c\u007f'), 'abc');
  assert.equal(printableText('sd\u202eb\u2066a\u200f'), 'sdba');
  assert.equal(printableText('x\ud800y\udc00\ue000'), 'xy');
});

test('makes any run of blanks and line ends one space and trims', () => {
  assert.equal(printableText('  ATA\t QEMU\r\nHARDDISK\u2028 \u00a0'), 'ATA QEMU HARDDISK');
});

test('bounds the length, in characters', () => {
  assert.equal(printableText('💾'.repeat(1000)), '💾'.repeat(256));
  assert.equal(printableText('x'.repeat(1e7)).length, 256);
});
