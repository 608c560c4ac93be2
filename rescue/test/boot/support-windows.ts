/** Disks laid out as Windows does it, with the files that tell that it is there. Needs root. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { makeVolume, mountVolume } from '../filesystem/support-ntfs-tools.ts';
import { run } from '../support/command.ts';
import { sparseFile } from '../support/scratch.ts';
import { guidBytes, partitionDevice, writeDriveLetters, writeStore } from './support-bcd.ts';
import { MIB } from './support-installed.ts';

export const ids = {
  disk: '11111111-2222-4333-8444-555555555555',
  esp: 'aaaaaaaa-0000-4000-8000-000000000001',
  windows: 'aaaaaaaa-0000-4000-8000-000000000003',
} as const;
export const SIGNATURE = 0x1badf00d;
export const ESP_MIB = 1;
const ESP_SIZE_MIB = 40;
const MSR_MIB = 41;
export const WINDOWS_MIB = 57;
const WINDOWS_SIZE_MIB = 60;
const DISK_MIB = 120;
const ACTIVE_MIB = 1;
const ACTIVE_SIZE_MIB = 20;

async function place(file: string, disk: string, startMib: number): Promise<void> {
  await run('dd', [`if=${file}`, `of=${disk}`, 'bs=1M', `seek=${startMib}`, 'conv=notrunc', 'status=none']);
  await rm(file);
}

async function ntfs(
  t: TestContext,
  path: string,
  sizeMib: number,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  await makeVolume(path, { sizeBytes: sizeMib * MIB });
  // Two that are made within one second have the same otherwise.
  await run('ntfslabel', [`--new-serial=5a170000000000${sizeMib.toString(16).padStart(2, '0')}`, path]);
  const volume = await mountVolume(t, path);
  await fill(volume.folder);
  await volume.unmount();
  return path;
}

/** A program for the boot manager's place. */
export async function makeLoader(folder: string): Promise<string> {
  const loader = join(folder, 'loader.efi');
  await run('grub-mkimage', ['-O', 'x86_64-efi', '-p', '/', '-o', loader, 'normal']);
  return loader;
}

/** The files of a Windows with the registry at `registry`. */
async function windowsFiles(folder: string, registry: string): Promise<void> {
  await mkdir(join(folder, 'Windows/System32/config'), { recursive: true });
  await run('cp', [registry, join(folder, 'Windows/System32/config/SYSTEM')]);
  await writeFile(join(folder, 'Windows/System32/winload.efi'), 'loader');
}

/** GPT: ESP, reserved, Windows. `loader` is a program for the boot manager's place. */
export async function installWindowsGpt(t: TestContext, folder: string, loader: string): Promise<string> {
  const path = await sparseFile(join(folder, 'windows.img'), DISK_MIB * MIB);
  const script = [
    'label: gpt',
    `label-id: ${ids.disk}`,
    `start=${ESP_MIB * 2048}, size=${ESP_SIZE_MIB * 2048}, type=U, uuid=${ids.esp}`,
    `start=${MSR_MIB * 2048}, size=${16 * 2048}, type=E3C9E316-0B5C-4DB8-817D-F92DF00215AE`,
    `start=${WINDOWS_MIB * 2048}, size=${WINDOWS_SIZE_MIB * 2048}, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, uuid=${ids.windows}`,
  ];
  await run('sfdisk', ['--quiet', path], { input: `${script.join('\n')}\n` });
  const esp = await sparseFile(join(folder, 'esp'), ESP_SIZE_MIB * MIB);
  await run('mkfs.vfat', ['-F', '32', esp]);
  const store = join(folder, 'BCD');
  await writeStore(store, {
    manager: partitionDevice({ partitionId: ids.esp, diskId: ids.disk }),
    windows: partitionDevice({ partitionId: ids.windows, diskId: ids.disk }),
  });
  await run('mmd', ['-i', esp, '::/EFI', '::/EFI/Boot', '::/EFI/Microsoft', '::/EFI/Microsoft/Boot']);
  await run('mcopy', ['-i', esp, loader, '::/EFI/Boot/bootx64.efi']);
  await run('mcopy', ['-i', esp, loader, '::/EFI/Microsoft/Boot/bootmgfw.efi']);
  await run('mcopy', ['-i', esp, store, '::/EFI/Microsoft/Boot/BCD']);
  await place(esp, path, ESP_MIB);
  const registry = join(folder, 'SYSTEM');
  const c = Buffer.concat([Buffer.from('DMIO:ID:', 'latin1'), guidBytes(ids.windows)]);
  await writeDriveLetters(registry, { C: c, D: Buffer.from('\\??\\CDROM', 'utf16le') });
  const volume = await ntfs(t, join(folder, 'ntfs'), WINDOWS_SIZE_MIB, (root) =>
    windowsFiles(root, registry),
  );
  await place(volume, path, WINDOWS_MIB);
  return path;
}

/** MBR: an active partition with the boot manager, Windows. Its boot code is made of what tells it apart. */
export async function installWindowsMbr(t: TestContext, folder: string): Promise<string> {
  const path = await sparseFile(join(folder, 'windows-mbr.img'), DISK_MIB * MIB);
  const script = [
    'label: dos',
    `label-id: 0x${SIGNATURE.toString(16)}`,
    `start=${ACTIVE_MIB * 2048}, size=${ACTIVE_SIZE_MIB * 2048}, type=7, bootable`,
    `start=${WINDOWS_MIB * 2048}, size=${WINDOWS_SIZE_MIB * 2048}, type=7`,
  ];
  await run('sfdisk', ['--quiet', path], { input: `${script.join('\n')}\n` });
  const code = Buffer.alloc(440);
  code.write('33c08ed0bc007c8ec08ed8', 0, 'hex');
  code.write('Invalid partition table', 0x163, 'latin1');
  await run('dd', [`of=${path}`, 'bs=1', 'conv=notrunc', 'status=none'], { input: code });
  const store = join(folder, 'BCD');
  const signature = SIGNATURE;
  await writeStore(store, {
    manager: partitionDevice({ start: ACTIVE_MIB * MIB, signature }),
    windows: partitionDevice({ start: WINDOWS_MIB * MIB, signature }),
  });
  const active = await ntfs(t, join(folder, 'active'), ACTIVE_SIZE_MIB, async (root) => {
    await mkdir(join(root, 'Boot'));
    await run('cp', [store, join(root, 'Boot/BCD')]);
    await writeFile(join(root, 'bootmgr'), 'boot manager');
  });
  for (const sector of [0, ACTIVE_SIZE_MIB * MIB - 512])
    await run('dd', [`of=${active}`, 'bs=1', `seek=${sector + 84}`, 'conv=notrunc', 'status=none'], {
      input: Buffer.from('\xfa\x33\xc0BOOTMGR is missing', 'latin1'),
    });
  await place(active, path, ACTIVE_MIB);
  const registry = join(folder, 'SYSTEM');
  const c = Buffer.alloc(12);
  c.writeUInt32LE(SIGNATURE);
  c.writeBigUInt64LE(BigInt(WINDOWS_MIB * MIB), 4);
  await writeDriveLetters(registry, { C: c });
  const volume = await ntfs(t, join(folder, 'ntfs'), WINDOWS_SIZE_MIB, (root) =>
    windowsFiles(root, registry),
  );
  await place(volume, path, WINDOWS_MIB);
  return path;
}
