import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Extents } from '../base/extents.ts';
import type { RawCode } from './file-system.ts';
import { distrustedMap } from './raw-map.ts';
import { asIs } from '../base/remarks.ts';

const used = Extents.single(0, 1000);

test('a doubt is overridden only where it is that of an unclean shutdown', () => {
  const overridden = distrustedMap(used, 5000, { code: 'dirty', reason: 'x' }, { trustBitmap: true });
  assert.equal(overridden.raw, undefined);
  assert.deepEqual(overridden.overridden, { code: 'dirty', reason: 'x', trustedBytes: 1000 });
  assert.ok(overridden.used.equals(used));

  const others: RawCode[] = [
    'error-state',
    'inconsistent',
    'feature',
    'unsupported',
    'overlap',
    'unreadable',
  ];
  for (const code of others) {
    const map = distrustedMap(used, 5000, { code, reason: 'x' }, { trustBitmap: true });
    assert.deepEqual(map.raw, { code, reason: 'x', trustedBytes: 1000 });
    assert.equal(map.overridden, undefined);
    assert.deepEqual(map.used.toPairs(), [[0, 5000]]);
  }
});

test('nothing is overridden that was not asked for', () => {
  const map = distrustedMap(used, 5000, { code: 'dirty', reason: 'x' }, {}, [asIs('Know this.')]);
  assert.deepEqual(map.raw, { code: 'dirty', reason: 'x', trustedBytes: 1000 });
  assert.deepEqual(map.used.toPairs(), [[0, 5000]]);
  assert.deepEqual(map.warnings, ['Know this.']);
});
