import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryReader } from '../base/block-reader.ts';
import { hiddenSectorPatches } from './hidden-sectors.ts';

/** A region of 100 sectors with boot sectors at `at`, which say that `hidden` sectors lie before them. */
function region(hidden: number, at: readonly number[], set: (sector: Buffer) => void): Uint8Array {
  const bytes = Buffer.alloc(100 * 512);
  for (const sector of at) {
    const boot = bytes.subarray(sector * 512, (sector + 1) * 512);
    boot.writeUInt16LE(512, 11);
    boot.writeUInt32LE(hidden, 28);
    boot.writeUInt16LE(0xaa55, 510);
    set(boot);
  }
  return bytes;
}

const moved = { fromSector: 2048, toSector: 0x01020304 };
const ntfs = (sector: Buffer): void => void sector.writeBigUInt64LE(99n, 40);
const fat32 = (sector: Buffer): void => void sector.writeUInt16LE(6, 50);

test('the boot sector and its backup get the new place, and nothing else', async () => {
  for (const [kind, at, set] of [
    ['ntfs', [0, 99], ntfs],
    ['fat32', [0, 6], fat32],
    ['fat16', [0], () => undefined],
  ] as const) {
    const bytes = region(2048, at, set);
    const patches = await hiddenSectorPatches(memoryReader(bytes), { kind, ...moved });
    assert.deepEqual(
      patches.map(({ offset }) => offset),
      at.map((sector) => sector * 512),
    );
    for (const patch of patches) {
      const expected = Buffer.from(bytes.subarray(patch.offset, patch.offset + 512));
      expected.set([4, 3, 2, 1], 28);
      assert.deepEqual(Buffer.from(patch.bytes), expected);
    }
  }
});

test('what says something else, or is no boot sector, is left alone', async () => {
  const none = async (bytes: Uint8Array, kind: 'ntfs' | 'fat32' | 'ext4' = 'ntfs'): Promise<void> =>
    assert.deepEqual(await hiddenSectorPatches(memoryReader(bytes), { kind, ...moved }), []);
  await none(region(63, [0, 99], ntfs));
  await none(region(2048, [0], ntfs), 'ext4');
  await none(new Uint8Array(100 * 512));
  const noSignature = region(2048, [0, 99], ntfs);
  noSignature.fill(0, 510, 512);
  noSignature.fill(0, 99 * 512 + 510, 100 * 512);
  await none(noSignature);
  const same = { kind: 'ntfs', fromSector: 2048, toSector: 2048 } as const;
  assert.deepEqual(await hiddenSectorPatches(memoryReader(region(2048, [0, 99], ntfs)), same), []);
});

test('a backup said to lie outside is not looked for', async () => {
  const outside = (sector: Buffer): void => void sector.writeBigUInt64LE(2n ** 40n, 40);
  const bytes = region(2048, [0], outside);
  assert.equal((await hiddenSectorPatches(memoryReader(bytes), { kind: 'ntfs', ...moved })).length, 1);
});
