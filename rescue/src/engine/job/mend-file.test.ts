import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { scratchFolder } from '../../../test/support/scratch.ts';
import { findInside } from './mend-file.ts';

test('links of a mounted system are followed inside it, and never out of it', async (t) => {
  const root = join(await scratchFolder(t, 'mend'), 'root');
  await mkdir(join(root, 'etc/static'), { recursive: true });
  await mkdir(join(root, 'Windows/System32'), { recursive: true });
  await writeFile(join(root, 'etc/static/fstab'), 'inside');
  await writeFile(join(root, '../fstab'), 'outside');
  // As some systems have it: from the root of the system, wherever that is mounted.
  await symlink('/etc/static/fstab', join(root, 'etc/fstab'));
  await symlink('../../../../../../fstab', join(root, 'etc/up'));
  await symlink('/etc/loop', join(root, 'etc/loop'));
  assert.equal(await findInside(root, '/etc/fstab'), join(root, 'etc/static/fstab'));
  await assert.rejects(findInside(root, '/etc/up'), { code: 'ENOENT' });
  await assert.rejects(findInside(root, '/etc/loop'), { code: 'ELOOP' });
  await assert.rejects(findInside(root, '/etc/none'), { code: 'ENOENT' });
  assert.equal(await findInside(root, '/windows/SYSTEM32'), join(root, 'Windows/System32'));
  assert.equal(await findInside(root, '/../../etc/static'), join(root, 'etc/static'));
});
