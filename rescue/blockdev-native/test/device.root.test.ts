/** Block devices, by what the kernel does to real loop devices. Needs root. */
import assert from 'node:assert/strict';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run } from '../../test/support/command.ts';
import { attachLoop, fillWithNoise, noise, scratchFolder, sparseFile } from '../../test/support/scratch.ts';
import { native } from '../lib/index.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const skip = process.getuid?.() === 0 ? false : 'needs root for loop devices';

async function loop(
  t: TestContext,
  sizeBytes: number,
  options: readonly string[] = [],
): Promise<{ device: string; image: string; folder: string }> {
  const folder = await scratchFolder(t, 'device');
  const image = await sparseFile(join(folder, 'image'), sizeBytes);
  const { device } = await attachLoop(t, image, options);
  return { device, image, folder };
}

for (const sector of [512, 4096])
  for (const direct of [false, true])
    test(
      `reads and writes of any alignment on ${sector}-byte sectors (direct: ${direct})`,
      { skip },
      async (t) => {
        const size = 2 * MIB + 3 * sector;
        const { device, image } = await loop(t, size, ['--sector-size', String(sector)]);
        await fillWithNoise(device, size, 5);
        const file = await native.open(device, { write: true, direct });
        assert.deepEqual(
          {
            block: file.isBlockDevice,
            size: file.sizeBytes,
            sector: file.sectorSize,
            number: file.deviceNumber,
          },
          {
            block: true,
            size,
            sector,
            number: (await readFile(`/sys/class/block/${device.slice(5)}/dev`, 'utf8')).trim(),
          },
        );
        assert.ok(file.physicalSectorSize >= sector);
        const reference = await file.read(0, size);
        const random = new Uint32Array(noise(4 * 3 * 150, 7).buffer);
        for (let i = 0; i < 150; i++) {
          const [a, b, c] = random.subarray(i * 3, i * 3 + 3) as unknown as [number, number, number];
          const length = c % 4 === 0 ? (b % 60) * 512 : b % 100_000;
          const offset = (c % 3 === 0 ? (a % 4000) * 512 : a) % (size - length);
          const bytes = noise(length, i);
          bytes.copy(reference, offset);
          await file.write(offset, bytes);
          const at = Math.max(0, offset - 700);
          const back = await file.read(at, Math.min(size - at, length + 1400));
          assert.ok(back.equals(reference.subarray(at, at + back.length)), `${offset}+${length}`);
        }
        await assert.rejects(file.read(size - 1, 2), { code: 'ENODATA' });
        // The block layer wants whole sectors, and 4096-byte ones are written whole: nothing past the end.
        await assert.rejects(file.write(size, Buffer.alloc(sector)), { code: 'ENOSPC' });
        await file.flush();
        await file.dropCache();
        assert.ok((await file.read(0, size)).equals(reference));
        await file.close();
        assert.ok((await readFile(image)).equals(reference), 'what is in the image behind the device');
      },
    );

for (const sector of [512, 4096])
  test(`chunks go to and from ${sector}-byte sectors at any offset`, { skip }, async (t) => {
    const size = 6 * MIB;
    const { device } = await loop(t, size, ['--sector-size', String(sector)]);
    await fillWithNoise(device, size, 3);
    const file = await native.open(device, { write: true, direct: true });
    const reference = await file.read(0, size);
    const pool = native.createPool({ workers: 2 });
    const slot = await pool.acquire();
    for (const base of [0, 512, 63 * 512, 2048 * 512 + 17]) {
      const lengths = Uint32Array.of(256 * KIB, 256 * KIB, 1000);
      const total = 512 * KIB + 1000;
      const reads = Float64Array.of(
        0,
        base,
        4096,
        8192,
        base + 8192,
        300_000,
        400_000,
        base + 400_000,
        512 * KIB + 1000 - 400_000,
      );
      const { ids, bad } = await slot.readChunks(file, { lengths, reads });
      const wanted = Buffer.alloc(total);
      for (let i = 0; i < reads.length; i += 3)
        reference.copy(wanted, reads[i], reads[i + 1], reads[i + 1]! + reads[i + 2]!);
      assert.ok(slot.bytes(0, total).equals(wanted));
      assert.equal(bad.length, 0);
      assert.deepEqual(ids.subarray(0, 32), native.hash(wanted.subarray(0, 256 * KIB)));
      const to = base + 3 * MIB + 512;
      await slot.writeChunks(
        file,
        Float64Array.of(0, to, 4096, 4096, to + 4096, 200_001, 300_000, to + 300_000, 77),
      );
      wanted.copy(reference, to, 0, 204_097);
      wanted.copy(reference, to + 300_000, 300_000, 300_077);
      assert.ok((await file.read(0, size)).equals(reference), `written at ${to}`);
    }
    assert.deepEqual(await slot.hashRange(file, 1, size - 1), native.hash(reference.subarray(1)));
    await pool.close();
    await file.close();
  });

test('several writers of neighbouring odd ranges do not undo each other', { skip }, async (t) => {
  const size = 4 * MIB;
  const { device, image } = await loop(t, size);
  const file = await native.open(device, { write: true, direct: true });
  const reference = noise(size, 12);
  const writes: Promise<void>[] = [];
  for (let at = 0, i = 0; at < size; i++) {
    const length = Math.min(size - at, 1 + (reference.readUInt32LE(i * 4) % 9000));
    writes.push(file.write(at, reference.subarray(at, at + length)));
    at += length;
  }
  await Promise.all(writes);
  await file.flush();
  assert.ok((await file.read(0, size)).equals(reference));
  await file.close();
  assert.ok((await readFile(image)).equals(reference));
});

test('a device in use cannot be claimed, and a claimed one cannot be mounted', { skip }, async (t) => {
  const { device, folder } = await loop(t, 8 * MIB);
  await run('mkfs.ext4', ['-q', device]);
  const mountPoint = join(folder, 'mnt');
  await run('mkdir', [mountPoint]);
  await run('mount', [device, mountPoint]);
  await assert.rejects(native.open(device, { write: true, exclusive: true }), {
    code: 'EBUSY',
    syscall: 'open',
  });
  await assert.rejects(native.open(device, { exclusive: true, direct: true }), { code: 'EBUSY' });
  await (await native.open(device)).close();
  await run('umount', [mountPoint]);
  const file = await native.open(device, { write: true, exclusive: true, direct: true });
  await assert.rejects(native.open(device, { exclusive: true }), { code: 'EBUSY' });
  await assert.rejects(run('mount', [device, mountPoint]), /already mounted|busy/i);
  await file.close();
  const again = await native.open(device, { exclusive: true });
  await again.close();
});

test('a device set read-only refuses writes from everybody', { skip }, async (t) => {
  const { device } = await loop(t, MIB);
  const file = await native.open(device);
  t.after(() => run('blockdev', ['--setrw', device]));
  assert.equal(await file.isReadOnly(), false);
  await file.setReadOnly(true);
  assert.equal(await file.isReadOnly(), true);
  assert.equal((await run('blockdev', ['--getro', device])).stdout.trim(), '1');
  await assert.rejects(
    native.open(device, { write: true }).then(async (writable) => {
      // Some kernels refuse the opening, others each write.
      await writable.write(0, Buffer.alloc(512)).finally(() => writable.close());
    }),
    (error: { code?: string }) => ['EACCES', 'EPERM', 'EROFS'].includes(error.code ?? ''),
  );
  await assert.rejects(run('dd', ['if=/dev/zero', `of=${device}`, 'bs=512', 'count=1', 'conv=fsync']));
  await file.setReadOnly(false);
  assert.equal(await file.isReadOnly(), false);
  const writable = await native.open(device, { write: true });
  await writable.write(0, Buffer.from('writable again'));
  await writable.flush();
  await writable.close();
  await file.close();
});

test('discard gives the blocks of the image back, zero makes zeros of noise', { skip }, async (t) => {
  const size = 16 * MIB;
  const { device, image } = await loop(t, size);
  await fillWithNoise(device, size, 1);
  const file = await native.open(device, { write: true, direct: true });
  await file.flush();
  const reference = await file.read(0, size);
  const full = (await stat(image)).blocks;
  assert.ok(full >= size / 512);
  await file.discard(4 * MIB + 100, 4 * MIB);
  const { blocks } = await stat(image);
  assert.ok(
    blocks <= full - (4 * MIB) / 512 + 64 && blocks >= full - (4 * MIB) / 512,
    `${full}, then ${blocks}`,
  );
  for (const [offset, length] of [
    [MIB, MIB],
    [3 * MIB + 1, 5],
    [9 * MIB + 300, 100_000],
    [size - 700, 700],
  ] as const) {
    await file.zero(offset, length);
    reference.fill(0, offset, offset + length);
  }
  const now = await file.read(0, size);
  // Rounded inwards: what shares a sector with other bytes stays.
  assert.ok(now.subarray(0, 4 * MIB + 512).equals(reference.subarray(0, 4 * MIB + 512)));
  assert.ok(now.subarray(8 * MIB).equals(reference.subarray(8 * MIB)));
  await assert.rejects(file.zero(size - 512, 1024), { code: 'EINVAL' });
  await file.close();
});

test('a device knows its sequence, and another disk in its place has another', { skip }, async (t) => {
  const { device, image } = await loop(t, MIB);
  const path = `/sys/class/block/${device.slice(5)}/diskseq`;
  const known = await readFile(path, 'utf8').then(
    (text) => Number(text),
    () => undefined,
  );
  const file = await native.open(device);
  assert.equal(await file.diskSequence(), known);
  await file.close();
  if (known === undefined) return;
  await run('losetup', ['--detach', device]);
  await run('losetup', [device, image]);
  const again = await native.open(device);
  assert.notEqual(await again.diskSequence(), known);
  await again.close();
});

test('re-reading a partition table reaches the kernel', { skip }, async (t) => {
  const { device, folder } = await loop(t, 8 * MIB);
  const file = await native.open(device);
  // A loop device without --partscan takes no partitions (include/linux/blkdev.h, GENHD_FL_NO_PART).
  await assert.rejects(file.rereadPartitions(), {
    code: 'EINVAL',
    syscall: 'ioctl(BLKRRPART)',
    path: device,
  });
  await file.close();
  const scanned = await sparseFile(join(folder, 'scanned'), 8 * MIB);
  await run('sfdisk', ['-q', scanned], { input: 'label: gpt\nstart=2048, size=2048\n' });
  const { device: whole } = await attachLoop(t, scanned, ['--partscan']);
  const name = whole.slice('/dev/'.length);
  const partitions = async (): Promise<number> =>
    (await readdir(`/sys/class/block/${name}`)).filter((entry) => entry.startsWith(`${name}p`)).length;
  const disk = await native.open(whole, { write: true, exclusive: false });
  try {
    if ((await partitions()) === 1) {
      await run('sfdisk', ['-q', '--no-reread', '--no-tell-kernel', whole], {
        input: 'label: gpt\nstart=2048, size=2048\nstart=4096, size=2048\n',
      });
      await disk.rereadPartitions();
      assert.equal(await partitions(), 2);
    } else {
      t.diagnostic('this kernel scans no partitions on loop devices');
    }
  } finally {
    await disk.close();
  }
});

test('the cache of a device is dropped: what was written behind its back shows', { skip }, async (t) => {
  const { device, image } = await loop(t, MIB, ['--direct-io=on']);
  const file = await native.open(device);
  await file.read(0, MIB);
  const behind = await open(image, 'r+');
  await behind.write(Buffer.from('behind its back'), 0, 15, 4096);
  await behind.sync();
  await behind.close();
  assert.equal((await file.read(4096, 1))[0], 0, 'still cached');
  await file.dropCache();
  assert.equal((await file.read(4096, 15)).toString(), 'behind its back');
  await file.close();
});

test('a full file system is ENOSPC, with the place', { skip }, async (t) => {
  const { device, folder } = await loop(t, 8 * MIB);
  const mountPoint = join(folder, 'full');
  await run('mkfs.ext4', ['-q', '-m', '0', device]);
  await run('mkdir', [mountPoint]);
  await run('mount', [device, mountPoint]);
  for (const direct of [false, true]) {
    const path = join(mountPoint, `file-${direct}`);
    const file = await native.open(path, { write: true, create: 'new', direct });
    const pool = native.createPool({ workers: 1 });
    const slot = await pool.acquire();
    await slot.loadChunks(noise(MIB, 1), Uint32Array.of(MIB));
    await slot.compress(Uint8Array.of(1), 3);
    const fill = async (): Promise<void> => {
      for (let at = 0; at < 32 * MIB; at += MIB + 8) await slot.writeFrame(file, at, Buffer.alloc(8));
    };
    await assert.rejects(fill(), { code: 'ENOSPC', syscall: 'pwritev', path });
    await file.setSize(0);
    await slot.loadChunks(noise(MIB, 1), Uint32Array.of(MIB));
    const write = async (): Promise<void> => {
      for (let at = 0; at < 32 * MIB; at += MIB) await slot.writeChunks(file, Float64Array.of(0, at, MIB));
    };
    await assert.rejects(write(), { code: 'ENOSPC', syscall: 'pwrite', path });
    await file.setSize(0);
    await pool.close();
    await file.close();
  }
});
