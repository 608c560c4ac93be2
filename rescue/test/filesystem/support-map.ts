/** Maps of file systems in memory and in files, for tests of parsers. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { memoryReader } from '../../src/engine/base/block-reader.ts';
import { isPermafrostError } from '../../src/engine/base/errors.ts';
import type { FileSystem, MapOptions, Prober, UsedMap } from '../../src/engine/filesystem/file-system.ts';
import { fileReader } from '../support/scratch.ts';

/** What `prober` recognises in the file `image`, which it must. */
export async function recogniseImage(t: TestContext, prober: Prober, image: string): Promise<FileSystem> {
  const found = await prober(await fileReader(t, image));
  assert.ok(found, `${image} is not recognised`);
  return found;
}

/** What `prober` recognises in `bytes`, which it must. */
export async function probeBytes(prober: Prober, bytes: Uint8Array): Promise<FileSystem> {
  const found = await prober(memoryReader(bytes));
  assert.ok(found, 'recognised');
  return found;
}

/** The used map of what `prober` recognises in `bytes`. */
export async function mapBytes(
  prober: Prober,
  bytes: Uint8Array,
  options: MapOptions = {},
): Promise<UsedMap> {
  return (await probeBytes(prober, bytes)).mapUsed!(options);
}

/** For assert.rejects: a `structure/invalid` whose message matches `problem`. */
export function invalidStructure(problem: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isPermafrostError(error, 'structure/invalid'), String(error));
    assert.match(error.message, problem);
    return true;
  };
}
