import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { protect } from '../../../../test/filesystem/support-ntfs-structures.ts';
import { isPermafrostError } from '../../base/errors.ts';
import { Fields } from '../../base/fields.ts';
import { applyFixups } from './fixups.ts';

function block(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = i % 251;
  return bytes;
}

const isTorn = (error: unknown): boolean => isPermafrostError(error, 'structure/invalid');

describe('applyFixups', () => {
  for (const length of [512, 1024, 4096, 65536 / 4])
    it(`puts back what the update sequence of ${length} bytes displaced`, () => {
      const original = block(length);
      const written = protect(Buffer.from(original), 48, 0xbeef);
      assert.equal(written.readUInt16LE(510), 0xbeef);
      applyFixups(new Fields(written, 'block'));
      for (let end = 512; end <= length; end += 512)
        assert.deepEqual(written.subarray(end - 2, end), original.subarray(end - 2, end));
    });

  it('refuses a block of which one stride is from another write', () => {
    for (const place of [510, 1022, 2046]) {
      const torn = protect(block(2048), 48, 5);
      torn.writeUInt16LE(4, place);
      assert.throws(() => applyFixups(new Fields(torn, 'block')), isTorn);
    }
  });

  it('refuses a sequence that is too short, too long, odd, or in the way of itself', () => {
    const change = (offset: number, value: number): Buffer => {
      const bytes = protect(block(1024), 48);
      bytes.writeUInt16LE(value, offset);
      return bytes;
    };
    const bad = [
      change(6, 2),
      change(6, 4),
      change(6, 0),
      change(4, 49),
      change(4, 506),
      change(4, 0xfff0),
      change(4, 0),
    ];
    for (const bytes of bad) assert.throws(() => applyFixups(new Fields(bytes, 'block')), isTorn);
  });

  it('refuses blocks that are no whole strides', () => {
    assert.throws(() => applyFixups(new Fields(protect(block(1024), 48).subarray(0, 700), 'block')), isTorn);
  });
});
