/** Copies of disks with Windows on them, with identifiers of their own. Needs root. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Report } from '../../src/engine/index.ts';
import { permafrost } from '../job/support.ts';
import { run } from '../support/command.ts';
import { attachLoop, scratchFolder } from '../support/scratch.ts';
import { guidBytes } from './support-bcd.ts';
import { allIds, readIds } from './support-ids.ts';
import { MIB } from './support-installed.ts';
import {
  ESP_MIB,
  installWindowsGpt,
  installWindowsMbr,
  makeLoader,
  SIGNATURE,
  WINDOWS_MIB,
} from './support-windows.ts';

const startsOf = ({ boot = [] }: Report): string[] =>
  boot.flatMap(({ check }) => check.systems.map(({ starts }) => starts));

/** How often `bytes` are in the file `path`. */
async function countOf(path: string, bytes: Buffer): Promise<number> {
  const content = await readFile(path);
  let count = 0;
  for (let at = content.indexOf(bytes); at >= 0; at = content.indexOf(bytes, at + 1)) count++;
  return count;
}

test('Windows on GPT: its boot configuration and drive letters follow', async (t) => {
  const folder = await scratchFolder(t, 'ids');
  const path = await installWindowsGpt(t, folder, await makeLoader(folder));
  const repo = join(folder, 'repo');
  await permafrost(['image', path, '--repo', repo, '--name', 'windows']);
  const target = join(folder, 'copy.img');
  const restore = ['restore', 'windows', target, '--repo', repo, '--new-ids', '--yes'];
  const { report } = await permafrost([...restore, '--json']);
  assert.deepEqual(report.newIds![0]!.unmended, []);
  assert.deepEqual(startsOf(report), ['yes'], JSON.stringify(report.boot, undefined, 1));
  const [old, now] = [await readIds(path), await readIds(target)];
  assert.deepEqual(
    allIds(now).filter((id) => allIds(old).includes(id)),
    [],
  );
  const files = new Set(report.newIds![0]!.changes.flatMap(({ file }) => (file === undefined ? [] : [file])));
  assert.deepEqual([...files].sort(), ['/EFI/Microsoft/Boot/BCD', '/Windows/System32/config/SYSTEM']);
  for (const ids of [old, now]) {
    const [esp, , windows] = ids.partitions.map(({ id }) => guidBytes(id));
    const disk = ids === old ? path : target;
    const store = join(folder, 'store');
    await run('mcopy', ['-n', '-o', '-i', `${disk}@@${ESP_MIB}M`, '::/EFI/Microsoft/Boot/BCD', store]);
    const place = ['--offset', String(WINDOWS_MIB * MIB)];
    const { device, detach } = await attachLoop(t, disk, place);
    const registry = join(folder, 'registry');
    const script = 'ntfscat "$1" /Windows/System32/config/SYSTEM > "$2"';
    await run('sh', ['-c', script, 'sh', device, registry]);
    await detach();
    for (const id of [esp!, windows!])
      assert.equal(await countOf(store, id), id === esp ? 1 : 2, 'each device has it');
    assert.equal(await countOf(registry, Buffer.concat([Buffer.from('DMIO:ID:'), windows!])), 1);
  }
});

test('Windows on MBR: its signature is in the boot configuration and in the drive letters', async (t) => {
  const folder = await scratchFolder(t, 'ids');
  const path = await installWindowsMbr(t, folder);
  const target = join(folder, 'copy.img');
  const { report } = await permafrost(['clone', path, target, '--new-ids', '--yes', '--json']);
  assert.deepEqual(report.newIds![0]!.unmended, []);
  assert.deepEqual(startsOf(report), ['yes'], JSON.stringify(report.boot, undefined, 1));
  const [old, now] = [await readIds(path), await readIds(target)];
  assert.notEqual(now.disk, old.disk);
  assert.deepEqual(
    allIds(now).filter((id) => allIds(old).includes(id)),
    [],
  );
  const letter = (signature: number): Buffer => {
    const bytes = Buffer.alloc(12);
    bytes.writeUInt32LE(signature);
    bytes.writeBigUInt64LE(BigInt(WINDOWS_MIB * MIB), 4);
    return bytes;
  };
  assert.equal(await countOf(path, letter(SIGNATURE)), 1);
  assert.equal(await countOf(target, letter(SIGNATURE)), 0);
  assert.equal(await countOf(target, letter(Number(now.disk))), 1);
});

test('a boot configuration that cannot be changed makes the table keep its identifiers', async (t) => {
  const folder = await scratchFolder(t, 'ids');
  const path = await installWindowsGpt(t, folder, await makeLoader(folder));
  const target = join(folder, 'copy.img');
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'mcopy'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const env = { PATH: `${bin}:${process.env['PATH']!}` };
  const { report } = await permafrost(['clone', path, target, '--new-ids', '--yes', '--json'], 0, { env });
  const [old, now] = [await readIds(path), await readIds(target)];
  assert.equal(now.disk, old.disk);
  assert.deepEqual(
    now.partitions.map(({ id }) => id),
    old.partitions.map(({ id }) => id),
  );
  const { unmended, changes } = report.newIds![0]!;
  assert.match(
    unmended.join(),
    /The partition table keeps its identifiers, since \/EFI\/Microsoft\/Boot\/BCD/,
  );
  assert.ok(
    changes.every(({ what }) => what === 'file-system'),
    JSON.stringify(changes),
  );
  assert.deepEqual(startsOf(report), ['yes'], JSON.stringify(report.boot, undefined, 1));
  const { device, detach } = await attachLoop(t, target, ['--offset', String(WINDOWS_MIB * MIB)]);
  const registry = join(folder, 'registry');
  const script = 'ntfscat "$1" /Windows/System32/config/SYSTEM > "$2"';
  await run('sh', ['-c', script, 'sh', device, registry]);
  await detach();
  const windows = old.partitions.find(({ number }) => number === 3)!.id;
  assert.equal(await countOf(registry, guidBytes(windows)), 1, 'the drive letters were put back');
});

test('Windows that was not shut down: what its files name stays, and the plan says why', async (t) => {
  const folder = await scratchFolder(t, 'ids');
  const path = await installWindowsMbr(t, folder);
  const place = ['--offset', String(WINDOWS_MIB * MIB), '--sizelimit', String(60 * MIB)];
  const { device, detach } = await attachLoop(t, path, place);
  // It leaves the mark for Windows to check the volume.
  await run('ntfsresize', ['--force', '--force', '--no-progress-bar', '--size', '50M', device]);
  await detach();
  const target = join(folder, 'copy.img');
  const args = ['clone', path, target, '--new-ids'];
  const { stdout } = await permafrost([...args, '--dry-run']);
  assert.match(
    stdout.replaceAll(/\s+/g, ' '),
    /the disk keeps the identifier 1badf00d: .*SYSTEM on partition 2 names it, and its file system was not cleanly/,
  );
  const { report } = await permafrost([...args, '--yes', '--json']);
  assert.equal((await readIds(target)).disk, (await readIds(path)).disk);
  assert.deepEqual(startsOf(report), ['yes']);
  assert.match(report.warnings.join(' '), /keeps \d of the identifiers of its source/);
});
