/** Reads volumes made in memory (support-ntfs-model.ts) and compares their maps with their bitmaps. */
import assert from 'node:assert/strict';
import { memoryReader } from '../../src/engine/base/block-reader.ts';
import { Extents } from '../../src/engine/base/extents.ts';
import type { FileSystemInfo, MapOptions, UsedMap } from '../../src/engine/filesystem/file-system.ts';
import { probeNtfs } from '../../src/engine/filesystem/ntfs/ntfs.ts';
import { NtfsModel, type ModelOptions } from './support-ntfs-model.ts';

export async function read(
  model: NtfsModel,
  options: MapOptions = {},
): Promise<{ info: FileSystemInfo; map: UsedMap }> {
  const fileSystem = await probeNtfs(memoryReader(model.build()));
  assert.ok(fileSystem?.mapUsed);
  return { info: fileSystem.info, map: await fileSystem.mapUsed(options) };
}

/** What the model's bitmap says, bit by bit, and what is always used. */
export function expectedUse(model: NtfsModel): Extents {
  const pairs: [number, number][] = [[0, Math.max(8192, model.clusterSize)]];
  for (let i = 0; i < model.clusterCount; i++)
    if (((model.bitmap[i >>> 3]! >>> (i & 7)) & 1) === 1)
      pairs.push([i * model.clusterSize, model.clusterSize]);
  pairs.push([model.clusterCount * model.clusterSize, (model.tailSectors + 1) * model.sectorSize]);
  return Extents.fromPairs(pairs);
}

export async function assertRead(model: NtfsModel): Promise<UsedMap> {
  const { map } = await read(model);
  assert.equal(map.raw, undefined, map.raw?.reason);
  assert.deepEqual(map.used.toPairs(), expectedUse(model).toPairs());
  return map;
}

export async function assertInconsistent(model: NtfsModel, problem: RegExp): Promise<void> {
  const { map } = await read(model, { trustBitmap: true });
  assert.equal(map.raw?.code, 'inconsistent');
  assert.match(map.raw.reason, problem);
  assert.deepEqual(map.used.toPairs(), [[0, model.build().length]]);
}

/** Some clusters in use here and there, so that a bitmap read in the wrong order shows. */
export function scatter(model: NtfsModel, seed = 1): void {
  let state = seed;
  for (let lcn = 40; lcn < model.clusterCount; lcn++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    if (state % 7 < 3) model.use({ lcn, count: 1 });
  }
}

export function modelWith(options: ModelOptions = {}): NtfsModel {
  const model = new NtfsModel(options);
  scatter(model);
  return model;
}
