/**
 * A restore on a UEFI machine makes the boot entry and the fallback loader. The firmware is a folder, and efibootmgr a
 * script that does with it what it is told to. Needs root.
 */
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Plan, Report } from '../../src/engine/index.ts';
import { permafrost, type CliResult } from '../job/support.ts';
import { run } from '../support/command.ts';
import { attachLoop, scratchFolder, sparseFile } from '../support/scratch.ts';
import { DISK_MIB, installLinux, MIB, places, systemPartition } from './support-installed.ts';
import { bootEntry, writeVariables } from './support-variables.ts';

const LOADER = '\\EFI\\test\\grubx64.efi';

interface Machine {
  /** Has efibootmgr do `script`, in which `$new` is the variable it shall make. */
  readonly behave: (script: string) => Promise<void>;
  /** Starts with these entries. */
  readonly reset: (entries: Parameters<typeof writeVariables>[1]) => Promise<void>;
  /** How efibootmgr was called. */
  readonly calls: () => Promise<string>;
  readonly env: Readonly<Record<string, string>>;
}

async function makeMachine(folder: string, esp: string): Promise<Machine> {
  const firmware = join(folder, 'firmware');
  const bin = join(folder, 'bin');
  const log = join(folder, 'calls');
  await mkdir(bin);
  const made = join(folder, 'made');
  await writeVariables(made, { '0007': bootEntry({ label: 'test', partition: esp, path: LOADER }) });
  const from = join(made, 'efivars');
  return {
    async behave(script) {
      const program = join(bin, 'efibootmgr');
      await writeFile(
        program,
        `#!/bin/sh\nprintf '%s\\n' "$*" >>${log}\nnew="${from}/Boot0007-8be4df61-93ca-11d2-aa0d-00e098032b8c"\n${script}\n`,
      );
      await chmod(program, 0o755);
      await rm(log, { force: true });
    },
    async reset(entries) {
      await rm(firmware, { recursive: true, force: true });
      await writeVariables(firmware, entries);
    },
    calls: () => readFile(log, 'utf8').catch(() => ''),
    env: { PATH: `${bin}:${process.env['PATH']!}`, PERMAFROST_FIRMWARE_DIR: firmware },
  };
}

async function restore(
  repository: string,
  device: string,
  machine: Machine,
  options: readonly string[] = [],
): Promise<{ plan: Plan; report: Report } & CliResult> {
  const args = ['restore', 'good', device, '--repo', repository, '--yes', '--json', ...options];
  const result = await permafrost(args, 0, { env: machine.env });
  const plan = result.events.find(({ type }) => type === 'plan') as unknown as Plan;
  return { ...result, plan };
}

async function prepare(
  t: TestContext,
): Promise<{ folder: string; path: string; esp: string; device: string; repository: string }> {
  const folder = await scratchFolder(t, 'boot');
  const { path } = await installLinux(t, folder, { table: 'gpt', noBios: true, noFallback: true });
  const { stdout } = await run('sfdisk', ['--part-uuid', path, String(places.esp.number)]);
  const repository = join(folder, 'repo');
  await permafrost(['image', path, '--repo', repository, '--name', 'good']);
  const target = await sparseFile(join(folder, 'target.img'), DISK_MIB * MIB);
  const { device } = await attachLoop(t, target, ['--partscan']);
  return { folder, path, esp: stdout.trim().toLowerCase(), device, repository };
}

test('a restore lets the machine start the disk', async (t) => {
  const { folder, path, esp, device, repository } = await prepare(t);
  const machine = await makeMachine(folder, esp);
  const copies = `cp "$new" ${join(folder, 'firmware/efivars')}/`;
  const fallback = async (): Promise<boolean> => {
    const { code } = await run(
      'mdir',
      ['-i', `${device}@@${places.esp.startMib}M`, '::/EFI/BOOT/BOOTX64.EFI'],
      { accept: [0, 1] },
    );
    return code === 0;
  };

  await t.test('what is missing is made, and was in the plan', async () => {
    await machine.reset({});
    await machine.behave(copies);
    const { plan, report } = await restore(repository, device, machine);
    assert.deepEqual(plan.disks[0]!.bootEntry, {
      partition: places.esp.number,
      partitionId: esp,
      entries: [{ label: 'test', loader: LOADER, action: 'create' }],
      fallback: [{ from: '/EFI/test/grubx64.efi', to: '/EFI/BOOT/BOOTX64.EFI' }],
    });
    assert.equal(
      await machine.calls(),
      `--quiet --create --disk ${device} --part ${places.esp.number} --label test --loader ${LOADER}\n`,
    );
    assert.deepEqual(report.warnings, []);
    assert.equal(await fallback(), true);
    assert.match(JSON.stringify(report.boot), /Boot0007 “test” leads to .* on the EFI system partition/);
    await run('fsck.vfat', ['-n', await espOf(device, folder)]);
    const { stdout } = await permafrost(['restore', 'good', device, '--repo', repository, '--dry-run'], 0, {
      env: machine.env,
    });
    assert.match(stdout.replaceAll(/\s+/g, ' '), /this machine has the boot entry already: “test”/);
  });

  await t.test('an entry that is there is not made again', async () => {
    await machine.reset({ '0003': bootEntry({ label: 'x', partition: esp, path: LOADER.toUpperCase() }) });
    await machine.behave(copies);
    const { plan, report } = await restore(repository, device, machine);
    assert.equal(plan.disks[0]!.bootEntry?.entries[0]?.action, 'there');
    assert.equal(await machine.calls(), '');
    assert.deepEqual(report.warnings, []);
  });

  await t.test('an entry that is switched off is switched on', async () => {
    await machine.reset({ '0007': bootEntry({ label: 'x', partition: esp, path: LOADER, active: false }) });
    await machine.behave(copies);
    const { report } = await restore(repository, device, machine);
    assert.equal(await machine.calls(), '--quiet --bootnum 0007 --active\n');
    assert.deepEqual(report.warnings, []);
  });

  await t.test('firmware that refuses is a warning with a remedy', async () => {
    await machine.reset({});
    await machine.behave('echo "Could not prepare Boot variable: No space left on device" >&2; exit 5');
    const { report } = await restore(repository, device, machine);
    assert.equal(report.outcome, 'done');
    assert.match(
      report.warnings.join('\n'),
      /boot entry “test” was not written: .*No space left.*or run: efibootmgr --create/,
    );
  });

  await t.test('firmware that forgets is not believed', async () => {
    await machine.reset({});
    await machine.behave('exit 0');
    const { report } = await restore(repository, device, machine);
    assert.equal(report.outcome, 'done');
    assert.match(report.warnings.join('\n'), /the firmware took it and does not have it/);
  });

  await t.test('--no-boot-entry leaves an exact copy', async () => {
    await machine.reset({});
    await machine.behave(copies);
    const { plan } = await restore(repository, device, machine, ['--no-boot-entry']);
    assert.equal(plan.disks[0]!.bootEntry, undefined);
    assert.equal(await machine.calls(), '');
    assert.equal(await fallback(), false);
    const listing = async (disk: string): Promise<string> =>
      (await run('mdir', ['-/', '-b', '-i', systemPartition(disk), '::'])).stdout;
    assert.equal(await listing(device), await listing(path));
  });

  await t.test('a clone to one disk does it too', async () => {
    await machine.reset({});
    await machine.behave(copies);
    const { report } = await permafrost(['clone', path, device, '--yes', '--json'], 0, { env: machine.env });
    assert.match(await machine.calls(), /--create/);
    assert.match(JSON.stringify(report.boot), /Boot0007/);
    assert.equal(await fallback(), true);
  });
});

/** A copy of the EFI system partition of `disk`. */
async function espOf(disk: string, folder: string): Promise<string> {
  const to = join(folder, 'esp.copy');
  const { startMib, sizeMib } = places.esp;
  await run('dd', [`if=${disk}`, `of=${to}`, 'bs=1M', `skip=${startMib}`, `count=${sizeMib}`, 'status=none']);
  return to;
}
