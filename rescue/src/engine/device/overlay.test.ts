import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { memoryReader } from '../base/block-reader.ts';
import { isPermafrostError } from '../base/errors.ts';
import { freeScratch, Overlay } from './overlay.ts';

const base = Uint8Array.from({ length: 5 * 4096 + 100 }, (_, i) => i % 251);

async function overlayOf(t: TestContext): Promise<{ overlay: Overlay; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-overlay-test-'));
  const overlay = await Overlay.create(memoryReader(base), folder);
  t.after(async () => {
    await overlay.close();
    await rm(folder, { recursive: true });
  });
  return { overlay, folder };
}

void test('reads what was written, and what was there around it; the base stays', async (t) => {
  const { overlay, folder } = await overlayOf(t);
  assert.deepEqual(await readdir(folder), [], 'its file has no name');
  const model = Uint8Array.from(base);
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = 0; i < 40; i++) {
    const offset = random(base.length);
    const bytes = new Uint8Array(random(Math.min(6000, base.length - offset))).fill(i);
    model.set(bytes, offset);
    await overlay.write(offset, bytes);
    assert.deepEqual(await overlay.read(0, base.length), model);
    const at = random(base.length);
    const length = random(base.length - at);
    assert.deepEqual(await overlay.read(at, length), model.slice(at, at + length));
  }
  assert.equal(base[0], 0);
  assert.equal(base[4096], 4096 % 251);
});

void test('knows what was changed, in whole blocks up to its end', async (t) => {
  const { overlay } = await overlayOf(t);
  assert.equal(overlay.changed().count, 0);
  await overlay.write(4095, new Uint8Array(2));
  await overlay.keep(base.length - 1, 1);
  assert.deepEqual(overlay.changed().toPairs(), [
    [0, 8192],
    [5 * 4096, 100],
  ]);
  assert.deepEqual(await overlay.read(base.length - 100, 100), base.slice(-100));
});

void test('refuses what lies outside, and a folder that is not there', async (t) => {
  const { overlay, folder } = await overlayOf(t);
  await assert.rejects(overlay.write(base.length - 1, new Uint8Array(2)), (error) =>
    isPermafrostError(error, 'structure/invalid'),
  );
  await assert.rejects(overlay.read(base.length, 1));
  const isRefused = (error: unknown): boolean => isPermafrostError(error, 'layout/no-scratch');
  await assert.rejects(Overlay.create(memoryReader(base), join(folder, 'none')), isRefused);
  await assert.rejects(freeScratch(join(folder, 'none')), isRefused);
  assert.ok((await freeScratch(folder)) > 0);
});
