import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { attachLoop, sparseFile } from '../support/scratch.ts';
import { imagedDisk, madeDisk, neededBytes, single } from './support-disks.ts';
import {
  assertLayout,
  checkContent,
  hiddenSectors,
  MIB,
  readLayout,
  type LayoutDisk,
} from './support-layout.ts';
import { permafrost } from './support.ts';
import { digest, noisyFile } from './support-targets.ts';

/** Gaps between its partitions that a smaller disk does not have. */
const gappy: LayoutDisk = {
  table: 'gpt',
  sizeMiB: 128,
  partitions: [
    { kind: 'ext4', sizeMiB: 16 },
    { kind: 'ntfs', sizeMiB: 20, gapMiB: 10 },
    { kind: 'fat16', sizeMiB: 16, gapMiB: 30 },
  ],
};

/** The same with what no tool makes smaller. */
const rigid: LayoutDisk = {
  ...gappy,
  partitions: [
    { kind: 'exfat', sizeMiB: 16 },
    { kind: 'exfat', sizeMiB: 20, gapMiB: 10 },
    { kind: 'exfat', sizeMiB: 16, gapMiB: 30 },
  ],
};

describe('on a smaller target partitions move into the gaps', () => {
  test('as far as they must, and boot sectors know it', async (t) => {
    const { folder, source, repo } = await imagedDisk(t, 'relocate', gappy);
    const target = await noisyFile(folder, 'target.img', 70 * MIB);
    const { stdout } = await permafrost(['restore', 'it', target, '--repo', repo, '--yes']);
    assert.match(stdout, /partition 3 moves from 77\.0 MiB to 53\.0 MiB/);
    await assertLayout(t, source, target, ['ext4', 'ntfs', 'fat16']);
    const [, ntfs, fat] = await readLayout(target);
    assert.equal(ntfs!.start, 27 * MIB, 'where it was');
    assert.equal(await hiddenSectors(target, fat!.start), fat!.start / 512);
  });

  test('down to the size that the plan names; one sector less is refused and changes no byte', async (t) => {
    const { folder, source } = await madeDisk(t, 'relocate-least', rigid);
    const tiny = await noisyFile(folder, 'tiny.img', 40 * MIB);
    const before = await digest(tiny);
    const needed = neededBytes(await permafrost(['clone', source, tiny, '--yes'], 1));
    assert.equal(await digest(tiny), before);
    assert.equal(needed, 53 * MIB + 33 * 512);
    const less = await noisyFile(folder, 'less.img', needed - 512);
    const unchanged = await digest(less);
    await permafrost(['clone', source, less, '--yes'], 1);
    assert.equal(await digest(less), unchanged);
    const least = await noisyFile(folder, 'least.img', needed);
    await permafrost(['clone', source, least, '--yes']);
    await assertLayout(t, source, least, ['exfat', 'exfat', 'exfat']);
  });

  test('of an MBR with logical partitions too', async (t) => {
    const { folder, source } = await madeDisk(t, 'relocate-mbr', {
      table: 'dos',
      sizeMiB: 120,
      partitions: [
        { kind: 'ext4', sizeMiB: 16 },
        { kind: 'fat16', sizeMiB: 16, logical: true, gapMiB: 20 },
        { kind: 'swap', sizeMiB: 8, logical: true, gapMiB: 20 },
      ],
    });
    const target = await noisyFile(folder, 'target.img', 60 * MIB);
    await permafrost(['clone', source, target, '--yes']);
    await assertLayout(t, source, target, ['ext4', 'fat16', 'swap']);
  });
});

describe('on a disk with sectors of another size the table is made anew', () => {
  const linux: LayoutDisk = {
    table: 'gpt',
    sizeMiB: 96,
    partitions: [
      { kind: 'swap', sizeMiB: 8 },
      { kind: 'ext4', sizeMiB: 48, label: 'root', blockSize: 4096 },
    ],
  };

  /** A loop device with sectors of `sectorSize` over noise. */
  async function noisyDevice(
    t: TestContext,
    folder: string,
    mib: number,
    sectorSize: number,
  ): Promise<{ device: string; path: string; detach: () => Promise<void> }> {
    const path = await noisyFile(folder, `device-${sectorSize}.img`, mib * MIB);
    return { path, ...(await attachLoop(t, path, ['--sector-size', String(sectorSize)])) };
  }

  for (const [table, disk] of [
    ['gpt', linux],
    [
      'dos',
      {
        table: 'dos',
        sizeMiB: 96,
        partitions: [
          { kind: 'swap', sizeMiB: 8 },
          { kind: 'ext4', sizeMiB: 40, logical: true, blockSize: 4096 },
          { kind: 'swap', sizeMiB: 8, logical: true },
        ],
      },
    ],
  ] as const satisfies readonly (readonly [string, LayoutDisk])[])
    test(`there and back again, with room given to a file system on the way (${table})`, async (t) => {
      const { folder, source } = await madeDisk(t, 'sectors', disk);
      const content = (parts: Awaited<ReturnType<typeof readLayout>>) =>
        parts.filter(({ type }) => type !== '5' && type !== 'f');
      const ext = disk.partitions.findIndex(({ kind }) => kind === 'ext4');
      const [was] = [content(await readLayout(source))[ext]!];
      const large = await noisyDevice(t, folder, 128, 4096);
      const { stdout } = await permafrost(['clone', source, large.device, '--grow', 'last', '--yes']);
      assert.match(stdout.replaceAll(/\s+/g, ' '), /from sectors of 512 bytes to sectors of 4096/);
      const there = content(await readLayout(large.device, { sectorSize: 4096 }))[ext]!;
      assert.equal(there.number, was.number);
      const old = await checkContent(t, source, was, 'ext4');
      const now = await checkContent(t, large.device, there, 'ext4');
      assert.equal(now.files, old.files);
      assert.ok(now.fileSystemBytes! > old.fileSystemBytes!);
      const small = await noisyDevice(t, folder, 128, 512);
      await permafrost(['clone', large.device, small.device, '--yes']);
      const back = content(await readLayout(small.device))[ext]!;
      assert.deepEqual([back.number, back.start, back.size], [there.number, there.start, there.size]);
      assert.deepEqual(await checkContent(t, small.device, back, 'ext4'), now);
      assert.equal(back.uuid, was.uuid);
    });

  for (const kind of ['ntfs', 'fat16', 'exfat', 'xfs'] as const)
    test(`but not for ${kind}, which was made for smaller sectors: refused, and no byte changes`, async (t) => {
      const sizeMiB = kind === 'xfs' ? 320 : 24;
      const { folder, source } = await madeDisk(t, `sectors-${kind}`, single(kind, sizeMiB));
      const path = await sparseFile(join(folder, 'device.img'), (sizeMiB + 20) * MIB);
      const { device } = await attachLoop(t, path, ['--sector-size', '4096']);
      const before = await digest(device);
      const { stderr } = await permafrost(['clone', source, device, '--yes'], 1);
      assert.match(
        stderr.replaceAll(/\s+/g, ' '),
        /has sectors of 4096 bytes and the source had 512: the .* of partition 1 was made for sectors of at most 512/,
      );
      assert.equal(await digest(device), before);
    });
});
