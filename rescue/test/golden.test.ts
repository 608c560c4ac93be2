/**
 * Repositories of the format as they were written once: whatever this version writes, it must read them. A folder
 * here is never changed after the format is frozen; a new version gets a new folder.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runRestore, runVerify } from '../src/engine/index.ts';
import { scratchFolder } from './support/scratch.ts';

const golden = join(import.meta.dirname, 'golden');

for (const version of await readdir(golden)) {
  test(`the golden repository ${version} verifies and restores to the same bytes`, async (t) => {
    const folder = await scratchFolder(t, 'golden');
    const repository = join(folder, 'repository');
    await cp(join(golden, version, 'repository'), repository, { recursive: true });
    for (const independent of [false, true]) {
      const verified = await runVerify({ kind: 'verify', repository, independent });
      assert.equal(verified.outcome, 'done', JSON.stringify(verified.warnings));
    }
    const target = join(folder, 'disk.img');
    const report = await runRestore({ kind: 'restore', repository, image: 'golden', targets: [{ target }] });
    assert.equal(report.outcome, 'done', JSON.stringify(report.error));
    const digest = createHash('sha256')
      .update(await readFile(target))
      .digest('hex');
    assert.equal(digest, (await readFile(join(golden, version, 'disk.sha256'), 'utf8')).trim());
  });
}
