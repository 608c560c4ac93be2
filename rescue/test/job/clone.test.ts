import assert from 'node:assert/strict';
import { open, readFile, stat, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { run } from '../support/command.ts';
import { mountFaultFs } from '../support/faultfs.ts';
import { attachLoop, fillWithNoise, scratchFolder, sparseFile } from '../support/scratch.ts';
import { attachPartitioned } from './loop-partitions.ts';
import {
  assertRestored,
  changeDisk,
  DISK_MIB,
  inspect,
  makeDisk,
  permafrost,
  start,
  usedDigest,
} from './support.ts';

const MIB = 1024 * 1024;

async function noisyFile(folder: string, name: string, mib: number): Promise<string> {
  const path = await sparseFile(join(folder, name), mib * MIB);
  await fillWithNoise(path, mib * MIB, 77);
  return path;
}

const digest = async (path: string): Promise<string> =>
  (await run('sha256sum', [path])).stdout.split(' ')[0]!;

/** Sectors read from a block device since it is there. */
async function sectorsRead(device: string): Promise<number> {
  const text = await readFile(`/sys/block/${basename(device)}/stat`, 'utf8');
  return Number(text.trim().split(/\s+/)[2]);
}

test('one read fills targets of the same size, a larger and a new one, each read back', async (t) => {
  const folder = await scratchFolder(t, 'clone');
  const source = await makeDisk(folder);
  const before = await digest(source);
  const same = await noisyFile(folder, 'same.img', DISK_MIB);
  const larger = await noisyFile(folder, 'larger.img', 100);
  const fresh = join(folder, 'fresh.img');
  const { report } = await permafrost(['clone', source, same, larger, fresh, '--yes', '--json']);
  assert.equal(report.outcome, 'done');
  assert.deepEqual(
    report.targets!.map(({ outcome, verified }) => [outcome, verified]),
    Array(3).fill(['done', true]),
  );
  assert.equal(report.sums['readBytes'], report.sums['usedBytes'], 'read once');
  await assertRestored(source, same, folder);
  await assertRestored(source, fresh, folder);
  assert.equal(
    await usedDigest(fresh, await inspect(source)),
    await usedDigest(source, await inspect(source)),
  );
  const { size, blocks } = await stat(fresh);
  assert.equal(size, DISK_MIB * MIB);
  assert.ok(blocks * 512 < size / 2, `${blocks * 512} bytes allocated`);
  assert.match((await run('sgdisk', ['-v', larger])).stdout, /No problems found/);
  assert.match((await run('sfdisk', ['-d', larger])).stdout, /last-lba: 204766/);
  assert.equal(await digest(source), before, 'the source');
});

test('a target that just holds the partitions is enough; raw copies every byte', async (t) => {
  const folder = await scratchFolder(t, 'clone-sizes');
  const source = await makeDisk(folder);
  const smaller = await noisyFile(folder, 'smaller.img', 62);
  await permafrost(['clone', source, smaller, '--yes']);
  assert.match((await run('sgdisk', ['-v', smaller])).stdout, /No problems found/);
  const raw = await noisyFile(folder, 'raw.img', DISK_MIB);
  await permafrost(['clone', source, raw, '--raw', '--yes']);
  await run('cmp', [source, raw]);
});

test('a target that cannot be written is given up, and the others are as good as without it', async (t) => {
  const folder = await scratchFolder(t, 'clone-fault');
  const source = await makeDisk(folder);
  const fs = await mountFaultFs(t);
  const good = [await noisyFile(folder, 'a.img', DISK_MIB), await noisyFile(folder, 'c.img', DISK_MIB)];
  await noisyFile(fs.backing, 'b.img', DISK_MIB);
  const bad = join(fs.path, 'b.img');
  await fs.fail('EIO', { operation: 'write', path: 'b.img', start: 20 * MIB, end: 21 * MIB });
  const args = ['clone', source, good[0]!, bad, good[1]!, '--yes'];
  const { report, events } = await permafrost([...args, '--json'], 1);
  assert.equal(report.outcome, 'done-in-part');
  assert.equal(report.error?.code, 'device/write-failed');
  assert.deepEqual(
    report.targets!.map(({ outcome, verified }) => [outcome, verified]),
    [
      ['done', true],
      ['failed', false],
      ['done', true],
    ],
  );
  const last = events.findLast(({ type }) => type === 'progress') as unknown as {
    targets: { error?: object }[];
  };
  assert.deepEqual(
    last.targets.map(({ error }) => error !== undefined),
    [false, true, false],
  );
  for (const target of good) await assertRestored(source, target, folder);
  const head = (await readFile(join(fs.backing, 'b.img'))).subarray(0, MIB);
  assert.ok(
    head.every((byte) => byte === 0),
    'no table on what was given up',
  );
  const { stdout } = await permafrost(args, 1);
  assert.match(stdout, /NOT TO EVERY TARGET/);
  assert.match(stdout, /b\.img: GIVEN UP, must not be used/);
});

test('a target that does not hold what was written does not verify, the others do', async (t) => {
  const folder = await scratchFolder(t, 'clone-read-back');
  const source = await makeDisk(folder);
  const fs = await mountFaultFs(t);
  const good = join(folder, 'a.img');
  const bad = join(fs.path, 'b.img');
  await fs.fail('EIO', { operation: 'read', path: 'b.img', start: 20 * MIB, end: 20 * MIB + 4096 });
  const { report } = await permafrost(['clone', source, bad, good, '--yes', '--json'], 1);
  assert.deepEqual(
    report.targets!.map(({ outcome }) => outcome),
    ['does-not-verify', 'done'],
  );
  const alone = await permafrost(['clone', source, bad, '--yes', '--json'], 4);
  assert.equal(alone.report.outcome, 'does-not-verify');
  assert.equal(alone.report.error?.code, 'device/read-back-differs');
});

test('sectors that cannot be read become zeros and are listed', async (t) => {
  const folder = await scratchFolder(t, 'clone-bad');
  const fs = await mountFaultFs(t);
  const disk = await makeDisk(fs.backing);
  const plan = await inspect(disk);
  const ext4 = plan.regions.find(({ partitions }) => partitions.includes(2))!;
  const [startOfRun] = ext4.used!.reduce((a, b) => (b[1] > a[1] ? b : a));
  const badAt = ext4.start + startOfRun + MIB;
  await fs.fail('EIO', { operation: 'read', path: 'disk.img', start: badAt, end: badAt + 1024 });
  const targets = [join(folder, 'a.img'), await noisyFile(folder, 'b.img', DISK_MIB)];
  const { report } = await permafrost(['clone', join(fs.path, 'disk.img'), ...targets, '--yes', '--json'], 3);
  assert.equal(report.outcome, 'done-with-gaps');
  const total = report.gaps.reduce((sum, { length }) => sum + length, 0);
  assert.ok(total >= 1024 && total <= 8192, JSON.stringify(report.gaps));
  assert.equal(report.sums['badBytes'], total);
  assert.ok(report.gaps.some(({ offset, length }) => offset <= badAt && offset + length >= badAt + 1024));
  const mended = join(folder, 'mended.img');
  await run('cp', ['--sparse=always', disk, mended]);
  const file = await open(mended, 'r+');
  for (const { offset, length } of report.gaps) await file.write(Buffer.alloc(length), 0, length, offset);
  await file.close();
  for (const target of targets) assert.equal(await usedDigest(target, plan), await usedDigest(mended, plan));
});

test('killed in the middle it is no disk for anybody, and --delta completes it', async (t) => {
  const folder = await scratchFolder(t, 'clone-kill');
  const source = await makeDisk(folder);
  const fs = await mountFaultFs(t);
  await run('cp', ['--sparse=always', source, join(fs.backing, 'target.img')]);
  const target = join(fs.path, 'target.img');
  await fs.hang({ operation: 'write', path: 'target.img', start: 30 * MIB, end: 31 * MIB });
  const { child, ended } = start(['clone', source, target, '--raw', '--yes']);
  await fs.hangs();
  child.kill('SIGKILL');
  await fs.remove();
  await ended;
  assert.equal((await run('sfdisk', ['--dump', target], { accept: [0, 1] })).code, 1, 'it has no table');
  const { report } = await permafrost(['clone', source, target, '--raw', '--delta', '--yes', '--json']);
  assert.equal(report.verified, true);
  await run('cmp', [source, join(fs.backing, 'target.img')]);
  assert.ok(report.sums['writtenBytes']! < 50 * MIB, `${report.sums['writtenBytes']} bytes written`);
});

test('--delta writes only what differs', async (t) => {
  const folder = await scratchFolder(t, 'clone-delta');
  const source = await makeDisk(folder);
  const targets = [join(folder, 'a.img'), join(folder, 'b.img')];
  await permafrost(['clone', source, ...targets, '--yes']);
  await changeDisk(source, folder);
  const { report } = await permafrost(['clone', source, ...targets, '--delta', '--yes', '--json']);
  for (const target of targets) await assertRestored(source, target, folder);
  for (const { writtenBytes } of report.targets!)
    assert.ok(writtenBytes < 6 * MIB, `${writtenBytes} bytes written`);
});

test('Ctrl-C ends it, and no target is taken for whole', async (t) => {
  const folder = await scratchFolder(t, 'clone-cancel');
  const source = await makeDisk(folder);
  const fs = await mountFaultFs(t);
  const target = join(fs.path, 'a.img');
  await fs.hang({ operation: 'write', path: 'a.img', start: 30 * MIB, end: 31 * MIB });
  const { child, ended } = start(['clone', source, target, '--yes', '--raw', '--json']);
  await fs.hangs();
  child.kill('SIGINT');
  const { code } = await ended;
  await fs.remove();
  assert.equal(code, 130);
  const head = (await readFile(join(fs.backing, 'a.img'))).subarray(0, MIB);
  assert.ok(head.every((byte) => byte === 0));
});

describe('is refused, and no byte changes,', () => {
  const refused = async (
    args: readonly string[],
    untouched: readonly string[],
    message: RegExp,
  ): Promise<void> => {
    const before = await Promise.all(untouched.map(digest));
    const { stderr } = await permafrost(['clone', ...args, '--yes'], 1);
    assert.match(stderr.replaceAll(/\s+/g, ' '), message);
    assert.deepEqual(await Promise.all(untouched.map(digest)), before);
  };

  test('where one of the targets is too small', async (t) => {
    const folder = await scratchFolder(t, 'clone-small');
    const source = await makeDisk(folder);
    const targets = [await noisyFile(folder, 'good.img', DISK_MIB), await noisyFile(folder, 'tiny.img', 8)];
    await refused(
      [source, ...targets],
      [source, ...targets],
      /tiny\.img is too small: it has 8388608 bytes and \d+ are needed/,
    );
  });

  test('where a target is the source by another name, or named twice', async (t) => {
    const folder = await scratchFolder(t, 'clone-same');
    const source = await makeDisk(folder);
    const target = await noisyFile(folder, 'a.img', DISK_MIB);
    const alias = join(folder, 'alias');
    await symlink(source, alias);
    await refused([source, target, alias], [source, target], /alias is the source/);
    const { device } = await attachLoop(t, source, ['--read-only']);
    await refused([source, device], [source], /is the source/);
    const other = join(folder, 'other');
    await symlink(target, other);
    await refused([source, target, other], [source, target], /are the same disk/);
  });

  test('where a target is a partition of the source, or the disk that the source is a partition of', async (t) => {
    const folder = await scratchFolder(t, 'clone-part');
    const source = await makeDisk(folder);
    const device = await attachPartitioned(t, source, [1, 2, 3]);
    await refused([device, `${device}p2`], [source], /p2 is the source \S+, or shares a disk with it/);
    await refused([`${device}p2`, device], [source], /or shares a disk with it/);
    await refused([`${device}p1`, `${device}p2`], [source], /or shares a disk with it/);
  });

  test('where a target is in use, or has sectors of another size', async (t) => {
    const folder = await scratchFolder(t, 'clone-use');
    const source = await makeDisk(folder);
    const file = await sparseFile(join(folder, 'used.img'), DISK_MIB * MIB);
    await run('mkfs.ext4', ['-q', file]);
    const { device } = await attachLoop(t, file);
    const mount = join(folder, 'mount');
    await run('mkdir', [mount]);
    await run('mount', [device, mount]);
    await refused([source, device], [source], /is mounted at/);
    await run('umount', [mount]);
    const large = await noisyFile(folder, 'large.img', DISK_MIB);
    const { device: native4k } = await attachLoop(t, large, ['--sector-size', '4096']);
    await refused([source, native4k], [source, large], /has sectors of 4096 bytes/);
  });

  test('where the plan that was confirmed is not the one of now', async (t) => {
    const folder = await scratchFolder(t, 'clone-confirm');
    const source = await makeDisk(folder);
    const target = await noisyFile(folder, 'a.img', DISK_MIB);
    const before = await digest(target);
    const { stderr } = await permafrost(['clone', source, target], 1, { input: 'yes\n' });
    assert.match(stderr, /was\s+not\s+confirmed/);
    assert.equal(await digest(target), before);
    await permafrost(['clone', source, target], 0, { input: `${DISK_MIB * MIB} ${target}\n` });
    await assertRestored(source, target, folder);
  });
});

test('three devices cost the source no more reads than one', async (t) => {
  const folder = await scratchFolder(t, 'clone-reads');
  const image = await makeDisk(folder);
  const { device: source } = await attachLoop(t, image, ['--read-only', '--direct-io=on']);
  const targets: string[] = [];
  for (const name of ['a', 'b', 'c'])
    targets.push((await attachLoop(t, await noisyFile(folder, `${name}.img`, DISK_MIB))).device);
  const readsOf = async (args: readonly string[]): Promise<number> => {
    // Both begin with nothing of the source in the page cache, or what the plan reads of it would count for one alone.
    await run('blockdev', ['--flushbufs', source]);
    const before = await sectorsRead(source);
    await permafrost(['clone', source, ...args, '--yes']);
    return (await sectorsRead(source)) - before;
  };
  const one = await readsOf(targets.slice(0, 1));
  const three = await readsOf(targets);
  // What the kernel and the plan read of the table may leave the page cache meanwhile, 11 % were seen on a busy machine;
  // a second read of what is used would double the sum.
  assert.ok(three <= one * 1.5, `${three} sectors for three targets, ${one} for one`);
  for (const target of targets) await assertRestored(image, target, folder);
});
