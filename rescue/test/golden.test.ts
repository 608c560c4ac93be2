/**
 * Repositories of the format as they were written once: whatever this version writes, it must read them. The format is
 * frozen, and so are they; a version that writes something new adds a folder (golden/README.md).
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runRestore, runVerify } from '../src/engine/index.ts';
import { scratchFolder } from './support/scratch.ts';

const golden = join(import.meta.dirname, 'golden');
const names = (await readdir(golden, { withFileTypes: true })).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

const sha256 = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

/** What is recorded of each disk: image, number, how its restore ends, SHA-256. */
async function recorded(
  name: string,
): Promise<[digest: string, image: string, disk: number, outcome: string][]> {
  if (name === 'v1') {
    const digest = (await readFile(join(golden, name, 'disk.sha256'), 'utf8')).trim();
    return [[digest, 'golden', 1, 'done']];
  }
  const lines = (await readFile(join(golden, name, 'disks.sha256'), 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const [digest, image, disk, outcome] = line.split(' ');
    return [digest!, image!, Number(disk), outcome!];
  });
}

test('no file of a golden repository has changed, and none was added or lost', async () => {
  const lines = (await readFile(join(golden, 'SHA256SUMS'), 'utf8')).trim().split('\n');
  const sums = new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
  const found: string[] = [];
  for (const entry of await readdir(golden, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(golden.length + 1);
    if (entry.isFile() && path.includes('/')) found.push(path);
  }
  assert.deepEqual(found.sort(), [...sums.keys()].sort());
  for (const path of found) assert.equal(await sha256(join(golden, path)), sums.get(path), path);
});

for (const name of names)
  test(`the golden repository ${name} verifies and restores to the same bytes`, async (t) => {
    const folder = await scratchFolder(t, 'golden');
    const repository = join(folder, 'repository');
    await cp(join(golden, name, 'repository'), repository, { recursive: true });
    const disks = await recorded(name);
    assert.ok(disks.length > 0);
    for (const independent of [false, true]) {
      for (const image of [undefined, ...new Set(disks.map(([, image]) => image))]) {
        const which = image === undefined ? {} : { image };
        const verified = await runVerify({ kind: 'verify', repository, independent, ...which });
        assert.equal(verified.outcome, 'done', JSON.stringify([image, verified.warnings]));
      }
    }
    await mkdir(join(folder, 'targets'));
    for (const [digest, image, disk, outcome] of disks) {
      const target = join(folder, 'targets', `${image}-${disk}.img`);
      const report = await runRestore({ kind: 'restore', repository, image, targets: [{ disk, target }] });
      assert.equal(report.outcome, outcome, JSON.stringify(report.error));
      assert.equal(await sha256(target), digest, `disk ${disk} of ${image}`);
    }
  });
