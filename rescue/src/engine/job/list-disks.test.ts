import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPartOfSystem, type ListedDisk } from './list-disks.ts';
import { asIs } from '../base/remarks.ts';

const mounted = { kind: 'mounted', what: '/dev/loop0', by: '/run/base', message: asIs('') } as const;

function listed(more: Partial<ListedDisk['disk']>, kind = 'squashfs', uses: ListedDisk['uses'] = [mounted]) {
  const disk = { path: '/dev/loop0', bus: 'loop', readOnly: true, ...more };
  const fileSystem = { kind };
  return {
    disk,
    uses,
    regions: [{ name: 'whole disk', start: 0, length: 1, partitions: [], fileSystem }],
  } as unknown as ListedDisk;
}

test('only a file that the system runs from is part of it', () => {
  assert.ok(isPartOfSystem(listed({})));
  assert.ok(isPartOfSystem(listed({}, 'erofs')));
  assert.ok(!isPartOfSystem(listed({}, 'ext4')), 'somebody looks into an image');
  assert.ok(!isPartOfSystem(listed({}, 'squashfs', [])), 'nobody uses it');
  assert.ok(!isPartOfSystem(listed({ readOnly: false })));
  assert.ok(!isPartOfSystem(listed({ bus: 'usb' })));
});
