/** Copies with identifiers of their own start as their originals do, and share none with them. Needs root. */
import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DiskPlan, Report } from '../../src/engine/index.ts';
import { checkContent, makeLayout, readLayout } from '../job/support-layout.ts';
import { permafrost } from '../job/support.ts';
import { run } from '../support/command.ts';
import { attachLoop, scratchFolder, sparseFile } from '../support/scratch.ts';
import { allIds, readIds } from './support-ids.ts';
import { inRoot, installLinux, MIB, replaceIn } from './support-installed.ts';

const digest = async (path: string): Promise<string> => (await run('sha256sum', [path])).stdout;
const startsOf = ({ boot = [] }: Report): string[] =>
  boot.flatMap(({ check: { systems } }) =>
    systems.map(({ starts, uefi, bios }) => [starts, uefi.answer, bios.answer].join()),
  );
const planOf = (events: readonly ({ type: string } & Record<string, unknown>)[]): DiskPlan =>
  (events.find(({ type }) => type === 'plan') as unknown as { disks: DiskPlan[] }).disks[0]!;

for (const fileSystem of ['ext4', 'xfs', 'btrfs'] as const)
  test(`a Linux on ${fileSystem} starts with new identifiers as it did with its own`, async (t) => {
    const folder = await scratchFolder(t, 'ids');
    const { path } = await installLinux(t, folder, { table: 'gpt', fileSystem });
    const before = await digest(path);
    const target = join(folder, 'copy.img');
    const { report, events } = await permafrost(['clone', path, target, '--new-ids', '--yes', '--json']);
    assert.deepEqual(report.newIds![0]!.unmended, []);
    assert.deepEqual(startsOf(report), ['yes,yes,yes'], JSON.stringify(report.boot, undefined, 1));
    const [old, now] = [await readIds(path), await readIds(target)];
    assert.deepEqual(
      allIds(now).filter((id) => allIds(old).includes(id)),
      [],
      'nothing is shared',
    );
    assert.equal(allIds(now).length, allIds(old).length);
    assert.equal(await digest(path), before, 'the source is as it was');
    await run('sfdisk', ['--verify', target]);
    await run('sgdisk', ['-v', target]);

    const plan = planOf(events);
    const { renewed, mended, kept } = plan.newIds!;
    assert.deepEqual(kept, []);
    assert.deepEqual(
      renewed.map(({ id }) => id.toLowerCase()).sort(),
      allIds(old).sort(),
      'the plan names all that changed',
    );
    const { changes } = report.newIds![0]!;
    const said = new Map(changes.map(({ from, to }) => [from.toLowerCase(), to.toLowerCase()]));
    assert.deepEqual([...new Set(allIds(old).map((id) => said.get(id)))].sort(), allIds(now).sort());
    assert.deepEqual(
      [...new Set(changes.flatMap(({ file }) => (file === undefined ? [] : [file])))].sort(),
      mended.map(({ file }) => file).sort(),
    );
    for (const file of [
      '/etc/fstab',
      '/boot/grub/grub.cfg',
      '/etc/initramfs-tools/conf.d/resume',
      '/EFI/test/grub.cfg',
    ])
      assert.ok(
        mended.some((one) => one.file === file),
        `${file} is in the plan`,
      );
    await inRoot(target, async (root) => {
      const found = await run('grep', ['-rliE', allIds(old).join('|'), root], { accept: [0, 1] });
      assert.equal(found.stdout, '', 'no file of the system names an old one');
    });
  });

/** An environment in which the program `name` fails. */
async function failing(folder: string, name: string): Promise<{ readonly env: { readonly PATH: string } }> {
  const bin = join(folder, `without-${name}`);
  await mkdir(bin);
  await writeFile(join(bin, name), '#!/bin/sh\necho it is out of order >&2; exit 7\n');
  await chmod(join(bin, name), 0o755);
  return { env: { PATH: `${bin}:${process.env['PATH']!}` } };
}

test('where a step fails, the report says what the disk is, and the rest agrees with it', async (t) => {
  const folder = await scratchFolder(t, 'ids');
  const { path, rootUuid, swapUuid } = await installLinux(t, folder, { table: 'gpt' });
  const target = join(folder, 'copy.img');
  const clone = ['clone', path, target, '--delta', '--new-ids', '--yes', '--json'];
  const idsOf = async (): Promise<string[]> => allIds(await readIds(target));

  await t.test(
    'the tool of a file system: it keeps its identifier, and what names it is left alone',
    async () => {
      const { report } = await permafrost(clone, 0, await failing(folder, 'tune2fs'));
      const { unmended, changes } = report.newIds![0]!;
      assert.equal(unmended.length, 1);
      assert.match(
        unmended[0]!,
        /partition 3 keeps its identifier .*tune2fs failed with 7 \(it is out of order\)/,
      );
      assert.ok(report.warnings.some((warning) => warning.includes(unmended[0]!)));
      assert.ok((await idsOf()).includes(rootUuid));
      assert.ok(!(await idsOf()).includes(swapUuid));
      assert.ok(changes.every(({ from }) => from !== rootUuid));
      assert.deepEqual(startsOf(report), ['yes,yes,yes'], JSON.stringify(report.boot, undefined, 1));
    },
  );

  await t.test('a file that cannot be changed: it is named, and the check of booting finds it', async () => {
    const { report } = await permafrost(clone, 0, await failing(folder, 'mcopy'));
    const { unmended } = report.newIds![0]!;
    assert.equal(unmended.length, 1, JSON.stringify(unmended));
    assert.match(
      unmended[0]!,
      new RegExp(`/EFI/test/grub.cfg on partition 2 still names ${rootUuid}, which is .* now: mcopy failed`),
    );
    assert.deepEqual(startsOf(report), ['yes,no,yes'], JSON.stringify(report.boot, undefined, 1));
  });

  await t.test('all of them: the copy is exact', async () => {
    const { env } = await failing(folder, 'losetup');
    const { report } = await permafrost(['clone', path, target, '--new-ids', '--yes', '--json'], 0, { env });
    const { unmended, changes } = report.newIds![0]!;
    assert.equal(unmended.filter((text) => text.includes('keeps its identifier')).length, 2);
    // FAT is written without a tool; nothing names the table's but the table.
    assert.deepEqual([...new Set(changes.map(({ what }) => what))].sort(), [
      'disk',
      'file-system',
      'partition',
    ]);
    assert.match(unmended.join(), /\/etc\/fstab on partition 3 still names/);
  });
});

test("what GRUB's packed core image looks for stays, and the disk starts", async (t) => {
  const folder = await scratchFolder(t, 'ids');
  const { path, rootUuid, swapUuid } = await installLinux(t, folder, { table: 'mbr' });
  const target = join(folder, 'copy.img');
  const { report, events } = await permafrost(['clone', path, target, '--new-ids', '--yes', '--json']);
  assert.deepEqual(report.newIds![0]!.unmended, []);
  const [kept, ...more] = planOf(events).newIds!.kept;
  assert.deepEqual(more, []);
  assert.equal(kept!.id, rootUuid);
  assert.match(kept!.reason, /core image, which is packed, looks for it: run grub-install/);
  const [old, now] = [await readIds(path), await readIds(target)];
  assert.deepEqual(
    allIds(now).filter((id) => allIds(old).includes(id)),
    [rootUuid],
  );
  assert.ok(!allIds(now).includes(swapUuid));
  assert.deepEqual(startsOf(report), ['yes,no,yes'], JSON.stringify(report.boot, undefined, 1));
});

test('one name left as it was is found by the check of booting', async (t) => {
  const folder = await scratchFolder(t, 'ids');
  const { path, rootUuid } = await installLinux(t, folder, { table: 'gpt' });
  const target = join(folder, 'copy.img');
  await permafrost(['clone', path, target, '--new-ids', '--yes']);
  const now = (await readIds(target)).partitions.find(({ number }) => number === 3)!.fileSystem!;
  await permafrost(['bootcheck', target]);
  for (const file of ['etc/fstab', 'boot/grub/grub.cfg']) {
    await inRoot(target, (root) => replaceIn(join(root, file), now, rootUuid));
    await permafrost(['bootcheck', target], 4);
    await inRoot(target, (root) => replaceIn(join(root, file), rootUuid, now));
  }
});

test('beside an encrypted partition file systems keep theirs, since what is in it may name them', async (t) => {
  const folder = await scratchFolder(t, 'ids');
  const path = await sparseFile(join(folder, 'disk.img'), 64 * MIB);
  const script = 'label: gpt\nstart=2048, size=32768, type=L\nstart=34816, size=65536, type=L\n';
  await run('sfdisk', ['--quiet', path], { input: script });
  const boot = await sparseFile(join(folder, 'boot'), 16 * MIB);
  await run('mke2fs', ['-q', '-t', 'ext4', boot]);
  const luks = await sparseFile(join(folder, 'luks'), 32 * MIB);
  const cheap = ['--type', 'luks2', '--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'];
  await run('cryptsetup', ['luksFormat', '--batch-mode', ...cheap, luks, '-'], { input: 'secret' });
  for (const [file, seek] of [
    [boot, 1],
    [luks, 17],
  ] as const)
    await run('dd', [`if=${file}`, `of=${path}`, 'bs=1M', `seek=${seek}`, 'conv=notrunc', 'status=none']);
  const target = join(folder, 'copy.img');
  const { report, events } = await permafrost(['clone', path, target, '--new-ids', '--yes', '--json']);
  const kept = planOf(events).newIds!.kept;
  assert.deepEqual(
    kept.map(({ place }) => place),
    ['partition 1', 'partition 2'],
  );
  assert.match(kept[0]!.reason, /what is on partition 2 \(LUKS\) may name it/);
  assert.match(kept[1]!.reason, /cryptsetup luksUUID/);
  const [old, now] = [await readIds(path), await readIds(target)];
  assert.deepEqual(
    now.partitions.map(({ fileSystem }) => fileSystem),
    old.partitions.map(({ fileSystem }) => fileSystem),
  );
  assert.notEqual(now.disk, old.disk);
  assert.match(report.warnings.join(' '), /The clone keeps 2 of the identifiers of its source/);
});

test('every kind of file system is whole with its new identifier', async (t) => {
  const folder = await scratchFolder(t, 'ids');
  const kinds = ['fat16', 'fat32', 'exfat', 'ntfs', 'ext4', 'swap'] as const;
  const path = await makeLayout(join(folder, 'source.img'), {
    table: 'gpt',
    sizeMiB: 200,
    partitions: [
      { kind: 'fat16', sizeMiB: 16 },
      { kind: 'fat32', sizeMiB: 36 },
      { kind: 'exfat', sizeMiB: 24 },
      { kind: 'ntfs', sizeMiB: 30 },
      { kind: 'ext4', sizeMiB: 24 },
      { kind: 'swap', sizeMiB: 8 },
    ],
  });
  const target = join(folder, 'copy.img');
  const { report } = await permafrost(['clone', path, target, '--new-ids', '--yes', '--json']);
  assert.deepEqual(report.newIds![0]!.unmended, []);
  const [old, now] = [await readIds(path), await readIds(target)];
  assert.equal(now.partitions.filter(({ fileSystem }) => fileSystem !== undefined).length, kinds.length);
  assert.deepEqual(
    allIds(now).filter((id) => allIds(old).includes(id)),
    [],
  );
  const parts = await readLayout(target);
  const olds = await readLayout(path);
  for (const [i, kind] of kinds.entries()) {
    // Nothing here reads files of exFAT, whose checker was content, and swap has none.
    if (kind === 'exfat' || kind === 'swap') continue;
    assert.deepEqual(
      await checkContent(t, target, parts[i]!, kind),
      await checkContent(t, path, olds[i]!, kind),
      kind,
    );
  }
});

test('single partitions get none', async (t) => {
  const folder = await scratchFolder(t, 'ids');
  const path = await makeLayout(join(folder, 'source.img'), {
    table: 'gpt',
    sizeMiB: 32,
    partitions: [{ kind: 'ext4', sizeMiB: 24 }],
  });
  const repo = join(folder, 'repo');
  await permafrost(['image', path, '--repo', repo, '--name', 'one']);
  const { stderr } = await permafrost(
    ['restore', 'one', path, '--repo', repo, '--partition', '1', '--new-ids', '--yes'],
    2,
  );
  assert.match(stderr.replaceAll(/\s+/g, ' '), /new identifiers are for whole disks/);
});

test('what a system in a logical volume names stays, for its files are not changed', async (t) => {
  const folder = await scratchFolder(t, 'ids');
  const fat = await sparseFile(join(folder, 'fat'), 16 * MIB);
  await run('mkfs.vfat', ['-F', '16', fat]);
  const serial = (await run('blkid', ['-p', '-s', 'UUID', '-o', 'value', fat])).stdout.trim();
  const tree = join(folder, 'tree');
  await mkdir(join(tree, 'etc'), { recursive: true });
  await writeFile(join(tree, 'etc/fstab'), `UUID=${serial} /boot/efi vfat defaults 0 1\n`);
  const root = await sparseFile(join(folder, 'root'), 24 * MIB);
  await run('mke2fs', ['-q', '-t', 'ext4', '-d', tree, root]);
  const physical = await sparseFile(join(folder, 'physical'), 32 * MIB);
  const { device, detach } = await attachLoop(t, physical);
  const config =
    'global{locking_type=1 locking_dir="/run/lock/permafrost-test"} activation{udev_sync=0 udev_rules=0}';
  const lvm = (command: string, ...args: string[]): Promise<unknown> =>
    run('lvm', [command, '--devices', device, '--config', config, '--driverloaded', 'n', '-qq', ...args]);
  await lvm('pvcreate', '-ff', '-y', device);
  await lvm('vgcreate', 'ids-group', device);
  await lvm('lvcreate', '-an', '-Zn', '-Wn', '-L', '24M', '-n', 'root', 'ids-group');
  await detach();
  // Extents of the only volume begin at 1 MiB.
  await run('dd', [`if=${root}`, `of=${physical}`, 'bs=1M', 'seek=1', 'conv=notrunc', 'status=none']);
  const path = await sparseFile(join(folder, 'disk.img'), 64 * MIB);
  const script = 'label: gpt\nstart=2048, size=32768, type=U\nstart=34816, size=65536, type=V\n';
  await run('sfdisk', ['--quiet', path], { input: script });
  for (const [file, seek] of [
    [fat, 1],
    [physical, 17],
  ] as const)
    await run('dd', [`if=${file}`, `of=${path}`, 'bs=1M', `seek=${seek}`, 'conv=notrunc', 'status=none']);
  const { events } = await permafrost([
    'clone',
    path,
    join(folder, 'copy.img'),
    '--new-ids',
    '--dry-run',
    '--json',
  ]);
  const { kept, renewed } = planOf(events).newIds!;
  assert.deepEqual(
    kept.map(({ place }) => place),
    ['partition 1', 'partition 2'],
  );
  assert.equal(kept[0]!.id, serial);
  assert.match(
    kept[0]!.reason,
    /^\/etc\/fstab on partition 2, volume ids--group-root names it, and files in a logical/,
  );
  assert.match(kept[1]!.reason, /vgimportclone/);
  assert.deepEqual([...new Set(renewed.map(({ what }) => what))], ['disk', 'partition']);
});
