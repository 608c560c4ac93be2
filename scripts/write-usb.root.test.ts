/** Writes a small image that is built like ours to loop devices, and lets other tools look at them. */
import assert from 'node:assert/strict';
import { mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run } from '../rescue/test/support/command.ts';
import { attachLoop, noise, scratchFolder } from '../rescue/test/support/scratch.ts';

const MiB = 1 << 20;

/** An ISO with a GPT, an appended EFI partition and bytes that do not repeat. */
async function makeImage(folder: string): Promise<string> {
  const tree = join(folder, 'tree');
  await mkdir(tree);
  await writeFile(join(tree, 'noise'), noise(6 * MiB, 5));
  const efi = join(folder, 'efi.img');
  await writeFile(efi, '');
  await truncate(efi, 3 * MiB);
  await run('mkfs.fat', ['-F', '16', '-s', '1', efi]);
  const image = join(folder, 'image.iso');
  const grub = ['-partition_offset', '16', '-append_partition', '2', '0xef', efi, '-appended_part_as_gpt'];
  await run('xorriso', ['-as', 'mkisofs', '-quiet', '-o', image, '-V', 'PERMAFROST', ...grub, tree]);
  return image;
}

/** A disk full of another one's bytes. */
async function makeStick(t: TestContext, folder: string, sizeBytes: number): Promise<[string, string]> {
  const path = join(folder, 'stick.img');
  await writeFile(path, noise(sizeBytes, 6));
  const { device } = await attachLoop(t, path);
  t.after(() => run('partx', ['--delete', device], { accept: [0, 1] }));
  return [path, device];
}

async function writeUsb(...args: readonly string[]): Promise<{ code: number; text: string }> {
  const program = join(import.meta.dirname, 'write-usb.ts');
  const { code, stdout, stderr } = await run(process.execPath, [program, ...args], { accept: [0, 1, 2] });
  return { code, text: stdout + stderr };
}

test('a stick gets the image, byte for byte, and a partition of the rest', async (t) => {
  const folder = await scratchFolder(t);
  const image = await makeImage(folder);
  const [path, device] = await makeStick(t, folder, 128 * MiB);
  const { code, text } = await writeUsb(device, '--iso', image, '--yes', '--force', '--force');
  assert.equal(code, 0, text);
  assert.match(text, /reading back: done/);
  await run('sync', []);

  // The table is changed afterwards; all else is as it was written.
  const wanted = await readFile(image);
  const stick = await readFile(path);
  const tableBytes = 64 * 512;
  assert.ok(stick.subarray(0, 440).equals(wanted.subarray(0, 440)), 'the boot code');
  assert.ok(
    stick.subarray(tableBytes, wanted.length - tableBytes).equals(wanted.subarray(tableBytes, -tableBytes)),
  );
  await run('sgdisk', ['--verify', path]).then(({ stdout }) => assert.match(stdout, /No problems found/));

  const partition = /^(\S+) is an empty exFAT partition with the label PERMAFROST/m.exec(text)![1]!;
  await run('fsck.exfat', ['-n', partition]);
  assert.equal((await run('blkid', ['-o', 'value', '-s', 'LABEL', partition])).stdout.trim(), 'PERMAFROST');
  const sizeBytes = Number((await run('blockdev', ['--getsize64', partition])).stdout);
  assert.ok(sizeBytes > 110 * MiB, `${sizeBytes} bytes`);
});

test('an image that lies on the disk itself does not destroy both', async (t) => {
  const folder = await scratchFolder(t);
  const path = join(folder, 'stick.img');
  await writeFile(path, '');
  await truncate(path, 64 * MiB);
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', path]);
  const { device } = await attachLoop(t, path);
  const mount = join(folder, 'mount');
  await mkdir(mount);
  await run('mount', [device, mount]);
  const image = await makeImage(folder);
  const inside = join(mount, 'image.iso');
  await run('cp', [image, inside]);
  const { code, text } = await writeUsb(device, '--iso', inside, '--yes', '--force', '--force');
  assert.equal(code, 2, text);
  assert.match(text, /cannot be unmounted.*Nothing was written/s);
  assert.ok((await readFile(image)).equals(await readFile(inside)));
  await run('umount', [mount]);
  await run('e2fsck', ['-fn', path]);
});

test('a disk that is not removable stays as it is unless told twice', async (t) => {
  const folder = await scratchFolder(t);
  const image = await makeImage(folder);
  const [path, device] = await makeStick(t, folder, 32 * MiB);
  const before = await readFile(path);
  for (const force of [[], ['--force']]) {
    const { code, text } = await writeUsb(device, '--iso', image, '--yes', ...force);
    assert.equal(code, 2, text);
    assert.match(text, /neither removable nor on USB.*Nothing was written/s);
  }
  await run('sync', []);
  assert.ok(before.equals(await readFile(path)));
});

test('a mounted disk is unmounted only by whoever says so twice', async (t) => {
  const folder = await scratchFolder(t);
  const image = await makeImage(folder);
  const [path, device] = await makeStick(t, folder, 64 * MiB);
  await run('mkfs.ext4', ['-q', device]);
  const mount = join(folder, 'mount');
  await mkdir(mount);
  await run('mount', [device, mount]);
  t.after(() => run('umount', [mount], { accept: [0, 1, 32] }));
  const { code, text } = await writeUsb(device, '--iso', image, '--yes', '--force');
  assert.equal(code, 2, text);
  assert.match(text, /is mounted/);

  // In use: it cannot be unmounted, so nothing is written.
  const file = await open(join(mount, 'open'), 'w');
  const busy = await writeUsb(device, '--iso', image, '--yes', '--force', '--force');
  await file.close();
  assert.equal(busy.code, 2, busy.text);
  assert.match(busy.text, /umount/);
  assert.doesNotMatch(busy.text, /writing/);

  const done = await writeUsb(device, '--iso', image, '--yes', '--force', '--force');
  assert.equal(done.code, 0, done.text);
  await run('sync', []);
  assert.equal((await readFile(path)).subarray(32769, 32774).toString(), 'CD001');
});

test('a disk that something else holds is not touched', async (t) => {
  const folder = await scratchFolder(t);
  const image = await makeImage(folder);
  const [path, device] = await makeStick(t, folder, 32 * MiB);
  const before = await readFile(path);
  // As a RAID, LVM or another copy of this program would.
  const { O_RDONLY, O_EXCL } = (await import('node:fs')).constants;
  const holder = await open(device, O_RDONLY | O_EXCL);
  const { code, text } = await writeUsb(device, '--iso', image, '--yes', '--force', '--force');
  await holder.close();
  assert.notEqual(code, 0, text);
  assert.match(text, /busy|in use/i);
  assert.ok(before.equals(await readFile(path)));
});

test('what is no image is not written', async (t) => {
  const folder = await scratchFolder(t);
  const [, device] = await makeStick(t, folder, 1 * MiB);
  const { code, text } = await writeUsb(device, '--iso', import.meta.filename, '--yes', '--force', '--force');
  assert.equal(code, 2, text);
  assert.match(text, /is no bootable image/);
});
