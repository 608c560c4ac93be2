/**
 * Real exFAT volumes on a disk that was full of noise, filled through FUSE: with every byte that our map calls
 * unused overwritten, fsck.exfat is content, all files read back, and partclone.exfat stores the same stream.
 */
import assert from 'node:assert/strict';
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../support/command.ts';
import { noise, scratchFolder, sparseFile, treeDigest } from '../support/scratch.ts';
import {
  dumpExfat,
  makeExfatVolume,
  mounted,
  proveExfatMap,
  type ExfatVolumeLayout,
} from './support-exfat-proof.ts';
import { mapImage, MiB, overwrittenCopy } from './support-fat.ts';

const layouts: readonly ExfatVolumeLayout[] = [
  { what: 'clusters of 512 bytes', sizeBytes: 24 * MiB, options: ['-c', '512'], fill: 50 },
  { what: 'clusters of 4 KiB, nearly full', sizeBytes: 48 * MiB, options: ['-c', '4K'], fill: 95 },
  { what: 'sectors of 4 KiB', sizeBytes: 64 * MiB, sectorSize: 4096, options: ['-c', '32K'], fill: 30 },
  {
    what: 'the bitmap beside the table',
    sizeBytes: 64 * MiB + 5 * 512,
    options: ['--pack-bitmap'],
    fill: 20,
  },
  { what: 'clusters of 1 MiB, nearly empty', sizeBytes: 128 * MiB, options: ['-c', '1M'], fill: 4 },
];

for (const layout of layouts) {
  test(`exFAT, ${layout.what}: only what is unused is left out`, async (t) => {
    await proveExfatMap(t, layout);
  });
}

test('exFAT: the proof has teeth: with one used cluster overwritten as well, files differ', async (t) => {
  const { image, digest } = await makeExfatVolume(t, layouts[1]!);
  const { map, sizeBytes } = await mapImage(t, image);
  const { heapOffset } = await dumpExfat(image);
  const victim = heapOffset + 5 * MiB;
  assert.ok(map.used.covers(victim, 4096));
  const rest = victim + 4096;
  const without = map.used.slice(0, victim).union(map.used.slice(rest, sizeBytes - rest));
  const copy = await overwrittenCopy(image, sizeBytes, without);
  assert.notEqual(await mounted(t, copy, { readOnly: true }, (mount) => treeDigest(mount)), digest);
});

test('exFAT cut off while mounted: raw, with the size that its bitmap says', async (t) => {
  const folder = await scratchFolder(t, 'exfat');
  const image = await sparseFile(join(folder, 'image'), 32 * MiB);
  await run('mkfs.exfat', ['-c', '4K', image]);
  const clean = await mapImage(t, image);
  assert.equal(clean.info.state, 'clean');
  const cut = `${image}-cut`;
  await mounted(t, image, {}, async (mount, device) => {
    await using file = await openFile(join(mount, 'file'), 'w');
    await file.write(noise(3 * MiB, 5));
    await run('dd', [`if=${device}`, `of=${cut}`, 'bs=1M']);
  });
  const { info, map, sizeBytes } = await mapImage(t, cut);
  assert.equal(info.state, 'dirty');
  assert.equal(map.raw?.code, 'dirty');
  assert.match(map.raw.remedy!, /fsck\.exfat/);
  assert.deepEqual(map.used.toPairs(), [[0, sizeBytes]]);
  assert.ok(map.raw.trustedBytes! >= clean.map.used.totalBytes);
  assert.ok(map.raw.trustedBytes! < sizeBytes);
  const { map: trusted } = await mapImage(t, cut, { trustBitmap: true });
  assert.equal(trusted.overridden?.code, 'dirty');
  assert.equal(trusted.used.totalBytes, map.raw.trustedBytes);

  // After a proper unmount it is clean again.
  const after = await mapImage(t, image);
  assert.equal(after.info.state, 'clean');
  assert.ok(after.map.used.totalBytes >= clean.map.used.totalBytes + 3 * MiB);
});

test('exFAT whose main boot region is damaged is raw, and fsck.exfat brings it back from the backup', async (t) => {
  const folder = await scratchFolder(t, 'exfat');
  const image = await sparseFile(join(folder, 'image'), 32 * MiB);
  await run('mkfs.exfat', [image]);
  const { map: before } = await mapImage(t, image);
  await run('dd', ['if=/dev/urandom', `of=${image}`, 'bs=512', 'count=1', 'seek=3', 'conv=notrunc']);
  const damaged = await mapImage(t, image);
  assert.equal(damaged.info.kind, 'exfat');
  assert.equal(damaged.map.raw?.code, 'inconsistent');
  assert.match(damaged.map.raw.reason, /backup is sound/);
  await run('fsck.exfat', ['-y', image], { accept: [0, 1] });
  assert.ok((await mapImage(t, image)).map.used.equals(before.used));
});
