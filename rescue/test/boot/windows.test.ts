/** bootcheck of disks as Windows lays them out, whole and with one thing broken. Needs root. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { InstalledSystem } from '../../src/engine/index.ts';
import { permafrost } from '../job/support.ts';
import { run } from '../support/command.ts';
import { scratchFolder } from '../support/scratch.ts';
import { patchFile } from './support-installed.ts';
import { ESP_MIB, ids, installWindowsGpt, installWindowsMbr, makeLoader } from './support-windows.ts';

async function check(path: string, code = 0): Promise<InstalledSystem> {
  const { report } = await permafrost(['bootcheck', path, '--json'], code);
  const { systems } = report.boot![0]!.check;
  assert.equal(systems.length, 1, JSON.stringify(report.boot, undefined, 1));
  assert.equal(systems[0]!.name, 'Windows');
  return systems[0]!;
}

const efi = `@@${ESP_MIB}M`;

test('Windows on GPT', async (t) => {
  const folder = await scratchFolder(t, 'boot');
  const path = await installWindowsGpt(t, folder, await makeLoader(folder));
  const copy = async (): Promise<string> => {
    const to = join(folder, 'copy.img');
    await run('cp', ['--sparse=always', path, to]);
    return to;
  };
  await t.test('starts by UEFI, and not by BIOS', async () => {
    const system = await check(path);
    const all = JSON.stringify(system, undefined, 1);
    assert.equal(system.starts, 'yes', all);
    assert.equal(system.uefi.answer, 'yes', all);
    assert.equal(system.bios.answer, 'no');
    assert.match(all, /\(BCD\) has an entry for it/);
  });
  await t.test('a disk GUID that the boot configuration does not know', async () => {
    const broken = await copy();
    await run('sfdisk', ['--disk-id', broken, '99999999-2222-4333-8444-555555555555']);
    const system = await check(broken, 4);
    assert.match(JSON.stringify(system), new RegExp(`names the disk ${ids.disk}, and this one is 99999999`));
  });
  await t.test('a partition GUID that the boot configuration does not know', async () => {
    const broken = await copy();
    await run('sfdisk', ['--part-uuid', broken, '3', '99999999-0000-4000-8000-000000000003']);
    const system = await check(broken, 4);
    assert.match(
      JSON.stringify(system),
      new RegExp(`names the partition ${ids.windows}, which does not exist`),
    );
  });
  await t.test('a boot configuration that is missing', async () => {
    const broken = await copy();
    await run('mdel', ['-i', `${broken}${efi}`, '::/EFI/Microsoft/Boot/BCD']);
    assert.match(JSON.stringify(await check(broken, 4)), /\(BCD\) is missing/);
  });
  await t.test('a boot configuration that is no hive', async () => {
    const broken = await copy();
    await writeFile(join(folder, 'bad'), 'nothing');
    await run('mcopy', ['-o', '-i', `${broken}${efi}`, join(folder, 'bad'), '::/EFI/Microsoft/Boot/BCD']);
    assert.match(JSON.stringify(await check(broken, 4)), /\(BCD\) is damaged/);
  });
  await t.test('a boot manager that is missing', async () => {
    const broken = await copy();
    await run('mdel', ['-i', `${broken}${efi}`, '::/EFI/Microsoft/Boot/bootmgfw.efi']);
    assert.match(JSON.stringify(await check(broken, 4)), /boot manager is on no EFI system partition/);
  });
});

test('Windows on MBR', async (t) => {
  const folder = await scratchFolder(t, 'boot');
  const path = await installWindowsMbr(t, folder);
  const system = await check(path);
  assert.equal(system.starts, 'yes', JSON.stringify(system, undefined, 1));
  assert.equal(system.bios.answer, 'yes');
  await t.test('a partition that is not active', async () => {
    const broken = join(folder, 'copy.img');
    await run('cp', [path, broken]);
    await run('sfdisk', ['--activate', broken, '-']);
    const { report } = await permafrost(['bootcheck', broken, '--json'], 4);
    assert.match(JSON.stringify(report.boot), /no partition is active/);
  });
  await t.test('a disk signature that the boot configuration does not know', async () => {
    const broken = join(folder, 'copy.img');
    await run('cp', [path, broken]);
    await patchFile(broken, 440, Buffer.from('12345678', 'hex'));
    assert.match(JSON.stringify(await check(broken, 4)), /names the disk 1badf00d, and this one is 78563412/);
  });
});
