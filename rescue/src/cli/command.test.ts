/** What options are read as. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { isPermafrostError } from '../engine/index.ts';
import { sectorSizeOption } from './command.ts';

void test('a sector size that no disk has is a mistake of the call', () => {
  for (const value of ['1000', '0', '8192', '512x'])
    assert.throws(
      () => sectorSizeOption({ 'sector-size': value }),
      (error) => isPermafrostError(error, 'usage/invalid') && error.message.includes('--sector-size'),
      value,
    );
  assert.deepEqual(sectorSizeOption({ 'sector-size': '4096' }), { sectorSize: 4096 });
  assert.deepEqual(sectorSizeOption({}), {});
});
