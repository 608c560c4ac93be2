/** bootcheck of disks whose boot loaders grub-install put there, whole and with one thing broken. Needs root. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BootCheck, BootFinding, InstalledSystem, Report } from '../../src/engine/index.ts';
import { checkBoot } from '../../src/engine/boot/check-boot.ts';
import { readFirmware } from '../../src/engine/device/firmware.ts';
import { permafrost } from '../job/support.ts';
import { run } from '../support/command.ts';
import { fileReader, scratchFolder } from '../support/scratch.ts';
import { bootEntry, writeVariables } from './support-variables.ts';
import {
  inRoot,
  installLinux,
  MIB,
  patchFile,
  places,
  replaceIn,
  systemPartition,
} from './support-installed.ts';

async function check(
  path: string,
  code = 0,
): Promise<{ check: BootCheck; system: InstalledSystem; report: Report }> {
  const { report } = await permafrost(['bootcheck', path, '--json'], code);
  const found = report.boot![0]!.check;
  assert.equal(found.systems.length, 1, JSON.stringify(found, undefined, 1));
  return { check: found, system: found.systems[0]!, report };
}

const problems = (findings: readonly BootFinding[]): string[] =>
  findings.filter(({ level }) => level === 'problem').map(({ text }) => text);

test('a whole system on GPT starts by UEFI and by BIOS', async (t) => {
  const folder = await scratchFolder(t, 'boot');
  const { path } = await installLinux(t, folder, { table: 'gpt' });
  const { check: found, system } = await check(path);
  assert.equal(system.name, 'Test Linux 1');
  assert.equal(system.place, 'partition 3');
  const all = JSON.stringify(found, undefined, 1);
  assert.equal(system.uefi.answer, 'yes', all);
  assert.equal(system.bios.answer, 'yes', all);
  assert.equal(system.starts, 'yes', all);
  assert.ok(!all.includes('"problem"'), all);
  assert.match(all, /core image is whole, in the BIOS boot partition/);
  assert.match(all, /GRUB finds its files in \/boot\/grub on/);
  const { stdout } = await permafrost(['bootcheck', path]);
  assert.match(stdout, /Test Linux 1, partition 3: starts/);
});

for (const fileSystem of ['xfs', 'btrfs'] as const)
  test(`a system on ${fileSystem} is found`, async (t) => {
    const folder = await scratchFolder(t, 'boot');
    const { path } = await installLinux(t, folder, { table: 'gpt', fileSystem });
    const { system } = await check(path);
    assert.equal(system.starts, 'yes', JSON.stringify(system, undefined, 1));
    assert.equal(system.bios.answer, 'yes');
  });

test('a whole system on MBR starts by BIOS', async (t) => {
  const folder = await scratchFolder(t, 'boot');
  const { path } = await installLinux(t, folder, { table: 'mbr' });
  const { check: found, system } = await check(path);
  assert.equal(system.bios.answer, 'yes', JSON.stringify(found, undefined, 1));
  assert.equal(system.uefi.answer, 'no');
  assert.equal(system.starts, 'yes');
  assert.match(JSON.stringify(found), /in front of the partitions/);
});

interface Break {
  readonly what: string;
  readonly how: (path: string) => Promise<unknown>;
  readonly starts: 'yes' | 'no' | 'unknown';
  readonly uefi: 'yes' | 'no' | 'unknown';
  readonly bios: 'yes' | 'no' | 'unknown';
  readonly says: RegExp;
}

const breaks: readonly Break[] = [
  {
    what: 'boot code that was wiped',
    how: (path) => patchFile(path, 0, new Uint8Array(440)),
    ...{ starts: 'yes', uefi: 'yes', bios: 'no' },
    says: /no boot code in the first sector/,
  },
  {
    what: 'a core image that is not there',
    how: (path) => patchFile(path, places.bios.startMib * MIB, new Uint8Array(64 * 1024)),
    ...{ starts: 'yes', uefi: 'yes', bios: 'no' },
    says: /is not at sector 2048/,
  },
  {
    what: 'block lists that lead out of the disk',
    how: (path) => patchFile(path, places.bios.startMib * MIB + 500, Buffer.from('ffffff7f', 'hex')),
    ...{ starts: 'yes', uefi: 'yes', bios: 'no' },
    says: /outside the disk/,
  },
  {
    what: 'a core image whose packed part is damaged',
    how: (path) => patchFile(path, places.bios.startMib * MIB + 8192, new Uint8Array(8192).fill(0xa5)),
    ...{ starts: 'yes', uefi: 'yes', bios: 'unknown' },
    says: /is not known: it is packed in a way that is not read here/,
  },
  {
    what: 'a fallback loader that is missing',
    how: (path) => run('mdeltree', ['-i', systemPartition(path), '::/EFI/BOOT']),
    ...{ starts: 'yes', uefi: 'unknown', bios: 'yes' },
    says: /has no fallback loader/,
  },
  {
    what: 'an EFI system partition of the wrong type',
    how: async (path) => {
      await run('sfdisk', ['--part-type', path, '2', 'L']);
    },
    ...{ starts: 'yes', uefi: 'unknown', bios: 'yes' },
    says: /not its type/,
  },
  {
    what: 'an EFI system partition that is no FAT any more',
    how: (path) => patchFile(path, places.esp.startMib * MIB, new Uint8Array(64 * 1024)),
    ...{ starts: 'no', uefi: 'no', bios: 'yes' },
    says: /EFI system partition \(partition 2\) cannot be read/,
  },
  {
    what: 'a root that the boot menu does not name',
    how: (path) =>
      inRoot(path, async (folder) => {
        const { stdout } = await run('findmnt', ['-no', 'UUID', folder]);
        await replaceIn(
          join(folder, 'boot/grub/grub.cfg'),
          stdout.trim(),
          '00000000-1111-2222-3333-444444444444',
        );
      }),
    ...{ starts: 'no', uefi: 'yes', bios: 'yes' },
    says: /kernel that its root is UUID=00000000-1111-2222-3333-444444444444, which is not on this disk/,
  },
  {
    what: 'a root that fstab does not name',
    how: (path) =>
      inRoot(path, async (folder) => {
        const { stdout } = await run('findmnt', ['-no', 'UUID', folder]);
        await replaceIn(join(folder, 'etc/fstab'), stdout.trim(), '00000000-1111-2222-3333-444444444444');
      }),
    ...{ starts: 'no', uefi: 'yes', bios: 'yes' },
    says: /\/etc\/fstab names UUID=00000000-1111-2222-3333-444444444444 \(\/\), which is not on this disk/,
  },
  {
    what: 'a swap that was made anew',
    how: async (path) => {
      await patchFile(path, places.swap.startMib * MIB + 1036, Buffer.alloc(16, 7));
    },
    ...{ starts: 'yes', uefi: 'yes', bios: 'yes' },
    says: /\(swap\), which is not on this disk: the system waits/,
  },
  {
    what: 'files of GRUB that are missing',
    how: (path) => inRoot(path, (folder) => rm(join(folder, 'boot/grub/i386-pc'), { recursive: true })),
    ...{ starts: 'yes', uefi: 'yes', bios: 'no' },
    says: /and they are not there/,
  },
  {
    what: 'GRUB on the EFI system partition that looks for another file system',
    how: async (path) => {
      const config = `${path}.cfg`;
      await writeFile(config, 'search.fs_uuid 00000000-1111-2222-3333-444444444444 root\n');
      await run('mcopy', ['-o', '-i', systemPartition(path), config, '::/EFI/test/grub.cfg']);
    },
    ...{ starts: 'yes', uefi: 'no', bios: 'yes' },
    says: /looks for the file system 00000000-1111-2222-3333-444444444444, which is not on this disk/,
  },
];

test('one thing broken at a time is found and named', async (t) => {
  const folder = await scratchFolder(t, 'boot');
  const { path } = await installLinux(t, folder, { table: 'gpt' });
  for (const { what, how, says, starts, uefi, bios } of breaks)
    await t.test(what, async () => {
      const copy = join(folder, 'copy.img');
      await run('cp', ['--sparse=always', path, copy]);
      await how(copy);
      const { check: found, system } = await check(copy, starts === 'no' ? 4 : 0);
      const all = JSON.stringify(found, undefined, 1);
      assert.deepEqual(
        { starts: system.starts, uefi: system.uefi.answer, bios: system.bios.answer },
        { starts, uefi, bios },
        all,
      );
      assert.match(all, says);
    });
});

test('the boot entries of the machine count', async (t) => {
  const folder = await scratchFolder(t, 'boot');
  const { path } = await installLinux(t, folder, { table: 'gpt', noFallback: true, noBios: true });
  const { stdout } = await run('sfdisk', ['--part-uuid', path, String(places.esp.number)]);
  const esp = stdout.trim().toLowerCase();
  const checkWith = async (entries: Readonly<Record<string, Buffer>>): Promise<BootCheck> => {
    const root = await mkdtemp(join(folder, 'firmware-'));
    await writeVariables(root, entries);
    const firmware = await readFirmware(root);
    return checkBoot(await fileReader(t, path), { firmware, isFile: true });
  };
  const loader = '\\EFI\\test\\grubx64.efi';
  await t.test('one that leads to the loader', async () => {
    const { systems, uefi } = await checkWith({
      '0003': bootEntry({ label: 'Test', partition: esp, path: loader }),
    });
    assert.equal(systems[0]!.uefi.answer, 'yes', JSON.stringify(uefi, undefined, 1));
    assert.match(JSON.stringify(uefi), /Boot0003 “Test” leads to/);
  });
  await t.test('one of another disk does not', async () => {
    const other = '99999999-0000-4000-8000-000000000003';
    const { systems, uefi } = await checkWith({
      '0003': bootEntry({ label: 'Test', partition: other, path: loader }),
    });
    assert.equal(systems[0]!.uefi.answer, 'no');
    assert.match(JSON.stringify(uefi), /no boot entry of this machine leads to one of its loaders/);
  });
  await t.test('one that leads to nothing is named', async () => {
    const gone = bootEntry({ label: 'Gone', partition: esp, path: '\\EFI\\gone.efi' });
    const { systems, uefi } = await checkWith({ '0001': gone, '0002': Buffer.from('nonsense') });
    assert.equal(systems[0]!.uefi.answer, 'no');
    assert.match(JSON.stringify(uefi), /Boot0001 “Gone” leads to .*, which is not there/);
    assert.match(JSON.stringify(uefi), /Boot0002 cannot be read/);
  });
  await t.test('one that is switched off does not', async () => {
    const off = bootEntry({ label: 'Test', partition: esp, path: loader, active: false });
    const { systems } = await checkWith({ '0003': off });
    assert.equal(systems[0]!.uefi.answer, 'no');
  });
});

test('a fallback loader is not missed where the boot entry is known', async (t) => {
  const folder = await scratchFolder(t, 'boot');
  const { path } = await installLinux(t, folder, { table: 'gpt', noFallback: true, noBios: true });
  const { system, check: found } = await check(path);
  assert.equal(system.starts, 'unknown', JSON.stringify(found, undefined, 1));
  assert.deepEqual(problems(found.uefi.findings), []);
});
