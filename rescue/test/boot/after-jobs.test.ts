/** Restores and clones end with a check of booting, and a step of a job file can be one. Needs root. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Report } from '../../src/engine/index.ts';
import { permafrost } from '../job/support.ts';
import { scratchFolder } from '../support/scratch.ts';
import { inRoot, installLinux, places, MIB, patchFile, replaceIn } from './support-installed.ts';

const starts = ({ boot = [] }: Report): string[] =>
  boot.flatMap(({ identity, check }) => check.systems.map((system) => `${identity.path} ${system.starts}`));

test('what was restored and cloned is checked', async (t) => {
  const folder = await scratchFolder(t, 'boot');
  const { path } = await installLinux(t, folder, { table: 'gpt' });
  const at = (name: string): string => join(folder, name);
  await permafrost(['image', path, '--repo', at('repo'), '--name', 'good']);
  const restore = ['restore', 'good', at('a.img'), '--repo', at('repo'), '--yes'];
  const restored = await permafrost([...restore, '--json']);
  assert.deepEqual(starts(restored.report), [`${at('a.img')} yes`]);
  assert.deepEqual(restored.report.warnings, []);
  const { stdout } = await permafrost(restore);
  assert.match(stdout.replaceAll(/\s+/g, ' '), /Test Linux 1 on partition 3 starts by UEFI and BIOS/);

  await t.test('a clone of a system that does not start says so, and is a good clone', async () => {
    const broken = at('a.img');
    await inRoot(broken, (root) => replaceIn(join(root, 'etc/fstab'), 'UUID=', 'UUID=0'));
    const cloned = await permafrost(['clone', broken, at('b.img'), at('c.img'), '--yes', '--json']);
    assert.equal(cloned.report.outcome, 'done');
    assert.deepEqual(starts(cloned.report).sort(), [`${at('b.img')} no`, `${at('c.img')} no`]);
    assert.match(cloned.report.warnings.join(' '), /does not start as it is: "permafrost bootcheck/);
  });

  await t.test('a job file fails at a step that finds a system that does not start', async () => {
    const file = at('job.yaml');
    const job = (disk: string): string => `version: 1
id: check-${disk.replaceAll(/\W/g, '')}
repository: { path: ${at('repo')} }
steps:
  - bootcheck: { target: { file: ${at(disk)} } }
`;
    await writeFile(file, job('disk.img'));
    await permafrost(['run', file]);
    await writeFile(file, job('b.img'));
    await permafrost(['run', file], 4);
  });

  await t.test('a disk whose partitions are empty has no system', async () => {
    await patchFile(at('b.img'), places.root.startMib * MIB, new Uint8Array(64 * 1024));
    const { report } = await permafrost(['bootcheck', at('b.img'), '--json']);
    assert.deepEqual(starts(report), []);
  });
});
