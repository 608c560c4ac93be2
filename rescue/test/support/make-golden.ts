/**
 * Makes a golden repository with the program as it is now: `node rescue/test/support/make-golden.ts NAME` writes
 * `rescue/test/golden/NAME`, and does not touch one that is there. Needs root, for a file with unreadable sectors.
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { runImage, runRestore } from '../../src/engine/index.ts';
import { run } from './command.ts';
import { mountFaultFs } from './faultfs.ts';
import { attachLoop, noise, scratchFolder, sparseFile } from './scratch.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const CHUNK_BYTES = 64 * KIB;

const name = process.argv[2] ?? '';
if (!/^[a-z0-9-]+$/.test(name)) throw new Error('usage: make-golden.ts NAME');
const folder = join(import.meta.dirname, '../golden', name);

/** A disk with a GPT for sectors of `sectorSize` and a FAT12 and an ext2 of 2 MiB each, a file in both. */
async function partitioned(t: TestContext, path: string, sectorSize: number): Promise<void> {
  await sparseFile(path, 6 * MIB);
  const at = (mib: number): number => (mib * MIB) / sectorSize;
  const lines = [1, 3].map((start) => `start=${at(start)}, size=${at(2)}, type=L`);
  const { device, detach } = await attachLoop(t, path, ['--sector-size', String(sectorSize)]);
  await run('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', device], {
    input: ['label: gpt', ...lines].join('\n'),
  });
  await detach();
  const file = `${path}.letter`;
  await writeFile(file, Buffer.concat([Buffer.from('A letter.\n'.repeat(7000)), noise(3000, 5)]));
  const part = `${path}.part`;
  await sparseFile(part, 2 * MIB);
  await run('mkfs.vfat', ['-F', '12', '-S', String(sectorSize), '-n', 'GOLDEN', part]);
  await run('mcopy', ['-i', part, file, '::letter']);
  await run('dd', [`if=${part}`, `of=${path}`, 'bs=1M', 'seek=1', 'conv=notrunc', 'status=none']);
  await sparseFile(part, 2 * MIB);
  await run('mke2fs', ['-q', '-F', '-t', 'ext2', '-b', '4096', '-L', 'golden', part]);
  await run('debugfs', ['-w', '-R', `write ${file} letter`, part]);
  await run('dd', [`if=${part}`, `of=${path}`, 'bs=1M', 'seek=3', 'conv=notrunc', 'status=none']);
}

test(`golden repository ${name}`, async (t) => {
  if ((await stat(folder).catch(() => undefined)) !== undefined)
    throw new Error(`${folder} is there already`);
  const scratch = await scratchFolder(t, 'make-golden');
  process.chdir(scratch);
  const fs = await mountFaultFs(t);
  const [first, plain, large] = ['first.img', 'plain.img', '4096.img'];
  await partitioned(t, first, 512);
  await partitioned(t, large, 4096);
  // What only a raw image has: the rest of something that was deleted.
  const leftOver = await open(first, 'r+');
  await leftOver.write('Deleted long ago.\n'.repeat(300), 4.5 * MIB);
  await leftOver.close();
  // No table, no file system, zeros in the middle, and an end within a chunk.
  const text = Buffer.from(Array.from({ length: 12_000 }, (_, i) => `line ${i}\n`).join(''));
  const size = 17 * CHUNK_BYTES + 3 * 512;
  const bytes = Buffer.alloc(size);
  bytes.set(text);
  bytes.set(noise(5000, 9), size - 5000);
  await writeFile(plain, bytes);
  await writeFile(join(fs.backing, 'bad.img'), bytes);
  await fs.fail('EIO', { operation: 'read', path: 'bad.img', start: 70_000, end: 71_000 });
  const repository = join(scratch, 'repository');
  const images = [
    { name: 'two-disks', sources: [first, plain] },
    { name: 'raw', sources: [first], raw: true },
    { name: 'large-sectors', sources: [large] },
    { name: 'unreadable', sources: [join(fs.path, 'bad.img')] },
  ];
  const lines: string[] = [];
  for (const image of images) {
    const saved = await runImage({ kind: 'image', repository, chunkBytes: CHUNK_BYTES, ...image });
    if (saved.error !== undefined) throw new Error(JSON.stringify(saved.error));
    for (let disk = 1; disk <= image.sources.length; disk++) {
      const target = join(scratch, `${image.name}-${disk}.img`);
      const targets = [{ disk, target }];
      const { outcome } = await runRestore({ kind: 'restore', repository, image: image.name, targets });
      const digest = createHash('sha256')
        .update(await readFile(target))
        .digest('hex');
      lines.push(`${digest} ${image.name} ${disk} ${outcome}\n`);
    }
  }
  await mkdir(folder);
  await cp(repository, join(folder, 'repository'), { recursive: true });
  for (const other of ['locks', 'reports', 'jobs'])
    await rm(join(folder, 'repository', other), { recursive: true, force: true });
  await writeFile(join(folder, 'disks.sha256'), lines.join(''));
});
