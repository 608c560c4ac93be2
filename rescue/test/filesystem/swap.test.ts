/** Real swap areas on a disk that was full of noise: their first page is all that is needed. */
import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run } from '../support/command.ts';
import { fillWithNoise, scratchFolder, sparseFile } from '../support/scratch.ts';
import { mapImage, MiB, overwrittenCopy } from './support-fat.ts';

const uuid = '00112233-4455-6677-8899-aabbccddeeff';

async function makeSwap(t: TestContext, pageSize: number): Promise<{ image: string; sizeBytes: number }> {
  const folder = await scratchFolder(t, 'swap');
  const sizeBytes = 16 * MiB + 5 * 512;
  const image = await sparseFile(join(folder, 'image'), sizeBytes);
  await fillWithNoise(image, sizeBytes);
  await run('chmod', ['600', image]);
  await run('mkswap', ['-p', String(pageSize), '-L', 'proof', '-U', uuid, image]);
  return { image, sizeBytes };
}

for (const pageSize of [4096, 8192, 16384, 32768, 65536]) {
  test(`swap with pages of ${pageSize} bytes: the first page and the rest behind the last are kept`, async (t) => {
    const { image, sizeBytes } = await makeSwap(t, pageSize);
    const { info, map } = await mapImage(t, image);
    assert.equal(info.kind, 'swap');
    assert.equal(info.label, 'proof');
    assert.equal(info.uuid, uuid);
    assert.equal(map.raw, undefined);
    const pagesEnd = Math.floor(sizeBytes / pageSize) * pageSize;
    assert.deepEqual(map.used.toPairs(), [
      [0, pageSize],
      [pagesEnd, sizeBytes - pagesEnd],
    ]);

    // blkid, swaplabel and a second look find the same area in the copy.
    const copy = await overwrittenCopy(image, sizeBytes, map.used);
    for (const [tool, ...options] of [['swaplabel'], ['blkid', '-p', '-o', 'export']] as const) {
      const [before, after] = await Promise.all([
        run(tool, [...options, image]),
        run(tool, [...options, copy]),
      ]);
      assert.match(before.stdout, new RegExp(uuid));
      assert.equal(after.stdout.replaceAll(copy, image), before.stdout);
    }
    const again = await mapImage(t, copy);
    assert.deepEqual(again.info, info);
    assert.ok(again.map.used.equals(map.used));
  });
}

test('a hibernated system in the swap area uses all of it', async (t) => {
  for (const pageSize of [4096, 65536]) {
    const { image, sizeBytes } = await makeSwap(t, pageSize);
    const file = await open(image, 'r+');
    await file.write(Buffer.from('S1SUSPEND\0'), 0, 10, pageSize - 10);
    await file.close();
    // The outside judge sees the hibernated system as well.
    assert.match((await run('blkid', ['-p', image])).stdout, /TYPE="swsuspend"/);
    const { info, map } = await mapImage(t, image, { trustBitmap: true });
    assert.equal(info.state, 'dirty');
    assert.equal(map.raw?.code, 'dirty');
    assert.equal(map.raw.trustedBytes, pageSize);
    assert.deepEqual(map.used.toPairs(), [[0, sizeBytes]]);
  }
});

test('a swap area that says it is larger than its region is raw', async (t) => {
  const { image, sizeBytes } = await makeSwap(t, 4096);
  await run('truncate', ['-s', String(sizeBytes - 8192), image]);
  const { info, map } = await mapImage(t, image);
  assert.equal(info.kind, 'swap');
  assert.equal(map.raw?.code, 'inconsistent');
});
