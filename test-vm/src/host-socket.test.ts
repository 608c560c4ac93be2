import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineSplitter } from './host-socket.ts';

test('lines come whole however their bytes come', () => {
  const lines: string[] = [];
  const feed = lineSplitter((line) => void lines.push(line));
  for (const byte of Buffer.from('ä\n\nzwei\ndr')) feed(Buffer.of(byte));
  feed(Buffer.from('ei\nvier\n'));
  assert.deepEqual(lines, ['ä', '', 'zwei', 'drei', 'vier']);
});

test('a line without end takes bounded memory and is dropped', () => {
  const lines: string[] = [];
  const feed = lineSplitter((line) => void lines.push(line), 8);
  feed(Buffer.from('123456'));
  feed(Buffer.from('789'));
  feed(Buffer.from('10\nshort\n'));
  assert.deepEqual(lines, ['short']);
});
