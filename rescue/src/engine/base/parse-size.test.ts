import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSize } from './parse-size.ts';

void test('sizes with a unit, with or without a blank, point or comma, are bytes', () => {
  assert.equal(parseSize('20GiB'), 20 * 1024 ** 3);
  assert.equal(parseSize(' 1,5 t '), 1.5 * 1024 ** 4);
  assert.equal(parseSize('1.5 MiB'), 1.5 * 1024 ** 2);
  assert.equal(parseSize('100 MB'), 100_000_000);
  assert.equal(parseSize('4096'), 4096);
  assert.equal(parseSize('0'), 0);
});

void test('what is no size is none', () => {
  for (const text of ['', 'GiB', '-1', '1 GiBs', '1.2.3', '0x10', '9007199254740993', '99999999 TiB', '1e3'])
    assert.equal(parseSize(text), undefined, text);
});
