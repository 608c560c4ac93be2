import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { scratchFolder } from '../../../test/support/scratch.ts';
import { LocalHost } from '../../runner/local-host.ts';
import { openHost } from './open-host.ts';

void test('a socket that a killed runner left does not keep the UI waiting: jobs run in its own process', async (t) => {
  const path = join(await scratchFolder(t, 'host'), 'runner.sock');
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script, path]);
  assert.ok(existsSync(path));
  const host = await openHost(path);
  t.after(() => host.close());
  assert.ok(host instanceof LocalHost);
  assert.equal(host.state.kind, 'idle');
});
