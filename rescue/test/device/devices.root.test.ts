/** Uses, holders and opening of disks against the kernel: loop devices, mounts, swap, Btrfs, overlays, FUSE. */
import assert from 'node:assert/strict';
import { mkdir, open, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { PermafrostError, type ErrorCode } from '../../src/engine/base/errors.ts';
import { openSource, openTarget, type OpenDisk } from '../../src/engine/device/device.ts';
import { listDisks } from '../../src/engine/device/disks.ts';
import { disksHolding } from '../../src/engine/device/holding-disk.ts';
import { diskUse, whyInUse } from '../../src/engine/device/use.ts';
import { run } from '../support/command.ts';
import { until } from '../support/patience.ts';
import { attachLoop, scratchFolder, sparseFile } from '../support/scratch.ts';

const MIB = 1024 * 1024;

interface LoopDisk {
  readonly folder: string;
  readonly file: string;
  readonly device: string;
  readonly detach: () => Promise<void>;
}

async function loopDisk(
  t: TestContext,
  sizeBytes = 64 * MIB,
  options: readonly string[] = [],
): Promise<LoopDisk> {
  const folder = await scratchFolder(t, 'device');
  const file = await sparseFile(join(folder, 'disk.img'), sizeBytes);
  return { folder, file, ...(await attachLoop(t, file, options)) };
}

/** Mounts `what` at a new folder beside it until the test ends. */
async function mount(t: TestContext, folder: string, args: readonly string[]): Promise<string> {
  const point = join(folder, `mnt-${Math.random().toString(36).slice(2)}`);
  await mkdir(point);
  await run('mount', [...args, point]);
  t.after(() => run('umount', [point], { accept: [0, 32] }));
  return point;
}

function refusal(code: ErrorCode, message?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof PermafrostError, String(error));
    assert.equal(error.code, code);
    if (message !== undefined) assert.match(error.message, message);
    return true;
  };
}

test('a mounted loop device is in use as source, as target and as the file behind it', async (t) => {
  const { folder, file, device } = await loopDisk(t);
  await run('mkfs.ext4', ['-q', device]);
  assert.deepEqual(await diskUse(device), []);
  const point = await mount(t, folder, [device]);
  const mounted = new RegExp(`${device} is mounted at ${point}`);
  for (const opening of [openSource, openTarget] as const)
    await assert.rejects(opening(device), refusal('device/in-use', mounted));
  for (const opening of [openSource, openTarget] as const)
    await assert.rejects(
      opening(file),
      refusal('device/in-use', new RegExp(`attached to ${device}; ${mounted.source}`)),
    );

  const looking = await openSource(device, { shared: true });
  assert.equal(looking.identity.sizeBytes, 64 * MIB);
  await looking.close();
});

test('a mounted partition makes its whole disk in use', async (t) => {
  const { folder, device } = await loopDisk(t, 64 * MIB, ['--partscan']);
  await run('sfdisk', ['--quiet', device], { input: 'label: gpt\nstart=2048, size=65536\n' });
  const partition = `${device}p1`;
  // Where the kernel does not scan by itself, it is told.
  if ((await stat(partition).catch(() => undefined)) === undefined) await run('partx', ['--add', device]);
  t.after(() => run('partx', ['--delete', device], { accept: [0, 1] }));
  await run('mkfs.ext4', ['-q', partition]);
  const disk = (await listDisks()).find(({ path }) => path === device);
  assert.deepEqual(
    disk?.partitions.map((p) => [p.number, p.path, p.start, p.sizeBytes]),
    [[1, partition, MIB, 32 * MIB]],
  );

  const source = await openSource(partition);
  assert.equal(source.identity.sizeBytes, 32 * MIB);
  assert.equal(await source.isAmong([device]), true);
  assert.equal(await source.isAmong(['/dev/vda']), false);
  await assert.rejects(openTarget(device), refusal('device/in-use'));
  // A job on another partition would share the table: the disk is locked, not the partition.
  const tryLock = ['--nonblock', '--exclusive', device, 'true'];
  assert.equal((await run('flock', tryLock, { accept: [0, 1] })).code, 1);
  await source.close();
  await run('flock', tryLock);

  const point = await mount(t, folder, [partition]);
  await assert.rejects(
    openTarget(device),
    refusal('device/in-use', new RegExp(`${partition} is mounted at ${point}`)),
  );
  assert.deepEqual(await disksHolding(point), [
    device,
    join(folder, 'disk.img'),
    ...(await disksHolding(folder)),
  ]);
});

test('swap is a use', async (t) => {
  const { device } = await loopDisk(t);
  await run('mkswap', [device]);
  const on = await run('swapon', [device], { accept: [0, 255, 32] });
  if (on.code !== 0) {
    t.skip(`this kernel takes no swap: ${on.stderr}`);
    return;
  }
  t.after(() => run('swapoff', [device], { accept: [0, 255, 32, 4, 8, 16] }));
  assert.equal(await whyInUse(device), `${device} is used as swap`);
  await assert.rejects(openSource(device), refusal('device/in-use', /used as swap/));
  await run('swapoff', [device]);
  assert.deepEqual(await diskUse(device), []);
});

test('every device of a mounted Btrfs is in use and holds what is on it', async (t) => {
  const first = await loopDisk(t, 128 * MIB);
  const second = await loopDisk(t, 128 * MIB);
  await run('mkfs.btrfs', ['-q', '-d', 'raid1', '-m', 'raid1', first.device, second.device]);
  await run('btrfs', ['device', 'scan', first.device, second.device]);
  const point = await mount(t, first.folder, ['-t', 'btrfs', first.device]);
  for (const { device, file } of [first, second]) {
    assert.equal(await whyInUse(device), `${device} is mounted at ${point}`);
    await assert.rejects(openTarget(device), refusal('device/in-use'));
    assert.match(await whyInUse(file), new RegExp(`attached to ${device}; ${device} is mounted at ${point}`));
  }
  // A subvolume has a device number of its own, which leads nowhere.
  const subvolume = join(point, 'sub');
  await run('btrfs', ['subvolume', 'create', subvolume]);
  for (const place of [point, subvolume]) {
    const held = await disksHolding(place);
    for (const path of [first.device, first.file, second.device, second.file])
      assert.ok(held.includes(path), path);
  }
});

test('a repository on a loop device on a loop device is on all of them', async (t) => {
  const outer = await loopDisk(t, 128 * MIB);
  await run('mkfs.ext4', ['-q', outer.device]);
  const outerPoint = await mount(t, outer.folder, [outer.device]);
  const innerFile = await sparseFile(join(outerPoint, 'inner.img'), 32 * MIB);
  const inner = await attachLoop(t, innerFile);
  await run('mkfs.ext4', ['-q', inner.device]);
  const innerPoint = await mount(t, outer.folder, [inner.device]);
  const below = await disksHolding(outer.folder);
  const held = await disksHolding(innerPoint);
  assert.deepEqual(held, [inner.device, innerFile, outer.device, outer.file, ...below]);

  const other = await loopDisk(t);
  const disk = await openSource(other.device);
  assert.equal(await disk.isAmong(held), false);
  await disk.close();
  for (const path of [inner.device, innerFile, outer.device, outer.file]) {
    const shared = await openSource(path, { shared: true });
    assert.equal(await shared.isAmong(held), true, path);
    await shared.close();
  }
  await run('umount', [innerPoint]);
  await inner.detach();
});

test('overlays, bind mounts and memory are seen through', async (t) => {
  const { folder, device } = await loopDisk(t);
  await run('mkfs.ext4', ['-q', device]);
  const data = await mount(t, folder, [device]);
  for (const name of ['upper', 'work', 'deep']) await mkdir(join(data, name));
  await mkdir(join(folder, 'lower'));
  const options = `lowerdir=${folder}/lower,upperdir=${data}/upper,workdir=${data}/work`;
  const overlay = await mount(t, folder, ['-t', 'overlay', 'overlay', '-o', options]);
  const held = await disksHolding(data);
  assert.equal(held[0], device);
  assert.deepEqual(await disksHolding(overlay), held);
  const bound = await mount(t, folder, ['--bind', join(data, 'deep')]);
  assert.deepEqual(await disksHolding(bound), held);
  await symlink(bound, join(folder, 'link'));
  assert.deepEqual(await disksHolding(join(folder, 'link')), held);

  const memory = await mount(t, folder, ['-t', 'tmpfs', 'tmpfs']);
  assert.deepEqual(await disksHolding(memory), []);
  // A file in memory behind a loop device: the device and the file, and no disk.
  const file = await sparseFile(join(memory, 'm.img'), 16 * MIB);
  const loop = await attachLoop(t, file);
  await run('mkfs.ext4', ['-q', loop.device]);
  const point = await mount(t, folder, [loop.device]);
  assert.deepEqual(await disksHolding(point), [loop.device, file]);
  await run('umount', [point]);
  await loop.detach();
});

test('a mount hidden below another is not taken for the one above', async (t) => {
  const { folder, device } = await loopDisk(t);
  await run('mkfs.ext4', ['-q', device]);
  const point = await mount(t, folder, [device]);
  const inside = await open(point);
  await run('mount', ['-t', 'tmpfs', 'tmpfs', point]);
  assert.deepEqual(await disksHolding(point), []);
  const held = await disksHolding(`/proc/self/fd/${inside.fd}`);
  assert.equal(held[0], device);
  await inside.close();
  await run('umount', [point]);
});

test('FUSE file systems are found by device and by file', async (t) => {
  const { folder, file, device, detach } = await loopDisk(t);
  await run('mkntfs', ['--quick', '--quiet', '--force', device]);
  const point = join(folder, 'ntfs');
  await mkdir(point);
  t.after(() => run('umount', [point], { accept: [0, 32] }));
  await run('ntfs-3g', [device, point]);
  assert.equal(await whyInUse(device), `${device} is mounted at ${point}`);
  await assert.rejects(openSource(device), refusal('device/in-use', /is mounted at/));
  assert.deepEqual(await disksHolding(point), [device, file, ...(await disksHolding(folder))]);
  await run('umount', [point]);
  await detach();

  await run('ntfs-3g', [file, point]);
  assert.equal(await whyInUse(file), `${file} is mounted at ${point}`);
  await assert.rejects(openTarget(file), refusal('device/in-use', /is mounted at/));
  assert.deepEqual(await disksHolding(point), [file, ...(await disksHolding(folder))]);
  await run('umount', [point]);
  const disk = await openSource(file);
  await disk.close();
});

test('a file that only a read-only loop device has is free as a source, not as a target', async (t) => {
  const { file } = await loopDisk(t, 16 * MIB, ['--read-only']);
  const source = await openSource(file);
  await source.close();
  await assert.rejects(openTarget(file), refusal('device/in-use', /attached to/));
});

test('a read-only device is refused as a target', async (t) => {
  const { device } = await loopDisk(t, 16 * MIB, ['--read-only']);
  await assert.rejects(openTarget(device), refusal('device/read-only'));
  const source = await openSource(device);
  await source.close();
});

test('two jobs on one disk: sources share, targets do not', async (t) => {
  const folder = await scratchFolder(t, 'device');
  const file = await sparseFile(join(folder, 'disk.img'), MIB);
  const first = await openSource(file);
  const second = await openSource(file);
  await assert.rejects(openTarget(file), refusal('device/in-use', /another program has it locked/));
  await first.close();
  await second.close();
  const target = await openTarget(file);
  assert.ok(target !== undefined);
  await assert.rejects(openSource(file), refusal('device/in-use', /another program has it locked/));
  await target.close();
});

test('a device that something else holds exclusively is in use, for a reason not known', async (t) => {
  const { device } = await loopDisk(t);
  const held = await openSource(device);
  await assert.rejects(openSource(device), refusal('device/in-use', /another program has it open/));
  await held.close();
});

test('an exclusively opened target cannot be mounted', async (t) => {
  const { folder, device } = await loopDisk(t);
  await run('mkfs.ext4', ['-q', device]);
  const target = await openTarget(device);
  assert.ok(target !== undefined);
  await mkdir(join(folder, 'm'));
  await assert.rejects(run('mount', [device, join(folder, 'm')]), /busy|already mounted/);
  await target.rereadPartitions().catch(() => undefined);
  await target.close();
  const point = await mount(t, folder, [device]);
  await run('umount', [point]);
});

test('what is no disk is named', async (t) => {
  const folder = await scratchFolder(t, 'device');
  const pipe = join(folder, 'pipe');
  await run('mkfifo', [pipe]);
  await writeFile(join(folder, 'empty'), '');
  const cases: readonly [string, ErrorCode, RegExp][] = [
    [folder, 'device/not-a-disk', /is a folder/],
    ['/dev/null', 'device/not-a-disk', /is a character device/],
    [pipe, 'device/not-a-disk', /is a pipe/],
    [join(folder, 'empty'), 'device/not-a-disk', /is an empty file/],
    [join(folder, 'none'), 'device/not-found', /does not exist/],
    ['/dev/none', 'device/not-found', /does not exist/],
  ];
  for (const [path, code, message] of cases) await assert.rejects(openSource(path), refusal(code, message));
  await assert.rejects(openTarget(folder), refusal('device/not-a-disk'));
  await assert.rejects(openTarget('/dev/none'), refusal('device/not-found'));
  await assert.rejects(openTarget(join(folder, 'no/such/folder')), refusal('device/not-found'));

  // Another test may take a loop device that is free: then the next one is looked at.
  await until('a free loop device stays free', async () => {
    const free = (await run('losetup', ['--find'])).stdout.trim();
    if ((await stat(free).catch(() => undefined))?.isBlockDevice() !== true) return true;
    const opened = await openSource(free, { shared: true }).then(
      (disk) => disk.close().then(() => 'opened'),
      (error: unknown) => error,
    );
    if ((await run('losetup', ['--find'])).stdout.trim() !== free) return false;
    return refusal('device/not-a-disk', /without a medium/)(opened);
  });
});

test('a target file is created sparse, readable by its owner alone, and only where none is', async (t) => {
  const folder = await scratchFolder(t, 'device');
  const path = join(folder, 'target.img');
  assert.equal(await openTarget(path), undefined);
  const target = await openTarget(path, 64 * MIB);
  assert.equal(target.identity.sizeBytes, 64 * MIB);
  assert.equal(target.reader.sizeBytes, 64 * MIB);
  await target.close();
  const stats = await stat(path);
  assert.equal(stats.size, 64 * MIB);
  assert.ok(stats.blocks * 512 < MIB);
  assert.equal(stats.mode & 0o777, 0o600);
  await assert.rejects(openTarget(path, 64 * MIB), refusal('device/changed'));

  // An empty file that somebody made with permissions of their choice is used as it is.
  const prepared = join(folder, 'prepared.img');
  await writeFile(prepared, '', { mode: 0o640 });
  assert.equal(await openTarget(prepared), undefined);
  await (await openTarget(prepared, MIB)).close();
  assert.equal((await stat(prepared)).size, MIB);
  assert.equal((await stat(prepared)).mode & 0o777, 0o640);
});

test('a target that cannot have its size leaves no file behind', async (t) => {
  const path = join(await scratchFolder(t, 'device'), 'huge.img');
  await assert.rejects(openTarget(path, 2 ** 52), refusal('device/failed'));
  assert.equal(await stat(path).catch(() => undefined), undefined);
});

async function changed(disk: OpenDisk): Promise<string> {
  return disk.checkUnchanged().then(
    () => 'unchanged',
    (error: unknown) => {
      assert.ok(refusal('device/changed')(error));
      return (error as Error).message;
    },
  );
}

test('a disk that was swapped under its path is noticed', async (t) => {
  const folder = await scratchFolder(t, 'device');
  const file = await sparseFile(join(folder, 'disk.img'), 64 * MIB);
  const other = await sparseFile(join(folder, 'other.img'), 64 * MIB);
  // Another test may take the device between the two: then it is tried with the next one.
  await until('a loop device gets another file', async () => {
    const { device, detach } = await attachLoop(t, file);
    const disk = await openSource(device);
    assert.equal(await changed(disk), 'unchanged');
    await disk.close();
    await detach();
    if ((await run('losetup', [device, other], { accept: [0, 1] })).code !== 0) return false;
    assert.match(await changed(disk), /order of appearance/);
    await run('losetup', ['--detach', device]);
    return true;
  });

  const image = await openSource(file);
  assert.equal(await changed(image), 'unchanged');
  await run('mv', [other, `${other}.x`]);
  await run('cp', ['--sparse=always', `${other}.x`, file.replace('disk.img', 'new.img')]);
  await run('mv', [file.replace('disk.img', 'new.img'), file]);
  assert.match(await changed(image), /inode/);
  await run('rm', [file]);
  assert.match(await changed(image), /it is gone/);
  await image.close();
});

test('reads come back as the disk’s bytes, failures as errors of ours', async (t) => {
  const folder = await scratchFolder(t, 'device');
  const path = join(folder, 'disk.img');
  await writeFile(path, Buffer.from('0123456789'.repeat(1000)));
  const disk = await openSource(path);
  assert.equal(Buffer.from(await disk.reader.read(1235, 10)).toString(), '5678901234');
  await assert.rejects(disk.reader.read(9999, 2), refusal('structure/invalid'));
  await run('truncate', ['--size=100', path]);
  await assert.rejects(disk.reader.read(5000, 10), refusal('device/read-failed', /10 bytes at 5000/));
  await disk.close();
});
