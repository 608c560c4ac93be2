/** FAT volumes that dosfstools and mtools made, in other sizes: fsck.fat must find nothing, mtools the same files. */
import assert from 'node:assert/strict';
import { mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { subReader } from '../../src/engine/base/block-reader.ts';
import {
  fatResizeProblem,
  leastFatBytes,
  resizeFat,
  type EditableBytes,
} from '../../src/engine/filesystem/fat/resize-fat.ts';
import { run } from '../support/command.ts';
import {
  fileReader,
  fillWithNoise,
  noise,
  scratchFolder,
  sparseFile,
  treeDigest,
} from '../support/scratch.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

interface Volume {
  readonly width: 12 | 16 | 32;
  readonly sizeBytes: number;
  readonly options?: readonly string[];
}

const volumes: readonly Volume[] = [
  { width: 12, sizeBytes: 2 * MIB },
  { width: 12, sizeBytes: 2880 * 512, options: ['-f', '1', '-s', '2'] },
  { width: 16, sizeBytes: 20 * MIB },
  { width: 16, sizeBytes: 40 * MIB, options: ['-s', '8', '-r', '1024'] },
  { width: 32, sizeBytes: 40 * MIB, options: ['-s', '1'] },
  { width: 32, sizeBytes: 80 * MIB, options: ['-s', '2', '-R', '17'] },
  { width: 32, sizeBytes: 96 * MIB, options: ['-S', '1024', '-f', '1', '-s', '1'] },
];

/** Directories, long names, a directory of several clusters, and holes where files were. */
async function makeVolume(folder: string, { width, sizeBytes, options = [] }: Volume): Promise<string> {
  const path = await sparseFile(join(folder, 'volume.img'), sizeBytes);
  await fillWithNoise(path, sizeBytes, 5);
  await run('mkfs.vfat', ['-F', String(width), '-n', 'RESIZED', ...options, path]);
  const files = join(folder, 'files');
  const bytes = Math.floor(sizeBytes / 90);
  for (const name of ['.', 'deep', 'deep/er', 'many files in here'])
    await mkdir(join(files, name), { recursive: true });
  for (let i = 0; i < 50; i++)
    await writeFile(join(files, `a long name for number ${i}.data`), noise(bytes - i, i));
  for (let i = 0; i < 60; i++)
    await writeFile(join(files, 'many files in here', `one of many ${i}.txt`), `${i}`);
  await writeFile(join(files, 'deep/er/last.bin'), noise(bytes, 99));
  await writeFile(join(files, 'empty'), '');
  await run('mcopy', ['-s', '-i', path, ...['deep', 'empty'].map((name) => join(files, name)), '::']);
  for (let i = 0; i < 50; i++) {
    await run('mcopy', ['-i', path, join(files, `a long name for number ${i}.data`), '::']);
    if (i === 30) await run('mcopy', ['-s', '-i', path, join(files, 'many files in here'), '::']);
  }
  for (let i = 0; i < 50; i++)
    if (i % 5 !== 4) await run('mdel', ['-i', path, `::a long name for number ${i}.data`]);
  await rm(files, { recursive: true });
  await run('fsck.fat', ['-n', path]);
  return path;
}

async function contentOf(folder: string, path: string): Promise<string> {
  const out = join(folder, 'read');
  await mkdir(out);
  await run('mcopy', ['-s', '-n', '-m', '-i', path, '::', out]);
  const content = await treeDigest(out);
  await rm(out, { recursive: true });
  return content;
}

/** The first `sizeBytes` of the file at `path`, to be changed. */
async function editable(t: TestContext, path: string, sizeBytes: number): Promise<EditableBytes> {
  const reader = await fileReader(t, path);
  const file = await open(path, 'r+');
  t.after(() => file.close());
  const write = async (offset: number, bytes: Uint8Array): Promise<void> => {
    assert.ok(offset + bytes.length <= sizeBytes, 'written behind the end');
    await file.write(bytes, 0, bytes.length, offset);
  };
  return { ...subReader(reader, 0, Math.min(sizeBytes, reader.sizeBytes), path), write };
}

/** Noise behind `from`, so that what is taken from there shows. */
async function resizeFile(path: string, from: number, to: number): Promise<void> {
  const file = await open(path, 'r+');
  await file.truncate(to);
  if (to > from) {
    const piece = noise(Math.min(MIB, to - from), 31);
    for (let at = from; at < to; at += piece.length)
      await file.write(piece, 0, Math.min(piece.length, to - at), at);
  }
  await file.close();
}

for (const volume of volumes) {
  const { width, sizeBytes, options = [] } = volume;
  test(`FAT${width} of ${sizeBytes} bytes, ${options.join(' ')}: as small as it can be, and larger than it was`, async (t) => {
    const folder = await scratchFolder(t, 'fat-resize');
    const path = await makeVolume(folder, volume);
    const content = await contentOf(folder, path);
    const label = (await run('blkid', ['-p', '-o', 'export', path])).stdout.match(/^(LABEL|UUID).*/gm);

    const least = await leastFatBytes(await fileReader(t, path));
    assert.ok(typeof least === 'number', JSON.stringify(least));
    assert.ok(width === 16 || least < sizeBytes / 2 || width === 32, `${least}`);
    const small = Math.ceil(least / 4096) * 4096;
    assert.notEqual(await resizeFat(await editable(t, path, sizeBytes), small - 65 * KIB - 4096), undefined);
    assert.equal(await contentOf(folder, path), content, 'what was refused');
    assert.equal(await resizeFat(await editable(t, path, sizeBytes), small), undefined);
    await resizeFile(path, sizeBytes, small);
    await run('fsck.fat', ['-n', path]);
    assert.equal(await contentOf(folder, path), content);
    assert.deepEqual(
      (await run('blkid', ['-p', '-o', 'export', path])).stdout.match(/^(LABEL|UUID).*/gm),
      label,
    );

    for (const factor of [1.37, 12]) {
      const larger = Math.ceil((sizeBytes * factor) / 4096) * 4096;
      const before = (await stat(path)).size;
      const problem = await fatResizeProblem(await fileReader(t, path), larger);
      if (problem !== undefined) {
        assert.match(problem, /has at most \d+ of them/);
        assert.ok(width !== 32);
        continue;
      }
      await resizeFile(path, before, larger);
      assert.equal(await resizeFat(await editable(t, path, larger), larger), undefined);
      await run('fsck.fat', ['-n', path]);
      assert.equal(await contentOf(folder, path), content);
      const bootSector = Buffer.from(await (await fileReader(t, path)).read(0, 512));
      const sectors = bootSector.readUInt16LE(19) || bootSector.readUInt32LE(32);
      assert.equal(sectors * bootSector.readUInt16LE(11), larger);
    }
  });
}
